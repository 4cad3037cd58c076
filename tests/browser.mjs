// A person with a phone: Chromium at 390×844. Elements are found by role and label only, as a
// person finds them. Every command waits for its result, with a timeout.

import { mkdirSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";

import { chromium } from "playwright-core";

import { examine } from "./examine.mjs";
import { enterGallery, see, stateNames, unseen } from "./gallery.mjs";
import { serve } from "./lines.mjs";
import { plant, readStorage } from "./storage.mjs";

/** Timeout in milliseconds for a screen, on two busy cores. */
const WAIT_MS_MAX = 30_000;

/** More presses of Tab than any screen of the app has focusable elements. */
const STOPS_MAX = 60;

let context;
let page;
let screenshots;
let keepsake;
let isOffline = false;
/** The session that emulates a device without a network for a document loaded meanwhile. */
let emulation;
const faults = [];

/** Starts the browser with a profile that is kept afterwards, and opens the app. */
async function start({ url, chromium: executablePath, profile, ...folders }) {
  ({ screenshots, keepsake } = folders);
  mkdirSync(screenshots, { recursive: true });
  context = await chromium.launchPersistentContext(profile, {
    executablePath,
    baseURL: url,
    viewport: { width: 390, height: 844 },
    deviceScaleFactor: 2,
    isMobile: true,
    hasTouch: true,
    locale: "en-GB",
    reducedMotion: "reduce",
  });
  context.setDefaultTimeout(WAIT_MS_MAX);
  page = context.pages()[0];
  listen();
  await page.goto("/");
}

/** Every report of a page about itself is a fault of the page. */
function listen() {
  page.on("pageerror", (error) => faults.push(`uncaught: ${error.stack ?? error}`));
  page.on("console", (message) => {
    const text = message.text();
    if (/Content Security Policy|panicked/.test(text)) faults.push(text);
    console.error(`[${message.type()}] ${text}`);
  });
  page.on("dialog", (dialog) => {
    faults.push(`a dialog: ${dialog.message()}`);
    dialog.dismiss();
  });
}

/** Saves a screenshot when a command has waited in vain. */
function withPicture(verb) {
  return async (args) => {
    try {
      return await verb(args);
    } catch (error) {
      await page?.screenshot({ path: keepsake, fullPage: true });
      throw error;
    }
  };
}

async function leave() {
  await context.close();
  return faults;
}

async function look({ at }) {
  faults.push(...(await examine(page, at, screenshots)));
}

// ---- texts on the screen

const button = (name) => page.getByRole("button", { name });
const link = (name) => page.getByRole("link", { name, exact: true });
const field = (name) => page.getByRole("textbox", { name });
// Browsers give an input that hides its text no role.
const hiddenField = (name) => page.getByLabel(name, { exact: true });
const heading = (name) => page.getByRole("heading", { name, exact: true });
// A badge stands before the name of a link.
const place = (name) => page.getByRole("navigation", { name: "Main" })
  .getByRole("link", { name: new RegExp(`(^|not sent ?)${name}$`) });

async function arriveAt(name) {
  await page.getByRole("heading", { name, level: 1, exact: true }).waitFor();
  await page.getByText("Loading…").waitFor({ state: "detached" });
}

// ---- the account

async function openSignUp() {
  await link("Create an account").click();
  await arriveAt("Create an account");
}

async function signUp({ name }) {
  await askForAccount(name);
  await arriveAt("Tasks");
}

async function signUpInVain({ name, reason }) {
  await askForAccount(name);
  await page.getByRole("alert").getByText(reason).waitFor();
  await arriveAt("Create an account");
}

async function askForAccount(name) {
  if (!(await heading("Create an account").isVisible())) await openSignUp();
  await field("Name").fill(name);
  await field("Email").fill(`${name.toLowerCase().replace(" ", ".")}@example.com`);
  await field("City").fill("Berlin");
  await page.getByRole("combobox", { name: "Country" }).selectOption({ label: "Germany" });
  await button("Create account").click();
}

async function signUpWrongly() {
  await openSignUp();
  await field("Email").fill("not an address");
  await button("Create account").click();
  await page.getByText("Enter your name.").waitFor();
}

// ---- navigation

async function findTasks() {
  await place("Tasks").click();
  await arriveAt("Tasks");
  await button("Refresh").click();
  await button("Refresh").waitFor();
}

async function openMine() {
  await place("My tasks").click();
  await arriveAt("My tasks");
}

async function openEarnings() {
  await place("Earnings").click();
  await arriveAt("Earnings");
}

async function openProfile() {
  await place("Profile").click();
  await arriveAt("Profile");
}

/** After navigation the heading of the new page gets the focus, however long its data takes. */
async function openTask({ title }) {
  await link(title).click();
  await arriveAt(title);
  await heading(title).and(page.locator(":focus")).waitFor();
}

async function openPath({ path }) {
  await page.goto(path);
  await page.getByRole("heading").or(page.getByRole("alert")).first().waitFor();
}

async function accept() {
  await button(/^Accept for/).click();
  await seeAccepted();
}

/** Presses the button while something other than the server answers. */
async function acceptInVain() {
  await button(/^Accept for/).click();
  await page.getByText("Could not reach the server").waitFor();
  await button(/^Accept for/).waitFor();
}

/** Leaves the page before the response arrives, which then concerns no page. */
async function acceptAndLeave() {
  let letGo;
  const gone = new Promise((resolve) => { letGo = resolve; });
  await page.route("**/accept", async (route) => {
    await gone;
    await route.continue();
  });
  await button(/^Accept for/).click();
  await openMine();
  const answer = page.waitForResponse("**/accept");
  letGo();
  await (await answer).finished();
  await page.unroute("**/accept");
  await findTasks();
}

/** The page is replaced: its heading gets the focus, so that screen readers read it. */
async function seeAccepted() {
  await page.getByText("Accepted", { exact: true }).waitFor();
  await page.getByRole("heading", { level: 1 }).and(page.locator(":focus")).waitFor();
}

/** Goes from an accepted task to the form of its proof. */
async function beginProof() {
  await page.getByRole("link", { name: /^(Send|Add|Write) / }).click();
  await page.getByRole("heading", { name: /^(Send|Add|Write) /, level: 1 }).waitFor();
  await page.getByRole("button", { name: /^(Send|Encrypt)/ }).waitFor();
}

// ---- proofs

/** Types a secret into every kind of input in the form. Returns what the agent should receive. */
async function typeCredential({ secret }) {
  await hiddenField("API key").fill(secret);
  await button("Show API key").click();
  await button("Hide API key").click();
  await button("Add field").click();
  await field("Field name").fill("recovery_code");
  await hiddenField("Value").fill(`recovery ${secret}`);
  await field("Note to the agent").fill(`Two lines:\n"${secret}"`);
  return {
    api_key: secret,
    recovery_code: `recovery ${secret}`,
    notes: `Two lines:\n"${secret}"`,
  };
}

async function sendCredential() {
  await button("Encrypt and send").click();
}

async function cannotSendYet() {
  await sendCredential();
  await page.getByText("Compare the fingerprint and confirm it above.").waitFor();
}

async function trustNewKey() {
  await page.getByRole("checkbox", { name: /I understand that the key has changed/ }).check();
}

async function takePhoto({ file }) {
  await page.getByLabel(/^Take (a )?photo, 1:/).setInputFiles(file);
  await page.getByRole("img", { name: basename(file) }).waitFor();
}

async function retake({ file }) {
  await button(`Remove ${basename(file)}`).click();
  await page.getByRole("img", { name: basename(file) }).waitFor({ state: "detached" });
  await takePhoto({ file });
}

async function sendPhotos() {
  await button("Send 1 file").click();
}

async function typeConfirmation({ text }) {
  await field("What you did or found").fill(text);
}

/** Taps twice before the page can react to the first tap. */
async function tapSendTwice() {
  await button("Send confirmation").dblclick();
}

/** Presses the button that sends at once, unless the app has just sent by itself. */
async function sendNow() {
  const gone = page.getByRole("heading", { name: /^Not sent yet/ });
  const wentOn = gone.waitFor({ state: "detached" }).then(() => "went on");
  await Promise.race([button("Send now").click(), wentOn]);
}

/** Does the same on the task's own page, where a proof that was sent is completed soon. */
async function sendNowHere() {
  const wentOn = page.getByText("Completed", { exact: true }).first().waitFor();
  await Promise.race([button("Send now").click(), wentOn]);
}

/** Types into every input of the form, which saves a draft by itself. */
async function draftConfirmation({ text, answers }) {
  for (const [label, value] of Object.entries(answers)) {
    const control = page.getByLabel(label);
    if (await control.evaluate((element) => element.matches("select"))) {
      await control.selectOption({ label: value });
    } else {
      await control.fill(value);
    }
  }
  await typeConfirmation({ text });
}

async function seeDraft({ text, answers }) {
  const now = {};
  for (const label of Object.keys(answers)) {
    now[label] = await page.getByLabel(label).evaluate((control) =>
      control.matches("select") ? control.selectedOptions[0].label : control.value);
  }
  const written = await field("What you did or found").inputValue();
  const [seen, expected] = [{ written, ...now }, { written: text, ...answers }];
  if (JSON.stringify(seen) !== JSON.stringify(expected)) {
    faults.push(`the draft is ${JSON.stringify(seen)}`);
  }
}

async function sendConfirmation() {
  await button("Send confirmation").click();
}

/** Goes from a refused proof back to its form. */
async function changeProof() {
  await button("Edit proof").click();
  await button("Send confirmation").waitFor();
}

async function goOnWithProof() {
  await link("Continue proof").click();
  await button("Send confirmation").waitFor();
}

async function estimate({ minutes }) {
  await button("Send estimate").click();
  await page.getByText("Enter whole minutes, up to 90 days.").waitFor();
  await button(minutes).click();
  await button("Send estimate").click();
  await page.getByText("Waiting for the agent").waitFor();
}

/** An irreversible action asks for confirmation: declines first, then confirms. */
async function giveBack() {
  await button("I can’t do it").click();
  await button("No, keep it").and(page.locator(":focus")).waitFor();
  for (const answer of ["Withdraw", "No, keep it"]) {
    const hidden = await button(answer).evaluate(coveredBy);
    if (hidden) faults.push(`“${answer}” is hidden under ${hidden}`);
  }
  await look({ at: "give-back" });
  await button("No, keep it").click();
  await button("I can’t do it").and(page.locator(":focus")).waitFor();
  await button("I can’t do it").click();
  await button("Withdraw").click();
  await button(/^Accept for/).waitFor();
}

async function discardProof() {
  await button("Discard proof").click();
  await look({ at: "discard" });
  await button("Delete permanently").click();
  await seeNothingWaits();
}

/** Pastes a text of several lines. */
async function pasteSecret({ text }) {
  await hiddenField("API key").evaluate((input, words) => {
    const clipboardData = new DataTransfer();
    clipboardData.setData("text", words);
    const paste = { clipboardData, bubbles: true, cancelable: true };
    input.dispatchEvent(new ClipboardEvent("paste", paste));
  }, text);
  await page.locator("textarea:focus").waitFor();
}

/** Loads the next page of a list, which is its last one. */
async function showMore({ last }) {
  await button("Show more").click();
  await link(last).waitFor();
  await button("Show more").waitFor({ state: "detached" });
}

async function signOutAndIn() {
  await openProfile();
  const id = await page.locator("code.id").textContent();
  await button("Sign out").click();
  await field("Operator ID").fill("op_00000000000000000000000000");
  await button("Sign in").click();
  await page.getByText(/^This ID does not exist/).waitFor();
  await field("Operator ID").fill(id);
  await button("Sign in").click();
  await place("Tasks").waitFor();
}

// ---- what people see

async function seeText({ text }) {
  await page.getByText(text).first().waitFor();
}

async function seeStatus({ status }) {
  await page.getByText(status, { exact: true }).first().waitFor();
}

async function seeNothingIsLost() {
  await page.getByText(/Nothing is lost/).first().waitFor();
}

async function readFingerprint() {
  const groups = page.getByRole("list", { name: "Key fingerprint" }).getByRole("listitem");
  await groups.first().waitFor();
  return (await groups.allTextContents()).join(" ");
}

async function seeNewAgent() {
  await page.getByText("You have not sent a credential to this agent from this phone.").waitFor();
}

async function seeSameKey() {
  await page.getByText(/^Same key as on/).waitFor();
}

async function seeKeyWarning() {
  await page.getByText("This agent’s key has changed").waitFor();
}

// ---- by keyboard only

/** Presses Tab until `target` has the focus. Nothing else may cover it. */
async function tabTo(target) {
  await target.waitFor();
  for (let stop = 0; stop < STOPS_MAX; stop += 1) {
    if (await target.evaluate((element) => element === document.activeElement)) {
      const hidden = await target.evaluate(coveredBy);
      if (hidden) faults.push(`the focus is hidden under ${hidden}`);
      return;
    }
    await page.keyboard.press("Tab");
  }
  throw new Error(`${STOPS_MAX} presses of Tab do not reach ${target}`);
}

/**
 * Returns what covers the centre of an element, if anything does (WCAG 2.4.11). Runs in the page.
 */
function coveredBy(element) {
  const { left, top, width, height } = element.getBoundingClientRect();
  const above = document.elementFromPoint(left + width / 2, top + height / 2);
  if (!above) return "the edge of the screen";
  const own = element.contains(above) || above.contains(element);
  return own || above.closest("label")?.control === element ? null : above.outerHTML;
}

async function press(target) {
  await tabTo(target);
  await page.keyboard.press("Enter");
}

async function type(target, text) {
  await tabTo(target);
  await page.keyboard.type(text);
}

async function signUpByKeyboard({ name }) {
  await press(link("Create an account"));
  await arriveAt("Create an account");
  await type(field("Name"), name);
  await type(field("Email"), "sam.lee@example.com");
  await type(field("City"), "Berlin");
  await type(page.getByRole("combobox", { name: "Country" }), "Germany");
  await press(field("City"));
  await arriveAt("Tasks");
}

async function openTaskByKeyboard({ title }) {
  await press(link(title));
  await arriveAt(title);
}

async function acceptByKeyboard() {
  await press(button(/^Accept for/));
  await seeAccepted();
}

// ---- what the browser knows about the app

async function canInstall() {
  await navigatorReady();
  const devtools = await context.newCDPSession(page);
  const { installabilityErrors } = await devtools.send("Page.getInstallabilityErrors");
  await devtools.detach();
  for (const error of installabilityErrors) faults.push(`not installable: ${error.errorId}`);
}

/** Waits until the service worker controls the page, and so has cached the app. */
async function navigatorReady() {
  await page.evaluate(() => navigator.serviceWorker.ready);
}

/** Waits until the service worker has given up, because it did not get the app's files. */
async function seeNoShell() {
  await page.waitForFunction(async () =>
    (await navigator.serviceWorker.getRegistration()) === undefined);
  const kept = await page.evaluate(async () => (await caches.match("/")) !== undefined);
  if (kept) faults.push("part of a shell was kept");
}

/** Checks that the service worker has cached only the app's own files. */
async function seeOwnShell() {
  const kept = await page.evaluate(async () =>
    (await caches.match("/manifest.webmanifest")).text());
  if (!kept.startsWith("{")) faults.push(`kept as the manifest: ${kept}`);
}

/** Emulates a device without a network. */
async function goOffline() {
  isOffline = true;
  await context.setOffline(true);
}

async function goOnline() {
  isOffline = false;
  await emulation?.detach();
  emulation = undefined;
  await context.setOffline(false);
}

/**
 * Reloads the page. Chromium tells a new document that it is online, even if it emulates a device
 * without a network, until it is told to emulate one again.
 */
async function reload() {
  await page.reload();
  if (!isOffline) return;
  emulation ??= await context.newCDPSession(page);
  await emulation.send("Network.enable");
  await emulation.send("Network.emulateNetworkConditions", {
    offline: true, latency: 0, downloadThroughput: -1, uploadThroughput: -1,
  });
}

async function seeOffline() {
  await page.getByText("You are offline. What you send is saved on this phone and sent later.").waitFor();
  await page.getByText("No connection").waitFor();
}

/** Shows every state of every component, one after the other. */
async function seeState({ name }) {
  const picture = join(screenshots, `gallery-${name.replaceAll(/[^a-z]+/g, "-")}.png`);
  faults.push(...(await see(page, name, picture)));
}

// ---- another tab

async function openSecondTab({ path }) {
  page = await context.newPage();
  listen();
  await openPath({ path });
}

async function toTab(number) {
  page = context.pages()[number];
  await page.bringToFront();
}

async function seeNothingWaits() {
  await page.getByRole("heading", { name: /^Not sent yet/ }).waitFor({ state: "detached" });
}

// ---- in another language

/**
 * Does what a browser's page translation does: replaces each text by elements with its translation.
 * With `goesOn` it also translates texts that appear later.
 */
async function translate({ goesOn }) {
  await page.evaluate((goesOn) => {
    const isTranslated = ({ parentElement: parent, data }) =>
      data.trim() === "" || !parent || parent.closest("font, script, style, [translate=no]");
    function translateAll(root) {
      const texts = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
      const found = [];
      while (texts.nextNode()) found.push(texts.currentNode);
      if (root.nodeType === Node.TEXT_NODE) found.push(root);
      for (const text of found.filter((text) => !isTranslated(text))) {
        const [outer, inner] = [document.createElement("font"), document.createElement("font")];
        inner.textContent = text.data;
        outer.append(inner);
        text.replaceWith(outer);
      }
    }
    translateAll(document.body);
    if (goesOn) {
      new MutationObserver((records) => {
        for (const { addedNodes } of records) addedNodes.forEach(translateAll);
      }).observe(document.body, { childList: true, subtree: true });
    }
  }, goesOn);
}

async function seeNoText({ text }) {
  await page.getByText(text, { exact: true }).waitFor({ state: "detached" });
}

async function seeNothingRan() {
  const title = await page.title();
  if (title === "owned") faults.push("an agent's text ran as a script");
  if (await page.locator("main img, main script, main b").count()) {
    faults.push("an agent's text became elements");
  }
}

const verbs = {
  start,
  leave,
  look,
  openSignUp,
  signUp,
  signUpWrongly,
  findTasks,
  openMine,
  openEarnings,
  openProfile,
  openTask,
  openPath,
  accept,
  acceptAndLeave,
  acceptInVain,
  beginProof,
  typeCredential,
  sendCredential,
  cannotSendYet,
  trustNewKey,
  takePhoto,
  retake,
  sendPhotos,
  typeConfirmation,
  tapSendTwice,
  sendNow,
  sendNowHere,
  draftConfirmation,
  seeDraft,
  sendConfirmation,
  changeProof,
  goOnWithProof,
  estimate,
  giveBack,
  discardProof,
  pasteSecret,
  showMore,
  signOutAndIn,
  seeText,
  signUpInVain,
  seeStatus,
  seeNothingIsLost,
  readFingerprint,
  seeNewAgent,
  seeSameKey,
  seeKeyWarning,
  signUpByKeyboard,
  openTaskByKeyboard,
  acceptByKeyboard,
  canInstall,
  keepShell: navigatorReady,
  seeNothingRan,
  seeNoText,
  seeState,
  seeUnseen: async () => { faults.push(...(await unseen(page))); },
  enterGallery: () => enterGallery(page),
  galleryStates: stateNames,
  translate,
  openSecondTab,
  backToFirstTab: () => toTab(0),
  toSecondTab: () => toTab(1),
  seeNothingWaits,
  seeNoShell,
  seeOwnShell,
  seeOffline,
  plant: ({ text }) => plant(page, text),
  dumpStorage: async ({ into }) => writeFileSync(into, JSON.stringify(await readStorage(page))),
  goOffline,
  goOnline,
  reload,
  title: () => page.title(),
};

await serve(Object.fromEntries(
  Object.entries(verbs).map(([name, verb]) => [name, withPicture(verb)]),
));
