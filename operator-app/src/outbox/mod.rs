//! The outbox: stores proofs on the phone until the server has received them.
//!
//! All attempts to submit a proof have the same `submission_id`, so retries are harmless. An upload
//! that broke starts again; the server recognises the same bytes. The outbox holds no plaintext of
//! a credential, only its envelope.
//!
//! The views show an in-memory copy of the stored proofs; every change is made to both.
//! `schedule.rs` decides when to send, and `send.rs` sends.

mod lock;
mod proof;
mod schedule;
mod send;
mod store;

use std::rc::Rc;

use api_types::{OperatorId, TaskId, proof::SubmitProof};
use leptos::prelude::*;
use web_sys::{Blob, File};

use crate::{
    browser,
    client::{ClientError, SessionClient},
};
use proof::ProofKey;
pub(crate) use proof::{OutboxFile, OutboxProof, Stage};
use schedule::{Schedule, WakeReason};
pub(crate) use store::StorageError;

/// The file that is being uploaded now, with its progress in bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct UploadProgress {
    pub(crate) key: String,
    pub(crate) sent: u64,
    pub(crate) total: u64,
}

/// A change of a proof: maps the proof before, or `None`, to the proof after, or `None` to delete
/// it. It is applied to the shown proof and to the stored one, which another tab may have changed.
type Change = dyn Fn(Option<OutboxProof>) -> Option<OutboxProof>;

/// The waiting proofs of the signed-in operator, and the state of sending them. Proofs of other
/// operators on the same phone are not visible. This is a handle: copies refer to the same outbox.
#[derive(Clone, Copy)]
pub(crate) struct Outbox {
    client: StoredValue<Option<SessionClient>>,
    proofs: RwSignal<Vec<OutboxProof>>,
    /// Number of changes to `proofs` so far.
    changes: StoredValue<u32>,
    /// Tasks whose proofs the browser did not store, as in a private window; they are sent from
    /// memory.
    memory_only: StoredValue<Vec<TaskId>>,
    sending: RwSignal<Option<UploadProgress>>,
    received: RwSignal<u32>,
    schedule: RwSignal<Schedule>,
    /// The timer that calls [`Outbox::advance`] again.
    timer: StoredValue<Option<TimeoutHandle>>,
}

impl Outbox {
    /// Creates an empty outbox that has not read the store yet.
    pub(crate) fn new() -> Self {
        Self {
            client: StoredValue::new(None),
            proofs: RwSignal::new(Vec::new()),
            changes: StoredValue::new(0),
            memory_only: StoredValue::new(Vec::new()),
            sending: RwSignal::new(None),
            received: RwSignal::new(0),
            schedule: RwSignal::new(Schedule::default()),
            timer: StoredValue::new(None),
        }
    }

    /// Reads the operator's stored proofs and sends those that are ready.
    pub(crate) async fn open(self, client: SessionClient) {
        self.client.set_value(Some(client));
        self.refresh().await;
    }

    /// Clears the shown proofs and stops starting new attempts; the stored proofs remain.
    pub(crate) fn close(self) {
        self.client.set_value(None);
        self.show(Vec::new());
        self.memory_only.set_value(Vec::new());
        self.schedule.update(Schedule::close);
        self.advance();
    }

    /// Reads changes that other tabs made, and sends what is ready without further backoff. Called
    /// when the network is back or the page becomes visible.
    pub(crate) async fn refresh(self) {
        self.read().await;
        self.schedule
            .update(|schedule| schedule.wake(WakeReason::Network));
        self.advance();
    }

    async fn read(self) {
        loop {
            let (operator, changes) = (self.operator(), self.changes.get_value());
            let Ok(mut proofs) = store::proofs().await else {
                return;
            };
            if self.operator() != operator {
                return;
            }
            if self.changes.get_value() != changes {
                // The proofs changed during the read, so read again.
                continue;
            }
            proofs.retain(|proof| Some(proof.operator_id) == operator);
            let memory = self.proofs.get_untracked().into_iter();
            for proof in memory.filter(|proof| self.is_memory_only(proof.task_id)) {
                proofs.retain(|kept| kept.task_id != proof.task_id);
                proofs.push(proof);
            }
            return self.show(proofs);
        }
    }

