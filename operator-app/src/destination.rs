//! The screen that a person opened before they were sent elsewhere to sign in or to sign up. It is
//! kept for the tab, so that it outlives a reload.

use leptos::prelude::window;
use web_sys::Storage;

use crate::screen::Screen;

const KEY: &str = "humanops.destination";

/// Keeps the screen until [`take`].
pub(crate) fn keep(screen: Option<Screen>) {
    if let Some(storage) = storage() {
        let screen = screen.unwrap_or(Screen::Tasks);
        // Without storage the person arrives at the list of tasks.
        let _ = storage.set_item(KEY, &screen.path());
    }
}

/// Returns the screen that was kept, or the list of tasks.
pub(crate) fn take() -> Screen {
    let kept = storage().and_then(|storage| {
        let path = storage.get_item(KEY).ok().flatten();
        let _ = storage.remove_item(KEY);
        Screen::parse(&path?)
    });
    kept.unwrap_or(Screen::Tasks)
}

fn storage() -> Option<Storage> {
    window().session_storage().ok().flatten()
}
