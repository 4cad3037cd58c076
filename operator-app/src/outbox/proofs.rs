//! The proofs of the signed-in operator: a copy in memory, which the views show, and the stored
//! proofs, which survive the end of the app. Every change is made to both.

use std::rc::Rc;

use api_types::{OperatorId, TaskId};
use leptos::prelude::*;
use web_sys::Blob;

use super::{
    proof::{OutboxProof, ProofChange, ProofKey},
    store::{self, StorageError},
};

/// The unsent proofs of one operator. This is a handle: copies refer to the same proofs.
#[derive(Clone, Copy)]
pub(super) struct Proofs {
    operator: StoredValue<Option<OperatorId>>,
    shown: RwSignal<Vec<OutboxProof>>,
    /// Number of changes to `shown` so far.
    revision: StoredValue<u32>,
    /// Tasks whose proofs the browser did not store, as in a private window; they are sent from
    /// memory.
    memory_only: StoredValue<Vec<TaskId>>,
    received: RwSignal<u32>,
}

impl Proofs {
    pub(super) fn new() -> Self {
        Self {
            operator: StoredValue::new(None),
            shown: RwSignal::new(Vec::new()),
            revision: StoredValue::new(0),
            memory_only: StoredValue::new(Vec::new()),
            received: RwSignal::new(0),
        }
    }

    /// Selects the operator whose proofs [`Self::reload`] shows.
    pub(super) fn open(self, operator: OperatorId) {
        self.operator.set_value(Some(operator));
    }

    /// Clears the shown proofs; the stored proofs remain.
    pub(super) fn close(self) {
        self.operator.set_value(None);
        self.show(Vec::new());
        self.memory_only.set_value(Vec::new());
    }

    /// Returns whether this operator's proofs are shown.
    pub(super) fn is_open_for(self, operator: OperatorId) -> bool {
        self.operator.get_value() == Some(operator)
    }

    /// Returns the key of the operator's proof of a task, or `None` if no operator is signed in.
    pub(super) fn key(self, task: TaskId) -> Option<ProofKey> {
        let operator = self.operator.get_value();
        operator.map(|operator| ProofKey { operator, task })
    }

    /// Returns all proofs, and subscribes the caller.
    pub(super) fn all(self) -> Vec<OutboxProof> {
        self.shown.get()
    }

    /// Returns the proof of a task, and subscribes the caller.
    pub(super) fn find(self, task: TaskId) -> Option<OutboxProof> {
        self.shown
            .with(|all| all.iter().find(|proof| proof.task_id == task).cloned())
    }

    /// Returns the proof of a task without subscribing the caller.
    pub(super) fn find_untracked(self, task: TaskId) -> Option<OutboxProof> {
        self.shown
            .with_untracked(|all| all.iter().find(|proof| proof.task_id == task).cloned())
    }

    /// Returns the tasks whose proofs are ready, without subscribing the caller.
    pub(super) fn ready(self) -> Vec<TaskId> {
        self.shown.with_untracked(|all| {
            let ready = all.iter().filter(|proof| proof.is_ready());
            ready.map(|proof| proof.task_id).collect()
        })
    }

    /// Returns how many proofs the server has received since the app started, and subscribes the
    /// caller.
    pub(super) fn received(self) -> u32 {
        self.received.get()
    }

    /// Counts a proof that the server has received.
    pub(super) fn count_received(self) {
        self.received.update(|count| *count += 1);
    }

    /// Reads all proofs from the store, because another tab may have changed them.
    pub(super) async fn reload(self) {
        loop {
            let (operator, revision) = (self.operator.get_value(), self.revision.get_value());
            let Ok(mut proofs) = store::proofs().await else {
                return;
            };
            if self.operator.get_value() != operator {
                return;
            }
            if self.revision.get_value() != revision {
                // The proofs changed during the read, so read again.
                continue;
            }
            proofs.retain(|proof| Some(proof.operator_id) == operator);
            let in_memory = self.shown.get_untracked().into_iter();
            for proof in in_memory.filter(|proof| self.is_memory_only(proof.task_id)) {
                proofs.retain(|stored| stored.task_id != proof.task_id);
                proofs.push(proof);
            }
            return self.show(proofs);
        }
    }

    /// Reads one proof from the store and returns it if it is still ready. If it is not, another
    /// tab has sent it, changed it or discarded it.
    pub(super) async fn reload_ready(self, key: ProofKey) -> Option<OutboxProof> {
        let revision = self.revision.get_value();
        let in_memory = || self.find_untracked(key.task).filter(OutboxProof::is_ready);
        if self.is_memory_only(key.task) {
            return in_memory();
        }
        let Ok(stored) = store::proof(key).await else {
            return in_memory();
        };
        let ready = stored.clone().filter(OutboxProof::is_ready);
        if self.revision.get_value() == revision {
            self.show_changed(key, &move |_| stored.clone());
        }
        if ready.is_none() {
            self.count_received();
        }
        ready
    }

    /// Changes the shown proof at once and then the stored one. Afterwards shows the stored result,
    /// because another tab may have changed it before; skips this if another change was made
    /// meanwhile, which then shows its own result.
    ///
    /// Stores `file`, which is its key and its bytes, if the changed proof refers to it.
    pub(super) async fn change(
        self,
        key: ProofKey,
        change: Rc<ProofChange>,
        file: Option<(&str, &Blob)>,
    ) -> Result<(), StorageError> {
        self.show_changed(key, &*change);
        let revision = self.revision.get_value();
        let change: Rc<ProofChange> = if self.is_memory_only(key.task) {
            let shown = self.find_untracked(key.task);
            Rc::new(move |_| shown.clone())
        } else {
            change
        };
        match store::change(key, &*change, file).await {
            Ok(Some(stored)) => {
                self.memory_only
                    .update_value(|tasks| tasks.retain(|task| *task != key.task));
                if self.revision.get_value() == revision {
                    self.show_changed(key, &move |_| Some(stored.clone()));
                }
                Ok(())
            }
            Ok(None) => Ok(()),
            Err(StorageError) => {
                if self.is_open_for(key.operator) {
                    self.memory_only.update_value(|tasks| tasks.push(key.task));
                }
                Err(StorageError)
            }
        }
    }

    /// Changes a proof, unless it is a different submission by now.
    pub(super) async fn change_same(
        self,
        key: ProofKey,
        sent: &OutboxProof,
        change: impl Fn(OutboxProof) -> Option<OutboxProof> + 'static,
    ) -> Result<(), StorageError> {
        let submission = sent.proof.submission_id.clone();
        let change = move |proof: Option<OutboxProof>| {
            let proof = proof?;
            if proof.proof.submission_id == submission {
                change(proof)
            } else {
                Some(proof)
            }
        };
        self.change(key, Rc::new(change), None).await
    }

    fn is_memory_only(self, task: TaskId) -> bool {
        self.memory_only.with_value(|tasks| tasks.contains(&task))
    }

    fn show_changed(self, key: ProofKey, change: &ProofChange) {
        if !self.is_open_for(key.operator) {
            return;
        }
        let mut proofs = self.shown.get_untracked();
        let place = proofs.iter().position(|proof| proof.task_id == key.task);
        let before = place.map(|place| proofs.remove(place));
        if let Some(after) = change(before) {
            proofs.insert(place.unwrap_or(proofs.len()), after);
        }
        self.show(proofs);
    }

    fn show(self, proofs: Vec<OutboxProof>) {
        self.revision
            .update_value(|revision| *revision = revision.wrapping_add(1));
        self.shown.set(proofs);
    }
}
