// Every state of every component, displayed by the app itself. The responses of the API are
// simulated, so that a state that is rare or takes days needs only one line.

import { colouringRules, measure } from "./contrast.mjs";
import {
  AGENT, at, claimed, credential, earnings, failure, guardian_result, OPERATOR, OTHER, page, photo,
  profile, proof, publicKey, result_schema, session, SESSION, TASK, task,
} from "./samples.mjs";

/** There is no response, so the state stays. */
const NEVER = Symbol("never");

const mineEmpty = { "GET /operator/tasks/mine": page([]) };
const shows = (one) => ({
  ...mineEmpty,
  "GET /operator/tasks/mine": page([one]),
  [`GET /operator/tasks/${TASK}`]: one,
});
const status = (path, one) => ({ path, answers: shows(one) });
const taskPage = (one) => status(`/tasks/${TASK}`, one);
const proofPage = (one, then) => ({ ...status(`/tasks/${TASK}/proof`, one), then });

/** Types a confirmation and sends it; `answer` is the simulated response. */
const sending = (answer) => ({
  ...proofPage(claimed(), async (page) => {
    await page.getByLabel("What you did or found").fill("It opens at nine.");
    await page.getByRole("button", { name: "Send confirmation" }).click();
    await page.getByRole("region", { name: "Your proof" }).waitFor();
    await page.getByText(/^(Discard proof|Send now)$|^Safe to close/).first().waitFor();
  }),
  answers: { ...shows(claimed()), [`POST /operator/tasks/${TASK}/submit`]: answer },
  forgets: true,
});

