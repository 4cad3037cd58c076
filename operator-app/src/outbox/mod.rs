//! The outbox: stores proofs on the phone until the server has received them.
//!
//! All attempts to submit a proof have the same `submission_id`, so retries are harmless. An upload
//! that broke starts again; the server recognises the same bytes. The outbox holds no plaintext of
//! a credential, only its envelope.
//!
//! `proofs.rs` keeps the proofs, in memory for the views and in the store; `schedule.rs` decides
//! when to send, and `sender.rs` sends.

mod backoff;
mod lock;
mod proof;
mod proofs;
mod schedule;
mod sender;
mod store;

use std::rc::Rc;

use api_types::{OperatorId, TaskId, proof::SubmitProof};
use web_sys::{Blob, File};

use crate::{browser, client::SessionClient, response::ClientError};
pub(crate) use proof::{OutboxFile, OutboxProof, Stage};
use proofs::Proofs;
use schedule::WakeReason;
use sender::Sender;
pub(crate) use sender::UploadProgress;
pub(crate) use store::StorageError;

/// The unsent proofs of the signed-in operator, and the state of sending them. Proofs of other
/// operators on the same phone are not visible. This is a handle: copies refer to the same outbox.
#[derive(Clone, Copy)]
pub(crate) struct Outbox {
    proofs: Proofs,
    sender: Sender,
}

impl Outbox {
    /// Creates an empty outbox that has not read the store yet.
    pub(crate) fn new() -> Self {
        let proofs = Proofs::new();
        Self {
            proofs,
            sender: Sender::new(proofs),
        }
    }

    /// Reads the operator's stored proofs and sends those that are ready.
    pub(crate) async fn open(self, client: SessionClient) {
        self.proofs.open(client.operator_id());
        self.sender.open(client);
        self.refresh().await;
    }

    /// Clears the shown proofs and stops starting new attempts; the stored proofs remain.
    pub(crate) fn close(self) {
        self.proofs.close();
        self.sender.close();
    }

    /// Deletes everything of the operator that is stored on this phone and not sent, and stops
    /// sending.
    pub(crate) async fn wipe(self, operator: OperatorId) -> Result<(), StorageError> {
        self.close();
        store::delete_all_of(operator).await
    }

    /// Reads changes that other tabs made, and sends what is ready without further backoff. Called
    /// when the network is back or the page becomes visible.
    pub(crate) async fn refresh(self) {
        self.proofs.reload().await;
        self.sender.wake(WakeReason::Network);
    }

    /// Sends what is ready now, at the person's request.
    pub(crate) fn send_now(self) {
        self.sender.wake(WakeReason::Person);
    }

    /// Returns all unsent proofs, and subscribes the caller.
    pub(crate) fn all(self) -> Vec<OutboxProof> {
        self.proofs.all()
    }

    /// Returns the unsent proof of a task, and subscribes the caller.
    pub(crate) fn find(self, task: TaskId) -> Option<OutboxProof> {
        self.proofs.find(task)
    }

    /// Returns the unsent proof of a task without subscribing the caller.
    pub(crate) fn find_untracked(self, task: TaskId) -> Option<OutboxProof> {
        self.proofs.find_untracked(task)
    }

    /// Returns the progress of the file that is being uploaded.
    pub(crate) fn upload_progress(self) -> Option<UploadProgress> {
        self.sender.progress()
    }

    /// Returns the error that delays a ready proof, if there is one.
    pub(crate) fn send_error(self, task: TaskId) -> Option<ClientError> {
        self.sender.error(task)
    }

    /// Returns how many proofs the server has received since the app started; views that read it
    /// reload.
    pub(crate) fn received(self) -> u32 {
        self.proofs.received()
    }

    /// Returns the bytes of an unsent file.
    pub(crate) async fn file(self, key: &str) -> Result<Blob, StorageError> {
        store::file(key).await
    }

