//! The outbox: proofs on their way, kept on the phone until the server has them.
//!
//! A proof has one `submission_id` for all of its tries, so sending it again is harmless. A file
//! that broke on the way begins again; the server knows the same bytes. Nothing here is plaintext
//! of a credential: what waits of one is its envelope.
//!
//! What is shown is a copy of what is kept; a change is made to both. When what is sent is decided
//! in `schedule.rs` and done in `send.rs`.

mod lock;
mod schedule;
mod send;
mod store;
mod waiting;

use std::rc::Rc;

use api_types::{OperatorId, TaskId, proof::SubmitProof};
use leptos::prelude::*;
use web_sys::{Blob, File};

use crate::{
    browser,
    client::{ClientError, SessionClient},
};
use schedule::{Hurry, Schedule};
pub(crate) use store::NotKept;
use waiting::ProofKey;
pub(crate) use waiting::{Stage, WaitingFile, WaitingProof};

/// The file that is being sent now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sending {
    pub(crate) key: String,
    pub(crate) sent: u64,
    pub(crate) total: u64,
}

/// What a change makes of a proof, or of there being none; none afterwards if the proof is to go.
/// It is applied to what is shown and to what is kept, where another tab may have left another.
type Change = dyn Fn(Option<WaitingProof>) -> Option<WaitingProof>;

/// What waits of the operator who is signed in, and what is under way; another who uses this phone
/// sees nothing of it. A handle: copies mean the same outbox.
#[derive(Clone, Copy)]
pub(crate) struct Outbox {
    client: StoredValue<Option<SessionClient>>,
    proofs: RwSignal<Vec<WaitingProof>>,
    /// Changes of `proofs` so far.
    changes: StoredValue<u32>,
    /// Proofs that the phone does not keep, as in a private window: they are sent from memory.
    unkept: StoredValue<Vec<TaskId>>,
    sending: RwSignal<Option<Sending>>,
    received: RwSignal<u32>,
    schedule: RwSignal<Schedule>,
    /// Asks the schedule again.
    timer: StoredValue<Option<TimeoutHandle>>,
}

impl Outbox {
    /// An outbox that has not been looked into yet.
    pub(crate) fn new() -> Self {
        Self {
            client: StoredValue::new(None),
            proofs: RwSignal::new(Vec::new()),
            changes: StoredValue::new(0),
            unkept: StoredValue::new(Vec::new()),
            sending: RwSignal::new(None),
            received: RwSignal::new(0),
            schedule: RwSignal::new(Schedule::default()),
            timer: StoredValue::new(None),
        }
    }

    /// Reads what an earlier visit of the operator left, and sends what is ready.
    pub(crate) async fn open(self, client: SessionClient) {
        self.client.set_value(Some(client));
        self.look_again().await;
    }

    /// Shows nothing any more, and goes on with nothing by itself; all stays kept.
    pub(crate) fn close(self) {
        self.client.set_value(None);
        self.show(Vec::new());
        self.unkept.set_value(Vec::new());
        self.schedule.update(Schedule::close);
        self.go_on();
    }

