//! An unsent proof, as it is shown and stored.

use std::fmt;

use api_types::{
    OperatorId, TaskId, Timestamp,
    proof::{ProofType, SubmitProof},
    task::OperatorTaskView,
};
use serde::{Deserialize, Serialize};

use crate::{browser, response::ClientError};

/// A proof that the server has not received yet.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct OutboxProof {
    pub(crate) task_id: TaskId,
    pub(crate) operator_id: OperatorId,
    pub(crate) title: String,
    pub(crate) proof_type: ProofType,
    pub(crate) stage: Stage,
    /// The files in the order of the task's requirements; their URLs are added to `proof` once all
    /// are uploaded.
    pub(crate) files: Vec<OutboxFile>,
    /// The proof without the URLs of its files.
    pub(crate) proof: SubmitProof,
    pub(crate) begun_at: Timestamp,
}

/// The stage of an unsent proof.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Stage {
    /// The person is still working on it; nothing is sent.
    Draft,
    /// The proof is sent as soon as the server can be reached.
    Ready,
    /// The server refused it; it is not sent again until the person decides.
    Refused(ClientError),
}

/// A file of an unsent proof; its bytes are in the file store under `key`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct OutboxFile {
    pub(crate) key: String,
    /// The index of the requirement that the file was taken for.
    pub(crate) slot: usize,
    pub(crate) name: String,
    pub(crate) bytes: u64,
    /// The URL that the server returned; `None` until the file is uploaded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) url: Option<String>,
}

impl OutboxProof {
    /// Creates an empty draft with the `submission_id` that all its attempts share. Returns `None`
    /// if the browser has no random bytes.
    pub(crate) fn new_draft(task: &OperatorTaskView, operator_id: OperatorId) -> Option<Self> {
        Some(Self {
            task_id: task.task_id,
            operator_id,
            title: task.title.clone(),
            proof_type: task.proof_type,
            stage: Stage::Draft,
            files: Vec::new(),
            proof: SubmitProof {
                submission_id: Some(browser::new_id().ok()?),
                ..SubmitProof::default()
            },
            begun_at: browser::now(),
        })
    }

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

    /// Returns whether the other proof is the same submission, possibly at another stage.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.proof.submission_id == other.proof.submission_id
    }
}

/// The key of a stored proof: each operator on the phone has at most one proof per task.
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

/// A change of a proof: maps the proof before, or `None`, to the proof after, or `None` to delete
/// it. It is applied to the shown proof and to the stored one, which another tab may have changed.
pub(super) type ProofChange = dyn Fn(Option<OutboxProof>) -> Option<OutboxProof>;
