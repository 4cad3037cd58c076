//! Sends ready proofs, one at a time, as the schedule decides.

use std::rc::Rc;

use api_types::{OperatorId, TaskId, proof::ProofType};
use leptos::prelude::*;

use super::{
    Outbox, OutboxProof, ProofKey, Stage, UploadProgress, lock,
    schedule::{NextAction, Outcome, Schedule},
    store,
};
use crate::{
    browser,
    client::{ClientError, SessionClient},
    components::spawn,
};

impl Outbox {
    /// Does what the schedule says next. Called after every event that may change it.
    pub(super) fn advance(self) {
        if let Some(timer) = self.timer.get_value() {
            timer.clear();
        }
        self.timer.set_value(None);
        let Some(client) = self.client.get_value() else {
            return;
        };
        let ready = self.ready();
        let step = |schedule: &Schedule| schedule.next(&ready, browser::now());
        match self.schedule.with_untracked(step) {
            NextAction::Send(task) => {
                self.schedule.update(|schedule| schedule.begin(task));
                spawn(async move {
                    let outcome = self.try_once(&client, task).await;
                    self.end(client.operator_id(), task, &outcome);
                    self.advance();
                });
            }
            NextAction::Wait(wait) => {
                let timer = set_timeout_with_handle(move || self.advance(), wait);
                self.timer.set_value(timer.ok());
            }
            NextAction::Idle => {}
        }
    }

    fn ready(self) -> Vec<TaskId> {
        let ready = |proof: &&OutboxProof| proof.is_ready();
        self.proofs
            .with_untracked(|all| all.iter().filter(ready).map(|own| own.task_id).collect())
    }

    fn end(self, operator: OperatorId, task: TaskId, outcome: &Outcome) {
        self.sending.set(None);
        let (ready, is_open) = (self.ready(), self.operator() == Some(operator));
        self.schedule.update(|schedule| {
            if is_open {
                schedule.end(task, outcome, &ready, browser::now());
            } else {
                schedule.end_after_sign_out();
            }
        });
    }

    async fn try_once(self, client: &SessionClient, task: TaskId) -> Outcome {
        let key = ProofKey {
            operator: client.operator_id(),
            task,
        };
        let Some(_guard) = lock::try_acquire(&format!("humanops.outbox/{key}")).await else {
            return Outcome::Locked;
        };
        let Some(proof) = self.still_ready(key).await else {
            return Outcome::Superseded;
        };
        match self.send(client, key, proof.clone()).await {
            Ok(()) => {
                // If deleting it fails, the next visit sends the proof again and receives the first
                // receipt.
                let _ = self.change_same(key, &proof, |_| None).await;
                self.received.update(|count| *count += 1);
                Outcome::Done
            }
            Err(error) if error.is_retryable() => Outcome::Failed(error),
            Err(error) => {
                let refused = move |proof: OutboxProof| {
                    let stage = Stage::Refused(error.clone());
                    Some(OutboxProof { stage, ..proof })
                };
                // If storing it fails, the next visit sends the proof again.
                let _ = self.change_same(key, &proof, refused).await;
                Outcome::Done
            }
        }
    }

    /// Returns the stored proof if it is still ready; another tab may have sent it.
    async fn still_ready(self, key: ProofKey) -> Option<OutboxProof> {
        let changes = self.changes.get_value();
        let memory = || self.find_untracked(key.task).filter(OutboxProof::is_ready);
        if self.is_memory_only(key.task) {
            return memory();
        }
        let Ok(kept) = store::proof(key).await else {
            return memory();
        };
        let ready = kept.clone().filter(OutboxProof::is_ready);
        if self.changes.get_value() == changes {
            self.show_changed(key, &move |_| kept.clone());
        }
        if ready.is_none() {
            self.received.update(|count| *count += 1);
        }
        ready
    }

    async fn send(
        self,
        client: &SessionClient,
        key: ProofKey,
        mut proof: OutboxProof,
    ) -> Result<(), ClientError> {
        for place in 0..proof.files.len() {
            self.send_file(client, key, &mut proof, place).await?;
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

    async fn send_file(
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
        let blob = self.file(&file.key).await.map_err(|_| ClientError::Lost)?;
        let (own, sending, total) = (file.key.clone(), self.sending, file.bytes);
        let progress = move |sent, total| {
            let key = own.clone();
            sending.set(Some(UploadProgress { key, sent, total }));
        };
        progress(0, total);
        let url = client.upload(key.task, &blob, progress).await?.url;
        file.url = Some(url.clone());
        let own = file.key.clone();
        let received = move |mut proof: OutboxProof| {
            let file = proof.files.iter_mut().find(|file| file.key == own);
            if let Some(file) = file {
                file.url = Some(url.clone());
            }
            Some(proof)
        };
        // If storing it fails, the file is uploaded again, and the server returns the same upload.
        let _ = self.change_same(key, proof, received).await;
        Ok(())
    }

    /// Changes a proof, unless it is a different submission by now.
    async fn change_same(
        self,
        key: ProofKey,
        sent: &OutboxProof,
        change: impl Fn(OutboxProof) -> Option<OutboxProof> + 'static,
    ) -> Result<(), store::StorageError> {
        let submission = sent.proof.submission_id.clone();
        let change = move |proof: Option<OutboxProof>| {
            let proof = proof?;
            if proof.proof.submission_id == submission {
                change(proof)
            } else {
                Some(proof)
            }
        };
        self.change(key, Rc::new(change)).await
    }
}
