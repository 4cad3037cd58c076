//! The operators' app, in the browser: find a task, do it, send the proof.
//!
//! Starts the app and nothing else; the route table is in `app.rs`. The service worker is
//! registered by `public/boot.js`, which also loads this module.

#![expect(
    unreachable_pub,
    reason = "Leptos makes the types of a component's props public"
)]

mod app;
mod browser;
mod client;
mod components;
mod frame;
mod known_keys;
mod later;
mod outbox;
mod pages;
mod route;
mod session;
mod words;

fn main() {
    console_error_panic_hook::set_once();
    leptos::mount::mount_to_body(app::App);
    // The words that stood there while the app was loading have done their work.
    if let Some(boot) = leptos::prelude::document().get_element_by_id("boot") {
        boot.remove();
    }
}
