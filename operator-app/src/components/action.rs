//! Asynchronous actions of a page, such as the submission of a form.

use std::{future::Future, pin::Pin};

use leptos::prelude::*;

use crate::browser::spawn;

/// The future of an action.
pub(crate) type ActionFuture = Pin<Box<dyn Future<Output = ()>>>;

/// An asynchronous action of a page. Starting it again while it runs has no effect.
#[derive(Clone, Copy)]
pub(crate) struct Action {
    work: StoredValue<Box<dyn Fn() -> ActionFuture>, LocalStorage>,
    busy: RwSignal<bool>,
}

impl Action {
    /// Creates an action that runs `work`.
    pub(crate) fn new(work: impl Fn() -> ActionFuture + 'static) -> Self {
        Self {
            work: StoredValue::new_local(Box::new(work)),
            busy: RwSignal::new(false),
        }
    }

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
