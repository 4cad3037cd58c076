//! The screen that a person opened before they were sent elsewhere to sign in or to sign up. It is
//! kept for the tab, so that it outlives the pages in between.

use crate::{browser, screen::Screen};

const KEY: &str = "humanops.destination";

/// The name under which the tab stores that an issuer could not renew a session silently.
const STAYS: &str = "humanops.stays";

/// Keeps the screen until [`take`].
pub(crate) fn keep(screen: Option<Screen>) {
    // The pages of sign-in themselves are no destination.
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

/// Returns whether the app may leave for the issuer without asking. Once it has come back in vain,
/// it asks.
pub(crate) fn may_leave() -> bool {
    let stays = browser::take_from_tab(STAYS);
    if let Some(stays) = &stays {
        browser::store_for_tab(STAYS, stays);
    }
    stays.is_none()
}

/// Notes that the app came back from the issuer in vain.
pub(crate) fn stay() {
    browser::store_for_tab(STAYS, "true");
}

/// Notes that the issuer knows the person again.
pub(crate) fn leave_freely() {
    browser::take_from_tab(STAYS);
}
