//! The screen that a person opened before they were sent elsewhere to sign in or to sign up. It is
//! kept for the tab, so that it outlives the pages in between.

use crate::{browser, screen::Screen};

const KEY: &str = "humanops.destination";

/// Keeps the screen until [`take`].
pub(crate) fn keep(screen: Option<Screen>) {
    // The sign-in pages themselves are no destination.
    if !matches!(screen, Some(Screen::SIGN_IN | Screen::SIGN_UP)) {
        browser::store_for_tab(KEY, &screen.unwrap_or(Screen::Tasks).path());
    }
}

/// Returns the screen that was kept, or the list of tasks.
pub(crate) fn take() -> Screen {
    let kept = browser::take_from_tab(KEY);
    let kept = kept.and_then(|path| Screen::parse(&path));
    kept.unwrap_or(Screen::Tasks)
}
