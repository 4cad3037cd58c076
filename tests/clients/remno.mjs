// A client that expects the envelope of Remno: `{data, meta, errors}` in every response, with
// its codes and its statuses.

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";

import { deadline, looksAsPrinted } from "./printed.mjs";

const HOST = process.env.HUMANOPS_URL;
/** A host without payments, on which operators must be approved before they can work. */
const STRICT_HOST = process.env.HUMANOPS_STRICT_URL;

/** The key whose setting selects this envelope, so that no request needs an additional header. */
let settled;

async function call(method, path, { key, operator, body, again, host = HOST } = {}) {
  const headers = { "Content-Type": "application/json" };
  if (!key || key !== settled) headers["X-Api-Dialect"] = "remno";
  if (key) headers["X-API-Key"] = key;
  if (operator) headers["X-Operator-Id"] = operator;
  if (again) headers["Idempotency-Key"] = again;
  const sent = body === undefined ? {} : { body: JSON.stringify(body) };
  const response = await fetch(`${host}/api/v1${path}`, { method, headers, ...sent });
  const envelope = await response.json();
  assert.deepEqual(Object.keys(envelope).sort(), ["data", "errors", "meta"]);
  looksAsPrinted(envelope.meta, {
    requestId: "01912345-6789-7abc-def0-123456789abc",
    timestamp: "2026-03-07T12:00:00.000Z",
  });
  assert.equal(envelope.meta.requestId, response.headers.get("x-request-id"));
  return { status: response.status, ...envelope };
}

async function done(status, method, path, options) {
  const answer = await call(method, path, options);
  assert.equal(answer.status, status, JSON.stringify(answer));
  assert.ok(answer.data !== null);
  assert.deepEqual(answer.errors, []);
  return answer.data;
}

async function refused(status, code, method, path, options) {
  const answer = await call(method, path, options);
  const codes = new Set(answer.errors.map((error) => error.code));
  assert.deepEqual([answer.status, ...codes], [status, code], JSON.stringify(answer));
  assert.equal(answer.data, null);
  assert.ok(answer.errors.every(({ message }) => typeof message === "string" && message));
  return answer.errors;
}

const email = `agent-${randomBytes(6).toString("hex")}@example.com`;
const account = { name: "my-agent", email };
const { api_key: key } = await done(201, "POST", "/agents/register", { body: account });
await done(200, "PATCH", "/agents/me", { key, body: { settings: { dialect: "remno" } } });
settled = key;
const tx_hash = `0x${randomBytes(32).toString("hex")}`;
await done(201, "POST", "/agents/deposit/usdc", { key, body: { tx_hash, amount_usdc: "200" } });
const jane = await done(201, "POST", "/operator/register", { body: { name: "Jane Doe", email } });
const operator = jane.operator_id;
const task = {
  title: "Verify store opening",
  description: "Say whether the store is open.",
  location: { lat: 40.7128, lng: -74.006, address: "123 Main St, NY" },
  reward_usd: 15,
  deadline: deadline(),
  proof_requirements: ["The store is open"],
  task_type: "VERIFICATION",
  proof_type: "CONFIRMATION",
  result_schema: {
    type: "object",
    properties: { open: { type: "boolean" } },
    required: ["open"],
  },
};
const { task_id } = await done(201, "POST", "/tasks", { key, body: task });
assert.equal((await done(200, "GET", "/tasks", { key })).length, 1);

// Every row of Remno's table, each caused once. The first one is its printed example.
const nobody = { body: { name: "my-agent" } };
const [missing] = await refused(400, "VALIDATION_ERROR", "POST", "/agents/register", nobody);
const printed = { code: "VALIDATION_ERROR", message: "email is required", field: "email" };
assert.deepEqual(missing, printed);
const faulty = { key, body: { ...task, title: "", deadline: "soon" } };
const faults = await refused(400, "VALIDATION_ERROR", "POST", "/tasks", faulty);
assert.deepEqual(faults.map(({ field }) => field).sort(), ["deadline", "title"]);
await refused(401, "UNAUTHORIZED", "GET", "/agents/balance", { key: "ho_live_none" });
await refused(404, "NOT_FOUND", "GET", "/tasks/task_abc123", { key });
const dear = { key, body: { ...task, reward_usd: 5000 } };
await refused(402, "INSUFFICIENT_FUNDS", "POST", "/tasks", dear);
const unchecked = await done(201, "POST", "/operator/register", {
  host: STRICT_HOST,
  body: { name: "Jane Doe", email },
});
await refused(403, "FORBIDDEN", "POST", `/operator/tasks/${task_id}/accept`, {
  host: STRICT_HOST,
  operator: unchecked.operator_id,
});

const again = "post-1";
const first = await done(201, "POST", "/tasks", { key, body: task, again });
const second = await done(201, "POST", "/tasks", { key, body: task, again });
assert.equal(second.task_id, first.task_id);
const other = { key, body: { ...task, title: "Another" }, again };
await refused(422, "IDEMPOTENCY_MISMATCH", "POST", "/tasks", other);

await done(200, "POST", `/operator/tasks/${task_id}/accept`, { operator });
const shut = { confirmation_text: "It was open at two in the afternoon.", result: { open: "yes" } };
const submit = `/operator/tasks/${task_id}/submit`;
await refused(400, "SCHEMA_VALIDATION_FAILED", "POST", submit, { operator, body: shut });
await done(200, "POST", `/tasks/${task_id}/cancel`, { key });
await refused(409, "INVALID_STATE_TRANSITION", "POST", `/tasks/${task_id}/cancel`, { key });

for (let made = 1; made < 20; made += 1) {
  await done(201, "POST", "/agents/keys", { key, body: { name: `key ${made}` } });
}
await refused(400, "LIMIT_EXCEEDED", "POST", "/agents/keys", { key, body: { name: "one more" } });

// Remno's 501: the endpoint exists, but this host lacks the configuration for it.
const poor = await done(201, "POST", "/agents/register", { host: STRICT_HOST, body: account });
await refused(501, "NOT_IMPLEMENTED", "POST", "/agents/deposit", {
  host: STRICT_HOST,
  key: poor.api_key,
  body: { amount_usd: 100, payment_method: "card" },
});

let limited;
for (let asked = 0; limited?.status !== 429 && asked <= 200; asked += 1) {
  limited = await call("GET", "/agents/balance", { key });
}
assert.equal(limited.status, 429);
assert.equal(limited.errors[0].code, "RATE_LIMITED");
assert.equal(limited.data, null);
