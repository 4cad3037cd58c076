// Commands that lead to another screen or another tab.

import { openTab, page, toTab } from "./phone.mjs";
import { arriveAt, button, heading, link, place } from "./screen.mjs";

export async function findTasks() {
  await place("Tasks").click();
  await arriveAt("Tasks");
  await button("Refresh").click();
  await button("Refresh").waitFor();
}

export async function openMine() {
  await place("My tasks").click();
  await arriveAt("My tasks");
}

export async function openEarnings() {
  await place("Earnings").click();
  await arriveAt("Earnings");
}

export async function openProfile() {
  await place("Profile").click();
  await arriveAt("Profile");
}

/** After navigation the heading of the new page gets the focus, however long its data takes. */
export async function openTask({ title }) {
  await link(title).click();
  await arriveAt(title);
  await heading(title).and(page.locator(":focus")).waitFor();
}

export async function openPath({ path }) {
  await page.goto(path);
  await page.getByRole("heading").or(page.getByRole("alert")).first().waitFor();
}

/** Loads the next page of a list, which is its last one. */
export async function showMore({ last }) {
  await button("Show more").click();
  await link(last).waitFor();
  await button("Show more").waitFor({ state: "detached" });
}

export async function openSecondTab({ path }) {
  await openTab();
  await openPath({ path });
}

/** Closes the tab in front, which is not the first one, and goes back to the first one. */
export async function closeTab() {
  await page.close();
  await toTab(0);
}

export const backToFirstTab = () => toTab(0);
export const toSecondTab = () => toTab(1);
