//! Stores the text of a proof form in its draft while the person types.

use std::time::Duration;

use api_types::{proof::SubmitProof, task::OperatorTaskView};
use leptos::prelude::*;

use crate::{
    browser::spawn,
    client::SessionClient,
    outbox::{Outbox, OutboxProof},
};

/// The delay between the last key press and storing the text in the draft.
const AUTOSAVE_DELAY: Duration = Duration::from_millis(400);

/// Stores the text of a form in its draft while the person types and when the page is left, and
/// restores the text of a stored draft.
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
        // A phone may end an app that is not visible without telling it.
        let hidden = window_event_listener_untyped("visibilitychange", move |_| autosave.save());
        on_cleanup(move || {
            hidden.remove();
            autosave.save();
            autosave.cancel();
        });
        autosave
    }

    /// Returns the text of the stored draft.
    pub(crate) fn stored(self) -> SubmitProof {
        let id = self.task.with_value(|task| task.task_id);
        let draft = self.outbox.find_untracked(id);
        draft.map(|draft| draft.proof).unwrap_or_default()
    }

    /// Stores the given content after a short delay.
    pub(crate) fn schedule(self, text: SubmitProof) {
        self.cancel();
        self.pending.set_value(Some(text));
        let timer = set_timeout_with_handle(move || self.save(), AUTOSAVE_DELAY);
        self.timer.set_value(timer.ok());
    }

    fn save(self) {
        let pending = self.pending.try_get_value().flatten();
        let (Some(text), Some(task), Some(client)) = (
            pending,
            self.task.try_get_value(),
            self.client.try_get_value(),
        ) else {
            return;
        };
        self.pending.set_value(None);
        let outbox = self.outbox;
        let Some(new_draft) = OutboxProof::new_draft(&task, client.operator_id()) else {
            return;
        };
        spawn(async move {
            // If storing it fails, the text is still in the form.
            let _ = outbox.save_text(new_draft, text).await;
        });
    }

    /// Cancels what is still to be stored, because the proof was submitted or the page is gone.
    pub(crate) fn cancel(self) {
        self.pending.try_update_value(|pending| *pending = None);
        if let Some(timer) = self.timer.try_get_value().flatten() {
            timer.clear();
        }
    }
}
