//! Reactive parts of views, loading and actions.
//!
//! A bare closure in a view makes the framework compile its code for building, updating and
//! removing once more for that closure. Behind these functions it is compiled once, which halves
//! the size of the download.

use std::{future::Future, pin::Pin};

use leptos::prelude::*;

use crate::client::ClientError;

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

/// The future of a response.
pub(crate) type ResponseFuture<T> = Pin<Box<dyn Future<Output = Result<T, ClientError>>>>;

/// A value loaded by a request. This is a handle: copies refer to the same value. (The framework's
/// own resources also support server-side rendering, which weighs more than all other signals of
/// the app.)
pub(crate) struct Loadable<T> {
    value: RwSignal<Option<Result<T, ClientError>>>,
    generation: RwSignal<u32>,
}

impl<T> Clone for Loadable<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Loadable<T> {}

impl<T: Clone + Send + Sync + 'static> Loadable<T> {
    /// Returns the value or the error, or `None` before the first response.
    pub(crate) fn get(self) -> Option<Result<T, ClientError>> {
        self.value.get()
    }

    /// Loads the value again; the current value stays until the response arrives.
    pub(crate) fn refetch(self) {
        self.generation.update(|generation| *generation += 1);
    }

    /// Returns a callback that calls `refetch`.
    pub(crate) fn refetch_callback(self) -> Callback<()> {
        refetch_callback(self.generation)
    }
}

fn refetch_callback(generation: RwSignal<u32>) -> Callback<()> {
    Callback::new(move |()| generation.update(|generation| *generation += 1))
}

/// Loads a value with `fetch`, and again whenever a signal that `fetch` reads changes.
pub(crate) fn load<T: Send + Sync + 'static>(
    fetch: impl Fn() -> ResponseFuture<T> + 'static,
) -> Loadable<T> {
    let (value, generation) = (RwSignal::new(None), RwSignal::new(0));
    let latest = StoredValue::new(0_u32);
    Effect::new(move || {
        generation.track();
        let answer = fetch();
        let own = latest.get_value() + 1;
        latest.set_value(own);
        spawn(async move {
            let answer = answer.await;
            // The response is dropped if a later request was started or the page was left.
            if latest.try_get_value() == Some(own) {
                value.try_set(Some(answer));
            }
        });
    });
    Loadable { value, generation }
}

/// The future of an action.
pub(crate) type ActionFuture = Pin<Box<dyn Future<Output = ()>>>;

/// An asynchronous action of a page. Starting it again while it runs has no effect.
#[derive(Clone, Copy)]
pub(crate) struct Action {
    work: StoredValue<Box<dyn Fn() -> ActionFuture>, LocalStorage>,
    busy: RwSignal<bool>,
}

/// Creates an action that runs `work`.
pub(crate) fn create_action(work: impl Fn() -> ActionFuture + 'static) -> Action {
    Action {
        work: StoredValue::new_local(Box::new(work)),
        busy: RwSignal::new(false),
    }
}

impl Action {
    /// Returns the signal that is true while the action runs.
    pub(crate) fn busy(self) -> RwSignal<bool> {
        self.busy
    }

    /// Starts the action, unless it is already running.
    pub(crate) fn start(self) {
        if self.busy.get_untracked() {
            return;
        }
        self.busy.set(true);
        let work = self.work.with_value(|work| work());
        spawn(async move {
            work.await;
            self.busy.try_set(false);
        });
    }
}

/// Spawns `work` as a concurrent task.
pub(crate) fn spawn(work: impl Future<Output = ()> + 'static) {
    spawn_boxed(Box::pin(work));
}

fn spawn_boxed(work: ActionFuture) {
    leptos::task::spawn_local(work);
}
