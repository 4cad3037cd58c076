//! Where the person is: the path of the page's address, and the ways to another. Which page belongs
//! to a path is said in `app.rs`.

use leptos::{ev, prelude::*};
use wasm_bindgen::{JsCast as _, JsValue};
use web_sys::{Element, HtmlAnchorElement, MouseEvent};

use crate::components::Reading;

/// The path of the address, followed. A handle: copies mean the same.
#[derive(Clone, Copy)]
pub(crate) struct Route {
    path: RwSignal<String>,
    reading: Reading,
}

impl Route {
    /// Follows the browser's back and forward, and takes over clicks on the app's own links.
    pub(crate) fn follow(reading: Reading) -> Self {
        let route = Self {
            path: RwSignal::new(address()),
            reading,
        };
        let back = window_event_listener_untyped("popstate", move |_| route.show(&address()));
        let click = window_event_listener(ev::click, move |event| {
            if let Some(path) = own_link(&event) {
                event.prevent_default();
                route.go(&path);
            }
        });
        on_cleanup(|| {
            back.remove();
            click.remove();
        });
        route
    }

    /// The path.
    pub(crate) fn path(self) -> String {
        self.path.get()
    }

    /// Goes to another page; the browser's *back* returns.
    pub(crate) fn go(self, path: &str) {
        if path != address()
            && history(|own| own.push_state_with_url(&JsValue::NULL, "", Some(path)))
        {
            self.show(path);
        }
    }

    /// Goes to another page in place of this one, to which there is no way back.
    pub(crate) fn replace(self, path: &str) {
        if history(|own| own.replace_state_with_url(&JsValue::NULL, "", Some(path))) {
            self.show(path);
        }
    }

    fn show(self, path: &str) {
        if self.path.with_untracked(|shown| shown != path) {
            self.reading.begins_anew();
            self.path.set(path.to_owned());
            window().scroll_to_with_x_and_y(0.0, 0.0);
        }
    }
}

fn address() -> String {
    location().pathname().unwrap_or_default()
}

fn history(change: impl Fn(&web_sys::History) -> Result<(), JsValue>) -> bool {
    window().history().is_ok_and(|own| change(&own).is_ok())
}

/// The path of the link that was clicked, if it leads into the app and a plain click was meant.
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
    let own = link.target().is_empty() && Some(link.origin()) == location().origin().ok();
    own.then(|| link.pathname())
}
