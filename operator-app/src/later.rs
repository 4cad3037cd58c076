//! The pages that come after the first screen. They are a second wasm file, fetched as soon as the
//! first screen stands: a phone in the street shows it sooner, and has the rest when it is needed.
//!
//! What is said here of files is done by `cargo xtask app`, which splits the wasm at `made`.

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

/// A page of the second file.
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

/// The second file, on its way or there.
#[derive(Clone, Copy)]
pub(crate) struct LaterPages(Loading<()>);

impl LaterPages {
    /// Begins to fetch it, beside everything else.
    pub(crate) fn fetch() -> Self {
        Self(load(|| {
            Box::pin(async { fetched().await.map_err(|_| ClientError::Unreachable) })
        }))
    }

    /// Shows a page as soon as it is there; until then its shape, or what went wrong.
    pub(crate) fn show(self, page: Later) -> AnyView {
        loaded(self.0, move |()| at_once(made(page)))
    }
}

/// The way into the second file. What only this reaches is in it.
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

/// A view from a file that is there already, which takes no waiting: a page is made where it is
/// shown, since only there it finds what the app provides.
fn at_once(view: impl Future<Output = Result<AnyView, SplitLoaderError>>) -> AnyView {
    match pin!(view).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(Ok(view)) => view,
        _ => nothing(),
    }
}
