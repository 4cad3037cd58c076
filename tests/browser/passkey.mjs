// Commands about passkeys, with an authenticator that the browser simulates.

import { context, page } from "./phone.mjs";
import { arriveAt, button, place } from "./screen.mjs";

let devtools;
let authenticator;

/** Gives the device an authenticator that verifies the person at once, as a fingerprint reader. */
export async function addAuthenticator() {
  devtools = await context.newCDPSession(page);
  await devtools.send("WebAuthn.enable", { enableUI: false });
  const options = {
    protocol: "ctap2",
    ctap2Version: "ctap2_1",
    transport: "internal",
    hasResidentKey: true,
    hasUserVerification: true,
    isUserVerified: true,
    automaticPresenceSimulation: true,
  };
  const added = await devtools.send("WebAuthn.addVirtualAuthenticator", { options });
  authenticator = added.authenticatorId;
  await page.reload();
}

/** Sets whether the person passes the verification of the authenticator. */
export async function setVerified({ verified }) {
  await devtools.send("WebAuthn.setUserVerified", {
    authenticatorId: authenticator, isUserVerified: verified,
  });
}

/**
 * Sets whether the person is at the device. The simulated browser chooses a passkey of the list at
 * a field at once if somebody is, and has no list to look at.
 */
export async function setPresent({ present }) {
  await devtools.send("WebAuthn.setAutomaticPresenceSimulation", {
    authenticatorId: authenticator, enabled: present,
  });
}

/** Returns the number of passkeys on the device. */
export async function countPasskeys() {
  const found = await devtools.send("WebAuthn.getCredentials", { authenticatorId: authenticator });
  return found.credentials.length;
}

/** Accepts the offer that is made after a sign-in by a code. */
export async function acceptPasskeyOffer() {
  await page.getByText("Sign in faster next time").waitFor();
  await button("Add a passkey").click();
  await page.getByText("Next time, sign in with your passkey.").waitFor();
}

export async function seePasskeyOffer() {
  await page.getByText("Sign in faster next time").waitFor();
}

export async function refusePasskeyOffer() {
  await button("Not now").click();
  await page.getByText("Sign in faster next time").waitFor({ state: "detached" });
}

export async function signInByPasskey() {
  await button("Sign in with a passkey").click();
  await setPresent({ present: true });
  await place("Tasks").waitFor();
}

/** Chooses a passkey of the list at the field of the address, which a new page offers. */
export async function signInByAutofill() {
  await setPresent({ present: true });
  await page.reload();
  await place("Tasks").waitFor();
}

export async function failToSignInByPasskey({ text }) {
  await button("Sign in with a passkey").click();
  await page.getByText(text).waitFor();
}

/** Removes the only passkey on the page Profile. */
export async function removePasskey() {
  await place("Profile").click();
  await arriveAt("Profile");
  await button("Remove").click();
  await button("Remove passkey").click();
  await button("Remove").waitFor({ state: "detached" });
}
