// An agent written from the HumanOps API reference alone: its requests are the printed ones,
// and the responses are compared with the printed ones. Changed are the name of the host, keys and
// ids, deadlines (the printed ones are in the past), and the values printed as "0xabc...def",
// "https://..." and BASE64_…. The operators that it hires are in humanops_operator.mjs.

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";

import { generateKeyPair, open } from "../../pkg/node.js";
import { deadline, eventually, looksAsPrinted } from "./printed.mjs";
import * as operators from "./humanops_operator.mjs";
import { API, JSON_TYPE, call, callback_url, leave, told } from "./humanops_wire.mjs";

// Getting started: register, deposit, post.
const account = await call("POST", "/agents/register", JSON_TYPE, {
  name: "my-agent",
  email: "agent@example.com",
});
assert.equal(account.message, "Save this API key - it won't be shown again.");
looksAsPrinted(account, { agent_id: "cuid_abc123", api_key: "ho_live_EXAMPLE_KEY" });
assert.match(account.api_key, /^ho_live_/);
const key = { "X-API-Key": account.api_key };
const agent = { ...key, ...JSON_TYPE };

const deposit = await call("POST", "/agents/deposit/usdc", agent, {
  tx_hash: `0x${randomBytes(32).toString("hex")}`,
  amount_usdc: "100.00",
});
looksAsPrinted(deposit, { transaction_id: "txn_abc123" });
const { transaction_id, ...credited } = deposit;
assert.deepEqual(credited, {
  amount_usd: 100,
  status: "confirmed",
  chain: "base",
  message: "USDC deposit confirmed",
});

const signage = {
  title: "Verify storefront signage",
  description: "Take a photo of the signage at 123 Main St",
  location: { lat: 40.7128, lng: -74.006, address: "123 Main St, NY" },
  reward_usd: 25,
  deadline: deadline(),
  proof_requirements: ["Photo of storefront sign", "GPS-stamped image"],
  task_type: "VERIFICATION",
};
const posted = await call("POST", "/tasks", agent, signage, 201);
looksAsPrinted(posted, {
  task_id: "task_abc123",
  deadline: "2026-02-10T00:00:00.000Z",
  created_at: "2026-02-05T12:00:00.000Z",
});
assert.equal(posted.status, "PENDING");
assert.deepEqual([posted.reward_usd, posted.platform_fee, posted.total_escrow], [25, 4.5, 29.5]);

// A retry with the printed header does not post a second task.
const again = { ...agent, "Idempotency-Key": "signage-1" };
const once = await call("POST", "/tasks", again, signage, 201);
assert.equal((await call("POST", "/tasks", again, signage, 201)).task_id, once.task_id);
assert.deepEqual(await call("GET", "/agents/balance", agent), {
  deposit_balance: 41,
  escrow_balance: 59,
  currency: "USD",
});
for (const { task_id } of [posted, once]) {
  const cancelled = await call("POST", `/tasks/${task_id}/cancel`, key);
  looksAsPrinted(cancelled, { task_id, status: "CANCELLED", refunded_usd: 29.5 });
  assert.deepEqual([cancelled.status, cancelled.refunded_usd], ["CANCELLED", 29.5]);
}

// API keys.
const pipeline = await call("POST", "/agents/keys", agent, { name: "ci-pipeline" });
looksAsPrinted(pipeline, {
  api_key: "ho_live_EXAMPLE_KEY",
  key_prefix: "ho_live_EXAMPLE..",
  created_at: "2026-02-05T12:00:00.000Z",
});
assert.equal(pipeline.name, "ci-pipeline");
await call("GET", "/agents/balance", { "X-API-Key": pipeline.api_key });
const keys = await call("GET", "/agents/keys", agent);
looksAsPrinted(keys, {
  data: [
    {
      id: "key_id",
      keyPrefix: "ho_live_EXAMPLE..",
      name: null, // null where no label was given
      lastUsed: null, // null until it is used
      createdAt: "2026-02-04T08:00:00Z",
    },
  ],
});
const listed = keys.data.find((one) => one.keyPrefix === pipeline.key_prefix);
assert.ok(listed.lastUsed, "the key was used");
const revoked = await call("DELETE", `/agents/keys/${listed.id}`, agent);
assert.deepEqual(revoked, { revoked: true });
const refused = await call("GET", "/agents/keys", { "X-API-Key": pipeline.api_key }, undefined, 401);
looksAsPrinted(refused, { error: "…" });

// Deposits by card: the reference calls them coming soon; they complete at once in test mode.
const paid = await call("POST", "/agents/deposit", agent, {
  amount_usd: 100,
  payment_method: "card",
  return_url: "https://example.com/back",
});
looksAsPrinted(paid, { transaction_id: "txn_abc123" });
assert.deepEqual(
  [paid.amount_usd, paid.status, paid.message],
  [100, "completed", "Funds added (test mode)"],
);
// The reference prints no payment_id in this response, but requires one below.
const payment_id = paid.payment_id ?? paid.transaction_id;
const payment = await call("POST", "/agents/deposit/status", agent, { payment_id });
looksAsPrinted(payment, { payment_id, status: "completed", amount_usd: 100 });

