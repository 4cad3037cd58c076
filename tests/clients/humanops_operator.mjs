// The operators of the samples of the HumanOps API reference, with X-Operator-Id: register, browse,
// accept, upload, submit, earn. It prints no form of POST /operator/upload; the fields are those of
// this server.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";

import { importPublicKey, seal } from "../../pkg/node.js";
import { eventually, looksAsPrinted } from "./printed.mjs";
import { API, JSON_TYPE, call } from "./humanops_wire.mjs";

/** Registers an operator, and returns the headers that authenticate it. */
export async function register(person) {
  const registered = await call("POST", "/operator/register", JSON_TYPE, person);
  looksAsPrinted(registered, { operator_id: "op_xyz789" });
  assert.deepEqual([registered.name, registered.kyc_status], [person.name, "APPROVED"]);
  return { "X-Operator-Id": registered.operator_id, ...JSON_TYPE };
}

export async function accept(who, task_id) {
  const accepted = await call("POST", `/operator/tasks/${task_id}/accept`, who);
  looksAsPrinted(accepted, { task_id, status: "ACCEPTED", accepted_at: "2026-02-05T13:00:00Z" });
  assert.equal(accepted.status, "ACCEPTED");
}

export async function submit(who, task_id, proof) {
  const submitted = await call("POST", `/operator/tasks/${task_id}/submit`, who, proof);
  looksAsPrinted(submitted, { task_id, submitted_at: "2026-02-06T14:30:00Z" });
  assert.deepEqual(
    [submitted.status, submitted.message],
    ["SUBMITTED", "Proof submitted. AI Guardian verification in progress."],
  );
}

/** Uploads a photo, and returns its URL. */
export async function upload(who, task_id, file) {
  const form = new FormData();
  form.append("task_id", task_id);
  form.append("file", new Blob([await readFile(file)], { type: "image/png" }), "proof.png");
  const headers = { "X-Operator-Id": who["X-Operator-Id"] };
  const response = await fetch(`${API}/operator/upload`, { method: "POST", headers, body: form });
  assert.equal(response.status, 201, await response.clone().text());
  return (await response.json()).url;
}

/** Returns the open tasks of one type for this operator. */
export async function find(who, task_type) {
  const path = `/operator/tasks?task_type=${task_type}&limit=20&offset=0`;
  const found = await call("GET", path, who);
  looksAsPrinted(found, {
    data: [
      {
        task_id: "task_abc123",
        title: "Verify storefront signage",
        description: "Take a clear photo...",
        task_type: "VERIFICATION",
        location: { lat: 40.7128, lng: -74.006 },
        reward_usd: 25,
        deadline: "2026-02-10T00:00:00Z",
        proof_requirements: ["Photo of storefront sign"],
        created_at: "2026-02-05T12:00:00Z",
      },
    ],
    pagination: { limit: 20, offset: 0, total: 1 },
  });
  return found.data;
}

/** Returns what the operator typed, sealed to the agent's key in the task. */
export async function sealed(who, task_id, secret) {
  const task = await call("GET", `/operator/tasks/${task_id}`, who);
  return seal({
    publicKey: await importPublicKey(task.agent_public_key),
    taskId: task_id,
    plaintext: JSON.stringify(secret),
  });
}

/** Waits until all of `earned` is available, and has a part of it paid out. */
export async function earnsAndIsPaid(who, earned, amount_usd) {
  const earnings = await eventually("the end of the hold", async () => {
    const shown = await call("GET", "/operator/earnings", who);
    return shown.available_balance === earned && shown;
  });
  looksAsPrinted(earnings, {
    recent_tasks: [
      {
        task_id: "task_abc",
        title: "Verify storefront",
        reward_usd: 25,
        status: "COMPLETED",
        completed_at: "2026-02-06T14:31:00Z",
      },
    ],
  });
  assert.deepEqual(
    [earnings.pending_balance, earnings.total_earned, earnings.currency],
    [0, earned, "USD"],
  );
  const payout = await call("POST", "/operator/payout", who, {
    amount_usd,
    payoneer_payee_id: "payee_123",
  });
  looksAsPrinted(payout, { payout_id: "payout_abc" });
  assert.deepEqual(
    [payout.status, payout.amount_usd, payout.message],
    ["completed", amount_usd, "Payout completed (test mode)"],
  );
  const followed = await call("GET", `/operator/payout/status/${payout.payout_id}`, who);
  const { payout_id } = payout;
  looksAsPrinted(followed, { payout_id, status: "completed", amount_usd: 50 });
  assert.deepEqual([followed.status, followed.amount_usd], ["completed", amount_usd]);
}
