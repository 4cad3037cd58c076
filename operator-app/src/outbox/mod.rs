//! The outbox: proofs on their way, kept on the phone until the server has them.
//!
//! A proof has one `submission_id` for all of its tries, so sending it again is harmless. A file
//! that broke on the way begins again; the server knows the same bytes. Nothing here is plaintext
//! of a credential: what waits of one is its envelope.

mod store;

use std::time::Duration;

use api_types::{
    OperatorId, TaskId, Timestamp,
    proof::{ProofType, SubmitProof},
};
use leptos::prelude::*;
use serde::{Deserialize, Serialize};
use web_sys::{Blob, File};

use crate::{
    browser,
    client::{ClientError, SessionClient},
    components::spawn,
};
pub(crate) use store::NotKept;

/// After a failure sending goes on by itself: soon, then ever more seldom, and never before the
/// server said.
const AGAIN_AFTER_SECONDS_MIN: u32 = 5;
const AGAIN_AFTER_SECONDS_MAX: u32 = 300;

/// One proof that the server does not have yet.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct WaitingProof {
    pub(crate) task_id: TaskId,
    pub(crate) operator_id: OperatorId,
    pub(crate) title: String,
    pub(crate) proof_type: ProofType,
    pub(crate) stage: Stage,
    /// In the order of the task's requirements; their addresses join `proof` once all are sent.
    pub(crate) files: Vec<WaitingFile>,
    /// The rest of the proof.
    pub(crate) proof: SubmitProof,
    pub(crate) begun_at: Timestamp,
}

/// How far a waiting proof is.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Stage {
    /// Files are being picked; nothing is sent.
    Draft,
    /// To be sent as soon as the server can be reached.
    Ready,
    /// The server refused it; the person decides. Only for this visit: the next one asks again.
    #[serde(skip)]
    Refused(ClientError),
}

/// One file of a waiting proof; its bytes lie in the store under `key`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct WaitingFile {
    pub(crate) key: String,
    /// Which requirement it was taken for, by its place in the list.
    pub(crate) slot: usize,
    pub(crate) name: String,
    pub(crate) bytes: u64,
    /// The address that the server gave it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) url: Option<String>,
}

/// The file that is being sent now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sending {
    pub(crate) key: String,
    pub(crate) sent: u64,
    pub(crate) total: u64,
}

/// What waits of the operator who is signed in, and what is under way; another who uses this phone
/// sees nothing of it. A handle: copies mean the same outbox.
#[derive(Clone, Copy)]
pub(crate) struct Outbox {
    operator: StoredValue<Option<OperatorId>>,
    proofs: RwSignal<Vec<WaitingProof>>,
    sending: RwSignal<Option<Sending>>,
    busy: RwSignal<bool>,
    halted: RwSignal<Option<ClientError>>,
    received: RwSignal<u32>,
    /// The next try that nobody asks for, and how many failed before it.
    timer: StoredValue<Option<TimeoutHandle>>,
    failures: StoredValue<u32>,
}

impl Outbox {
    /// An outbox that has not been looked into yet.
    pub(crate) fn new() -> Self {
        Self {
            operator: StoredValue::new(None),
            proofs: RwSignal::new(Vec::new()),
            sending: RwSignal::new(None),
            busy: RwSignal::new(false),
            halted: RwSignal::new(None),
            received: RwSignal::new(0),
            timer: StoredValue::new(None),
            failures: StoredValue::new(0),
        }
    }

    /// Reads what an earlier visit of the operator left.
    pub(crate) async fn open(self, operator: OperatorId) {
        self.operator.set_value(Some(operator));
        if let Ok(mut proofs) = store::proofs().await {
            proofs.retain(|proof| self.is_open_for(proof.operator_id));
            self.proofs.set(proofs);
        }
    }

    /// Shows nothing any more, and goes on with nothing by itself; all stays kept.
    pub(crate) fn close(self) {
        self.rest();
        self.operator.set_value(None);
        self.proofs.set(Vec::new());
    }

    fn is_open_for(self, operator: OperatorId) -> bool {
        self.operator.get_value() == Some(operator)
    }

    /// Everything that waits.
    pub(crate) fn all(self) -> Vec<WaitingProof> {
        self.proofs.get()
    }

