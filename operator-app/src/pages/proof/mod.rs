//! The page to submit the proof of a task, with the form for its proof type.

mod autosave;
mod confirmation;
mod files;
mod result_form;

use api_types::{
    TaskId, proof::ProofType, status::Action, task::OperatorTaskView, task_type::TaskDomain,
};
use leptos::prelude::*;

use crate::{
    client::SessionClient,
    components::{EmptyState, PageLayout, Shape, load, loaded_view},
    labels,
    outbox::{Outbox, Stage},
    pages::{
        credential::CredentialForm,
        proof::{confirmation::ConfirmationForm, files::FilesForm},
    },
    screen::Screen,
};

/// Loads the task and shows the form for its proof.
#[component]
pub(crate) fn ProofPage(id: TaskId) -> impl IntoView {
    let client: SessionClient = expect_context();
    let task = load(move || {
        let client = client.clone();
        Box::pin(async move { client.operator_task(id).await })
    });
    loaded_view(task, |task| view! { <ProofForm task/> }.into_any())
}

#[component]
fn ProofForm(task: OperatorTaskView) -> impl IntoView {
    let outbox: Outbox = expect_context();
    let id = task.task_id;
    let under_way = outbox
        .find_untracked(id)
        .is_some_and(|proof| !matches!(proof.stage, Stage::Draft));
    let back = (Screen::task(id), "Task");
    let title = labels::proof_action(&task);
    if under_way || !task.actions.contains(&Action::Submit) {
        return view! {
            <PageLayout title back>
                <EmptyState shape=Shape::Check title="No proof to send">
                    <p>"The proof was already sent, or the task is not yours. Open the task for details."</p>
                    <a class="button primary" href=Screen::task(id).path()>"Open task"</a>
                </EmptyState>
            </PageLayout>
        }
        .into_any();
    }
    let name = task.title.clone();
    view! {
        <PageLayout title back>
            <p class="quiet agent-text">{name}</p>
            {match (task.task_domain, task.proof_type) {
                (TaskDomain::Credential, _) => view! { <CredentialForm task/> }.into_any(),
                (_, ProofType::Confirmation) => view! { <ConfirmationForm task/> }.into_any(),
                _ => view! { <FilesForm task/> }.into_any(),
            }}
        </PageLayout>
    }
    .into_any()
}