// An operator who takes photos, and one who works on a screen.
const jane = await operators.register({
  name: "Jane Doe",
  email: "jane@example.com",
  phone: "+1234567890",
  location: { city: "New York", country: "US" },
  skills: ["VERIFICATION", "PHOTO"],
});
const sam = await operators.register({
  name: "Sam Roe",
  email: "sam@example.com",
  phone: "+1234567891",
  location: { city: "New York", country: "US" },
  skills: ["CAPTCHA_SOLVING", "CONTENT_REVIEW", "API_KEY_PROCUREMENT"],
});

const callback = { callback_url, callback_secret: "your-random-secret" };

// A physical task, from its post to the webhook that says that it is done.
const street = await call("POST", "/tasks", agent, {
  title: "Verify storefront signage",
  description: "Take a clear photo of the sign at 123 Main St",
  location: { lat: 40.7128, lng: -74.006, address: "123 Main St, New York, NY" },
  reward_usd: 25,
  deadline: deadline(),
  proof_requirements: ["Photo of storefront sign", "GPS-stamped image"],
  task_type: "VERIFICATION",
  ...callback,
});
const page = { limit: 20, offset: 0, total: 1 };
const found = await operators.find(jane, "VERIFICATION");
assert.deepEqual(found.map((task) => task.task_id), [street.task_id]);
await operators.accept(jane, street.task_id);
const shots = [process.env.PHOTO_ONE, process.env.PHOTO_TWO];
const photos = [];
for (const shot of shots) photos.push(await operators.upload(jane, street.task_id, shot));
await operators.submit(jane, street.task_id, { photos, notes: "Sign confirmed at location" });
const verified = await told("task.verified", street.task_id);
assert.equal(verified.guardian_result.decision, "APPROVE");

const whole = await call("GET", `/tasks/${street.task_id}`, agent);
looksAsPrinted(whole, {
  task_id: "task_abc123",
  title: "Verify storefront signage",
  description: "Take a clear photo...",
  status: "COMPLETED",
  task_type: "VERIFICATION",
  location: { lat: 40.7128, lng: -74.006, address: "123 Main St" },
  reward_usd: 25,
  platform_fee_usd: 4.5,
  deadline: "2026-02-10T00:00:00Z",
  proof_requirements: ["Photo of storefront sign"],
  proof: {
    photos: ["https://..."],
    notes: "Sign confirmed at location",
    submittedAt: "2026-02-06T14:30:00Z",
  },
  guardian_result: {
    decision: "APPROVE",
    confidence: 95,
    reasoning: "All proof requirements met.",
  },
  // The printed 4.8 is a mean of earlier ratings; nobody has rated this operator yet.
  operator: { id: "op_xyz", name: "Jane D.", rating: null },
  callback_url: "https://your-app.com/webhook",
  accepted_at: "2026-02-05T13:00:00Z",
  submitted_at: "2026-02-06T14:30:00Z",
  verified_at: "2026-02-06T14:31:00Z",
  completed_at: "2026-02-06T14:31:00Z",
  created_at: "2026-02-05T12:00:00Z",
});
assert.deepEqual([whole.status, whole.operator.name], ["COMPLETED", "Jane D."]);
assert.deepEqual([whole.platform_fee_usd, whole.callback_url], [4.5, callback_url]);
assert.equal((await fetch(whole.proof.photos[0])).status, 200, "a photo can be fetched");

const tasks = await call("GET", "/tasks?status=CANCELLED&limit=20&offset=0", agent);
looksAsPrinted(tasks, {
  data: [
    {
      task_id: "task_abc123",
      title: "Verify storefront signage",
      status: "PENDING",
      task_type: "VERIFICATION",
      reward_usd: 25,
      operator: null,
      created_at: "2026-02-05T12:00:00Z",
      deadline: "2026-02-10T00:00:00Z",
    },
  ],
  pagination: page,
});
assert.equal(tasks.pagination.total, 2);
assert.ok(tasks.data.every((task) => task.operator === null));

