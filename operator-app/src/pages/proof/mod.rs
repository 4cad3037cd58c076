//! The proof of one task: the form that fits it.

mod confirmation;
mod files;

use api_types::{
    TaskId,
    proof::{ProofType, SubmitProof},
    task::{Action, OperatorTaskView, TaskDomain},
};
use leptos::prelude::*;

use crate::{
    browser,
    client::SessionClient,
    components::{Empty, Page, Shape, load, loaded, spawn},
    outbox::{Outbox, Stage, WaitingProof},
    pages::{
        credential::CredentialForm,
        proof::{confirmation::ConfirmationForm, files::FilesForm},
    },
    route::Route,
    words,
};

/// The proof of the task named in the address.
#[component]
pub(crate) fn ProofPage(id: TaskId) -> impl IntoView {
    let client: SessionClient = expect_context();
    let task = load(move || {
        let client = client.clone();
        Box::pin(async move { client.operator_task(id).await })
    });
    loaded(task, |task| view! { <ProofForm task/> }.into_any())
}

#[component]
fn ProofForm(task: OperatorTaskView) -> impl IntoView {
    let outbox: Outbox = expect_context();
    let id = task.task_id;
    let under_way = outbox
        .peek(id)
        .is_some_and(|proof| !matches!(proof.stage, Stage::Draft));
    let back = (format!("/tasks/{id}"), "The task");
    let title = words::begin_proof(&task);
    if under_way || !task.actions.contains(&Action::Submit) {
        return view! {
            <Page title back>
                <Empty shape=Shape::Check title="There is no proof to send here now">
                    <p>"It was sent already, or the task is not yours. The task's page says which."</p>
                    <a class="button primary" href=format!("/tasks/{id}")>"See the task"</a>
                </Empty>
            </Page>
        }
        .into_any();
    }
    let name = task.title.clone();
    view! {
        <Page title back>
            <p class="quiet agent-text">{name}</p>
            {match (task.task_domain, task.proof_type) {
                (TaskDomain::Credential, _) => view! { <CredentialForm task/> }.into_any(),
                (_, ProofType::Confirmation) => view! { <ConfirmationForm task/> }.into_any(),
                _ => view! { <FilesForm task/> }.into_any(),
            }}
        </Page>
    }
    .into_any()
}

/// A proof that is about to be made, under the one `submission_id` that all its tries share;
/// nothing if the browser has no random bytes.
pub(crate) fn begin(task: &OperatorTaskView, client: &SessionClient) -> Option<WaitingProof> {
    let submission_id = Some(browser::new_id().ok()?);
    Some(WaitingProof {
        task_id: task.task_id,
        operator_id: client.operator_id(),
        title: task.title.clone(),
        proof_type: task.proof_type,
        stage: Stage::Draft,
        files: Vec::new(),
        proof: SubmitProof {
            submission_id,
            ..SubmitProof::default()
        },
        begun_at: browser::now(),
    })
}

/// Returns what hands a finished proof to the outbox and leads back to the task, where its way
/// can be watched.
pub(crate) fn use_hand_over() -> impl Fn(WaitingProof) + Clone {
    let outbox: Outbox = expect_context();
    let client: SessionClient = expect_context();
    let route: Route = expect_context();
    move |mut proof: WaitingProof| {
        let client = client.clone();
        proof.stage = Stage::Ready;
        spawn(async move {
            let to = format!("/tasks/{}", proof.task_id);
            // Without a store the proof is sent from memory; the first try comes at once.
            let _ = outbox.keep(proof).await;
            route.replace(&to);
            outbox.send_all(client).await;
        });
    }
}
