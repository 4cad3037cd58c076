// Commands by keyboard only.

import { emailOf } from "./account.mjs";
import { mails, newCode } from "./mails.mjs";
import { faults, page } from "./phone.mjs";
import { arriveAt, button, coveredBy, field, heading, link, seeAccepted } from "./screen.mjs";

/** More presses of Tab than any screen of the app has focusable elements. */
const STOPS_MAX = 60;

export async function signUpByKeyboard({ name }) {
  const before = mails();
  await type(field("Email"), emailOf(name));
  await page.keyboard.press("Enter");
  await heading("Enter the code").waitFor();
  await type(field("Code"), await newCode(emailOf(name), before));
  await page.keyboard.press("Enter");
  await arriveAt("Create an account");
  await type(field("Name"), name);
  await type(field("City"), "Berlin");
  await type(page.getByRole("combobox", { name: "Country" }), "Germany");
  await press(field("City"));
  await arriveAt("Tasks");
}

export async function openTaskByKeyboard({ title }) {
  await press(link(title));
  await arriveAt(title);
}

export async function acceptByKeyboard() {
  await press(button(/^Accept for/));
  await seeAccepted();
}

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

async function press(target) {
  await tabTo(target);
  await page.keyboard.press("Enter");
}

async function type(target, text) {
  await tabTo(target);
  await page.keyboard.type(text);
}
