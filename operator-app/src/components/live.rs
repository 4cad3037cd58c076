//! Parts of a view that follow signals.
//!
//! A bare closure in a view makes the framework compile its whole machinery of building, updating
//! and removing once more for that closure; behind these functions it is compiled once. That halves
//! what a phone has to load.

use std::{future::Future, pin::Pin};

use leptos::prelude::*;

use crate::client::ClientError;

/// A view that is made anew whenever what it reads has changed.
pub(crate) fn live(view: impl Fn() -> AnyView + Send + 'static) -> AnyView {
    erased(Box::new(view))
}

/// The same for a view that is not always there.
pub(crate) fn maybe(view: impl Fn() -> Option<AnyView> + Send + 'static) -> AnyView {
    erased(Box::new(move || view().unwrap_or_else(nothing)))
}

fn erased(view: Box<dyn Fn() -> AnyView + Send>) -> AnyView {
    (move || view()).into_any()
}

/// A view of nothing.
pub(crate) fn nothing() -> AnyView {
    ().into_any()
}

/// A text that follows what it reads.
pub(crate) fn text(text: impl Fn() -> String + Send + Sync + 'static) -> Signal<String> {
    Signal::derive(text)
}

/// The same for an attribute that says `true` or `false`.
pub(crate) fn flag(flag: impl Fn() -> bool + Send + Sync + 'static) -> Signal<String> {
    Signal::derive(move || flag().to_string())
}

/// What a request will answer.
pub(crate) type Answer<T> = Pin<Box<dyn Future<Output = Result<T, ClientError>>>>;

/// Something loaded, and loaded again whenever what `fetch` reads has changed.
pub(crate) type Loading<T> = LocalResource<Result<T, ClientError>>;

/// Loads by `fetch`.
pub(crate) fn load<T: 'static>(fetch: impl Fn() -> Answer<T> + 'static) -> Loading<T> {
    let fetch: Box<dyn Fn() -> Answer<T>> = Box::new(fetch);
    LocalResource::new(move || fetch())
}
