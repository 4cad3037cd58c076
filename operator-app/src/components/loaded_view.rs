//! The view of a loaded value in its three states: loading, failed, loaded.

use leptos::prelude::*;

use crate::components::{Loadable, dynamic, error_notice};

/// Shows a loaded value; a skeleton while it loads, and a problem with a retry button if it failed.
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
