// Commands about a page in another language.

import { amountsAndIds } from "../examine.mjs";
import { faults, page } from "./phone.mjs";

/**
 * Does what a browser's page translation does: replaces each text by elements with its translation.
 * With `goesOn` it also translates texts that appear later.
 */
export async function translate({ goesOn }) {
  await page.evaluate((goesOn) => {
    const isTranslated = ({ parentElement: parent, data }) =>
      data.trim() === "" || !parent || parent.closest("font, script, style, [translate=no]");
    function translateAll(root) {
      const texts = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
      const found = [];
      while (texts.nextNode()) found.push(texts.currentNode);
      if (root.nodeType === Node.TEXT_NODE) found.push(root);
      for (const text of found.filter((text) => !isTranslated(text))) {
        const [outer, inner] = [document.createElement("font"), document.createElement("font")];
        inner.textContent = text.data;
        outer.append(inner);
        text.replaceWith(outer);
      }
    }
    translateAll(document.body);
    if (goesOn) {
      new MutationObserver((records) => {
        for (const { addedNodes } of records) addedNodes.forEach(translateAll);
      }).observe(document.body, { childList: true, subtree: true });
    }
  }, goesOn);
}

/** Returns the amounts and ids on the screen. Each one that a translator may change is a fault. */
export async function readAmountsAndIds() {
  const found = await page.evaluate(amountsAndIds);
  const changeable = found.filter(({ isKept }) => !isKept);
  faults.push(...changeable.map(({ text }) => `a translator may change “${text}”`));
  return found.map(({ text }) => text);
}
