//! Approvals: a request that a key may not make alone, and what a person says of it (contract §3).

use serde::{Deserialize, Serialize};

use crate::{ApprovalId, KeyId, MicroUsd, TaskId, Timestamp, names::names};

names! {
    /// How far an approval has come.
    #[derive(Hash)]
    pub enum ApprovalStatus {
        /// Nobody has decided yet.
        Pending = "PENDING",
        /// The same request goes through, once.
        Approved = "APPROVED",
        /// The same request is refused.
        Rejected = "REJECTED",
        /// The request went through.
        Used = "USED",
        /// Too old to be decided or used.
        Expired = "EXPIRED",
    }
}

names! {
    /// What a person says of a request.
    pub enum ApprovalDecision {
        /// It may go through, once.
        Approve = "APPROVE",
        /// It may not.
        Reject = "REJECT",
    }
}

/// POST /agents/approvals/:id.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct DecideApproval {
    /// Whether the request may go through.
    pub decision: ApprovalDecision,
}

/// One request that a person is asked about.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ApprovalView {
    /// Its id.
    pub approval_id: ApprovalId,
    /// How far it has come.
    pub status: ApprovalStatus,
    /// The key that asks.
    pub key_id: KeyId,
    /// Reward and fee, as they were when it was asked.
    pub total_usd: MicroUsd,
    /// The body of POST /tasks that goes through when it is approved, without its secrets.
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub request: serde_json::Value,
    /// When it was asked.
    pub created_at: Timestamp,
    /// Until when it can be decided and, once approved, used.
    pub expires_at: Timestamp,
    /// When it was decided.
    pub decided_at: Option<Timestamp>,
    /// The key that decided, or `host`.
    pub decided_by: Option<String>,
    /// The task that the approved request made.
    pub task_id: Option<TaskId>,
}
