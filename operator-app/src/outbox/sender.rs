//! Sends ready proofs, one at a time, as the schedule decides.

use api_types::{OperatorId, TaskId, proof::ProofType};
use leptos::prelude::*;

use super::{
    lock,
    proof::{OutboxProof, ProofKey, Stage},
    proofs::Proofs,
    schedule::{NextAction, Outcome, Schedule, WakeReason},
    store,
};
use crate::{
    browser::{self, spawn},
    client::SessionClient,
    response::ClientError,
};

/// The file that is being uploaded now, with its progress in bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct UploadProgress {
    /// The key of the file.
    pub(crate) key: String,
    pub(crate) sent: u64,
    pub(crate) total: u64,
}

/// Sends the ready proofs of the signed-in operator. This is a handle: copies refer to the same
/// sender.
#[derive(Clone, Copy)]
pub(super) struct Sender {
    proofs: Proofs,
    client: StoredValue<Option<SessionClient>>,
    progress: RwSignal<Option<UploadProgress>>,
    schedule: RwSignal<Schedule>,
    /// The timer that calls [`Sender::run`] again.
    timer: StoredValue<Option<TimeoutHandle>>,
}

impl Sender {
    pub(super) fn new(proofs: Proofs) -> Self {
        Self {
            proofs,
            client: StoredValue::new(None),
            progress: RwSignal::new(None),
            schedule: RwSignal::new(Schedule::default()),
            timer: StoredValue::new(None),
        }
    }

    /// Sets the client that sends. Nothing is sent before [`Self::wake`].
    pub(super) fn open(self, client: SessionClient) {
        self.client.set_value(Some(client));
    }

    /// Starts no new attempts; an attempt that is running continues to its end.
    pub(super) fn close(self) {
        self.client.set_value(None);
        self.schedule.update(Schedule::close);
        self.run();
    }

    /// Ends the backoffs that the reason makes pointless, and sends what is ready.
    pub(super) fn wake(self, reason: WakeReason) {
        self.schedule.update(|schedule| schedule.wake(reason));
        self.run();
    }

    /// Ends the backoff of a proof that the person changed, and sends what is ready.
    pub(super) fn reset(self, task: TaskId) {
        self.schedule.update(|schedule| schedule.reset(task));
        self.run();
    }

    /// Returns the progress of the running upload, and subscribes the caller.
    pub(super) fn progress(self) -> Option<UploadProgress> {
        self.progress.get()
    }

    /// Returns the error that delays a proof, and subscribes the caller.
    pub(super) fn error(self, task: TaskId) -> Option<ClientError> {
        self.schedule.with(|schedule| schedule.error(task))
    }

    /// Does what the schedule says next. Called after every event that may change it.
    fn run(self) {
        if let Some(timer) = self.timer.get_value() {
            timer.clear();
        }
        self.timer.set_value(None);
        let Some(client) = self.client.get_value() else {
            return;
        };
        let ready = self.proofs.ready();
        let next = |schedule: &Schedule| schedule.next(&ready, browser::now());
        match self.schedule.with_untracked(next) {
            NextAction::Send(task) => {
                self.schedule.update(|schedule| schedule.begin(task));
                spawn(async move {
                    let outcome = self.attempt(&client, task).await;
                    self.end(client.operator_id(), task, &outcome);
                    self.run();
                });
            }
            NextAction::Wait(wait) => {
                let timer = set_timeout_with_handle(move || self.run(), wait);
                self.timer.set_value(timer.ok());
            }
            NextAction::Idle => {}
        }
    }

    fn end(self, operator: OperatorId, task: TaskId, outcome: &Outcome) {
        self.progress.set(None);
        let ready = self.proofs.ready();
        let is_open = self.proofs.is_open_for(operator);
        self.schedule.update(|schedule| {
            if is_open {
                schedule.end(task, outcome, &ready, browser::now());
            } else {
                schedule.end_after_sign_out();
            }
        });
    }

    async fn attempt(self, client: &SessionClient, task: TaskId) -> Outcome {
        let key = ProofKey {
            operator: client.operator_id(),
            task,
        };
        let Some(_guard) = lock::try_acquire(&format!("humanops.outbox/{key}")).await else {
            return Outcome::Locked;
        };
        let Some(proof) = self.proofs.reload_ready(key).await else {
            return Outcome::Superseded;
        };
        match self.send(client, key, proof.clone()).await {
            Ok(()) => {
                // If deleting it fails, the proof is sent again later and receives the first
                // receipt.
                let _ = self.proofs.change_same(key, &proof, |_| None).await;
                self.proofs.count_received();
                Outcome::Done
            }
            Err(error) if error.is_retryable() => Outcome::Failed(error),
            Err(error) => {
                let refuse = move |proof: OutboxProof| {
                    let stage = Stage::Refused(error.clone());
                    Some(OutboxProof { stage, ..proof })
                };
                // If storing it fails, the proof is sent again later.
                let _ = self.proofs.change_same(key, &proof, refuse).await;
                Outcome::Done
            }
        }
    }

    async fn send(
        self,
        client: &SessionClient,
        key: ProofKey,
        mut proof: OutboxProof,
    ) -> Result<(), ClientError> {
        for place in 0..proof.files.len() {
            self.upload(client, key, &mut proof, place).await?;
        }
        let urls: Vec<String> = proof
            .files
            .iter()
            .filter_map(|file| file.url.clone())
            .collect();
        let mut body = proof.proof;
        match proof.proof_type {
            ProofType::Photo | ProofType::Screenshot => body.photos = Some(urls),
            ProofType::Artifact if !urls.is_empty() => body.artifacts = Some(urls),
            ProofType::Artifact | ProofType::Confirmation => {}
        }
        client.submit_proof(key.task, &body).await
    }

    async fn upload(
        self,
        client: &SessionClient,
        key: ProofKey,
        proof: &mut OutboxProof,
        place: usize,
    ) -> Result<(), ClientError> {
        let Some(file) = proof.files.get_mut(place).filter(|file| file.url.is_none()) else {
            return Ok(());
        };
        // The browser lost the file, so a retry cannot succeed.
        let blob = store::file(&file.key)
            .await
            .map_err(|_| ClientError::Lost)?;
        let (file_key, progress, total) = (file.key.clone(), self.progress, file.bytes);
        let show_progress = move |sent, total| {
            let key = file_key.clone();
            progress.set(Some(UploadProgress { key, sent, total }));
        };
        show_progress(0, total);
        let url = client.upload(key.task, &blob, show_progress).await?.url;
        file.url = Some(url.clone());
        let file_key = file.key.clone();
        let set_url = move |mut proof: OutboxProof| {
            let file = proof.files.iter_mut().find(|file| file.key == file_key);
            if let Some(file) = file {
                file.url = Some(url.clone());
            }
            Some(proof)
        };
        // If storing it fails, the file is uploaded again, and the server returns the same upload.
        let _ = self.proofs.change_same(key, proof, set_url).await;
        Ok(())
    }
}
