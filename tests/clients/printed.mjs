// What the clients of this folder share: whether an answer has everything that a reference prints.

import assert from "node:assert/strict";

/** Every field that is printed is there and of the printed kind. There may be more of them. */
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

/** Asks until `found` gives something, well below the rate limit, for half a minute at most. */
export async function eventually(what, found) {
  const end = Date.now() + 30_000;
  for (;;) {
    const result = await found();
    if (result) return result;
    if (Date.now() > end) throw new Error(`${what} did not come`);
    await new Promise((again) => setTimeout(again, 400));
  }
}

/** The references print deadlines that are long past; everything else of a sample stands. */
export const deadline = () => new Date(Date.now() + 4 * 24 * 60 * 60 * 1000).toISOString();
