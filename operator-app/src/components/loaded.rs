//! What is loaded, in its three shapes: on the way, failed, there.

use leptos::prelude::*;

use crate::components::{Loading, live, problem};

/// Shows a loaded value; a skeleton before, and a failure with a way to try again.
pub(crate) fn loaded<T: Clone + Send + Sync + 'static>(
    value: Loading<T>,
    show: impl Fn(T) -> AnyView + Send + 'static,
) -> AnyView {
    live(move || match value.get() {
        None => skeleton(),
        Some(Ok(value)) => show(value),
        Some(Err(error)) => problem(&error, Some(value.again())),
    })
}

/// The shape of cards that are about to come.
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
