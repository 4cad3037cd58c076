//! Disputes: who objects to what, and what the host decided (contract §4).

use serde::{Deserialize, Serialize};

use crate::{
    AgentId, DisputeId, MicroUsd, OperatorId, TaskId, Timestamp, names::names, task::Status,
};

/// Characters of a reason or a note at most.
pub const REASON_CHARS_MAX: usize = 1000;

names! {
    /// What ended a dispute.
    pub enum DisputeOutcome {
        /// The operator gets the reward, the platform its fee.
        Release = "RELEASE",
        /// The agent gets everything back.
        Refund = "REFUND",
        /// The operator gets a part, the agent the rest.
        Split = "SPLIT",
        /// The agent asked for a better proof instead.
        Revision = "REVISION",
    }
}

names! {
    /// Who opened a dispute.
    pub enum DisputeOpener {
        /// The Guardian found the proof bad.
        Guardian = "guardian",
        /// The agent rejected the proof, or objected within the hold.
        Agent = "agent",
        /// No new proof came in the time of a revision.
        Clock = "clock",
    }
}

/// A dispute, as the host sees it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Dispute {
    /// Its id.
    pub dispute_id: DisputeId,
    /// About which task.
    pub task_id: TaskId,
    /// Who posted the task.
    pub agent_id: AgentId,
    /// Who did it.
    pub operator_id: Option<OperatorId>,
    /// Who objects.
    pub opened_by: DisputeOpener,
    /// Why, in words.
    pub reason: Option<String>,
    /// What the operator would get.
    pub reward_usd: MicroUsd,
    /// What the platform would get.
    pub platform_fee_usd: MicroUsd,
    /// Since when.
    pub opened_at: Timestamp,
    /// When it ended.
    pub resolved_at: Option<Timestamp>,
    /// How it ended.
    pub outcome: Option<DisputeOutcome>,
    /// The host's words on it.
    pub note: Option<String>,
    /// Whether it is simulated, and moves no money; left out if it is not.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub sandbox: bool,
}

/// POST /admin/disputes/:id/resolve.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ResolveDispute {
    /// `RELEASE`, `REFUND` or `SPLIT`.
    pub outcome: DisputeOutcome,
    /// The operator's part of the reward; for `SPLIT` alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<crate::money::StatedUsd>))]
    pub operator_usd: Option<MicroUsd>,
    /// Why, 1 to 1 000 characters; both sides read it.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 1000))]
    pub note: String,
}

/// How a dispute was resolved, as both sides see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Resolution {
    /// `RELEASE`, `REFUND` or `SPLIT`.
    pub outcome: DisputeOutcome,
    /// What the operator got.
    pub operator_usd: MicroUsd,
    /// What the platform got.
    pub platform_fee_usd: MicroUsd,
    /// What the agent got back.
    pub refunded_usd: MicroUsd,
    /// The host's words.
    pub note: String,
    /// When.
    pub resolved_at: Timestamp,
}

/// POST /tasks/:id/dispute.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct OpenDispute {
    /// Why, 1 to 1 000 characters.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 1000))]
    pub reason: String,
}

/// The answer to POST /tasks/:id/dispute.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OpenedDispute {
    /// The task.
    pub task_id: TaskId,
    /// `DISPUTED`.
    pub status: Status,
    /// The dispute.
    pub dispute_id: DisputeId,
    /// Reward and fee, back in escrow until the host has decided.
    pub escrow_usd: MicroUsd,
}
