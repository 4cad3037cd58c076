// The crypto package in a real page: served on loopback with the app's content security policy, and
// imported by its entry point for browsers. The code of the page is in package-page.mjs.

import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, normalize } from "node:path";

import { chromium } from "playwright-core";

import { serve } from "./lines.mjs";

const ROOT = new URL("../", import.meta.url);

/** The files of the repository that the page may read. */
const FOLDERS = ["/pkg/", "/crypto-wasm/tests/vectors/", "/tests/package-page.mjs"];

const TYPES = { ".wasm": "application/wasm", ".json": "application/json" };

const PAGE = `<!doctype html><title>The package</title><link rel="icon" href="data:,">
<body><script type="module" src="/tests/package-page.mjs"></script>`;

async function answer(policy, request, response) {
  const path = normalize(new URL(request.url, "http://localhost").pathname);
  const headers = { "content-security-policy": policy, "content-type": "text/html" };
  if (path === "/") return response.writeHead(200, headers).end(PAGE);
  if (!FOLDERS.some((folder) => path.startsWith(folder))) return response.writeHead(404).end();
  const bytes = await readFile(new URL(`.${path}`, ROOT));
  headers["content-type"] = TYPES[extname(path)] ?? "text/javascript";
  return response.writeHead(200, headers).end(bytes);
}

/** Runs the page, and returns its report and all errors of the page. */
async function run({ chromium: executablePath, policy }) {
  const server = createServer((request, response) =>
    answer(policy, request, response).catch((error) => response.writeHead(500).end(`${error}`)),
  );
  await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
  const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
  try {
    const page = await browser.newPage();
    const faults = [];
    page.on("pageerror", (error) => faults.push(`uncaught: ${error}`));
    page.on("console", (message) => {
      if (message.type() === "error") faults.push(message.text());
    });
    await page.goto(`http://127.0.0.1:${server.address().port}/`);
    // The policy forbids `eval` in the page, so the report is read from an element.
    const report = await page.locator("output").textContent({ timeout: 60_000 });
    return { report: JSON.parse(report), faults };
  } finally {
    await browser.close();
    server.close();
  }
}

await serve({ run, leave: () => [] });
