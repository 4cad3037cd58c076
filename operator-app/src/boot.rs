//! Messages between the app and `public/boot.js`, which handles what only a page can: a new
//! version of the app, and its installation.

use leptos::prelude::*;
use web_sys::Event;

/// An offer of `boot.js` that the person may accept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BootOffer {
    /// A new version of the app is loaded and replaces this one.
    Update,
    /// The browser installs the app on the home screen.
    Install,
}

impl BootOffer {
    /// Returns a signal that is true once `boot.js` has made the offer, possibly before the app
    /// started.
    pub(crate) fn available(self) -> RwSignal<bool> {
        let root = document().document_element();
        let made_before =
            root.is_some_and(|root| root.has_attribute(&format!("data-{}", self.name())));
        let available = RwSignal::new(made_before);
        let event = format!("humanops-{}", self.name());
        let listener = window_event_listener_untyped(&event, move |_| available.set(true));
        on_cleanup(|| listener.remove());
        available
    }

    /// Tells `boot.js` that the person accepted the offer.
    pub(crate) fn accept(self) {
        if let Ok(event) = Event::new(&format!("humanops-{}-now", self.name())) {
            let _ = window().dispatch_event(&event);
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Update => "update",
            Self::Install => "install",
        }
    }
}
