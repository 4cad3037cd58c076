//! `cargo xtask bench crypto` runs this program. It serves the page in `bench/crypto` on loopback,
//! with the package and the libraries that it is compared with, opens the page in Chromium, and
//! prints its report. `bench.mjs` says what is measured and how.

import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";

import { chromium } from "playwright-core";

const BENCH = fileURLToPath(new URL(".", import.meta.url));
const FOLDERS = {
  pkg: join(BENCH, "../../pkg"),
  node_modules: join(BENCH, "node_modules"),
};
const TYPES = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".json": "application/json",
  ".wasm": "application/wasm",
};
const PAGE_MILLISECONDS_MAX = 5 * 60 * 1000;

/** Returns the file of a URL: below one of the folders, or else in `crypto`. */
function fileOf(url) {
  const path = normalize(decodeURIComponent(new URL(url, "http://localhost").pathname));
  const [, first, ...rest] = path.split("/");
  if (Object.hasOwn(FOLDERS, first)) return join(FOLDERS[first], ...rest);
  return join(BENCH, "crypto", path === "/" ? "index.html" : path);
}

const server = createServer(async (request, response) => {
  const file = fileOf(request.url);
  try {
    const bytes = await readFile(file);
    const type = TYPES[extname(file)] ?? "application/octet-stream";
    response.writeHead(200, { "content-type": type }).end(bytes);
  } catch {
    response.writeHead(404).end(`${request.url} does not exist`);
  }
});
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM,
  args: ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"],
});
try {
  const page = await browser.newPage();
  page.on("console", (message) => console.log(message.text()));
  const failed = new Promise((_, reject) => page.on("pageerror", reject));
  await page.goto(`http://127.0.0.1:${server.address().port}/`);
  const limit = { timeout: PAGE_MILLISECONDS_MAX, polling: 500 };
  // The page sets this variable when all measurements are done.
  const done = page.waitForFunction(() => globalThis.measured, undefined, limit);
  const report = await (await Promise.race([done, failed])).jsonValue();
  console.log(typeof report === "string" ? report : JSON.stringify(report, null, 2));
} finally {
  await browser.close();
  server.close();
}