    /// Stores a file in a draft. If none is stored yet, `new_draft` becomes the draft.
    pub(crate) async fn add_file(
        self,
        new_draft: OutboxProof,
        slot: usize,
        file: &File,
    ) -> Result<(), StorageError> {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a file's size is a whole number from 0 to 2^53"
        )]
        let bytes = file.size() as u64;
        let added = OutboxFile {
            key: browser::new_id().map_err(|_| StorageError)?,
            slot,
            name: file.name(),
            bytes,
            url: None,
        };
        let (key, file_key) = (new_draft.key(), added.key.clone());
        let add = move |proof: Option<OutboxProof>| {
            let mut proof = proof.unwrap_or_else(|| new_draft.clone());
            if proof.is_draft() {
                let place = proof.files.partition_point(|other| other.slot <= slot);
                proof.files.insert(place, added.clone());
            }
            Some(proof)
        };
        let blob: &Blob = file;
        self.proofs
            .change(key, Rc::new(add), Some((&file_key, blob)))
            .await
    }

    /// Removes a file from a draft.
    pub(crate) async fn remove_file(
        self,
        task: TaskId,
        file_key: &str,
    ) -> Result<(), StorageError> {
        let key = self.proofs.key(task).ok_or(StorageError)?;
        let file_key = file_key.to_owned();
        let remove = move |proof: Option<OutboxProof>| {
            let mut proof = proof?;
            if proof.is_draft() {
                proof.files.retain(|file| file.key != file_key);
            }
            Some(proof).filter(|proof| !proof.is_empty_draft())
        };
        self.proofs.change(key, Rc::new(remove), None).await
    }

    /// Stores the text of a draft. If none is stored yet, `new_draft` becomes the draft.
    pub(crate) async fn save_text(
        self,
        new_draft: OutboxProof,
        text: SubmitProof,
    ) -> Result<(), StorageError> {
        let key = new_draft.key();
        let save = move |proof: Option<OutboxProof>| {
            let mut proof = proof.unwrap_or_else(|| new_draft.clone());
            if proof.is_draft() {
                proof.proof = SubmitProof {
                    submission_id: proof.proof.submission_id,
                    ..text.clone()
                };
            }
            Some(proof).filter(|proof| !proof.is_empty_draft())
        };
        self.proofs.change(key, Rc::new(save), None).await
    }

    /// Stores a finished proof and sends it; if it cannot be stored, it is sent from memory. Its
    /// files are those of the stored draft.
    pub(crate) async fn submit(self, mut proof: OutboxProof) -> Result<(), StorageError> {
        proof.stage = Stage::Ready;
        let key = proof.key();
        let submit = move |draft: Option<OutboxProof>| {
            let mut ready = proof.clone();
            if let Some(draft) = draft.filter(|draft| draft.is_same(&ready)) {
                ready.files = draft.files;
            }
            Some(ready)
        };
        let stored = self.proofs.change(key, Rc::new(submit), None).await;
        self.sender.reset(key.task);
        stored
    }

    /// Deletes a proof that was not sent.
    pub(crate) async fn discard(self, task: TaskId) -> Result<(), StorageError> {
        self.change_and_reset(task, |_| None).await
    }

    /// Makes a refused proof ready again, uploads its files again, and sends it.
    pub(crate) async fn retry(self, task: TaskId) -> Result<(), StorageError> {
        let make_ready = |mut proof: OutboxProof| {
            if matches!(proof.stage, Stage::Refused(_)) {
                proof.stage = Stage::Ready;
                proof.files.iter_mut().for_each(|file| file.url = None);
            }
            Some(proof)
        };
        self.change_and_reset(task, make_ready).await
    }

    /// Turns a proof that was refused or cannot be delivered into a draft, so that it can be
    /// corrected.
    pub(crate) async fn reopen(self, task: TaskId) -> Result<(), StorageError> {
        let make_draft = |proof: OutboxProof| {
            let stage = Stage::Draft;
            Some(OutboxProof { stage, ..proof })
        };
        self.change_and_reset(task, make_draft).await
    }

    /// Changes a proof at the person's request, which ends its backoff.
    async fn change_and_reset(
        self,
        task: TaskId,
        change: impl Fn(OutboxProof) -> Option<OutboxProof> + 'static,
    ) -> Result<(), StorageError> {
        let key = self.proofs.key(task).ok_or(StorageError)?;
        let change = move |proof: Option<OutboxProof>| proof.and_then(&change);
        let stored = self.proofs.change(key, Rc::new(change), None).await;
        self.sender.reset(task);
        stored
    }
}
