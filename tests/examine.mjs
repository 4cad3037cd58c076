// Checks a screen as different people see it: in the light and dark themes, at 200 % zoom, with
// axe, and under a page translator, which must keep amounts and ids. Most checks save screenshots.

import { createRequire } from "node:module";
import { join } from "node:path";

const AXE = createRequire(import.meta.url)("axe-core").source;

/** WCAG 2.2, levels A and AA. axe checks the size of targets only if the rule is named. */
const RULES = {
  runOnly: { type: "tag", values: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"] },
  rules: { "target-size": { enabled: true } },
};

/** Checks the screen, and returns a sentence for each fault. */
export async function examine(page, name, screenshots) {
  const faults = [];
  const seen = page.viewportSize();
  for (const colorScheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    await page.screenshot({ path: join(screenshots, `${name}-${colorScheme}.png`) });
    for (const fault of await axeFaults(page)) faults.push(`${name}, ${colorScheme}: ${fault}`);
  }
  await page.emulateMedia({ colorScheme: "light" });
  for (const small of await page.evaluate(smallTargets)) faults.push(`${name}: ${small}`);
  for (const { text, isKept } of await page.evaluate(amountsAndIds)) {
    if (!isKept) faults.push(`${name}: a translator may change “${text}”`);
  }
  await page.screenshot({ path: join(screenshots, `${name}-whole.png`), fullPage: true });
  // At 200 % zoom a screen has half its size in CSS pixels.
  await page.setViewportSize({ width: seen.width / 2, height: seen.height / 2 });
  const wide = await page.evaluate(widerThanScreen);
  if (wide) faults.push(`${name}, zoomed: scrolls sideways because of ${wide}`);
  await page.screenshot({ path: join(screenshots, `${name}-zoomed.png`) });
  await page.setViewportSize(seen);
  return faults;
}

async function axeFaults(page) {
  if (!(await page.evaluate(() => "axe" in window))) await page.evaluate(AXE);
  const { violations } = await page.evaluate(
    (rules) => window.axe.run(document, rules),
    RULES,
  );
  return violations.flatMap(({ id, nodes }) =>
    nodes.map((node) => `${id}: ${node.failureSummary} ${node.html}`));
}

/**
 * Returns targets that are smaller than 48 pixels in one direction, except links within a sentence.
 * Runs in the page.
 */
function smallTargets() {
  const MIN = 48 - 0.5;
  const all = document.querySelectorAll("a[href], button, input, select, textarea, summary");
  const touched = (element) => {
    if (element.matches("input") && element.closest("label")) return element.closest("label");
    // The link of a card is as large as the card.
    const { content, position } = getComputedStyle(element, "::after");
    return content !== "none" && position === "absolute" ? element.closest(".card") : element;
  };
  const isShown = (element) =>
    element.checkVisibility() && !element.closest("[aria-hidden=true], .visually-hidden");
  const inSentence = (element) =>
    element.matches("a") && getComputedStyle(element).display === "inline" && element.closest("p");
  return [...all]
    .filter((element) => isShown(element) && !inSentence(element))
    .map((element) => [element, touched(element).getBoundingClientRect()])
    .filter(([, { width, height }]) => width < MIN || height < MIN)
    .map(([element, { width, height }]) =>
      `${Math.round(width)}×${Math.round(height)} is too small for a thumb: ` +
      element.outerHTML.slice(0, 160));
}

/**
 * Returns the texts with an amount or an id, and whether a page translator keeps each as it is. An
 * agent's own words may be translated. Runs in the page.
 */
export function amountsAndIds() {
  const pattern = /\$\s?\d|\b[a-z]+_[0-9A-HJKMNP-TV-Z]{26}\b/;
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const found = [];
  while (texts.nextNode()) {
    const { data, parentElement: parent } = texts.currentNode;
    if (pattern.test(data) && !parent.closest(".agent-text, script")) {
      found.push({ text: data, isKept: !parent.translate });
    }
  }
  return found;
}

/** Returns what overflows, if the page is wider than the screen. Runs in the page. */
function widerThanScreen() {
  const { scrollWidth, clientWidth } = document.documentElement;
  if (scrollWidth <= clientWidth) return null;
  const sticksOut = (element) => element.getBoundingClientRect().right > clientWidth + 1;
  const boxes = [...document.body.querySelectorAll("*:not(svg *)")].filter(sticksOut);
  return boxes
    .filter((element) => ![...element.children].some((child) => boxes.includes(child)))
    .map((element) => `<${element.localName} class="${element.getAttribute("class") ?? ""}"> ` +
      `“${element.textContent.slice(0, 20)}” ends at ${element.getBoundingClientRect().right}`)
    .join("; ");
}
