// Commands over standard input and output, one JSON object a line in each direction. The stories,
// which are in Rust, use it to control the agent's side and the browser, which are in JavaScript.

import { createInterface } from "node:readline";

/**
 * Answers each `{"verb": …, "args": …}` with `{"ok": …}` or `{"error": …}`, one after the other,
 * until standard input ends.
 */
export async function serve(verbs) {
  for await (const line of createInterface({ input: process.stdin })) {
    const { verb, args } = JSON.parse(line);
    const answer = await answered(verbs, verb, args);
    process.stdout.write(`${JSON.stringify(answer)}\n`);
  }
}

async function answered(verbs, verb, args) {
  try {
    if (!Object.hasOwn(verbs, verb)) throw new Error(`there is no verb ${verb}`);
    return { ok: (await verbs[verb](args)) ?? null };
  } catch (error) {
    return { error: error.stack ?? String(error) };
  }
}
