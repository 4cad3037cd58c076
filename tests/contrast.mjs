// Measures the contrast of a screen (WCAG 2.2, 1.4.3 and 1.4.11) from computed styles, in the light
// and dark themes, in the normal state and with every control hovered or focused. Also records
// which rules of the style sheet the screen used, so that the gallery can report unused ones.

const CONTROLS = "a, button, input, select, textarea, summary, label";

/** Measures the screen in all of its states. */
export async function measure(page) {
  const faults = new Set();
  const used = new Set();
  const devtools = await page.context().newCDPSession(page);
  await devtools.send("DOM.enable");
  await devtools.send("CSS.enable");
  const { root } = await devtools.send("DOM.getDocument");
  const { nodeIds } = await devtools.send("DOM.querySelectorAll", {
    nodeId: root.nodeId,
    selector: CONTROLS,
  });
  for (const colorScheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    for (const state of [[], ["hover"], ["focus", "focus-visible", "focus-within"]]) {
      for (const nodeId of nodeIds) {
        await devtools.send("CSS.forcePseudoState", { nodeId, forcedPseudoClasses: state });
      }
      const seen = await page.evaluate(lookAround, state.length === 3);
      for (const fault of seen.faults) {
        faults.add(`${[colorScheme, ...state.slice(0, 1)].join(", ")}: ${fault}`);
      }
      for (const rule of seen.used) used.add(rule);
    }
  }
  await devtools.detach();
  await page.emulateMedia({ colorScheme: "light", reducedMotion: "reduce" });
  return { faults: [...faults], used: [...used] };
}

/** Returns the selectors of all rules that set a colour. Runs in the page. */
export function colouringRules() {
  // A shorthand that uses variables lists the names of its parts, without their values.
  const colours = (name) => /^(.+-)?color$|^(opacity|fill|stroke)$/.test(name);
  const found = new Set();
  const visit = (rules) => {
    for (const rule of rules) {
      if (rule.cssRules?.length) visit(rule.cssRules);
      if (!rule.selectorText || ![...rule.style].some(colours)) continue;
      for (const selector of rule.selectorText.split(/,\s*(?![^(]*\))/)) found.add(selector);
    }
  };
  for (const sheet of document.styleSheets) visit(sheet.cssRules);
  return [...found];
}

/**
 * Returns what has too little contrast on the screen, and the selectors in use. Runs in the page.
 */
function lookAround(isFocused) {
  const TEXT_MIN = 4.5;
  const LARGE_TEXT_MIN = 3;
  const PART_MIN = 3;
  const faults = [];

  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  /** Converts any CSS colour to [red, green, blue, opacity]. */
  function rgba(colour) {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    const [red, green, blue, alpha] = canvas.getImageData(0, 0, 1, 1).data;
    return [red, green, blue, alpha / 255];
  }

  const over = ([r, g, b, a], [below, beside, under]) =>
    [r * a + below * (1 - a), g * a + beside * (1 - a), b * a + under * (1 - a)];

  function luminance(colour) {
    const [r, g, b] = colour.map((part) => part / 255)
      .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  }

  function contrast(one, other) {
    const [dark, light] = [luminance(one), luminance(other)].sort((a, b) => a - b);
    return (light + 0.05) / (dark + 0.05);
  }

  function ancestors(element) {
    const all = [];
    for (let one = element; one; one = one.parentElement) all.unshift(one);
    return all;
  }

  /** Returns the background behind an element's content, and the opacity of that content. */
  function behind(element) {
    let [colour, opacity] = [rgba(getComputedStyle(document.documentElement).backgroundColor), 1];
    for (const one of ancestors(element)) {
      const style = getComputedStyle(one);
      opacity *= Number(style.opacity);
      const [r, g, b, a] = rgba(style.backgroundColor);
      colour = over([r, g, b, a * opacity], colour);
    }
    return { colour, opacity };
  }

  function compare(element, what, colour, under, least) {
    const [r, g, b, a] = rgba(colour);
    const ratio = contrast(over([r, g, b, a * under.opacity], under.colour), under.colour);
    if (ratio < least) {
      const shown = under.colour.map(Math.round);
      faults.push(`${what} has ${ratio.toFixed(2)} : 1 of ${least} : 1, ${colour} on ` +
        `rgb(${shown}): ${element.outerHTML.slice(0, 120)}`);
    }
  }

  function leastFor({ fontSize, fontWeight }) {
    const [size, weight] = [parseFloat(fontSize), Number(fontWeight)];
    return size >= 24 || (size >= 18.66 && weight >= 700) ? LARGE_TEXT_MIN : TEXT_MIN;
  }

  const isShown = (element) =>
    element.checkVisibility({ opacityProperty: true, visibilityProperty: true }) &&
    ancestors(element).every((one) => getComputedStyle(one).clipPath === "none");

  const textOf = (element) => [...element.childNodes]
    .filter((node) => node.nodeType === Node.TEXT_NODE)
    .map((node) => node.data.trim())
    .join(" ")
    .trim();

  function compareText(element) {
    const style = getComputedStyle(element);
    const text = textOf(element);
    const typed = element.matches("input:not([type=checkbox], [type=file]), textarea, select");
    if (text || typed) {
      compare(element, `“${text || "what is typed"}”`, style.color, behind(element), leastFor(style));
    }
    if (typed && element.placeholder) {
      const { color } = getComputedStyle(element, "::placeholder");
      compare(element, "a placeholder", color, behind(element), TEXT_MIN);
    }
    for (const pseudo of ["::before", "::after"]) {
      const made = getComputedStyle(element, pseudo);
      if (/^(none|normal|""|)$/.test(made.content)) continue;
      const under = behind(element);
      const [r, g, b, a] = rgba(made.backgroundColor);
      under.colour = over([r, g, b, a * under.opacity], under.colour);
      compare(element, `${pseudo} ${made.content}`, made.color, under, leastFor(made));
    }
  }

  function compareParts(element) {
    const style = getComputedStyle(element);
    if (element.matches("svg.icon")) {
      compare(element, "an icon", style.color, behind(element), PART_MIN);
    }
    if (element.matches("input:not([type=checkbox], [type=file]), textarea, select")) {
      compare(element, "a border", style.borderTopColor, behind(element.parentElement), PART_MIN);
    }
    if (isFocused && style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0) {
      const inside = parseFloat(style.outlineOffset) < 0;
      const under = behind(inside ? element : element.parentElement ?? element);
      compare(element, "a focus ring", style.outlineColor, under, PART_MIN);
    }
  }

  for (const element of document.body.querySelectorAll("*:not(svg *, option)")) {
    if (!isShown(element)) continue;
    compareText(element);
    compareParts(element);
  }

  const used = [];
  const passing =
    /:not\(:focus\)|::[\w-]+|:(hover|focus|focus-visible|focus-within|active)(?![\w-])/g;
  const visit = (rules) => {
    for (const rule of rules) {
      if (rule.cssRules?.length) visit(rule.cssRules);
      for (const selector of rule.selectorText?.split(/,\s*(?![^(]*\))/) ?? []) {
        const lasting = selector.replace(passing, "");
        if (lasting.trim() === "" || document.querySelector(lasting)) used.push(selector);
      }
    }
  };
  for (const sheet of document.styleSheets) visit(sheet.cssRules);
  return { faults, used };
}
