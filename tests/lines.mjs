// Verbs over standard input and output: one JSON object a line in, one a line out. It is how a
// story, which is Rust, speaks to the agent's side and to the browser, which are JavaScript.

import { createInterface } from "node:readline";

/**
 * Answers `{"verb": …, "args": …}` with `{"ok": …}` or `{"error": …}`, one after the other, until
 * standard input ends.
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
