// Keeps texts current under a browser's page translation.
//
// A translator takes each text node out of the page and puts <font> elements with the translation
// in its place. The app goes on writing to the node that it made, which nobody sees any more. So a
// node that was taken out is watched, and as soon as its text changes it takes its place again. The
// translator finds it there and translates the new text.

/** What stands in the place of each text node that was taken out. */
const substitutes = new WeakMap();
const taken = new WeakSet();

const observer = new MutationObserver((records) => {
  for (const record of records) {
    if (record.type === "characterData") {
      putBack(record.target);
      continue;
    }
    for (const node of record.removedNodes) {
      if (node.nodeType === Node.TEXT_NODE && !node.isConnected) watch(node, record);
    }
  }
});

function watch(text, { addedNodes, previousSibling, nextSibling }) {
  const substitute = [...addedNodes, previousSibling, nextSibling].find((node) =>
    node?.nodeName === "FONT" && node.isConnected && !taken.has(node));
  if (substitute) {
    taken.add(substitute);
    substitutes.set(text, substitute);
    observer.observe(text, { characterData: true });
  }
}

function putBack(text) {
  const substitute = substitutes.get(text);
  substitutes.delete(text);
  if (substitute?.isConnected && !text.isConnected) substitute.replaceWith(text);
}

observer.observe(document.body, { childList: true, subtree: true });
