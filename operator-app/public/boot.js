// Starts the app and registers the service worker. The app itself is WebAssembly.
//
// Passes on two events that may happen before the app listens: a new version is waiting, and the
// browser offers to install the app. The app dispatches an event once the person has decided.

import "/translation.js";
import init from "/app.js";

const root = document.documentElement;

function announce(what) {
  root.dataset[what] = "ready";
  window.dispatchEvent(new Event(`humanops-${what}`));
}

init({ module_or_path: "/app_bg.wasm" }).catch((error) => {
  const line = document.querySelector("#boot p");
  if (line) {
    line.textContent = "HumanOps could not start. Reload the page. If that does not help, "
      + "update your browser.";
  }
  throw error;
});

// Browsers have no service workers on plain http from another machine. The app works without.
if ("serviceWorker" in navigator) {
  const registration = await navigator.serviceWorker.register("/sw.js").catch(() => null);
  if (registration) {
    watch(registration);
  }
}

function watch(registration) {
  const check = () => {
    // The very first worker replaces nothing, so there is nothing to announce.
    if (registration.waiting && navigator.serviceWorker.controller) {
      announce("update");
    }
  };
  check();
  registration.addEventListener("updatefound", () => {
    registration.installing?.addEventListener("statechange", check);
  });
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") {
      registration.update().catch(() => {});
    }
  });

  // The new version takes over when the person says so, and never in the middle of a form.
  let agreed = false;
  window.addEventListener("humanops-update-now", () => {
    agreed = true;
    registration.waiting?.postMessage("take over");
  });
  navigator.serviceWorker.addEventListener("controllerchange", () => {
    if (agreed) {
      location.reload();
    }
  });
}

let installation = null;
window.addEventListener("beforeinstallprompt", (event) => {
  event.preventDefault();
  installation = event;
  announce("install");
});
window.addEventListener("humanops-install-now", () => installation?.prompt());
