// A receiver of webhooks that stores events and verifies them in both promised ways: by the npm
// package of Standard Webhooks, and by the sample in the documentation of the HumanOps API.

import { createHmac, timingSafeEqual } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";

import { Webhook } from "standardwebhooks";

import { serve } from "./lines.mjs";

const told = [];
const server = createServer(async (request, response) => {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  told.push({ headers: request.headers, body: Buffer.concat(chunks) });
  response.writeHead(204).end();
  server.emit("told");
});

/** The package decodes `whsec_…` as base64, and uses other secrets unchanged with this option. */
function byPackage(secret, { headers, body }) {
  const webhook = secret.startsWith("whsec_")
    ? new Webhook(secret)
    : new Webhook(secret, { format: "raw" });
  return webhook.verify(body.toString("utf8"), headers);
}

/** Verifies the signature as the API's documentation does. */
function bySample(secret, { headers, body }) {
  const sig = String(headers["x-humanops-signature"] || "");
  const computed = createHmac("sha256", secret).update(body).digest("hex");
  return sig.length === computed.length && timingSafeEqual(Buffer.from(sig), Buffer.from(computed));
}

function refuses(secret, message) {
  try {
    byPackage(secret, message);
    return false;
  } catch {
    return !bySample(secret, message);
  }
}

await serve({
  async listen() {
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return { url: `http://127.0.0.1:${server.address().port}/hook` };
  },

  /** Returns the events of a task once there are some, and whether everything forged is refused. */
  async told({ task, secret }) {
    const about = (message) => JSON.parse(message.body).task_id === task;
    while (!told.some(about)) await once(server, "told");
    const message = told.find(about);
    const altered = { ...message, body: Buffer.from(`${message.body} `) };
    return {
      event: byPackage(secret, message),
      sample: bySample(secret, message),
      refusesAltered: refuses(secret, altered),
      refusesAnotherSecret: refuses(`${secret.slice(0, -4)}AAA=`, message),
      id: message.headers["webhook-id"],
    };
  },

  leave: () => {},
});
server.close();
server.closeAllConnections();