    /// Sends what is ready now, at the person's request.
    pub(crate) fn send_now(self) {
        self.schedule
            .update(|schedule| schedule.wake(WakeReason::Person));
        self.advance();
    }

    fn operator(self) -> Option<OperatorId> {
        self.client
            .with_value(|client| client.as_ref().map(SessionClient::operator_id))
    }

    fn key(self, task: TaskId) -> Option<ProofKey> {
        self.operator().map(|operator| ProofKey { operator, task })
    }

    /// Returns all waiting proofs, and subscribes the caller.
    pub(crate) fn all(self) -> Vec<OutboxProof> {
        self.proofs.get()
    }

    /// Returns the waiting proof of a task, and subscribes the caller.
    pub(crate) fn find(self, task: TaskId) -> Option<OutboxProof> {
        self.proofs
            .with(|all| all.iter().find(|proof| proof.task_id == task).cloned())
    }

    /// Returns the waiting proof of a task without subscribing the caller.
    pub(crate) fn find_untracked(self, task: TaskId) -> Option<OutboxProof> {
        self.proofs
            .with_untracked(|all| all.iter().find(|own| own.task_id == task).cloned())
    }

    /// Returns the file that is being uploaded, with its progress.
    pub(crate) fn upload_progress(self) -> Option<UploadProgress> {
        self.sending.get()
    }

    /// Returns the error that delays a ready proof, if there is one.
    pub(crate) fn send_error(self, task: TaskId) -> Option<ClientError> {
        self.schedule.with(|schedule| schedule.error(task))
    }

    /// Returns how many proofs the server has received since the app started; views that read it
    /// reload.
    pub(crate) fn received(self) -> u32 {
        self.received.get()
    }

    /// Returns the bytes of a waiting file.
    pub(crate) async fn file(self, key: &str) -> Result<Blob, StorageError> {
        store::file(key).await
    }

