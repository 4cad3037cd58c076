//! Pages after the first screen. They are in a second wasm file, which is fetched as soon as the
//! first screen is shown, so that a phone on a slow network shows that screen sooner.
//!
//! `cargo xtask app` splits the wasm at the function `made`.

use std::{
    future::Future,
    pin::pin,
    task::{Context, Poll, Waker},
};

use api_types::TaskId;
use leptos::{
    prelude::*,
    wasm_split::{SplitLoaderError, wasm_split},
};

use crate::{
    client::ClientError,
    components::{Loading, load, loaded, nothing},
    pages::{EarningsPage, MinePage, NotFoundPage, ProfilePage, ProofPage, SignUpPage, TaskPage},
};

/// A page in the second wasm file.
#[derive(Clone, Copy)]
pub(crate) enum Later {
    SignUp,
    Task(TaskId),
    Proof(TaskId),
    Mine,
    Earnings,
    Profile,
    NotFound,
}

/// The second wasm file, loading or loaded.
#[derive(Clone, Copy)]
pub(crate) struct LaterPages(Loading<()>);

impl LaterPages {
    /// Starts to fetch the second wasm file in the background.
    pub(crate) fn fetch() -> Self {
        Self(load(|| {
            Box::pin(async { fetched().await.map_err(|_| ClientError::Unreachable) })
        }))
    }

    /// Shows a page once the file is loaded; until then a skeleton, or the error.
    pub(crate) fn show(self, page: Later) -> AnyView {
        loaded(self.0, move |()| at_once(made(page)))
    }
}

/// Creates the view of a page. This is the entry point of the second wasm file: code reachable only
/// from here is in that file.
#[wasm_split(later, wasm_split_path = leptos::wasm_split, fallible, preload(fetched))]
fn made(page: Later) -> Result<AnyView, SplitLoaderError> {
    Ok(match page {
        Later::SignUp => view! { <SignUpPage/> }.into_any(),
        Later::Task(id) => view! { <TaskPage id/> }.into_any(),
        Later::Proof(id) => view! { <ProofPage id/> }.into_any(),
        Later::Mine => view! { <MinePage/> }.into_any(),
        Later::Earnings => view! { <EarningsPage/> }.into_any(),
        Later::Profile => view! { <ProfilePage/> }.into_any(),
        Later::NotFound => view! { <NotFoundPage/> }.into_any(),
    })
}

/// Returns the view of a page whose file is already loaded, by polling the future once. The view is
/// created where it is shown, because only there can it access the app's context.
fn at_once(view: impl Future<Output = Result<AnyView, SplitLoaderError>>) -> AnyView {
    match pin!(view).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(Ok(view)) => view,
        _ => nothing(),
    }
}
