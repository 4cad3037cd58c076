// The agent's side: calls HumanOps with fetch, and seals and opens only by the package. Run as a
// program it executes the commands of a story; `demo-agent.mjs` uses the same class.

import { createHash, randomBytes } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { pathToFileURL } from "node:url";

import * as sealing from "../pkg/node.js";
import { serve } from "./lines.mjs";

/** An agent with its account and one key pair, which it can replace. */
export class Agent {
  #server;
  #apiKey;
  #keys;

  constructor(server) {
    this.#server = server.replace(/\/$/, "");
  }

  /** Registers the account. An e-mail address belongs to one account, so each run has its own. */
  async register(name) {
    const email = `agent-${randomBytes(6).toString("hex")}@example.com`;
    const account = await this.#call("POST", "/agents/register", { name, email });
    this.#apiKey = account.api_key;
    return account.agent_id;
  }

  /** Reports a deposit. Under `PAYMENTS=test` every transaction hash is accepted. */
  async deposit(amountUsdc) {
    const tx_hash = `0x${randomBytes(32).toString("hex")}`;
    return this.#call("POST", "/agents/deposit/usdc", { tx_hash, amount_usdc: amountUsdc });
  }

  /** Replaces the key pair by a new one, and returns the fingerprint. */
  async newKeys() {
    this.#keys = await sealing.generateKeyPair();
    return { fingerprint: await sealing.fingerprint(this.#keys.publicKey) };
  }

  /** Posts a task. The credential types get this agent's public key. */
  async post(task) {
    const deadline = new Date(Date.now() + 24 * 60 * 60 * 1000).toISOString();
    const key = needsKey(task.task_type) ? { agent_public_key: this.#keys.publicKey } : {};
    return this.#call("POST", "/tasks", { deadline, ...key, ...task });
  }

  task(id) {
    return this.#call("GET", `/tasks/${id}`);
  }

  async tasks() {
    return (await this.#call("GET", "/tasks")).data;
  }

  balance() {
    return this.#call("GET", "/agents/balance");
  }

  /**
   * Returns the task once its status is one of `statuses`. Polls once a second, as an agent would.
   */
  async wait(id, statuses, seconds = 60) {
    const end = Date.now() + seconds * 1000;
    for (;;) {
      const task = await this.task(id);
      if (statuses.includes(task.status)) return task;
      if (Date.now() > end) throw new Error(`${id} is ${task.status} after ${seconds} s`);
      await pause(1000);
    }
  }

  /** Sends the agent's own decision on a proof. */
  verify(id, verdict) {
    return this.#call("POST", `/tasks/${id}/verify`, verdict);
  }

  /** Approves the operator's estimate. */
  approveEstimate(id) {
    return this.#call("POST", `/tasks/${id}/estimate/approve`, {});
  }

  /** Requests a better proof. */
  requestRevision(id, wish) {
    return this.#call("POST", `/tasks/${id}/request-revision`, wish);
  }

  /** Returns the sealed credential as the server stores it. */
  async retrieve(id) {
    const answer = await this.#call("POST", `/tasks/${id}/retrieve-credential`, {});
    return answer.encrypted_credential;
  }

  /** Returns what the operator typed, or throws the package's `OpenError`. */
  async open(id, envelope) {
    const { secretKey } = this.#keys;
    const bytes = await sealing.open({ secretKey, taskId: id, envelope });
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  }

  /** Fetches a proof file by its signed URL, without any other credentials. */
  async file(url) {
    const answer = await fetch(new URL(url, this.#server));
    const bytes = Buffer.from(await answer.arrayBuffer());
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    return { status: answer.status, type: answer.headers.get("content-type"), sha256 };
  }

  async #call(method, path, body) {
    const answer = await fetch(`${this.#server}/api/v1${path}`, {
      method,
      headers: {
        ...(this.#apiKey ? { "X-API-Key": this.#apiKey } : {}),
        ...(body ? { "Content-Type": "application/json" } : {}),
      },
      body: body && JSON.stringify(body),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return JSON.parse(text);
  }
}

function needsKey(taskType) {
  return ["ACCOUNT_CREATION", "API_KEY_PROCUREMENT", "PHONE_VERIFICATION", "SUBSCRIPTION_SETUP"]
    .includes(taskType);
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const agent = new Agent(process.argv[2]);
  await serve({
    register: ({ name }) => agent.register(name),
    deposit: ({ usdc }) => agent.deposit(usdc),
    newKeys: () => agent.newKeys(),
    post: (task) => agent.post(task),
    task: ({ id }) => agent.task(id),
    balance: () => agent.balance(),
    wait: ({ id, statuses }) => agent.wait(id, statuses),
    verify: ({ id, verdict }) => agent.verify(id, verdict),
    approveEstimate: ({ id }) => agent.approveEstimate(id),
    requestRevision: ({ id, wish }) => agent.requestRevision(id, wish),
    retrieve: ({ id }) => agent.retrieve(id),
    open: ({ id, envelope }) => agent.open(id, envelope),
    file: ({ url }) => agent.file(url),
    leave: () => {},
  });
}
