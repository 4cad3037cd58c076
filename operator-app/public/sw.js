// Lets the app start without a network: it caches the shell, as one version, and nothing else.
//
// Never cached: anything under /api/, and anything with another method than GET. A captive portal
// or a proxy may answer any request with a page of its own, so each file is cached only if its
// digest is the one that was built, and a page is shown only if it is this app's. Both constants
// are filled in by `cargo xtask app`.

/** The path of each file of this version, and its digest as `Request.integrity` takes it. */
const PRECACHE = /*PRECACHE*/{};
const VERSION = /*VERSION*/"";

/** An element in the head of every version of the page. */
const MARK = '<meta name="application-name" content="HumanOps">';

const CACHE = `shell-${VERSION}`;
const NAVIGATION_MS_MAX = 3000;

self.addEventListener("install", (event) => {
  event.waitUntil(precache());
});

// Page, script and wasm belong together: all of them are there, or the version is not installed.
async function precache() {
  const cache = await caches.open(CACHE);
  const files = Object.entries(PRECACHE);
  await cache.addAll(files.map(([url, integrity]) =>
    new Request(url, { cache: "no-cache", redirect: "error", integrity })));
}

self.addEventListener("activate", (event) => {
  event.waitUntil(forgetOthers());
});

async function forgetOthers() {
  const names = await caches.keys();
  const old = names.filter((name) => name.startsWith("shell-") && name !== CACHE);
  await Promise.all(old.map((name) => caches.delete(name)));
  await self.clients.claim();
}

// Waits until the person has agreed to the new version.
self.addEventListener("message", (event) => {
  if (event.data === "take over") {
    self.skipWaiting();
  }
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== location.origin) return;
  if (request.mode === "navigate") {
    if (isPage(url.pathname)) event.respondWith(page(request));
  } else if (Object.hasOwn(PRECACHE, url.pathname)) {
    event.respondWith(asset(request));
  }
});

// Paths of the API, its documents and its files go to the network, also when opened in a tab.
function isPage(path) {
  return !path.startsWith("/api/") && !path.startsWith("/docs") && !path.includes(".")
    && path !== "/healthz" && path !== "/readyz" && path !== "/mcp";
}

// The network first, so that a reload shows what is served now; the shell after three seconds, and
// when something other than the server answers.
async function page(request) {
  const cache = await caches.open(CACHE);
  const shell = await cache.match("/");
  if (!shell) return fetch(request);
  try {
    const answer = await fetch(request, { signal: AbortSignal.timeout(NAVIGATION_MS_MAX) });
    return (await isOurs(answer.clone())) ? answer : shell;
  } catch {
    return shell;
  }
}

// A server error is not a page. A 404 in JSON is the response of the API to an unknown path.
async function isOurs(answer) {
  if (answer.status >= 500) return false;
  const isRefusal = answer.status === 404
    && answer.headers.get("content-type")?.startsWith("application/json");
  return isRefusal || (await answer.text()).includes(MARK);
}

async function asset(request) {
  const cache = await caches.open(CACHE);
  return (await cache.match(request)) ?? fetch(request);
}