    /// Stores a file in a draft. The draft is `begun` if none is stored yet.
    pub(crate) async fn add_file(
        self,
        begun: OutboxProof,
        slot: usize,
        file: &File,
    ) -> Result<(), StorageError> {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a file's size is a whole number from 0 to 2^53"
        )]
        let bytes = file.size() as u64;
        let new = OutboxFile {
            key: browser::new_id().map_err(|_| StorageError)?,
            slot,
            name: file.name(),
            bytes,
            url: None,
        };
        let (own, key) = (begun.key(), new.key.clone());
        let attach = move |proof: Option<OutboxProof>| {
            let mut proof = proof.unwrap_or_else(|| begun.clone());
            if proof.is_draft() {
                let place = proof.files.partition_point(|other| other.slot <= slot);
                proof.files.insert(place, new.clone());
            }
            Some(proof)
        };
        let blob: &Blob = file;
        self.change_with(own, Rc::new(attach), Some((&key, blob)))
            .await
    }

    /// Removes a file from a draft.
    pub(crate) async fn remove_file(self, task: TaskId, key: &str) -> Result<(), StorageError> {
        let key = key.to_owned();
        self.change_draft(task, move |proof| {
            proof.files.retain(|file| file.key != key);
        })
        .await
    }

    /// Stores the text of a draft. The draft is `begun` if none is stored yet.
    pub(crate) async fn save_text(
        self,
        begun: OutboxProof,
        written: SubmitProof,
    ) -> Result<(), StorageError> {
        let own = begun.key();
        let write = move |proof: Option<OutboxProof>| {
            let mut proof = proof.unwrap_or_else(|| begun.clone());
            if proof.is_draft() {
                proof.proof = SubmitProof {
                    submission_id: proof.proof.submission_id,
                    ..written.clone()
                };
            }
            Some(proof).filter(|proof| !proof.is_empty_draft())
        };
        self.change(own, Rc::new(write)).await
    }

    /// Stores a finished proof and sends it; if it cannot be stored, it is sent from memory. Its
    /// files are those of the stored draft.
    pub(crate) async fn submit(self, mut proof: OutboxProof) -> Result<(), StorageError> {
        proof.stage = Stage::Ready;
        let own = proof.key();
        let submit = move |draft: Option<OutboxProof>| {
            let mut ready = proof.clone();
            if let Some(draft) = draft.filter(|draft| draft.is_same(&ready)) {
                ready.files = draft.files;
            }
            Some(ready)
        };
        let kept = self.change(own, Rc::new(submit)).await;
        self.schedule.update(|schedule| schedule.forget(own.task));
        self.advance();
        kept
    }

    /// Deletes a proof that was not sent.
    pub(crate) async fn discard(self, task: TaskId) -> Result<(), StorageError> {
        let own = self.key(task).ok_or(StorageError)?;
        let gone = self.change(own, Rc::new(|_| None)).await;
        self.schedule.update(|schedule| schedule.forget(task));
        self.advance();
        gone
    }

    /// Makes a refused proof ready again, uploads its files again, and sends it.
    pub(crate) async fn retry(self, task: TaskId) -> Result<(), StorageError> {
        let again = |mut proof: OutboxProof| {
            if matches!(proof.stage, Stage::Refused(_)) {
                proof.stage = Stage::Ready;
                proof.files.iter_mut().for_each(|file| file.url = None);
            }
            proof
        };
        let own = self.key(task).ok_or(StorageError)?;
        let kept = self
            .change(own, Rc::new(move |proof| proof.map(again)))
            .await;
        self.schedule.update(|schedule| schedule.forget(task));
        self.advance();
        kept
    }

    /// Turns a proof that was refused or cannot be delivered into a draft, so that it can be
    /// corrected.
    pub(crate) async fn reopen(self, task: TaskId) -> Result<(), StorageError> {
        let reopen = |proof: OutboxProof| OutboxProof {
            stage: Stage::Draft,
            ..proof
        };
        let own = self.key(task).ok_or(StorageError)?;
        let kept = self
            .change(own, Rc::new(move |proof| proof.map(reopen)))
            .await;
        self.schedule.update(|schedule| schedule.forget(task));
        self.advance();
        kept
    }

    async fn change_draft(
        self,
        task: TaskId,
        change: impl Fn(&mut OutboxProof) + 'static,
    ) -> Result<(), StorageError> {
        let own = self.key(task).ok_or(StorageError)?;
        let change = move |proof: Option<OutboxProof>| {
            let mut proof = proof?;
            if proof.is_draft() {
                change(&mut proof);
            }
            Some(proof).filter(|proof| !proof.is_empty_draft())
        };
        self.change(own, Rc::new(change)).await
    }

    async fn change(self, key: ProofKey, change: Rc<Change>) -> Result<(), StorageError> {
        self.change_with(key, change, None).await
    }

    /// Changes the shown proof at once and then the stored one. Afterwards shows the stored result,
    /// because another tab may have changed it before; skips this if another change was made
    /// meanwhile, which then shows its own result.
    async fn change_with(
        self,
        key: ProofKey,
        change: Rc<Change>,
        file: Option<(&str, &Blob)>,
    ) -> Result<(), StorageError> {
        self.show_changed(key, &*change);
        let own = self.changes.get_value();
        let change: Rc<Change> = if self.is_memory_only(key.task) {
            let shown = self.find_untracked(key.task);
            Rc::new(move |_| shown.clone())
        } else {
            change
        };
        match store::change(key, &*change, file).await {
            Ok(Some(kept)) => {
                self.memory_only
                    .update_value(|memory_only| memory_only.retain(|task| *task != key.task));
                if self.changes.get_value() == own {
                    self.show_changed(key, &move |_| Some(kept.clone()));
                }
                Ok(())
            }
            Ok(None) => Ok(()),
            Err(StorageError) => {
                if self.operator() == Some(key.operator) {
                    self.memory_only
                        .update_value(|memory_only| memory_only.push(key.task));
                }
                Err(StorageError)
            }
        }
    }

    fn is_memory_only(self, task: TaskId) -> bool {
        self.memory_only
            .with_value(|memory_only| memory_only.contains(&task))
    }

    fn show_changed(self, key: ProofKey, change: &Change) {
        if self.operator() != Some(key.operator) {
            return;
        }
        let mut proofs = self.proofs.get_untracked();
        let place = proofs.iter().position(|proof| proof.task_id == key.task);
        let before = place.map(|place| proofs.remove(place));
        if let Some(after) = change(before) {
            proofs.insert(place.unwrap_or(proofs.len()), after);
        }
        self.show(proofs);
    }

    fn show(self, proofs: Vec<OutboxProof>) {
        self.changes
            .update_value(|changes| *changes = changes.wrapping_add(1));
        self.proofs.set(proofs);
    }
}
