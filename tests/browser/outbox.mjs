// Commands about proofs that are not sent yet.

import { look, page } from "./phone.mjs";
import { button } from "./screen.mjs";

/** Presses the button that sends at once, unless the app has just sent by itself. */
export async function sendNow() {
  const gone = page.getByRole("heading", { name: /^Not sent yet/ });
  const wentOn = gone.waitFor({ state: "detached" }).then(() => "went on");
  await Promise.race([button("Send now").click(), wentOn]);
}

/** Does the same on the task's own page, where a proof that was sent is completed soon. */
export async function sendNowHere() {
  const wentOn = page.getByText("Completed", { exact: true }).first().waitFor();
  await Promise.race([button("Send now").click(), wentOn]);
}

/** Goes from a refused proof back to its form. */
export async function changeProof() {
  await button("Edit proof").click();
  await button("Send confirmation").waitFor();
}

export async function discardProof() {
  await button("Discard proof").click();
  await look({ at: "discard" });
  await button("Delete permanently").click();
  await seeNothingWaits();
}

export async function seeNothingIsLost() {
  await page.getByText(/Nothing is lost/).first().waitFor();
}

export async function seeNothingWaits() {
  await page.getByRole("heading", { name: /^Not sent yet/ }).waitFor({ state: "detached" });
}
