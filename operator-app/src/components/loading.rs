//! Values that a request loads, and their view in its three states: loading, failed, loaded.

use std::{future::Future, pin::Pin};

use leptos::prelude::*;

use crate::{
    browser::spawn,
    components::{dynamic, error_notice},
    response::ClientError,
};

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
        let request = latest.get_value() + 1;
        latest.set_value(request);
        spawn(async move {
            let answer = answer.await;
            // The response is dropped if a later request was started or the page was left.
            if latest.try_get_value() == Some(request) {
                value.try_set(Some(answer));
            }
        });
    });
    Loadable { value, generation }
}

/// Shows a loaded value; a skeleton while it loads, and an error with a retry button if it failed.
pub(crate) fn loaded_view<T: Clone + Send + Sync + 'static>(
    value: Loadable<T>,
    show: impl Fn(T) -> AnyView + Send + 'static,
) -> AnyView {
    dynamic(move || match value.get() {
        None => skeleton(),
        Some(Ok(value)) => show(value),
        Some(Err(error)) => error_notice(&error, Some(value.refetch_callback())),
    })
}

/// Placeholders for cards while they load.
fn skeleton() -> AnyView {
    view! {
        <div class="skeletons" role="status">
            <span class="visually-hidden">"Loading…"</span>
            <div class="card skeleton" aria-hidden="true"><i></i><i></i><i></i></div>
            <div class="card skeleton" aria-hidden="true"><i></i><i></i><i></i></div>
            <div class="card skeleton" aria-hidden="true"><i></i><i></i><i></i></div>
        </div>
    }
    .into_any()
}
