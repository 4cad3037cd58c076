//! Parts of a view that follow signals.
//!
//! A bare closure in a view makes the framework compile its whole machinery of building, updating
//! and removing once more for that closure; behind these functions it is compiled once. That halves
//! what a phone has to load.

use std::{any::Any, future::Future, marker::PhantomData, pin::Pin, rc::Rc};

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

/// Something loaded. A handle: copies mean the same.
pub(crate) struct Loading<T> {
    // The framework keeps every kind of value in one way; the kind is known out here.
    value: LocalResource<Result<Rc<dyn Any>, ClientError>>,
    kind: PhantomData<fn() -> T>,
}

impl<T> Clone for Loading<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Loading<T> {}

impl<T: Clone + 'static> Loading<T> {
    /// The value or the failure; nothing while the first answer is on its way.
    pub(crate) fn get(self) -> Option<Result<T, ClientError>> {
        match self.value.get()? {
            Ok(value) => value.downcast_ref::<T>().cloned().map(Ok),
            Err(error) => Some(Err(error)),
        }
    }

    /// Asks again; what was there stays until the answer comes.
    pub(crate) fn refetch(self) {
        self.value.refetch();
    }
}

/// Loads by `fetch`, and again whenever what `fetch` reads has changed.
pub(crate) fn load<T: 'static>(fetch: impl Fn() -> Answer<T> + 'static) -> Loading<T> {
    Loading {
        value: load_any(Box::new(move || {
            let answer = fetch();
            Box::pin(async move { answer.await.map(|value| Rc::new(value) as Rc<dyn Any>) })
        })),
        kind: PhantomData,
    }
}

fn load_any(
    fetch: Box<dyn Fn() -> Answer<Rc<dyn Any>>>,
) -> LocalResource<Result<Rc<dyn Any>, ClientError>> {
    LocalResource::new(move || fetch())
}

/// What an action does, until it is done.
pub(crate) type Work = Pin<Box<dyn Future<Output = ()>>>;

/// Something that a page can do; pending until its work is done.
pub(crate) fn act(work: impl Fn() -> Work + 'static) -> Action<(), ()> {
    act_by(Box::new(work))
}

fn act_by(work: Box<dyn Fn() -> Work>) -> Action<(), ()> {
    Action::new_local(move |(): &()| work())
}
