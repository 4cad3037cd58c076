// An agent in a web page of another origin than the server's, in a real browser: CORS decides what
// the page may send, and which responses it may read.

import { createServer } from "node:http";

import { chromium } from "playwright-core";

import { serve } from "./lines.mjs";

/** Runs in the page: calls the API as an agent, and tries what other origins may not do. */
async function live(server) {
  const call = async (method, path, headers, body) => {
    const answer = await fetch(`${server}/api/v1${path}`, {
      method,
      headers: { "content-type": "application/json", ...headers },
      body: body && JSON.stringify(body),
    });
    const readable = (name) => answer.headers.get(name);
    return {
      status: answer.status,
      body: await answer.json(),
      requestId: readable("x-request-id"),
      replayed: readable("idempotent-replayed"),
      limit: readable("ratelimit"),
    };
  };
  const refusedByBrowser = (request) => request.then(() => false, (error) => error.name === "TypeError");

  const email = `page-${crypto.randomUUID()}@example.com`;
  const agent = await call("POST", "/agents/register", {}, { name: "page", email });
  const key = { "x-api-key": agent.body.api_key };
  const bearer = { authorization: `Bearer ${agent.body.api_key}`, "x-request-id": "of-a-page" };
  const once = { ...key, "idempotency-key": "once", "x-sandbox": "true", "x-api-dialect": "humanops" };
  const deposit = { tx_hash: `0x${"7".repeat(64)}`, amount_usdc: 50 };
  const events = await fetch(`${server}/api/v1/events`, {
    headers: { ...key, accept: "text/event-stream", "last-event-id": "none" },
  });
  return {
    registered: agent.status,
    me: await call("GET", "/agents/me", bearer),
    paid: await call("POST", "/agents/deposit/usdc", once, deposit),
    paidAgain: await call("POST", "/agents/deposit/usdc", once, deposit),
    refused: await call("POST", "/tasks", key, {}),
    unknown: await call("GET", "/tasks", { "x-api-key": "ho_live_wrong" }),
    changed: await call("PATCH", "/agents/me", key, { name: "renamed" }),
    events: events.status,
    kept: {
      host: await refusedByBrowser(call("GET", "/admin/operators", { "x-admin-key": "k" })),
      operator: await refusedByBrowser(call("GET", "/operator/tasks", { "x-operator-id": "o" })),
      register: await refusedByBrowser(call("POST", "/operator/register", {}, {})),
      asHost: await refusedByBrowser(call("GET", "/agents/me", { ...key, "x-admin-key": "k" })),
    },
  };
}

async function run({ chromium: executablePath, server }) {
  const page = "<!doctype html><title>An agent</title><link rel=\"icon\" href=\"data:,\">";
  const site = createServer((_, response) =>
    response.writeHead(200, { "content-type": "text/html" }).end(page),
  );
  await new Promise((listening) => site.listen(0, "127.0.0.1", listening));
  const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
  try {
    const tab = await browser.newPage();
    await tab.goto(`http://127.0.0.1:${site.address().port}/`);
    return await tab.evaluate(live, server);
  } finally {
    await browser.close();
    site.close();
  }
}

await serve({ run, leave: () => [] });
