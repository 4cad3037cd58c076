//! Loads the second wasm file and creates the pages in it. The file is fetched as soon as the first
//! screen is shown, so that a phone on a slow network shows that screen sooner.
//!
//! `cargo xtask app` splits the wasm at the function `lazy_view`. `screen.rs` says which pages are
//! in the second file.

use std::{
    future::Future,
    pin::pin,
    task::{Context, Poll, Waker},
};

use api_types::session::SignInMethods;
use leptos::{
    prelude::*,
    wasm_split::{SplitLoaderError, wasm_split},
};

use crate::{
    components::{Loadable, dynamic_option, empty_view, load, loaded_view},
    pages::{
        EarningsPage, IssuerReturnPage, MyTasksPage, NotFoundPage, OtherWays, PasskeyOffer,
        ProfilePage, ProofPage, SignUpPage, TaskPage,
    },
    response::ClientError,
    screen::LazyPage,
};

/// The second wasm file, loading or loaded.
#[derive(Clone, Copy)]
pub(crate) struct LazyPages(Loadable<()>);

impl LazyPages {
    /// Starts to fetch the second wasm file in the background.
    pub(crate) fn fetch() -> Self {
        Self(load(|| {
            Box::pin(async { preload_lazy().await.map_err(|_| ClientError::Unreachable) })
        }))
    }

    /// Shows a page once the file is loaded; until then a skeleton, or the error.
    pub(crate) fn show(self, page: LazyPage) -> AnyView {
        self.show_or_wait(LazyView::Page(page))
    }

    /// Shows that the path does not exist.
    pub(crate) fn show_not_found(self) -> AnyView {
        self.show_or_wait(LazyView::NotFound)
    }

    fn show_or_wait(self, view: LazyView) -> AnyView {
        loaded_view(self.0, move |()| poll_once(lazy_view(view.clone())))
    }

    /// Offers a passkey to a signed-in operator.
    pub(crate) fn show_passkey_offer(self) -> AnyView {
        self.show_if_loaded(LazyView::PasskeyOffer)
    }

    /// Shows the ways to sign in other than by a code.
    pub(crate) fn show_other_ways(self, methods: SignInMethods) -> AnyView {
        self.show_if_loaded(LazyView::OtherWays(methods))
    }

    /// Shows a view once the file is loaded, and nothing until then.
    fn show_if_loaded(self, view: LazyView) -> AnyView {
        dynamic_option(move || {
            let is_loaded = self.0.get().is_some_and(|loaded| loaded.is_ok());
            is_loaded.then(|| poll_once(lazy_view(view.clone())))
        })
        .into_any()
    }
}

/// A view in the second wasm file.
#[derive(Clone)]
enum LazyView {
    Page(LazyPage),
    NotFound,
    PasskeyOffer,
    OtherWays(SignInMethods),
}

/// Creates a view. This is the entry point of the second wasm file: code reachable only from here
/// is in that file.
#[wasm_split(lazy, wasm_split_path = leptos::wasm_split, fallible, preload(preload_lazy))]
fn lazy_view(view: LazyView) -> Result<AnyView, SplitLoaderError> {
    Ok(match view {
        LazyView::Page(LazyPage::SignUp) => view! { <SignUpPage/> }.into_any(),
        LazyView::Page(LazyPage::SignIn) => view! { <IssuerReturnPage/> }.into_any(),
        LazyView::Page(LazyPage::Task(id)) => view! { <TaskPage id/> }.into_any(),
        LazyView::Page(LazyPage::Proof(id)) => view! { <ProofPage id/> }.into_any(),
        LazyView::Page(LazyPage::MyTasks) => view! { <MyTasksPage/> }.into_any(),
        LazyView::Page(LazyPage::Earnings) => view! { <EarningsPage/> }.into_any(),
        LazyView::Page(LazyPage::Profile) => view! { <ProfilePage/> }.into_any(),
        LazyView::NotFound => view! { <NotFoundPage/> }.into_any(),
        LazyView::PasskeyOffer => view! { <PasskeyOffer/> }.into_any(),
        LazyView::OtherWays(methods) => view! { <OtherWays methods/> }.into_any(),
    })
}

/// Returns the view of a page whose file is already loaded, by polling the future once. The view is
/// created where it is shown, because only there can it access the app's context.
fn poll_once(view: impl Future<Output = Result<AnyView, SplitLoaderError>>) -> AnyView {
    match pin!(view).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(Ok(view)) => view,
        _ => empty_view(),
    }
}
