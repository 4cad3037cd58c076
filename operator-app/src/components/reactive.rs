//! Reactive parts of views.
//!
//! A bare closure in a view makes the framework compile its code for building, updating and
//! removing once more for that closure. These functions box the closure, so that the code is
//! compiled once, which halves the size of the download.

use leptos::prelude::*;

/// Returns a view that is rendered again whenever a signal that it reads changes.
pub(crate) fn dynamic(view: impl Fn() -> AnyView + Send + 'static) -> AnyView {
    dynamic_boxed(Box::new(view))
}

/// Like [`dynamic`], for a view that is sometimes absent.
pub(crate) fn dynamic_option(view: impl Fn() -> Option<AnyView> + Send + 'static) -> AnyView {
    dynamic_boxed(Box::new(move || view().unwrap_or_else(empty_view)))
}

fn dynamic_boxed(view: Box<dyn Fn() -> AnyView + Send>) -> AnyView {
    (move || view()).into_any()
}

/// Returns an empty view.
pub(crate) fn empty_view() -> AnyView {
    ().into_any()
}

/// Returns a text signal that follows the signals that it reads.
pub(crate) fn derive_text(text: impl Fn() -> String + Send + Sync + 'static) -> Signal<String> {
    derive_boxed(Box::new(text))
}

fn derive_boxed(text: Box<dyn Fn() -> String + Send + Sync>) -> Signal<String> {
    Signal::derive(text)
}

/// Like [`derive_text`], for an attribute with the value `true` or `false`.
pub(crate) fn derive_flag(flag: impl Fn() -> bool + Send + Sync + 'static) -> Signal<String> {
    derive_text(move || if flag() { "true" } else { "false" }.to_owned())
}

/// Boxes an event handler.
pub(crate) fn handler<E: 'static>(
    handle: impl FnMut(E) + Send + 'static,
) -> Box<dyn FnMut(E) + Send> {
    Box::new(handle)
}
