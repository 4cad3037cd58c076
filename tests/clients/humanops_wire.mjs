// The parts of the HumanOps API reference about the wire: requests, and a receiver of webhooks.

import assert from "node:assert/strict";
import crypto from "node:crypto";

import express from "express";

import { eventually, looksAsPrinted } from "./printed.mjs";

export const API = `${process.env.HUMANOPS_URL}/api/v1`;
export const JSON_TYPE = { "Content-Type": "application/json" };
process.env.HUMANOPS_CALLBACK_SECRET = "your-random-secret";

/**
 * Sends a request with the printed headers and body. With `status` only this status is accepted,
 * otherwise every success.
 */
export async function call(method, path, headers, body, status) {
  const sent = body === undefined ? {} : { body: JSON.stringify(body) };
  const response = await fetch(`${API}${path}`, { method, headers, ...sent });
  const answer = await response.json();
  const wanted = status ?? (response.ok ? response.status : 200);
  assert.equal(response.status, wanted, `${method} ${path}: ${JSON.stringify(answer)}`);
  return answer;
}

// The webhook receiver of the reference, unchanged except for the line that stores the event.
const events = [];
const app = express();
// Use raw body so the signature matches exactly what was signed.
app.post("/webhook/humanops", express.raw({ type: "*/*" }), (req, res) => {
  const secret = process.env.HUMANOPS_CALLBACK_SECRET;
  if (!secret) return res.status(500).send("Missing HUMANOPS_CALLBACK_SECRET");
  const sig = String(req.header("X-HumanOps-Signature") || "");
  const computed = crypto
    .createHmac("sha256", secret)
    .update(req.body)
    .digest("hex");
  const ok =
    sig.length === computed.length &&
    crypto.timingSafeEqual(Buffer.from(sig), Buffer.from(computed));
  if (!ok) return res.status(401).send("Invalid signature");
  const event = JSON.parse(req.body.toString("utf8"));
  console.log("HumanOps event:", event.event, event.task_id);
  events.push(event);
  return res.sendStatus(204);
});
const receiver = app.listen(0, "127.0.0.1");
await new Promise((listening) => receiver.once("listening", listening));
export const callback_url = `http://127.0.0.1:${receiver.address().port}/webhook/humanops`;

/** Waits for an event of a task, and compares it with the printed one. */
export async function told(name, task_id) {
  const is = (event) => event.event === name && event.task_id === task_id;
  const event = await eventually(`${name} of ${task_id}`, () => events.find(is));
  const guardian_result = { decision: "APPROVE", confidence: 95, reasoning: "All met." };
  const timestamp = "2026-02-06T14:31:00Z";
  looksAsPrinted(event, { event: name, task_id, guardian_result, timestamp });
  return event;
}

/** Ends the receiver, and so the program. */
export function leave() {
  receiver.close();
  receiver.closeAllConnections();
}
