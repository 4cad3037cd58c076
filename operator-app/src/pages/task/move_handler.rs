//! What the task page does with the response to a move of the operator.

use api_types::{TaskId, status::Action as Move};
use leptos::prelude::*;

use crate::{
    browser,
    client::SessionClient,
    components::{dynamic_option, error_notice},
    context::MyTasks,
    response::ClientError,
};

/// What the page updates after a move of the operator.
#[derive(Clone, Copy)]
pub(super) struct MoveHandler {
    mine: MyTasks,
    changed: Callback<()>,
    pub(super) failure: RwSignal<Option<ClientError>>,
}

impl MoveHandler {
    pub(super) fn new(changed: Callback<()>) -> Self {
        Self {
            mine: expect_context(),
            changed,
            failure: RwSignal::new(None),
        }
    }

    /// Handles the response, which may arrive after the page has gone.
    pub(super) fn finish(self, answer: Result<(), ClientError>) {
        match answer {
            Ok(()) => {
                self.mine.0.refetch();
                self.changed.try_run(());
            }
            Err(error) => drop(self.failure.try_set(Some(error))),
        }
    }

    /// Handles the response to a claim. If an earlier response was lost, the task already belongs
    /// to the operator, and the claim counts as successful whatever this response is.
    pub(super) async fn finish_claim(
        self,
        client: &SessionClient,
        id: TaskId,
        answer: Result<(), ClientError>,
    ) {
        let answer = match answer {
            Err(_) if is_mine(client, id).await => Ok(()),
            answer => answer,
        };
        if answer.is_ok() {
            browser::request_persistence();
        }
        self.finish(answer);
    }

    /// Shows the error of the last move, if there is one.
    pub(super) fn problem(self) -> AnyView {
        dynamic_option(move || self.failure.get().map(|error| error_notice(&error, None)))
    }
}

async fn is_mine(client: &SessionClient, id: TaskId) -> bool {
    let task = client.operator_task(id).await;
    task.is_ok_and(|task| task.actions.contains(&Move::Withdraw))
}
