//! Submission of a proof, which all proof forms share.

use leptos::prelude::*;

use crate::{
    browser::spawn,
    outbox::{Outbox, OutboxProof},
    route::Route,
    screen::Screen,
};

/// Returns a function that submits a finished proof through the outbox and navigates to the task,
/// which shows the progress.
pub(crate) fn use_submit() -> impl Fn(OutboxProof) + Clone {
    let outbox: Outbox = expect_context();
    let route: Route = expect_context();
    move |proof: OutboxProof| {
        spawn(async move {
            let task = Screen::task(proof.task_id);
            // If it cannot be stored, the proof is sent from memory; the first attempt starts at
            // once.
            let _ = outbox.submit(proof).await;
            route.replace(task);
        });
    }
}
