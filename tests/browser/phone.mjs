// The phone of a person: Chromium at 390×844 with its tabs, one of them in front, and the faults of
// its pages.

import { mkdirSync } from "node:fs";

import { chromium } from "playwright-core";

import { examine } from "../examine.mjs";

/** Timeout in milliseconds for a screen, on two busy cores. */
const WAIT_MS_MAX = 30_000;

/** The browser with all its tabs. */
export let context;
/** The tab in front. */
export let page;
/**
 * The folders of the screenshots and of the mails, and the file for the screenshot of a command
 * that has waited in vain.
 */
export let folders;
/** The access token of the last request with one. */
export let accessToken;
/** Everything that was wrong with a screen, as sentences. A story fails if there are any. */
export const faults = [];

/** Starts the browser with a profile that is kept afterwards, and opens the app. */
export async function start({ url, chromium: executablePath, profile, ...others }) {
  folders = others;
  mkdirSync(folders.screenshots, { recursive: true });
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
  page.on("request", (request) => {
    const { authorization } = request.headers();
    if (authorization) accessToken = authorization.replace("Bearer ", "");
  });
  page.on("dialog", (dialog) => {
    faults.push(`a dialog: ${dialog.message()}`);
    dialog.dismiss();
  });
}

/** Closes the browser, and returns the faults. */
export async function leave() {
  await context.close();
  return faults;
}

/** Checks the screen as different people see it. */
export async function look({ at }) {
  faults.push(...(await examine(page, at, folders.screenshots)));
}

/** Opens another tab in front of the others. */
export async function openTab() {
  page = await context.newPage();
  listen();
}

/** Brings a tab to the front; the first one is 0. */
export async function toTab(number) {
  page = context.pages()[number];
  await page.bringToFront();
}
