//! Operators: registration, earnings (contract §6, S1).

use serde::{Deserialize, Serialize};

use crate::{
    MicroUsd, OperatorId, TaskId, Timestamp,
    agent::Currency,
    names::names,
    task::{Status, TaskType},
};

names! {
    /// Whether an operator's identity was checked.
    pub enum KycStatus {
        /// Waits for a decision.
        Pending = "PENDING",
        /// May accept tasks.
        Approved = "APPROVED",
        /// May not.
        Rejected = "REJECTED",
    }
}

/// POST /operator/register.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct RegisterOperator {
    /// 1 to 100 characters; agents see it shortened, as "Jane D.".
    #[cfg_attr(
        feature = "openapi",
        schema(min_length = 1, max_length = 100, example = "Jane Doe")
    )]
    pub name: String,
    /// One account each.
    #[cfg_attr(
        feature = "openapi",
        schema(format = "email", example = "jane@example.com")
    )]
    pub email: String,
    /// `+` and 7 to 15 digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(pattern = r"^\+[0-9]{7,15}$"))]
    pub phone: Option<String>,
    /// Where the operator works.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<HomePlace>,
    /// Task types this operator does; empty means all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub skills: Vec<TaskType>,
}

/// Where an operator works, coarsely.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct HomePlace {
    /// At most 100 characters.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 100))]
    pub city: String,
    /// Two letters, ISO 3166-1.
    #[cfg_attr(feature = "openapi", schema(min_length = 2, max_length = 2))]
    pub country: String,
    /// North of the equator, in degrees; with `lng`, what agents' searches find. It is kept to a
    /// tenth of a degree, about eleven kilometres.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(minimum = -90, maximum = 90))]
    pub lat: Option<f64>,
    /// East of Greenwich, in degrees.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(minimum = -180, maximum = 180))]
    pub lng: Option<f64>,
}

/// PATCH /operator/profile: what is left out stays as it is.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ChangeOperator {
    /// 1 to 100 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 100))]
    pub name: Option<String>,
    /// `+` and 7 to 15 digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(pattern = r"^\+[0-9]{7,15}$"))]
    pub phone: Option<String>,
    /// Where the operator works.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<HomePlace>,
    /// Task types this operator does; empty means all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skills: Option<Vec<TaskType>>,
}

/// What an agent's search finds.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FoundOperator {
    /// The account.
    pub id: OperatorId,
    /// Shortened, as "Jane D.".
    #[cfg_attr(feature = "openapi", schema(example = "Jane D."))]
    pub name: String,
    /// Mean of the agents' stars, if any were given.
    pub rating: Option<f32>,
    /// Task types this operator does; empty means all.
    pub skills: Vec<TaskType>,
    /// Tasks done and paid.
    pub completed_tasks: u64,
    /// How far away, in whole kilometres, as exact as operators say it: to about ten.
    pub distance_km: u32,
}

/// The answer to POST /operator/register.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RegisteredOperator {
    /// The new account.
    pub operator_id: OperatorId,
    /// As given.
    pub name: String,
    /// Whether tasks may be accepted already.
    pub kyc_status: KycStatus,
}

/// GET /operator/profile.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OperatorProfile {
    /// The account.
    pub operator_id: OperatorId,
    /// As given.
    pub name: String,
    /// As given.
    pub email: String,
    /// Whether tasks may be accepted.
    pub kyc_status: KycStatus,
    /// Task types this operator does; empty means all.
    pub skills: Vec<TaskType>,
    /// Where the operator works.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<HomePlace>,
    /// Mean of the agents' stars, if any were given.
    pub rating: Option<f32>,
}

/// GET /operator/earnings.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Earnings {
    /// Earned, and within the hold in which an agent may still dispute.
    pub pending_balance: MicroUsd,
    /// Can be paid out.
    pub available_balance: MicroUsd,
    /// Everything ever earned and kept: the sum of pending, available and paid out.
    pub total_earned: MicroUsd,
    /// Has left for the operator's account, arrived or on its way.
    pub paid_out: MicroUsd,
    /// Rewards of submitted tasks that are not decided yet; not earned so far.
    pub in_review: MicroUsd,
    /// Always `USD`.
    #[cfg_attr(feature = "openapi", schema(value_type = String, example = "USD"))]
    pub currency: Currency,
    /// The latest completed tasks, newest first, at most 20.
    pub recent_tasks: Vec<EarnedTask>,
}

/// One completed task in the earnings.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EarnedTask {
    /// The task.
    pub task_id: TaskId,
    /// Its title.
    pub title: String,
    /// What the operator gets for it: the whole reward, the fee is the agent's.
    pub reward_usd: MicroUsd,
    /// `COMPLETED`.
    pub status: Status,
    /// When.
    pub completed_at: Timestamp,
    /// When the hold ends and the reward becomes available.
    pub available_at: Timestamp,
}
