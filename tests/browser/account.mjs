// Commands about the account: sign-up, sign-in and sign-out.

import { mails, newCode } from "./mails.mjs";
import { openProfile } from "./navigation.mjs";
import { accessToken, context, page } from "./phone.mjs";
import { arriveAt, button, field, heading, loaded, place } from "./screen.mjs";

/** The address to which a code was requested last, and the mails of before. */
let requested;

/** Signs up a person with a new address, which is made of their name. */
export async function signUp({ name }) {
  await requestCode({ email: emailOf(name) });
  await enterMailedCode();
  await completeAccount({ name });
}

/** Signs in a person who has an account, on whatever page they are. */
export async function signIn({ name }) {
  await requestCode({ email: emailOf(name) });
  await enterMailedCode();
  await place("Tasks").waitFor();
  await loaded();
}

export const emailOf = (name) => `${name.toLowerCase().replace(" ", ".")}@example.com`;

/** Requests a sign-in code on the page where the person is. */
export async function requestCode({ email }) {
  requested = { email, before: mails() };
  await field("Email").fill(email);
  await button("Send code").click();
  await heading("Enter the code").waitFor();
}

export async function enterMailedCode() {
  const code = await newCode(requested.email, requested.before);
  await enterCode(code);
}

async function enterCode(code) {
  await field("Code").fill(code);
  await button("Continue").click();
}

/** Enters a code that differs from the mailed one. */
export async function enterWrongCode() {
  const code = await newCode(requested.email, requested.before);
  await enterCode(code === "000000" ? "000001" : "000000");
  await page.getByText(/^This code is wrong/).waitFor();
}

/** Goes on from a page about a failed sign-in, which repeats no text of its URL. */
export async function continueSignedIn() {
  await page.getByRole("alert").waitFor();
  if (await page.getByText("+1 800").count()) throw new Error("a text of the URL is shown");
  await button("Continue").click();
  await place("Tasks").waitFor();
}

/** Fills in the account of a person who has signed in, whose address is known. */
export async function completeAccount({ name }) {
  await arriveAt("Create an account");
  await field("Email").waitFor({ state: "detached" });
  await fillAccount(name);
}

/** Fills in the account of a person whose address the issuer has not verified. */
export async function completeUnverifiedAccount({ name, email }) {
  await arriveAt("Create an account");
  requested = { email, before: mails() };
  await field("Email").fill(email);
  await fillAccount(name);
}

async function fillAccount(name) {
  await field("Name").fill(name);
  await field("City").fill("Berlin");
  await page.getByRole("combobox", { name: "Country" }).selectOption({ label: "Germany" });
  await button("Create account").click();
  await place("Tasks").waitFor();
  await loaded();
}

/** Signs in with a new address, and sends the account without a name. */
export async function signUpWrongly({ name }) {
  await field("Email").fill("not an address");
  await button("Send code").click();
  await page.getByText(/^Enter an email address/).waitFor();
  await requestCode({ email: emailOf(name) });
  await enterMailedCode();
  await arriveAt("Create an account");
  await button("Create account").click();
  await page.getByText("Enter your name.").waitFor();
}

/** Signs out while nothing is unsent. */
export async function signOut() {
  await openProfile();
  await button("Sign out").click();
  await button("Send code").waitFor();
}

/** Is asked before what is not sent is deleted, and keeps it. */
export async function keepSignedIn() {
  await openProfile();
  await page.getByText("not sent yet").waitFor();
  await button("Sign out").click();
  await page.getByText(/^Signing out deletes from this phone/).waitFor();
  await button("No, keep it").click();
}

/** Signs out although something is unsent, which is deleted. */
export async function signOutAndDelete() {
  await button("Sign out").click();
  await button("Delete and sign out").click();
  await button("Send code").waitFor();
}

/** Returns the tokens of the session: of the last request, and of the cookie. */
export async function readTokens() {
  const cookies = await context.cookies();
  return [accessToken, cookies.find(({ httpOnly }) => httpOnly).value];
}

/** Reads the id of the operator on the page Profile. */
export const readOperatorId = () => page.locator("code.id").textContent();

export const seeHeading = ({ name }) => arriveAt(name);

export const seeEndedSession = () => page.getByText(/^Your session has ended/).first().waitFor();

/** Goes to the sign-in page, which the path outlives. */
export async function signInAgain() {
  await button("Sign in again").first().click();
  await button("Send code").waitFor();
}

/** Goes on as the person who has signed in in another tab. */
export async function continueAs({ name }) {
  await button("Sign in again").first().click();
  await openProfile();
  await page.getByText(name).first().waitFor();
}

/** Sees that the session has ended, and goes to the sign-in page. */
export async function noticeEndedSession() {
  await page.reload();
  await seeEndedSession();
  await signInAgain();
}

/** Ends the session of the other device on the page Profile. */
export async function endOtherSession() {
  await button(/^End session/).click();
  await button(/^End session/).waitFor({ state: "detached" });
}

/** Confirms the address by the mailed code, on the page Profile. */
export async function confirmEmail() {
  await field("Code").fill(await newCode(requested.email, requested.before));
  await button("Confirm").click();
  await heading("Confirm your email").waitFor({ state: "detached" });
}

/** Signs in on the pages of the issuer, and comes back. */
export async function signInAtIssuer({ login }) {
  await button(/^Continue with/).click();
  await page.waitForURL(/\/interaction\//);
  await page.locator("input[name=login]").fill(login);
  await page.locator("input[name=password]").fill("anything");
  await page.locator("button[type=submit]").click();
  const consent = page.getByRole("button", { name: "Continue" });
  await consent.or(page.locator("#main")).first().waitFor();
  if (await page.getByText("Authorize").first().isVisible()) await consent.click();
  await page.waitForURL((url) => !url.pathname.startsWith("/interaction"));
}

/** Signs out of the app and of the issuer, which asks. */
export async function signOutAtIssuer() {
  await button("Sign out").click();
  await page.getByRole("button", { name: /yes/i }).click();
  await button(/^Continue with/).waitFor();
}
