//! Approvals: requests above the threshold of a key's policy, and a person's decision on them.

use serde::{Deserialize, Serialize};

use crate::{
    id::{ApprovalId, KeyId, TaskId},
    money::MicroUsd,
    strings::string_enum,
    time::Timestamp,
};

string_enum! {
    /// The state of an approval.
    #[derive(Hash)]
    pub enum ApprovalStatus {
        /// The request waits for a decision.
        Pending = "PENDING",
        /// The same request is accepted once.
        Approved = "APPROVED",
        /// The same request is refused.
        Rejected = "REJECTED",
        /// The approved request was made.
        Used = "USED",
        /// The approval is too old to be decided or used.
        Expired = "EXPIRED",
    }
}

string_enum! {
    /// A person's decision on a request.
    pub enum ApprovalDecision {
        /// The request may be made, once.
        Approve = "APPROVE",
        /// The request must not be made.
        Reject = "REJECT",
    }
}

/// The request body of POST /agents/approvals/:id.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct DecideApproval {
    /// Whether the request may be made.
    pub decision: ApprovalDecision,
}

/// A request that needs a person's decision.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ApprovalView {
    /// The id of the approval.
    pub approval_id: ApprovalId,
    /// The state of the approval.
    pub status: ApprovalStatus,
    /// The API key that made the request.
    pub key_id: KeyId,
    /// Sum of reward and fee in US dollars at the time of the request.
    pub total_usd: MicroUsd,
    /// The body of POST /tasks that is accepted after approval, without its secrets.
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub request: serde_json::Value,
    /// When the request was made.
    pub created_at: Timestamp,
    /// The deadline for the decision and, once approved, for the use of the approval.
    pub expires_at: Timestamp,
    /// When it was decided; null until then.
    pub decided_at: Option<Timestamp>,
    /// The id of the key that decided, or `host`; null until then.
    pub decided_by: Option<String>,
    /// The task that the approved request created; null until then.
    pub task_id: Option<TaskId>,
}
