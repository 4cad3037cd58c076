// Lets the app start without a network: it caches the shell, as one version, and nothing else.
//
// Never cached: anything under /api/, and anything with another method than GET. Both constants are
// filled in by `cargo xtask app`.

const PRECACHE = /*PRECACHE*/[];
const VERSION = /*VERSION*/"";

const CACHE = `shell-${VERSION}`;
const NAVIGATION_MS_MAX = 3000;

self.addEventListener("install", (event) => {
  event.waitUntil(precache());
});

// Page, script and wasm belong together: all of them are there, or the version is not installed.
async function precache() {
  const cache = await caches.open(CACHE);
  await cache.addAll(PRECACHE.map((url) => new Request(url, { cache: "no-cache" })));
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
  } else if (PRECACHE.includes(url.pathname)) {
    event.respondWith(asset(request));
  }
});

// The API, its documents and its files answer for themselves, also when opened in a tab.
function isPage(path) {
  return !path.startsWith("/api/") && !path.startsWith("/docs") && !path.includes(".")
    && path !== "/healthz" && path !== "/readyz" && path !== "/mcp";
}

// The network first, so that a reload shows what is served now; the shell after three seconds.
async function page(request) {
  const cache = await caches.open(CACHE);
  const shell = await cache.match("/");
  if (!shell) return fetch(request);
  try {
    const answer = await fetch(request, { signal: AbortSignal.timeout(NAVIGATION_MS_MAX) });
    // A server that fails has no page; one that knows no such address says so.
    return answer.status < 500 ? answer : shell;
  } catch {
    return shell;
  }
}

async function asset(request) {
  const cache = await caches.open(CACHE);
  return (await cache.match(request)) ?? fetch(request);
}
