//! The page to submit the proof of a task, with the form for its proof type.

mod confirmation;
mod files;
mod result_form;

use std::time::Duration;

use api_types::{
    TaskId,
    proof::{ProofType, SubmitProof},
    status::Action,
    task::OperatorTaskView,
    task_type::TaskDomain,
};
use leptos::prelude::*;

use crate::{
    browser,
    client::SessionClient,
    components::{EmptyState, PageLayout, Shape, load, loaded_view, spawn},
    labels,
    outbox::{Outbox, OutboxProof, Stage},
    pages::{
        credential::CredentialForm,
        proof::{confirmation::ConfirmationForm, files::FilesForm},
    },
    route::Route,
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
    let back = (Screen::task(id), "The task");
    let title = labels::proof_action(&task);
    if under_way || !task.actions.contains(&Action::Submit) {
        return view! {
            <PageLayout title back>
                <EmptyState shape=Shape::Check title="There is no proof to send here now">
                    <p>"It was sent already, or the task is not yours. The task's page says which."</p>
                    <a class="button primary" href=Screen::task(id).path()>"See the task"</a>
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

/// Creates a draft with the `submission_id` that all its attempts share. Returns `None` if the
/// browser has no random bytes.
pub(crate) fn begin(task: &OperatorTaskView, client: &SessionClient) -> Option<OutboxProof> {
    let submission_id = Some(browser::new_id().ok()?);
    Some(OutboxProof {
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

/// The delay between the last key press and storing the text in the draft.
const AUTOSAVE_DELAY: Duration = Duration::from_millis(400);

/// Stores the text of a form in its draft while the person types and when the page is left, and
/// restores the text of an earlier visit.
#[derive(Clone, Copy)]
pub(crate) struct Autosave {
    task: StoredValue<OperatorTaskView>,
    client: StoredValue<SessionClient>,
    outbox: Outbox,
    /// The text that is not stored yet.
    pending: StoredValue<Option<SubmitProof>>,
    timer: StoredValue<Option<TimeoutHandle>>,
}

impl Autosave {
    pub(crate) fn of(task: &OperatorTaskView) -> Self {
        let autosave = Self {
            task: StoredValue::new(task.clone()),
            client: StoredValue::new(expect_context()),
            outbox: expect_context(),
            pending: StoredValue::new(None),
            timer: StoredValue::new(None),
        };
        on_cleanup(move || {
            autosave.save();
            autosave.cancel();
        });
        autosave
    }

    /// Returns the text of an earlier visit.
    pub(crate) fn earlier(self) -> SubmitProof {
        let id = self.task.with_value(|task| task.task_id);
        let draft = self.outbox.find_untracked(id);
        draft.map(|draft| draft.proof).unwrap_or_default()
    }

    /// Stores the given content after a short delay.
    pub(crate) fn schedule(self, written: SubmitProof) {
        self.cancel();
        self.pending.set_value(Some(written));
        let timer = set_timeout_with_handle(move || self.save(), AUTOSAVE_DELAY);
        self.timer.set_value(timer.ok());
    }

    fn save(self) {
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
            // If storing it fails, the text is still in the form.
            let _ = outbox.save_text(begun, written).await;
        });
    }

    /// Cancels what is still to be stored, because the proof was handed to the outbox or the page
    /// is gone.
    pub(crate) fn cancel(self) {
        self.pending.try_update_value(|pending| *pending = None);
        if let Some(timer) = self.timer.try_get_value().flatten() {
            timer.clear();
        }
    }
}

/// Returns a function that hands a finished proof to the outbox and navigates to the task, which
/// shows its progress.
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
