//! The view of a loaded value in its three states: loading, failed, loaded.

use leptos::prelude::*;

use crate::components::{Loading, live, problem};

/// Shows a loaded value; a skeleton while it loads, and a problem with a retry button if it failed.
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