/** The states by name, each with its page, the API's responses, and a person's actions. */
const STATES = {
  "signed out": {
    path: "/", signedOut: true, answers: {},
    async then(page) {
      await page.getByLabel("Email").fill("nonsense");
      await page.getByRole("button", { name: "Send code" }).click();
      await page.getByText(/^Enter an email address/).waitFor();
    },
  },
  "a code that is wrong": {
    path: "/", signedOut: true,
    answers: {
      "POST /auth/code": [202, { sent: true }],
      "POST /auth/code/verify": [401, failure("unauthorized")],
    },
    async then(page) {
      await page.getByLabel("Email").fill("sam@example.com");
      await page.getByRole("button", { name: "Send code" }).click();
      await page.getByLabel("Code").fill("000000");
      await page.getByRole("button", { name: "Continue" }).click();
      await page.getByText(/^This code is wrong/).waitFor();
    },
  },
  "a code that comes later": {
    path: "/", signedOut: true, answers: { "POST /auth/code": [202, { sent: true, delayed: true }] },
    async then(page) {
      await page.getByLabel("Email").fill("sam@example.com");
      await page.getByRole("button", { name: "Send code" }).click();
      await page.getByText(/^Emails are delayed right now/).waitFor();
    },
  },
  "sign-up with faults": {
    path: "/sign-up", signedOut: true,
    answers: { "POST /auth/refresh": { ...session, operator_id: null } },
    async then(page) {
      await page.getByRole("checkbox", { name: "Take photos" }).check();
      await page.getByRole("button", { name: "Create account" }).click();
      await page.getByText("Enter your name.").waitFor();
    },
  },
  "tasks, one of them active and urgent": {
    path: "/tasks",
    answers: {
      "GET /operator/tasks/mine": page([claimed({ task_id: OTHER, deadline: at(0.3) })]),
      "GET /operator/tasks": page(
        [task(), task({ deadline: at(0.5) }), task({ deadline: at(-1) }), photo({})],
        { has_more: true, next_cursor: "more" },
      ),
    },
    async then(page) {
      await page.evaluate(() => window.dispatchEvent(new Event("humanops-update")));
      await page.getByText("A new version is ready.").waitFor();
      await page.getByText("Your task", { exact: true }).waitFor();
    },
  },
  "tasks, one of them active and late": {
    path: "/tasks",
    answers: {
      "GET /operator/tasks/mine": page([claimed({ task_id: OTHER, deadline: at(-0.3) })]),
      "GET /operator/tasks": page([]),
    },
  },
  "tasks, one of them active and far": {
    path: "/tasks",
    answers: {
      "GET /operator/tasks/mine": page([claimed({ task_id: OTHER, deadline: at(30) })]),
      "GET /operator/tasks": page([]),
    },
  },
  "tasks loading": {
    path: "/tasks", answers: { ...mineEmpty, "GET /operator/tasks": NEVER },
    then: (page) => page.getByText("Loading…").waitFor(),
  },
  "tasks without a network": {
    path: "/tasks", answers: { ...mineEmpty, "GET /operator/tasks": page([]) },
    async then(page) {
      await page.evaluate(() => {
        Object.defineProperty(navigator, "onLine", { value: false });
        window.dispatchEvent(new Event("offline"));
      });
      await page.getByText(/^You are offline\./).waitFor();
    },
  },
  "tasks refused": {
    path: "/tasks",
    answers: { ...mineEmpty, "GET /operator/tasks": [401, failure("unauthorized")] },
    then: (page) => page.getByRole("button", { name: "Sign in again" }).waitFor(),
  },
  "mine in every status": {
    path: "/mine",
    answers: {
      "GET /operator/tasks/mine": page([
        claimed(), claimed({ status: "IN_PROGRESS" }), task({ status: "ESTIMATE_PENDING" }),
        task({ status: "SUBMITTED" }), task({ status: "MANUAL_REVIEW" }),
        task({ status: "VERIFIED" }), task({ status: "DISPUTED" }),
        task({ status: "COMPLETED" }), task({ status: "CANCELLED" }),
      ]),
    },
  },
  "an open task": {
    ...taskPage(photo({ actions: ["accept"], deadline: at(0.5) })),
    then: (page) => page.getByRole("button", { name: /^Accept for/ }).waitFor(),
  },
  "an open task that is being accepted": {
    path: `/tasks/${TASK}`,
    answers: {
      ...shows(task({ actions: ["accept"] })), [`POST /operator/tasks/${TASK}/accept`]: NEVER,
    },
    async then(page) {
      await page.getByRole("button", { name: /^Accept for/ }).click();
      await page.getByText("Accepting…").waitFor();
    },
  },
  "an open task that cannot be accepted": taskPage(task()),
  "an estimate with faults": {
    ...taskPage(task({ actions: ["estimate"] })),
    async then(page) {
      await page.getByRole("button", { name: "Send estimate" }).click();
      await page.getByText("Enter whole minutes, up to 90 days.").waitFor();
    },
  },
  "an estimate that waits": taskPage(task({
    status: "ESTIMATE_PENDING", actions: ["withdraw"], due_at: at(1),
    estimate: { estimate_minutes: 30, submitted_at: at(-1) },
  })),
  "a claimed task that is given back": {
    ...taskPage(claimed()),
    async then(page) {
      await page.getByRole("button", { name: "I can’t do it" }).click();
      await page.getByRole("button", { name: "Withdraw" }).waitFor();
    },
  },
  "a revision": taskPage(claimed({
    revision: {
      reason: "Which day?", unmet_requirements: ["The day is stated"], requested_at: at(-1),
      resubmit_by: at(20),
    },
  })),
  "a submitted proof": taskPage(task({ status: "SUBMITTED", proof })),
  "a proof in review": taskPage(task({
    status: "MANUAL_REVIEW", due_at: at(20), proof, guardian_result,
  })),
  "a completed task": taskPage(task({
    status: "COMPLETED", available_at: at(20), proof, guardian_result, result: { opens_at: "9:00" },
  })),
  "a disputed task": taskPage(task({
    status: "DISPUTED",
    rejection: { reason: "Wrong day.", unmet_requirements: ["The day"], rejected_at: at(-1) },
  })),
  "a cancelled task": taskPage(task({ status: "CANCELLED", cancel_reason: "EXPIRED" })),
  "a confirmation with faults": proofPage(claimed({ result_schema }), async (page) => {
    await page.getByRole("button", { name: "Send confirmation" }).click();
    await page.getByText("Write what you did or found.").waitFor();
  }),
  "photos": {
    ...proofPage(photo({ status: "ACCEPTED", actions: ["submit"] }), async (page) => {
      const buffer = Buffer.from("not a picture, which is shown as a file");
      const file = { name: "one.jpg", mimeType: "image/jpeg", buffer };
      await page.getByLabel(/^Take photo, 1:/).setInputFiles(file);
      await page.getByText("The check may be inconclusive.").waitFor();
    }),
  },
  "photos on their way": {
    path: "/mine",
    answers: {
      "GET /operator/tasks/mine": page([photo({ status: "ACCEPTED", actions: ["submit"] })]),
      [`GET /operator/tasks/${TASK}`]: photo({ status: "ACCEPTED", actions: ["submit"] }),
      "POST /operator/upload": NEVER,
    },
    async then(page) {
      await page.getByRole("link", { name: "Continue proof" }).click();
      await page.getByRole("button", { name: /^Send 1 file/ }).click();
      await page.getByText(/^Sending ·/).waitFor();
    },
    forgets: true,
  },
  "photos without any": proofPage(
    photo({ status: "ACCEPTED", actions: ["submit"] }),
    async (page) => {
      await page.getByRole("button", { name: "Send", exact: true }).click();
      await page.getByText(/^Add at least one picture/).waitFor();
    },
  ),
  "a proof that is being sent": sending(NEVER),
  "a proof that waits for the server": sending([503, failure("unavailable", { retryable: true })]),
  "a proof that something intercepted": sending([200, "<h1>Wi-Fi</h1>"]),
  "a proof that was refused": {
    ...sending([400, failure("validation", {
      details: [{ field: "notes", message: "Too long." }],
    })]),
    async then(page) {
      await sending().then(page);
      await page.getByRole("button", { name: "Discard proof" }).click();
      await page.getByRole("button", { name: "Delete permanently" }).waitFor();
    },
  },
  "a secret for a key that is new": {
    ...proofPage(credential({ agent_public_key: publicKey() }), async (page) => {
      await page.getByRole("button", { name: "Add field" }).click();
      await page.getByRole("button", { name: "Encrypt and send" }).click();
      await page.getByText("Enter what the agent asked for.").waitFor();
    }),
  },
  "a secret for a key that changed": {
    ...proofPage(credential({ agent_public_key: publicKey() }), async (page) => {
      await page.getByRole("button", { name: "Encrypt and send" }).click();
      await page.getByText(/^Compare the fingerprint and/).waitFor();
    }),
    stored: {
      "humanops.agent-keys": [{
        agent: AGENT, fingerprint: "00".repeat(16), groups: "0000 0000", used_at: at(-100),
      }],
    },
  },
  "a secret without a key": proofPage(credential()),
  "earnings": { path: "/earnings", answers: { ...mineEmpty, "GET /operator/earnings": earnings } },
  "a profile that is approved": {
    path: "/profile", answers: { ...mineEmpty, "GET /operator/profile": profile("APPROVED") },
    then: (page) => page.getByText("Who posts these tasks?").click(),
  },
  "a profile that is checked": {
    path: "/profile", answers: { ...mineEmpty, "GET /operator/profile": profile("PENDING") },
  },
  "a profile that was rejected": {
    path: "/profile", answers: { ...mineEmpty, "GET /operator/profile": profile("REJECTED") },
  },
  "the app that starts": {
    path: "/no/such/page", answers: mineEmpty,
    // The content of the page before the app has loaded.
    then: (page) => page.evaluate(async () => {
      const html = await (await fetch("/")).text();
      const { body } = new DOMParser().parseFromString(html, "text/html");
      document.body.append(body.querySelector("#boot"));
    }),
  },
  "no page": { path: "/no/such/page", answers: mineEmpty },
};

