// Commands that wait for what people see, whichever screen shows it.

import { join } from "node:path";

import * as gallery from "../gallery.mjs";
import { faults, folders, page } from "./phone.mjs";

export async function seeText({ text }) {
  await page.getByText(text).first().waitFor();
}

export async function seeNoText({ text }) {
  await page.getByText(text, { exact: true }).waitFor({ state: "detached" });
}

export async function seeStatus({ status }) {
  await page.getByText(status, { exact: true }).first().waitFor();
}

export async function seeNothingRan() {
  const title = await page.title();
  if (title === "owned") faults.push("an agent's text ran as a script");
  if (await page.locator("main img, main script, main b").count()) {
    faults.push("an agent's text became elements");
  }
}

export const title = () => page.title();

export const enterGallery = () => gallery.enterGallery(page);
export const galleryStates = gallery.stateNames;

/** Shows every state of every component, one after the other. */
export async function seeState({ name }) {
  const file = `gallery-${name.replaceAll(/[^a-z]+/g, "-")}.png`;
  const picture = join(folders.screenshots, file);
  faults.push(...(await gallery.see(page, name, picture)));
}

export async function seeUnseen() {
  faults.push(...(await gallery.unseen(page)));
}
