//! A proof that waits, as it is shown and as it is kept.

use std::fmt;

use api_types::{
    OperatorId, TaskId, Timestamp,
    proof::{ProofType, SubmitProof},
};
use serde::{Deserialize, Serialize};

use crate::client::ClientError;

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
    /// The server refused it, and it rests until the person decides.
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

impl WaitingProof {
    pub(super) fn key(&self) -> ProofKey {
        ProofKey {
            operator: self.operator_id,
            task: self.task_id,
        }
    }

    pub(super) fn is_draft(&self) -> bool {
        matches!(self.stage, Stage::Draft)
    }

    pub(super) fn is_ready(&self) -> bool {
        matches!(self.stage, Stage::Ready)
    }

    pub(super) fn is_empty_draft(&self) -> bool {
        let written = &self.proof;
        self.is_draft()
            && written.confirmation_text.is_none()
            && written.reference_url.is_none()
            && written.result.is_none()
            && written.notes.is_none()
            && self.files.is_empty()
    }

    /// Whether the other is the same submission, perhaps at another stage.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.proof.submission_id == other.proof.submission_id
    }
}

/// Each operator who uses the phone has one proof a task.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct ProofKey {
    pub(super) operator: OperatorId,
    pub(super) task: TaskId,
}

impl fmt::Display for ProofKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.operator, self.task)
    }
}
