// Commands about the device and the browser: its network, its storage and the installed app.

import { writeFileSync } from "node:fs";

import * as storage from "../storage.mjs";
import { context, faults, page } from "./phone.mjs";

let isOffline = false;
/** The session that emulates a device without a network for a document loaded meanwhile. */
let emulation;

/** Emulates a device without a network. */
export async function goOffline() {
  isOffline = true;
  await context.setOffline(true);
}

export async function goOnline() {
  isOffline = false;
  await emulation?.detach();
  emulation = undefined;
  await context.setOffline(false);
}

/**
 * Reloads the page. Chromium tells a new document that it is online, even if it emulates a device
 * without a network, until it is told to emulate one again.
 */
export async function reload() {
  await page.reload();
  if (!isOffline) return;
  emulation ??= await context.newCDPSession(page);
  await emulation.send("Network.enable");
  await emulation.send("Network.emulateNetworkConditions", {
    offline: true, latency: 0, downloadThroughput: -1, uploadThroughput: -1,
  });
}

export async function seeOffline() {
  await page.getByText("You are offline. What you send is saved on this phone and sent later.").waitFor();
  await page.getByText("No connection").waitFor();
}

export async function canInstall() {
  await keepShell();
  const devtools = await context.newCDPSession(page);
  const { installabilityErrors } = await devtools.send("Page.getInstallabilityErrors");
  await devtools.detach();
  for (const error of installabilityErrors) faults.push(`not installable: ${error.errorId}`);
}

/** Waits until the service worker controls the page, and so has cached the app. */
export async function keepShell() {
  await page.evaluate(() => navigator.serviceWorker.ready);
}

/** Waits until the service worker has given up, because it did not get the app's files. */
export async function seeNoShell() {
  await page.waitForFunction(async () =>
    (await navigator.serviceWorker.getRegistration()) === undefined);
  const kept = await page.evaluate(async () => (await caches.match("/")) !== undefined);
  if (kept) faults.push("part of a shell was kept");
}

/** Checks that the service worker has cached only the app's own files. */
export async function seeOwnShell() {
  const kept = await page.evaluate(async () =>
    (await caches.match("/manifest.webmanifest")).text());
  if (!kept.startsWith("{")) faults.push(`kept as the manifest: ${kept}`);
}

export const plant = ({ text }) => storage.plant(page, text);

export async function dumpStorage({ into }) {
  writeFileSync(into, JSON.stringify(await storage.readStorage(page)));
}

/** Sets the clock of the phone wrong by some minutes. It goes on from there. */
export async function shiftClock({ minutes }) {
  await context.clock.install({ time: Date.now() + minutes * 60_000 });
  await page.reload();
}

/** Lets time pass on the phone. */
export const passTime = ({ minutes }) => page.clock.fastForward(minutes * 60_000);
