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
    derived(Box::new(text))
}

fn derived(text: Box<dyn Fn() -> String + Send + Sync>) -> Signal<String> {
    Signal::derive(text)
}

/// The same for an attribute that says `true` or `false`.
pub(crate) fn flag(flag: impl Fn() -> bool + Send + Sync + 'static) -> Signal<String> {
    text(move || if flag() { "true" } else { "false" }.to_owned())
}

/// What an element does on an event.
pub(crate) fn on<E: 'static>(handle: impl FnMut(E) + Send + 'static) -> Box<dyn FnMut(E) + Send> {
    Box::new(handle)
}

/// What a request will answer.
pub(crate) type Answer<T> = Pin<Box<dyn Future<Output = Result<T, ClientError>>>>;

/// Something loaded. A handle: copies mean the same. (The framework's own resources also serve
/// pages that a server renders, which weighs more than all of the app's other signals.)
pub(crate) struct Loading<T> {
    value: RwSignal<Option<Result<T, ClientError>>>,
    round: RwSignal<u32>,
}

impl<T> Clone for Loading<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Loading<T> {}

impl<T: Clone + Send + Sync + 'static> Loading<T> {
    /// The value or the failure; nothing while the first answer is on its way.
    pub(crate) fn get(self) -> Option<Result<T, ClientError>> {
        self.value.get()
    }

    /// Asks again; what was there stays until the answer comes.
    pub(crate) fn refetch(self) {
        self.round.update(|round| *round += 1);
    }

    /// The same for others to call.
    pub(crate) fn again(self) -> Callback<()> {
        again(self.round)
    }
}

fn again(round: RwSignal<u32>) -> Callback<()> {
    Callback::new(move |()| round.update(|round| *round += 1))
}

/// Loads by `fetch`, and again whenever what `fetch` reads has changed.
pub(crate) fn load<T: Send + Sync + 'static>(
    fetch: impl Fn() -> Answer<T> + 'static,
) -> Loading<T> {
    let (value, round) = (RwSignal::new(None), RwSignal::new(0));
    let latest = StoredValue::new(0_u32);
    Effect::new(move || {
        round.track();
        let answer = fetch();
        let own = latest.get_value() + 1;
        latest.set_value(own);
        spawn(async move {
            let answer = answer.await;
            // An answer that was overtaken by a later question, or by leaving the page, is dropped.
            if latest.try_get_value() == Some(own) {
                value.try_set(Some(answer));
            }
        });
    });
    Loading { value, round }
}

/// What an action does, until it is done.
pub(crate) type Work = Pin<Box<dyn Future<Output = ()>>>;

/// Something that a page can do. While it is being done, a second time does nothing.
#[derive(Clone, Copy)]
pub(crate) struct Deed {
    work: StoredValue<Box<dyn Fn() -> Work>, LocalStorage>,
    busy: RwSignal<bool>,
}

/// A deed that does `work`.
pub(crate) fn act(work: impl Fn() -> Work + 'static) -> Deed {
    Deed {
        work: StoredValue::new_local(Box::new(work)),
        busy: RwSignal::new(false),
    }
}

impl Deed {
    /// Whether it is being done.
    pub(crate) fn busy(self) -> RwSignal<bool> {
        self.busy
    }

    /// Does it, unless it is being done.
    pub(crate) fn begin(self) {
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

/// Does `work` beside everything else.
pub(crate) fn spawn(work: impl Future<Output = ()> + 'static) {
    spawn_boxed(Box::pin(work));
}

fn spawn_boxed(work: Work) {
    leptos::task::spawn_local(work);
}
