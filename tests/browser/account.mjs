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

export async function signUpInVain({ name, reason }) {
  await askForAccount(name);
  await page.getByRole("alert").getByText(reason).waitFor();
  await arriveAt("Create an account");
}

async function askForAccount(name) {
  if (!(await heading("Create an account").isVisible())) await openSignUp();
  await field("Name").fill(name);
  await field("Email").fill(`${name.toLowerCase().replace(" ", ".")}@example.com`);
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
