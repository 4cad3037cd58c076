//! Disputes: who opened them, and how the host resolved them.

use serde::{Deserialize, Serialize};

use crate::{
    bounds::bounds,
    id::{AgentId, DisputeId, OperatorId, TaskId},
    money::MicroUsd,
    status::Status,
    strings::string_enum,
    time::Timestamp,
};

/// Maximum number of characters in a reason that an agent gives, and in the note on a resolution.
pub const REASON_CHARS_MAX: usize = 1_000;

string_enum! {
    /// How a dispute ended.
    pub enum DisputeOutcome {
        /// The operator gets the reward, the platform gets its fee.
        Release = "RELEASE",
        /// The agent gets reward and fee back.
        Refund = "REFUND",
        /// The operator gets a part of the reward, the platform the same part of its fee, and the
        /// agent the rest.
        Split = "SPLIT",
        /// The agent asked for a revision of the proof instead.
        Revision = "REVISION",
    }
}

string_enum! {
    /// The party that opened a dispute.
    pub enum DisputeOpener {
        /// The Guardian rejected the proof.
        Guardian = "guardian",
        /// The agent rejected the proof, or disputed the payment within the hold.
        Agent = "agent",
        /// No revised proof was submitted in time.
        Clock = "clock",
    }
}

/// A dispute, as the host sees it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Dispute {
    /// The id of the dispute.
    pub dispute_id: DisputeId,
    /// The disputed task.
    pub task_id: TaskId,
    /// The agent that posted the task.
    pub agent_id: AgentId,
    /// The operator who did the task; null if nobody did.
    pub operator_id: Option<OperatorId>,
    /// The party that opened the dispute.
    pub opened_by: DisputeOpener,
    /// The reason as a sentence; null if none was given.
    pub reason: Option<String>,
    /// The reward, which the operator would get.
    pub reward_usd: MicroUsd,
    /// The fee, which the platform would get.
    pub platform_fee_usd: MicroUsd,
    /// When the dispute was opened.
    pub opened_at: Timestamp,
    /// When the dispute ended; null while it is open.
    pub resolved_at: Option<Timestamp>,
    /// How the dispute ended; null while it is open.
    pub outcome: Option<DisputeOutcome>,
    /// The host's note on the resolution.
    pub note: Option<String>,
    /// Whether the task is simulated and moves no money; left out if it is not.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub sandbox: bool,
}

/// The request body of POST /admin/disputes/:id/resolve.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ResolveDispute {
    /// How the dispute ends: `RELEASE`, `REFUND` or `SPLIT`.
    pub outcome: DisputeOutcome,
    /// The operator's part of the reward in US dollars; only for `SPLIT`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<crate::money::UsdInput>))]
    pub operator_usd: Option<MicroUsd>,
    /// The reason, 1 to 1 000 characters; agent and operator can read it.
    pub note: String,
}

bounds! {
    ResolveDispute {
        note: Chars(1..=REASON_CHARS_MAX),
    }
}

/// The resolution of a dispute, as agent and operator see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Resolution {
    /// How the dispute ends: `RELEASE`, `REFUND` or `SPLIT`.
    pub outcome: DisputeOutcome,
    /// Amount in US dollars that the operator got.
    pub operator_usd: MicroUsd,
    /// Amount in US dollars that the platform got.
    pub platform_fee_usd: MicroUsd,
    /// Amount in US dollars that the agent got back.
    pub refunded_usd: MicroUsd,
    /// The host's note on the resolution.
    pub note: String,
    /// When the host resolved the dispute.
    pub resolved_at: Timestamp,
}

/// The request body of POST /tasks/:id/dispute.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct OpenDispute {
    /// The reason, 1 to 1 000 characters.
    pub reason: String,
}

bounds! {
    OpenDispute {
        reason: Chars(1..=REASON_CHARS_MAX),
    }
}

/// The response to POST /tasks/:id/dispute.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OpenedDispute {
    /// The id of the task.
    pub task_id: TaskId,
    /// The task's new status, `DISPUTED`.
    pub status: Status,
    /// The id of the dispute.
    pub dispute_id: DisputeId,
    /// Reward and fee, back in escrow until the host resolves the dispute.
    pub escrow_usd: MicroUsd,
}