    /// What waits for one task.
    pub(crate) fn find(self, task: TaskId) -> Option<WaitingProof> {
        self.proofs
            .with(|all| all.iter().find(|proof| proof.task_id == task).cloned())
    }

    /// What waits for one task at this moment, without following what becomes of it.
    pub(crate) fn peek(self, task: TaskId) -> Option<WaitingProof> {
        self.proofs
            .with_untracked(|all| all.iter().find(|own| own.task_id == task).cloned())
    }

    /// The file that is on its way, with its bytes.
    pub(crate) fn sending(self) -> Option<Sending> {
        self.sending.get()
    }

    /// Why sending stopped, if it did.
    pub(crate) fn halted(self) -> Option<ClientError> {
        self.halted.get()
    }

    /// How many proofs the server has received since the app started; views reload by it.
    pub(crate) fn received(self) -> u32 {
        self.received.get()
    }

    /// The bytes of a file that waits.
    pub(crate) async fn file(self, key: &str) -> Result<Blob, NotKept> {
        store::file(key).await
    }

    /// Keeps a file with its draft. The draft comes from `begin` if this is its first file.
    pub(crate) async fn attach(
        self,
        begin: impl FnOnce() -> Option<WaitingProof>,
        task: TaskId,
        slot: usize,
        file: &File,
    ) -> Result<(), NotKept> {
        let key = browser::new_id().map_err(|_| NotKept)?;
        store::put_file(&key, file).await?;
        let mut proof = self.peek(task).or_else(begin).ok_or(NotKept)?;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a file's size is a whole number from 0 to 2^53"
        )]
        let bytes = file.size() as u64;
        let place = proof.files.partition_point(|other| other.slot <= slot);
        proof.files.insert(
            place,
            WaitingFile {
                key,
                slot,
                name: file.name(),
                bytes,
                url: None,
            },
        );
        self.keep(proof).await
    }

    /// Takes a file out of a draft.
    pub(crate) async fn detach(self, task: TaskId, key: &str) -> Result<(), NotKept> {
        let Some(mut proof) = self.peek(task) else {
            return Ok(());
        };
        proof.files.retain(|file| file.key != key);
        self.keep_draft(proof).await?;
        store::delete_file(key).await
    }

    /// Keeps a proof. In view at once, so that two that come together do not undo each other.
    pub(crate) async fn keep(self, proof: WaitingProof) -> Result<(), NotKept> {
        self.show(proof.clone());
        store::put_proof(&proof).await
    }

    /// Keeps a draft; forgets it once there is nothing in it.
    pub(crate) async fn keep_draft(self, draft: WaitingProof) -> Result<(), NotKept> {
        let written = &draft.proof;
        let empty = written.confirmation_text.is_none()
            && written.reference_url.is_none()
            && written.result.is_none()
            && written.notes.is_none()
            && draft.files.is_empty();
        if empty {
            self.discard(draft.task_id).await
        } else {
            self.keep(draft).await
        }
    }

    fn show(self, proof: WaitingProof) {
        if !self.is_open_for(proof.operator_id) {
            return;
        }
        self.proofs.update(
            |all| match all.iter_mut().find(|own| own.task_id == proof.task_id) {
                Some(own) => *own = proof,
                None => all.push(proof),
            },
        );
    }

    /// Throws a proof away that was not sent.
    pub(crate) async fn discard(self, task: TaskId) -> Result<(), NotKept> {
        if let Some(proof) = self.peek(task) {
            store::delete_proof(&proof).await?;
            self.proofs
                .update(|all| all.retain(|own| own.task_id != task));
        }
        Ok(())
    }

    /// Makes a refused proof ready again, with its files sent anew.
    pub(crate) async fn try_again(self, task: TaskId) -> Result<(), NotKept> {
        let Some(mut proof) = self.peek(task) else {
            return Ok(());
        };
        proof.stage = Stage::Ready;
        proof.files.iter_mut().for_each(|file| file.url = None);
        self.keep(proof).await
    }

    /// Makes a draft of a refused proof, to be corrected.
    pub(crate) async fn change(self, task: TaskId) -> Result<(), NotKept> {
        let Some(mut proof) = self.peek(task) else {
            return Ok(());
        };
        proof.stage = Stage::Draft;
        self.keep(proof).await
    }

    /// Tries to send everything that is ready, one after another and each once, unless the network
    /// is gone. What the server could not take now is tried again later. A second call meanwhile
    /// does nothing, so two taps send once.
    pub(crate) async fn send_all(self, client: SessionClient) {
        if self.busy.get_untracked() {
            return;
        }
        self.busy.set(true);
        self.rest();
        self.halted.set(None);
        let mut tried = Vec::new();
        while let Some(proof) = self.next_ready(client.operator_id(), &tried) {
            tried.push(proof.task_id);
            let sent = self.send(&client, proof.clone()).await;
            self.sending.set(None);
            match sent {
                Ok(()) => self.received.update(|count| *count += 1),
                Err(error) if error.is_retryable() => {
                    let no_network = matches!(error, ClientError::Unreachable);
                    self.halted.set(Some(error));
                    if no_network {
                        break;
                    }
                }
                Err(error) => self.refuse(proof.task_id, error),
            }
        }
        self.busy.set(false);
        self.go_on_later(client);
    }

    fn go_on_later(self, client: SessionClient) {
        let Some(error) = self.halted.get_untracked() else {
            return self.failures.set_value(0);
        };
        if !self.is_open_for(client.operator_id()) {
            return;
        }
        let failures = self.failures.get_value();
        self.failures.set_value(failures.saturating_add(1));
        let own = AGAIN_AFTER_SECONDS_MIN.saturating_mul(1 << failures.min(8));
        let own = own.min(AGAIN_AFTER_SECONDS_MAX);
        let seconds = error.retry_after().unwrap_or(0).max(own);
        let again = move || spawn(self.send_all(client));
        let timer = set_timeout_with_handle(again, Duration::from_secs(seconds.into()));
        self.timer.set_value(timer.ok());
    }

    fn rest(self) {
        if let Some(timer) = self.timer.get_value() {
            timer.clear();
        }
        self.timer.set_value(None);
    }

    async fn send(
        self,
        client: &SessionClient,
        mut proof: WaitingProof,
    ) -> Result<(), ClientError> {
        for place in 0..proof.files.len() {
            self.send_file(client, &mut proof, place).await?;
        }
        let urls: Vec<String> = proof
            .files
            .iter()
            .filter_map(|file| file.url.clone())
            .collect();
        let mut body = proof.proof.clone();
        match proof.proof_type {
            ProofType::Photo | ProofType::Screenshot => body.photos = Some(urls),
            ProofType::Artifact if !urls.is_empty() => body.artifacts = Some(urls),
            ProofType::Artifact | ProofType::Confirmation => {}
        }
        client.submit_proof(proof.task_id, &body).await?;
        // Should forgetting fail, the proof is sent once more and answered with the first receipt.
        let _ = store::delete_proof(&proof).await;
        self.proofs.update(|all| {
            all.retain(|own| (own.task_id, own.operator_id) != (proof.task_id, proof.operator_id));
        });
        Ok(())
    }

    async fn send_file(
        self,
        client: &SessionClient,
        proof: &mut WaitingProof,
        place: usize,
    ) -> Result<(), ClientError> {
        let Some(file) = proof.files.get_mut(place).filter(|file| file.url.is_none()) else {
            return Ok(());
        };
        // The browser itself lost the file: no network will bring it back.
        let blob = self
            .file(&file.key)
            .await
            .map_err(|_| ClientError::Lost)?;
        let (key, sending) = (file.key.clone(), self.sending);
        sending.set(Some(Sending {
            key: key.clone(),
            sent: 0,
            total: file.bytes,
        }));
        let progress = move |sent, total| {
            sending.set(Some(Sending {
                key: key.clone(),
                sent,
                total,
            }));
        };
        file.url = Some(client.upload(proof.task_id, &blob, progress).await?.url);
        // Should remembering fail, the file is sent once more and answered with the same upload.
        let _ = self.keep(proof.clone()).await;
        Ok(())
    }

    fn refuse(self, task: TaskId, error: ClientError) {
        let Some(mut proof) = self.peek(task) else {
            return;
        };
        proof.stage = Stage::Refused(error);
        self.show(proof);
    }

    fn next_ready(self, operator: OperatorId, tried: &[TaskId]) -> Option<WaitingProof> {
        let ready = |proof: &&WaitingProof| {
            proof.operator_id == operator
                && matches!(proof.stage, Stage::Ready)
                && !tried.contains(&proof.task_id)
        };
        self.proofs
            .with_untracked(|all| all.iter().find(ready).cloned())
    }
}
