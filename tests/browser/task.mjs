// Commands about a task before its proof: accepting it, estimating it and giving it back.

import { findTasks, openMine } from "./navigation.mjs";
import { faults, look, page } from "./phone.mjs";
import { button, coveredBy, seeAccepted } from "./screen.mjs";

export async function accept() {
  await button(/^Accept for/).click();
  await seeAccepted();
}

/** Presses the button while something other than the server answers. */
export async function acceptInVain() {
  await button(/^Accept for/).click();
  await page.getByText("Could not reach the server").waitFor();
  await button(/^Accept for/).waitFor();
}

/** Presses the button while nobody, or another person, is signed in. */
export async function acceptSignedOut() {
  await button(/^Accept for/).click();
  await page.getByText(/^Your session has ended/).first().waitFor();
  await button(/^Accept for/).waitFor();
}

/** Leaves the page before the response arrives, which then concerns no page. */
export async function acceptAndLeave() {
  let letGo;
  const gone = new Promise((resolve) => { letGo = resolve; });
  await page.route("**/accept", async (route) => {
    await gone;
    await route.continue();
  });
  await button(/^Accept for/).click();
  await openMine();
  const answer = page.waitForResponse("**/accept");
  letGo();
  await (await answer).finished();
  await page.unroute("**/accept");
  await findTasks();
}

export async function estimate({ minutes }) {
  await button("Send estimate").click();
  await page.getByText("Enter whole minutes, up to 90 days.").waitFor();
  await button(minutes).click();
  await button("Send estimate").click();
  await page.getByText("Waiting for the agent").waitFor();
}

/** An irreversible action asks for confirmation: declines first, then confirms. */
export async function giveBack() {
  await button("I can’t do it").click();
  await button("No, keep it").and(page.locator(":focus")).waitFor();
  for (const answer of ["Withdraw", "No, keep it"]) {
    const hidden = await button(answer).evaluate(coveredBy);
    if (hidden) faults.push(`“${answer}” is hidden under ${hidden}`);
  }
  await look({ at: "give-back" });
  await button("No, keep it").click();
  await button("I can’t do it").and(page.locator(":focus")).waitFor();
  await button("I can’t do it").click();
  await button("Withdraw").click();
  await button(/^Accept for/).waitFor();
}
