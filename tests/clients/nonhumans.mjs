// A client that expects the errors of the Nonhumans API. Its SDK is not available, so a
// minimal class with the described interface replaces it. The error handling is its sample without
// its TypeScript types.

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";

import { deadline } from "./printed.mjs";

class NonhumansError extends Error {
  constructor({ code, message, request_id }, response) {
    super(message);
    this.code = code;
    this.requestId = request_id;
    this.status = response.status;
    this.headers = Object.fromEntries(response.headers);
  }
}

/** The key whose setting selects these errors, so that no request needs an additional header. */
let settled;

async function call(method, path, { key, operator, body, again } = {}) {
  const headers = { "Content-Type": "application/json" };
  if (!key || key !== settled) headers["X-Api-Dialect"] = "nonhumans";
  if (key) headers["Authorization"] = `Bearer ${key}`;
  if (operator) headers["X-Operator-Id"] = operator;
  if (again) headers["Idempotency-Key"] = again;
  const url = `${process.env.HUMANOPS_URL}/api/v1${path}`;
  const sent = body === undefined ? {} : { body: JSON.stringify(body) };
  const response = await fetch(url, { method, headers, ...sent });
  const answer = await response.json();
  if (response.ok) return answer;
  assert.deepEqual(Object.keys(answer), ["error"], "one object, as Nonhumans prints it");
  assert.equal(answer.error.request_id, response.headers.get("x-request-id"));
  assert.match(answer.error.request_id, /^req_/);
  throw new NonhumansError(answer.error, response);
}

// The sample of Nonhumans, with a console that the test can read.
async function handled(get, console) {
  try {
    const profile = await get();
    console.log(profile.handle);
  } catch (err) {
    if (err instanceof NonhumansError) {
      switch (err.code) {
        case "unauthorized":
          console.error("Check your API key.");
          break;
        case "rate_limited":
          // Respect the Retry-After header
          const retryAfter = err.headers["retry-after"];
          console.warn(`Rate limited. Retry after ${retryAfter}s.`);
          break;
        case "insufficient_funds":
          console.error("Top up your agent wallet to continue.");
          break;
        default:
          console.error(`Unhandled error [${err.code}]: ${err.message}`);
          console.error(`Request ID: ${err.requestId}`);
      }
    } else {
      throw err;
    }
  }
}

async function withRetry(fn, maxAttempts = 4) {
  for (let attempt = 1; attempt <= maxAttempts; attempt++) {
    try {
      return await fn();
    } catch (err) {
      if (err instanceof NonhumansError && [429, 500, 503].includes(err.status)) {
        if (attempt === maxAttempts) throw err;
        const delay = Math.min(1000 * 2 ** attempt, 30000);
        await new Promise((res) => setTimeout(res, delay));
      } else {
        throw err; // Non-retryable — surface immediately
      }
    }
  }
  throw new Error("Max retry attempts reached");
}

async function says(get, ...lines) {
  const said = [];
  const say = (line) => said.push(line);
  await handled(get, { log: say, warn: say, error: say });
  assert.equal(said.length, lines.length, said.join("\n"));
  lines.forEach((line, nth) => assert.match(said[nth], line));
}

/** Expects an error in Nonhumans's form, which `withRetry` must throw at the first attempt. */
async function refused(status, code, method, path, options) {
  let attempts = 0;
  const attempt = () => {
    attempts += 1;
    return call(method, path, options);
  };
  const error = await withRetry(attempt).then(() => undefined, (caught) => caught);
  assert.ok(error instanceof NonhumansError, `${method} ${path} was taken`);
  assert.deepEqual([error.status, error.code, attempts], [status, code, 1], error.message);
  assert.ok(error.message.length > 0);
  return error;
}

const email = `agent-${randomBytes(6).toString("hex")}@example.com`;
const account = { name: "my-agent", email };
const { api_key: key } = await call("POST", "/agents/register", { body: account });
await call("PATCH", "/agents/me", { key, body: { settings: { dialect: "nonhumans" } } });
settled = key;
const tx_hash = `0x${randomBytes(32).toString("hex")}`;
await call("POST", "/agents/deposit/usdc", { key, body: { tx_hash, amount_usdc: "100" } });
const person = { name: "Jane Doe", email, skills: ["DELIVERY"] };
const jane = await call("POST", "/operator/register", { body: person });
const task = {
  title: "Verify store opening",
  description: "Say whether the store is open.",
  location: { lat: 40.7128, lng: -74.006, address: "123 Main St, NY" },
  reward_usd: 15,
  deadline: deadline(),
  proof_requirements: ["The store is open"],
  task_type: "VERIFICATION",
};
const { task_id } = await withRetry(() => call("POST", "/tasks", { key, body: task }));

// Every row of the table, each caused once.
await refused(401, "unauthorized", "GET", "/agents/balance", { key: "ho_live_none" });
await refused(403, "forbidden", "POST", `/operator/tasks/${task_id}/accept`, {
  operator: jane.operator_id,
});
await refused(404, "not_found", "GET", "/tasks/task_abc123", { key });
await refused(404, "not_found", "GET", "/nowhere", { key });
await refused(409, "conflict", "POST", "/agents/register", { body: account });
await refused(422, "validation_error", "POST", "/tasks", { key, body: { title: "" } });
await refused(422, "validation_error", "POST", "/tasks", { key, body: { ...task, reward_usd: 5 } });
await refused(402, "insufficient_funds", "POST", "/tasks", {
  key,
  body: { ...task, reward_usd: 5000 },
});
await call("POST", `/tasks/${task_id}/cancel`, { key });
await refused(409, "conflict", "POST", `/tasks/${task_id}/cancel`, { key });
const verdict = { decision: "APPROVE" };
await refused(409, "conflict", "POST", `/tasks/${task_id}/verify`, { key, body: verdict });
const again = "post-1";
await call("POST", "/tasks", { key, body: task, again });
const other = { ...task, title: "Another" };
await refused(422, "validation_error", "POST", "/tasks", { key, body: other, again });

// Every branch of the sample, each caused once.
await says(() => call("GET", "/agents/balance"), /^Check your API key\.$/);
await says(() => call("POST", "/tasks", { key, body: { ...task, reward_usd: 5000 } }), /^Top up/);
await says(
  () => call("GET", "/tasks/task_abc123", { key }),
  /^Unhandled error \[not_found\]: Task not found$/,
  /^Request ID: req_/,
);
await says(async () => ({ handle: (await call("GET", "/agents/balance", { key })).currency }), /USD/);

// The rate limit: the header is a number of seconds, and a client that waits so long is accepted.
const ask = () => call("GET", "/agents/balance", { key });
let limited;
for (let asked = 0; !limited && asked <= 200; asked += 1) {
  limited = await ask().then(() => undefined, (error) => error);
}
assert.deepEqual([limited.status, limited.code], [429, "rate_limited"]);
const seconds = Number(limited.headers["retry-after"]);
assert.ok(seconds >= 1 && seconds <= 60, `Retry-After: ${limited.headers["retry-after"]}`);
// The limit lasts until the end of this minute, which may be a second away.
await says(ask, seconds > 1 ? /^Rate limited\. Retry after \d+s\.$/ : /./);
const wait = Math.max(seconds - 10, 0);
await new Promise((res) => setTimeout(res, wait * 1000));
// Ten seconds are left, and the printed retries wait fourteen.
assert.equal((await withRetry(ask)).currency, "USD");
