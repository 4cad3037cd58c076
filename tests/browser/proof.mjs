// Commands in the forms of a proof: credential, photos and confirmation.

import { basename } from "node:path";

import { faults, page } from "./phone.mjs";
import { button, field, hiddenField, link } from "./screen.mjs";

/** Goes from an accepted task to the form of its proof. */
export async function beginProof() {
  await page.getByRole("link", { name: /^(Send|Add|Write) / }).click();
  await page.getByRole("heading", { name: /^(Send|Add|Write) /, level: 1 }).waitFor();
  await page.getByRole("button", { name: /^(Send|Encrypt)/ }).waitFor();
}

export async function goOnWithProof() {
  await link("Continue proof").click();
  await button("Send confirmation").waitFor();
}

/** Types a secret into every kind of input in the form. Returns what the agent should receive. */
export async function typeCredential({ secret }) {
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

export async function sendCredential() {
  await button("Encrypt and send").click();
}

export async function cannotSendYet() {
  await sendCredential();
  await page.getByText("Compare the fingerprint and confirm it above.").waitFor();
}

export async function trustNewKey() {
  await page.getByRole("checkbox", { name: /I understand that the key has changed/ }).check();
}

/** Pastes a text of several lines. */
export async function pasteSecret({ text }) {
  await hiddenField("API key").evaluate((input, words) => {
    const clipboardData = new DataTransfer();
    clipboardData.setData("text", words);
    const paste = { clipboardData, bubbles: true, cancelable: true };
    input.dispatchEvent(new ClipboardEvent("paste", paste));
  }, text);
  await page.locator("textarea:focus").waitFor();
}

export async function readFingerprint() {
  const groups = page.getByRole("list", { name: "Key fingerprint" }).getByRole("listitem");
  await groups.first().waitFor();
  return (await groups.allTextContents()).join(" ");
}

export async function seeNewAgent() {
  await page.getByText("You have not sent a credential to this agent from this phone.").waitFor();
}

export async function seeSameKey() {
  await page.getByText(/^Same key as on/).waitFor();
}

export async function seeKeyWarning() {
  await page.getByText("This agent’s key has changed").waitFor();
}

export async function takePhoto({ file }) {
  await page.getByLabel(/^Take (a )?photo, 1:/).setInputFiles(file);
  await page.getByRole("img", { name: basename(file) }).waitFor();
}

export async function retake({ file }) {
  await button(`Remove ${basename(file)}`).click();
  await page.getByRole("img", { name: basename(file) }).waitFor({ state: "detached" });
  await takePhoto({ file });
}

export async function sendPhotos() {
  await button("Send 1 file").click();
}

export async function typeConfirmation({ text }) {
  await field("What you did or found").fill(text);
}

/** Taps twice before the page can react to the first tap. */
export async function tapSendTwice() {
  await button("Send confirmation").dblclick();
}

/** Types into every input of the form, which saves a draft by itself. */
export async function draftConfirmation({ text, answers }) {
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

export async function seeDraft({ text, answers }) {
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

export async function sendConfirmation() {
  await button("Send confirmation").click();
}