// A digital task without a location, with a screenshot as proof.
const captcha = await call("POST", "/tasks", agent, {
  title: "Solve login CAPTCHA",
  description: "Navigate to example.com/login and solve the CAPTCHA",
  reward_usd: 10,
  deadline: deadline(),
  proof_requirements: ["Screenshot of completed CAPTCHA"],
  task_type: "CAPTCHA_SOLVING",
  proof_type: "SCREENSHOT",
  digital_instructions:
    "1. Go to example.com/login\n2. Solve the CAPTCHA\n3. Take a screenshot",
});
assert.deepEqual([captcha.platform_fee, captcha.total_escrow], [2, 12], "$2 is the least fee");
const remote = await call("GET", `/tasks/${captcha.task_id}`, agent);
assert.equal(remote.task_domain, "DIGITAL", "the domain follows from the type");
assert.equal(remote.location?.address, "Remote/Digital", "the place of a digital task");
await operators.accept(sam, captcha.task_id);
const screenshot = await operators.upload(sam, captcha.task_id, process.env.PHOTO_THREE);
await operators.submit(sam, captcha.task_id, { photos: [screenshot] });
await eventually("the end of the captcha", async () => {
  const { status } = await call("GET", `/tasks/${captcha.task_id}`, agent);
  return status === "COMPLETED";
});

// The agent decides what the Guardian cannot.
for (const [decision, status] of [["APPROVE", "COMPLETED"], ["REJECT", "DISPUTED"]]) {
  const review = await call("POST", "/tasks", agent, {
    title: "Review a comment",
    description: "Read the comment and say whether it may be shown",
    reward_usd: 10,
    deadline: deadline(),
    proof_requirements: ["A verdict"],
    task_type: "CONTENT_REVIEW",
    ...callback,
  });
  await operators.accept(sam, review.task_id);
  const verdict = { confirmation_text: "Fine.", reference_url: "https://example.com/comment" };
  await operators.submit(sam, review.task_id, verdict);
  await told("task.manual_review", review.task_id);
  const judged = await call("POST", `/tasks/${review.task_id}/verify`, agent, { decision });
  looksAsPrinted(judged, { task_id: review.task_id, status, message: "Task manually …" });
  assert.equal(judged.status, status);
  if (decision === "APPROVE") {
    assert.equal(judged.message, "Task manually approved and completed.");
  } else {
    await told("task.disputed", review.task_id);
  }
}

// A credential that is sealed for this agent.
const pair = await generateKeyPair();
const account_task = await call("POST", "/tasks", agent, {
  title: "Create Acme API account",
  description: "Sign up at acme.io and retrieve API credentials",
  reward_usd: 50,
  deadline: deadline(),
  proof_requirements: ["API key delivered via encrypted channel"],
  task_type: "API_KEY_PROCUREMENT",
  agent_public_key: pair.publicKey.base64,
  digital_instructions:
    "1. Go to acme.io/signup\n2. Create account\n3. Navigate to API settings\n4. Generate API key",
});
await operators.accept(sam, account_task.task_id);
const secret = { api_key: "sk_live_1", dashboard_url: "https://acme.io/d" };
const envelope = await operators.sealed(sam, account_task.task_id, secret);
await operators.submit(sam, account_task.task_id, { encrypted_credential: envelope });
await eventually("the end of the credential", async () => {
  const { status } = await call("GET", `/tasks/${account_task.task_id}`, agent);
  return status === "COMPLETED";
});
for (const method of ["POST", "GET"]) {
  const path = `/tasks/${account_task.task_id}/retrieve-credential`;
  const retrieved = await call(method, path, key, undefined, 200);
  looksAsPrinted(retrieved, {
    task_id: "task_abc123",
    encrypted_credential: {
      ciphertext: "BASE64...",
      iv: "BASE64...",
      ephemeralPublicKey: "BASE64...",
      algorithm: "ECDH-P256-AES-256-GCM",
      createdAt: "2026-02-06T14:30:00.000Z",
    },
  });
  const sealed = retrieved.encrypted_credential;
  assert.equal(sealed.algorithm, "ECDH-P256-AES-256-GCM");
  const { secretKey } = pair;
  const bytes = await open({ secretKey, taskId: account_task.task_id, envelope: sealed });
  assert.deepEqual(JSON.parse(new TextDecoder().decode(bytes)), secret);
}

// The host of this story has no settlement hold, so that earnings can be paid out at once.
await operators.earnsAndIsPaid(sam, 10 + 10 + 50, 50);

// The printed error message, with the printed limit.
const dear = { ...signage, reward_usd: 5000 };
const poor = await call("POST", "/tasks", agent, dear, 402);
assert.equal(poor.error, "Insufficient balance for escrow");
const faulty = await call("POST", "/tasks", agent, { title: "" }, 400);
looksAsPrinted(faulty, { error: "…", details: [] });
await call("GET", "/tasks/task_abc123", agent, undefined, 404);

let answered = 0;
let limited;
do {
  limited = await fetch(`${API}/agents/balance`, { headers: agent });
  answered += 1;
} while (limited.ok && answered <= 200);
assert.equal(limited.status, 429, "a hundred a minute, so after two hundred it is reached");
looksAsPrinted(await limited.json(), { error: "Too many requests" });

leave();
