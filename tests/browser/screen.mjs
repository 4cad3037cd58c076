// How the other files find what is on the screen: by role and label only, as a person finds it.

import { page } from "./phone.mjs";

export const button = (name) => page.getByRole("button", { name });
export const link = (name) => page.getByRole("link", { name, exact: true });
export const field = (name) => page.getByRole("textbox", { name });
// Browsers give an input that hides its text no role.
export const hiddenField = (name) => page.getByLabel(name, { exact: true });
export const heading = (name) => page.getByRole("heading", { name, exact: true });
// A badge stands before the name of a link.
export const place = (name) => page.getByRole("navigation", { name: "Main" })
  .getByRole("link", { name: new RegExp(`(^|not sent ?)${name}$`) });

export async function arriveAt(name) {
  await page.getByRole("heading", { name, level: 1, exact: true }).waitFor();
  await loaded();
}

/** Waits until everything on the screen is loaded. */
export async function loaded() {
  await page.getByText("Loading…").first().waitFor({ state: "detached" });
}

/** Accepting replaces the page: its heading gets the focus, so that screen readers read it. */
export async function seeAccepted() {
  await page.getByText("Accepted", { exact: true }).waitFor();
  await page.getByRole("heading", { level: 1 }).and(page.locator(":focus")).waitFor();
}

/**
 * Returns what covers the centre of an element, if anything does (WCAG 2.4.11). Runs in the page.
 */
export function coveredBy(element) {
  const { left, top, width, height } = element.getBoundingClientRect();
  const above = document.elementFromPoint(left + width / 2, top + height / 2);
  if (!above) return "the edge of the screen";
  const own = element.contains(above) || above.contains(element);
  return own || above.closest("label")?.control === element ? null : above.outerHTML;
}
