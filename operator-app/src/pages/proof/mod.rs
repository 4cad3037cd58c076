//! The proof of one task: the form that fits it.

mod confirmation;
mod files;
mod result;

use std::time::Duration;

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

/// What is typed into a proof is kept with its draft this long after the last key.
const KEPT_AFTER: Duration = Duration::from_millis(400);

/// The text of a proof that is being written: what an earlier visit left, and its keeping. Leaving
/// the page keeps it too.
#[derive(Clone, Copy)]
pub(crate) struct Typed {
    task: StoredValue<OperatorTaskView>,
    client: StoredValue<SessionClient>,
    outbox: Outbox,
    /// What is not kept yet.
    pending: StoredValue<Option<SubmitProof>>,
    timer: StoredValue<Option<TimeoutHandle>>,
}

impl Typed {
    pub(crate) fn of(task: &OperatorTaskView) -> Self {
        let typed = Self {
            task: StoredValue::new(task.clone()),
            client: StoredValue::new(expect_context()),
            outbox: expect_context(),
            pending: StoredValue::new(None),
            timer: StoredValue::new(None),
        };
        on_cleanup(move || {
            typed.keep();
            typed.rest();
        });
        typed
    }

    /// What was written before.
    pub(crate) fn earlier(self) -> SubmitProof {
        let id = self.task.with_value(|task| task.task_id);
        let draft = self.outbox.peek(id);
        draft.map(|draft| draft.proof).unwrap_or_default()
    }

    /// Keeps what the form holds now, a moment later.
    pub(crate) fn keep_soon(self, written: SubmitProof) {
        self.rest();
        self.pending.set_value(Some(written));
        let timer = set_timeout_with_handle(move || self.keep(), KEPT_AFTER);
        self.timer.set_value(timer.ok());
    }

    fn keep(self) {
        let pending = self.pending.try_get_value().flatten();
        let (Some(written), Some(task), Some(client)) = (
            pending,
            self.task.try_get_value(),
            self.client.try_get_value(),
        ) else {
            return;
        };
        self.pending.set_value(None);
        let outbox = self.outbox;
        let Some(begun) = begin(&task, &client) else {
            return;
        };
        spawn(async move {
            // Should the phone not keep it, it is still in the form.
            let _ = outbox.write(begun, written).await;
        });
    }

    /// Keeps nothing more: the proof is on its way, or the page is gone.
    pub(crate) fn rest(self) {
        self.pending.try_update_value(|pending| *pending = None);
        if let Some(timer) = self.timer.try_get_value().flatten() {
            timer.clear();
        }
    }
}

/// Returns what hands a finished proof to the outbox and leads back to the task, where its way
/// can be watched.
pub(crate) fn use_hand_over() -> impl Fn(WaitingProof) + Clone {
    let outbox: Outbox = expect_context();
    let route: Route = expect_context();
    move |proof: WaitingProof| {
        spawn(async move {
            let to = format!("/tasks/{}", proof.task_id);
            // Without a store the proof is sent from memory; the first try comes at once.
            let _ = outbox.hand_over(proof).await;
            route.replace(&to);
        });
    }
}
