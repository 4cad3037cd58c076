//! The agent's review of a proof: approval, rejection, and the request of a revision.

use serde::{Deserialize, Serialize};

use crate::{
    bounds::bounds,
    dispute::REASON_CHARS_MAX,
    id::TaskId,
    new_task::{REQUIREMENT_CHARS_MAX, REQUIREMENTS_MAX},
    status::Status,
    strings::string_enum,
    time::Timestamp,
};

string_enum! {
    /// An agent's decision on a proof.
    pub enum VerifyDecision {
        /// The proof is approved and the operator is paid.
        Approve = "APPROVE",
        /// The proof is rejected and the task is disputed.
        Reject = "REJECT",
    }
}

/// The request body of POST /tasks/:id/verify.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct VerifyTask {
    /// The decision on the proof.
    pub decision: VerifyDecision,
    /// The reason, 1 to 1 000 characters; the operator can read it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The task's requirements that are not met, at most 20, in the task's own wording.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unmet_requirements: Option<Vec<String>>,
}

bounds! {
    VerifyTask {
        reason: Chars(1..=REASON_CHARS_MAX),
        unmet_requirements: Strings(0..=REQUIREMENTS_MAX, 1..=REQUIREMENT_CHARS_MAX),
    }
}

/// The response to POST /tasks/:id/verify.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct VerifiedTask {
    /// The id of the task.
    pub task_id: TaskId,
    /// The task's new status, `COMPLETED` or `DISPUTED`.
    pub status: Status,
    /// The result as a sentence.
    pub message: String,
}

/// An agent's rejection of a proof.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Rejection {
    /// The agent's reason; null if it gave none.
    pub reason: Option<String>,
    /// The requirements that the agent found unmet, in the task's own wording.
    pub unmet_requirements: Vec<String>,
    /// When the agent rejected the proof.
    pub rejected_at: Timestamp,
}

/// The request body of POST /tasks/:id/request-revision.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct RequestRevision {
    /// What to improve, 1 to 1 000 characters; the operator can read it.
    pub reason: String,
    /// The task's requirements that are not met, at most 20, in the task's own wording.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unmet_requirements: Option<Vec<String>>,
}

bounds! {
    RequestRevision {
        reason: Chars(1..=REASON_CHARS_MAX),
        unmet_requirements: Strings(0..=REQUIREMENTS_MAX, 1..=REQUIREMENT_CHARS_MAX),
    }
}

/// The response to POST /tasks/:id/request-revision.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RequestedRevision {
    /// The id of the task.
    pub task_id: TaskId,
    /// The task's new status, `IN_PROGRESS`.
    pub status: Status,
    /// The deadline for a revised proof.
    pub resubmit_by: Timestamp,
}

/// An agent's request to improve a proof.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Revision {
    /// What to improve, in the agent's words.
    pub reason: String,
    /// The requirements that the agent found unmet, in the task's own wording.
    pub unmet_requirements: Vec<String>,
    /// When the agent requested the revision.
    pub requested_at: Timestamp,
    /// The deadline for a revised proof; after it the task is disputed.
    pub resubmit_by: Timestamp,
}
