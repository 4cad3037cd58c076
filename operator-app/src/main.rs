//! The operator app in the browser: find a task, do it, submit the proof.
//!
//! This file only starts the app; `app.rs` has the root component. `public/boot.js` loads this
//! module and registers the service worker.

#![expect(
    unreachable_pub,
    reason = "Leptos makes the types of a component's props public"
)]

mod app;
mod boot;
mod browser;
mod client;
mod components;
mod context;
mod destination;
mod frame;
mod known_keys;
mod labels;
mod lazy;
mod oidc;
mod outbox;
mod pages;
mod passkey;
mod response;
mod route;
mod screen;
mod session;

fn main() {
    console_error_panic_hook::set_once();
    leptos::mount::mount_to_body(app::App);
    // The loading message is no longer needed.
    if let Some(boot) = leptos::prelude::document().get_element_by_id("boot") {
        boot.remove();
    }
}
