// Code that the clients of this folder share: checks whether a response has everything that a
// reference prints.

import assert from "node:assert/strict";

/**
 * Checks that every printed field is present and has the printed type. Further fields are allowed.
 */
export function looksAsPrinted(answer, printed, at = "the answer") {
  if (printed === null) {
    assert.notEqual(answer, undefined, `${at} is missing`);
  } else if (Array.isArray(printed)) {
    assert.ok(Array.isArray(answer), `${at} is no list: ${JSON.stringify(answer)}`);
    if (printed.length === 0) return;
    assert.ok(answer.length > 0, `${at} is empty`);
    answer.forEach((one, nth) => looksAsPrinted(one, printed[0], `${at}[${nth}]`));
  } else if (typeof printed === "object") {
    assert.ok(answer && typeof answer === "object", `${at} is ${JSON.stringify(answer)}`);
    for (const [name, one] of Object.entries(printed)) {
      looksAsPrinted(answer[name], one, `${at}.${name}`);
    }
  } else {
    assert.equal(typeof answer, typeof printed, `${at} is ${JSON.stringify(answer)}`);
    const isTime = typeof printed === "string" && /^\d{4}-\d\d-\d\dT/.test(printed);
    if (isTime) assert.match(answer, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/, at);
  }
}

/** Polls until `found` returns something, well below the rate limit and for at most 30 seconds. */
export async function eventually(what, found) {
  const end = Date.now() + 30_000;
  for (;;) {
    const result = await found();
    if (result) return result;
    if (Date.now() > end) throw new Error(`${what} did not come`);
    await new Promise((again) => setTimeout(again, 400));
  }
}

/** The deadlines in the references are in the past. Everything else of a sample is unchanged. */
export const deadline = () => new Date(Date.now() + 4 * 24 * 60 * 60 * 1000).toISOString();
