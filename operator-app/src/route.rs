//! Client-side routing: the current path and navigation to another screen. `screen.rs` maps paths
//! to screens, and `app.rs` maps screens to views.

use leptos::{ev, prelude::*};
use wasm_bindgen::{JsCast as _, JsValue};
use web_sys::{Element, HtmlAnchorElement, MouseEvent};

use crate::{components::HeadingFocus, screen::Screen};

/// The current path as a signal. This is a handle: copies refer to the same route.
#[derive(Clone, Copy)]
pub(crate) struct Route {
    path: RwSignal<String>,
    heading_focus: HeadingFocus,
}

impl Route {
    /// Follows the browser's back and forward, and handles clicks on links within the app.
    pub(crate) fn follow(heading_focus: HeadingFocus) -> Self {
        let route = Self {
            path: RwSignal::new(address()),
            heading_focus,
        };
        let back = window_event_listener_untyped("popstate", move |_| route.show(&address()));
        let click = window_event_listener(ev::click, move |event| {
            if let Some(path) = own_link(&event) {
                event.prevent_default();
                route.go_to(&path);
            }
        });
        on_cleanup(|| {
            back.remove();
            click.remove();
        });
        route
    }

    /// Returns the current screen, or `None` if the path is unknown; subscribes the caller to it.
    pub(crate) fn screen(self) -> Option<Screen> {
        self.path.with(|path| Screen::parse(path))
    }

    /// Returns the screen without subscribing the caller.
    pub(crate) fn screen_untracked(self) -> Option<Screen> {
        self.path.with_untracked(|path| Screen::parse(path))
    }

    /// Navigates to another screen and adds a history entry, so that *back* returns.
    pub(crate) fn go(self, screen: Screen) {
        self.go_to(&screen.path());
    }

    /// Navigates to another screen and replaces the history entry, so that *back* does not return.
    pub(crate) fn replace(self, screen: Screen) {
        let path = screen.path();
        if change_history(|history| history.replace_state_with_url(&JsValue::NULL, "", Some(&path)))
        {
            self.show(&path);
        }
    }

    fn go_to(self, path: &str) {
        if path != address()
            && change_history(|history| history.push_state_with_url(&JsValue::NULL, "", Some(path)))
        {
            self.show(path);
        }
    }

    fn show(self, path: &str) {
        if self.path.with_untracked(|shown| shown != path) {
            self.heading_focus.focus_next_heading();
            self.path.set(path.to_owned());
            window().scroll_to_with_x_and_y(0.0, 0.0);
        }
    }
}

fn address() -> String {
    location().pathname().unwrap_or_default()
}

fn change_history(change: impl Fn(&web_sys::History) -> Result<(), JsValue>) -> bool {
    window()
        .history()
        .is_ok_and(|history| change(&history).is_ok())
}

/// Returns the path of the clicked link, if it stays within the app and the click has no modifier
/// key.
fn own_link(event: &MouseEvent) -> Option<String> {
    let special = event.meta_key() || event.ctrl_key() || event.shift_key() || event.alt_key();
    if event.default_prevented() || event.button() != 0 || special {
        return None;
    }
    let target = event.target()?.dyn_into::<Element>().ok()?;
    let link = target
        .closest("a[href]")
        .ok()??
        .dyn_into::<HtmlAnchorElement>()
        .ok()?;
    let is_own = link.target().is_empty() && Some(link.origin()) == location().origin().ok();
    is_own.then(|| link.pathname())
}
