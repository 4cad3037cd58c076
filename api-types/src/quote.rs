//! The quote for a task: what POST /tasks responds to a request with `dry_run`.

use serde::{Deserialize, Serialize};

use crate::{
    agent::Tier,
    error::ErrorCode,
    money::MicroUsd,
    proof::ProofType,
    task_type::{TaskDomain, TaskType},
    time::Timestamp,
};

/// The response to POST /tasks with `dry_run`: the cost of the task, the obstacles to creating it,
/// and the number of operators who could accept it. Nothing is created.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Quote {
    /// Always `true` in this response.
    pub dry_run: bool,
    /// Whether the task would be simulated; left out if not.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub sandbox: bool,
    /// An explanation of the simulation; left out if the task would not be simulated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sandbox_notice: Option<String>,
    /// Whether the same request without `dry_run` would create the task now.
    pub would_be_created: bool,
    /// All reasons against creating the task, as its refusals would state them; empty if it would
    /// be created.
    pub obstacles: Vec<Obstacle>,
    /// The kind of work.
    pub task_type: TaskType,
    /// The domain of the type.
    pub task_domain: TaskDomain,
    /// The kind of proof that the task would ask for.
    pub proof_type: ProofType,
    /// Amount in US dollars that the operator would get.
    pub reward_usd: MicroUsd,
    /// Amount in US dollars that the platform would get.
    pub platform_fee: MicroUsd,
    /// The fee in per cent of the reward, by the agent's spending in the last 30 days. In addition,
    /// there is a minimum fee.
    pub fee_percent: f64,
    /// Sum of reward and fee in US dollars, which would go into escrow.
    pub total_escrow: MicroUsd,
    /// Amount in US dollars that the agent can spend now.
    pub balance: MicroUsd,
    /// Whether the balance covers `total_escrow`.
    pub sufficient_balance: bool,
    /// What remains of the tier's limits today.
    pub tier_headroom: TierHeadroom,
    /// Number of approved operators who do such tasks and have the required rating. For a task with
    /// a place, these are operators within 50 km and operators who gave no position, each counted
    /// up to 1 000.
    pub eligible_operators: u64,
    /// The given deadline, in UTC.
    pub deadline: Timestamp,
}

/// One reason why the task would not be created.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Obstacle {
    /// The error code of the refusal.
    pub code: ErrorCode,
    /// The sentence of the refusal.
    pub message: String,
}

/// What remains of a tier's limits until the end of the UTC day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TierHeadroom {
    /// The agent's trust level.
    pub tier: Tier,
    /// Maximum reward of one task in US dollars.
    pub max_task_usd: MicroUsd,
    /// Maximum number of tasks in a UTC day.
    pub max_daily_tasks: u32,
    /// Number of tasks that may still be posted today.
    pub tasks_left_today: u32,
    /// Maximum sum of rewards and fees in a UTC day, in US dollars.
    pub max_daily_usd: MicroUsd,
    /// Amount in US dollars that may still be spent today.
    pub usd_left_today: MicroUsd,
}
