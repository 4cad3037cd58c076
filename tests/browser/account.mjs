// Commands about the account: sign-up, sign-in and sign-out.

import { openProfile } from "./navigation.mjs";
import { page } from "./phone.mjs";
import { arriveAt, button, field, heading, link, place } from "./screen.mjs";

export async function openSignUp() {
  await link("Create an account").click();
  await arriveAt("Create an account");
}

export async function signUp({ name }) {
  await askForAccount(name);
  await arriveAt("Tasks");
}

/** Asks for a sign-in code on the page where the person is. */
export async function requestCode({ email }) {
  await field("Email").fill(email);
  await button("Send code").click();
  await heading("Enter the code").waitFor();
}

export async function enterCode({ code }) {
  await field("Code").fill(code);
  await button("Continue").click();
}

export async function refuseCode({ code }) {
  await enterCode({ code });
  await page.getByText(/^This code is wrong/).waitFor();
}

/** Fills in the account of a person who has signed in, whose address is known. */
export async function completeAccount({ name }) {
  await arriveAt("Create an account");
  await field("Email").waitFor({ state: "detached" });
  await fillAccount(name);
  await arriveAt("Tasks");
}

/** Signs out, and returns to the sign-in page. */
export async function signOutOfAccount() {
  await openProfile();
  await button("Sign out").click();
  await button("Send code").waitFor();
}

export const seeHeading = ({ name }) => arriveAt(name);

/** Sees that the session has ended, and goes to the sign-in page, which the path outlives. */
export async function noticeEndedSession() {
  await page.reload();
  await page.getByText(/^Your session has ended/).first().waitFor();
  await button("Sign in again").first().click();
  await button("Send code").waitFor();
}

/** Returns everything that scripts of the page can read of what the browser stores. */
export async function readStorage() {
  return page.evaluate(async () => {
    const databases = await indexedDB.databases();
    return JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie, databases]);
  });
}

async function askForAccount(name) {
  if (!(await heading("Create an account").isVisible())) await openSignUp();
  await field("Email").fill(`${name.toLowerCase().replace(" ", ".")}@example.com`);
  await fillAccount(name);
}

async function fillAccount(name) {
  await field("Name").fill(name);
  await field("City").fill("Berlin");
  await page.getByRole("combobox", { name: "Country" }).selectOption({ label: "Germany" });
  await button("Create account").click();
}

export async function signUpWrongly() {
  await openSignUp();
  await field("Email").fill("not an address");
  await button("Create account").click();
  await page.getByText("Enter your name.").waitFor();
}

export async function signOutAndIn() {
  const id = await signOut();
  await field("Operator ID").fill("op_00000000000000000000000000");
  await button("Sign in").click();
  await page.getByText(/^This ID does not exist/).waitFor();
  await signIn({ id });
}

/** Signs out, and returns the id with which the operator signs in again. */
export async function signOut() {
  await openProfile();
  const id = await page.locator("code.id").textContent();
  await button("Sign out").click();
  await button("Sign in").waitFor();
  return id;
}

export async function signIn({ id }) {
  await field("Operator ID").fill(id);
  await button("Sign in").click();
  await place("Tasks").waitFor();
}