    /// Reads what other tabs did meanwhile, and sends what is ready without waiting any longer. For
    /// when the network or the person is back.
    pub(crate) async fn look_again(self) {
        self.read().await;
        self.schedule
            .update(|schedule| schedule.hurry(Hurry::Network));
        self.go_on();
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
                // Something was changed while it was read.
                continue;
            }
            proofs.retain(|proof| Some(proof.operator_id) == operator);
            let memory = self.proofs.get_untracked().into_iter();
            for proof in memory.filter(|proof| self.is_unkept(proof.task_id)) {
                proofs.retain(|kept| kept.task_id != proof.task_id);
                proofs.push(proof);
            }
            return self.show(proofs);
        }
    }

    /// Sends what is ready now, because the person asked for it.
    pub(crate) fn send_now(self) {
        self.schedule
            .update(|schedule| schedule.hurry(Hurry::Person));
        self.go_on();
    }

    fn operator(self) -> Option<OperatorId> {
        self.client
            .with_value(|client| client.as_ref().map(SessionClient::operator_id))
    }

    fn key(self, task: TaskId) -> Option<ProofKey> {
        self.operator().map(|operator| ProofKey { operator, task })
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

    /// Why a proof that is ready is not being sent now, if something failed.
    pub(crate) fn trouble(self, task: TaskId) -> Option<ClientError> {
        self.schedule.with(|schedule| schedule.trouble(task))
    }

    /// How many proofs the server has received since the app started; views reload by it.
    pub(crate) fn received(self) -> u32 {
        self.received.get()
    }

    /// The bytes of a file that waits.
    pub(crate) async fn file(self, key: &str) -> Result<Blob, NotKept> {
        store::file(key).await
    }

    /// Keeps a file with its draft, which is `begun` if this is its first file.
    pub(crate) async fn attach(
        self,
        begun: WaitingProof,
        slot: usize,
        file: &File,
    ) -> Result<(), NotKept> {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a file's size is a whole number from 0 to 2^53"
        )]
        let bytes = file.size() as u64;
        let new = WaitingFile {
            key: browser::new_id().map_err(|_| NotKept)?,
            slot,
            name: file.name(),
            bytes,
            url: None,
        };
        let (own, key) = (begun.key(), new.key.clone());
        let attach = move |proof: Option<WaitingProof>| {
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

    /// Takes a file out of a draft.
    pub(crate) async fn detach(self, task: TaskId, key: &str) -> Result<(), NotKept> {
        let key = key.to_owned();
        self.change_draft(task, move |proof| {
            proof.files.retain(|file| file.key != key);
        })
        .await
    }

    /// Keeps what is written of a draft, which is `begun` if nothing was kept of it before.
    pub(crate) async fn write(
        self,
        begun: WaitingProof,
        written: SubmitProof,
    ) -> Result<(), NotKept> {
        let own = begun.key();
        let write = move |proof: Option<WaitingProof>| {
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

    /// Keeps a finished proof and sends it. Without a store it is sent from memory. Its files are
    /// those that are kept with its draft.
    pub(crate) async fn hand_over(self, mut proof: WaitingProof) -> Result<(), NotKept> {
        proof.stage = Stage::Ready;
        let own = proof.key();
        let hand_over = move |draft: Option<WaitingProof>| {
            let mut ready = proof.clone();
            if let Some(draft) = draft.filter(|draft| draft.is_same(&ready)) {
                ready.files = draft.files;
            }
            Some(ready)
        };
        let kept = self.change(own, Rc::new(hand_over)).await;
        self.schedule.update(|schedule| schedule.forget(own.task));
        self.go_on();
        kept
    }

    /// Throws a proof away that was not sent.
    pub(crate) async fn discard(self, task: TaskId) -> Result<(), NotKept> {
        let own = self.key(task).ok_or(NotKept)?;
        let gone = self.change(own, Rc::new(|_| None)).await;
        self.schedule.update(|schedule| schedule.forget(task));
        self.go_on();
        gone
    }

    /// Makes a refused proof ready again, with its files sent anew, and sends it.
    pub(crate) async fn try_again(self, task: TaskId) -> Result<(), NotKept> {
        let again = |mut proof: WaitingProof| {
            if matches!(proof.stage, Stage::Refused(_)) {
                proof.stage = Stage::Ready;
                proof.files.iter_mut().for_each(|file| file.url = None);
            }
            proof
        };
        let own = self.key(task).ok_or(NotKept)?;
        let kept = self
            .change(own, Rc::new(move |proof| proof.map(again)))
            .await;
        self.schedule.update(|schedule| schedule.forget(task));
        self.go_on();
        kept
    }

    /// Makes a draft of a proof that was refused or does not get through, to be corrected.
    pub(crate) async fn reopen(self, task: TaskId) -> Result<(), NotKept> {
        let reopen = |proof: WaitingProof| WaitingProof {
            stage: Stage::Draft,
            ..proof
        };
        let own = self.key(task).ok_or(NotKept)?;
        let kept = self
            .change(own, Rc::new(move |proof| proof.map(reopen)))
            .await;
        self.schedule.update(|schedule| schedule.forget(task));
        self.go_on();
        kept
    }

    async fn change_draft(
        self,
        task: TaskId,
        change: impl Fn(&mut WaitingProof) + 'static,
    ) -> Result<(), NotKept> {
        let own = self.key(task).ok_or(NotKept)?;
        let change = move |proof: Option<WaitingProof>| {
            let mut proof = proof?;
            if proof.is_draft() {
                change(&mut proof);
            }
            Some(proof).filter(|proof| !proof.is_empty_draft())
        };
        self.change(own, Rc::new(change)).await
    }

    async fn change(self, key: ProofKey, change: Rc<Change>) -> Result<(), NotKept> {
        self.change_with(key, change, None).await
    }

    /// Changes what is shown at once, and then what is kept. What is kept afterwards is shown, as
    /// another tab may have changed it before, unless something was changed meanwhile, which then
    /// shows it.
    async fn change_with(
        self,
        key: ProofKey,
        change: Rc<Change>,
        file: Option<(&str, &Blob)>,
    ) -> Result<(), NotKept> {
        self.show_changed(key, &*change);
        let own = self.changes.get_value();
        let change: Rc<Change> = if self.is_unkept(key.task) {
            let shown = self.peek(key.task);
            Rc::new(move |_| shown.clone())
        } else {
            change
        };
        match store::change(key, &*change, file).await {
            Ok(Some(kept)) => {
                self.unkept
                    .update_value(|unkept| unkept.retain(|task| *task != key.task));
                if self.changes.get_value() == own {
                    self.show_changed(key, &move |_| Some(kept.clone()));
                }
                Ok(())
            }
            Ok(None) => Ok(()),
            Err(NotKept) => {
                if self.operator() == Some(key.operator) {
                    self.unkept.update_value(|unkept| unkept.push(key.task));
                }
                Err(NotKept)
            }
        }
    }

    fn is_unkept(self, task: TaskId) -> bool {
        self.unkept.with_value(|unkept| unkept.contains(&task))
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

    fn show(self, proofs: Vec<WaitingProof>) {
        self.changes
            .update_value(|changes| *changes = changes.wrapping_add(1));
        self.proofs.set(proofs);
    }
}