export const stateNames = () => Object.keys(STATES);

const used = new Set();
let answers = {};

/** Answers all requests to the API from now on. */
export async function enterGallery(page) {
  await page.route("**/api/v1/**", async (route) => {
    const request = route.request();
    const path = new URL(request.url()).pathname.replace("/api/v1", "");
    const operation = `${request.method()} ${path}`;
    const answer = answers[operation] ?? SESSION[operation] ?? [404, failure("not_found")];
    if (answer === NEVER) return;
    const [status, body] = Array.isArray(answer) ? answer : [200, answer];
    const text = typeof body === "string" ? body : JSON.stringify(body);
    await route.fulfill({ status, contentType: "application/json", body: text });
  });
}

/** Shows a state, and returns what has too little contrast in it. */
export async function see(page, name, picture) {
  const state = STATES[name];
  ({ answers } = state);
  const session = state.signedOut ? {} : {
    "humanops.session": { operator_id: OPERATOR, name: "Sam Lee" },
  };
  await page.evaluate((stored) => {
    localStorage.clear();
    sessionStorage.clear();
    for (const [key, value] of Object.entries(stored)) {
      localStorage.setItem(key, JSON.stringify(value));
    }
  }, { ...session, ...state.stored });
  await page.goto(state.path);
  await page.getByRole("heading", { level: 1 }).first().waitFor();
  if (answers["GET /operator/tasks"] !== NEVER) {
    await page.getByText("Loading…").first().waitFor({ state: "detached" });
  }
  await state.then?.(page);
  await page.screenshot({ path: picture, fullPage: true });
  const seen = await measure(page);
  for (const rule of seen.used) used.add(rule);
  if (state.forgets) await page.evaluate(() => indexedDB.deleteDatabase("humanops"));
  return seen.faults.map((fault) => `${name}, ${fault}`);
}

/** Returns the selectors with colours that no state has used. */
export async function unseen(page) {
  const rules = await page.evaluate(colouringRules);
  return rules.filter((rule) => !used.has(rule)).map((rule) => `no state shows ${rule}`);
}
