//! Operators: registration, profile, search, earnings.

use serde::{Deserialize, Serialize};

use crate::{
    bounds::bounds,
    id::{OperatorId, TaskId},
    money::{Currency, MicroUsd},
    place::HomePlace,
    status::Status,
    strings::string_enum,
    task_type::TaskType,
    time::Timestamp,
};

/// Maximum number of characters in an operator's name.
pub const OPERATOR_NAME_CHARS_MAX: usize = 100;

/// Minimum number of digits in a phone number.
pub const PHONE_DIGITS_MIN: usize = 7;

/// Maximum number of digits in a phone number, as in E.164.
pub const PHONE_DIGITS_MAX: usize = 15;

fn phone_pattern() -> String {
    format!("^\\+[0-9]{{{PHONE_DIGITS_MIN},{PHONE_DIGITS_MAX}}}$")
}

string_enum! {
    /// The state of an operator's identity check.
    pub enum KycStatus {
        /// The identity waits for a decision.
        Pending = "PENDING",
        /// The operator may accept tasks.
        Approved = "APPROVED",
        /// The operator must not accept tasks.
        Rejected = "REJECTED",
    }
}

/// The request body of POST /operator/register.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct RegisterOperator {
    /// The operator's name, 1 to 100 characters; agents see it shortened, as in "Jane D.".
    #[cfg_attr(feature = "openapi", schema(example = "Jane Doe"))]
    pub name: String,
    /// The operator's e-mail address. One account per address. The default is the address that the
    /// person signed in with, and no other is accepted with an access token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(
        feature = "openapi",
        schema(format = "email", example = "jane@example.com")
    )]
    pub email: Option<String>,
    /// The phone number: `+` and 7 to 15 digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// The approximate area where the operator works.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<HomePlace>,
    /// The task types that the operator does; empty means all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub skills: Vec<TaskType>,
}

bounds! {
    RegisterOperator {
        name: Chars(1..=OPERATOR_NAME_CHARS_MAX),
        phone: Pattern(phone_pattern),
    }
}

/// The request body of PATCH /operator/profile. A field that is left out stays unchanged.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ChangeOperator {
    /// The operator's name, 1 to 100 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The phone number: `+` and 7 to 15 digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// The approximate area where the operator works.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<HomePlace>,
    /// The task types that the operator does; empty means all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skills: Option<Vec<TaskType>>,
}

bounds! {
    ChangeOperator {
        name: Chars(1..=OPERATOR_NAME_CHARS_MAX),
        phone: Pattern(phone_pattern),
    }
}

/// An operator, as agents see them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OperatorSummary {
    /// The id of the operator.
    pub id: OperatorId,
    /// The operator's name, shortened as in "Jane D.".
    pub name: String,
    /// Mean of the agents' stars; null while there are none.
    pub rating: Option<f32>,
}

/// An operator in the results of an agent's search.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = FoundOperator))]
pub struct OperatorSearchResult {
    /// The id of the operator.
    pub id: OperatorId,
    /// The operator's name, shortened as in "Jane D.".
    #[cfg_attr(feature = "openapi", schema(example = "Jane D."))]
    pub name: String,
    /// Mean of the agents' stars; null while there are none.
    pub rating: Option<f32>,
    /// The task types that the operator does; empty means all.
    pub skills: Vec<TaskType>,
    /// Number of tasks completed and paid.
    pub completed_tasks: u64,
    /// Distance in whole kilometres. Operators' positions are known to about ten kilometres, and
    /// the distance is not more exact than that.
    pub distance_km: u32,
}

/// The response to POST /operator/register.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RegisteredOperator {
    /// The id of the new account.
    pub operator_id: OperatorId,
    /// The name as given.
    pub name: String,
    /// The state of the identity check; only `APPROVED` may accept tasks.
    pub kyc_status: KycStatus,
}

/// The response to GET /operator/profile.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OperatorProfile {
    /// The id of the account.
    pub operator_id: OperatorId,
    /// The name as given.
    pub name: String,
    /// The e-mail address as given.
    pub email: String,
    /// Whether the address is confirmed. If not, POST /auth/email/confirm must come before tasks
    /// can be accepted.
    pub email_confirmed: bool,
    /// The state of the identity check; only `APPROVED` may accept tasks.
    pub kyc_status: KycStatus,
    /// The task types that the operator does; empty means all.
    pub skills: Vec<TaskType>,
    /// The approximate area where the operator works.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<HomePlace>,
    /// Mean of the agents' stars; null while there are none.
    pub rating: Option<f32>,
}

/// The response to GET /operator/earnings, without payouts.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Earnings {
    /// Amount earned that is still within the hold, in which the agent may open a dispute.
    pub pending_balance: MicroUsd,
    /// Amount in US dollars that can be paid out.
    pub available_balance: MicroUsd,
    /// Amount earned so far: the sum of pending, available and paid out.
    pub total_earned: MicroUsd,
    /// Amount sent to the operator's account, whether arrived or on its way.
    pub paid_out: MicroUsd,
    /// Sum of the rewards of submitted tasks that are not decided yet; not earned so far.
    pub in_review: MicroUsd,
    /// The currency, always `USD`.
    #[cfg_attr(feature = "openapi", schema(value_type = String, example = "USD"))]
    pub currency: Currency,
    /// The latest completed tasks, newest first, at most 20.
    pub recent_tasks: Vec<EarnedTask>,
}

/// A completed task in the earnings.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EarnedTask {
    /// The id of the task.
    pub task_id: TaskId,
    /// The title of the task.
    pub title: String,
    /// The operator's reward in full; the agent pays the fee.
    pub reward_usd: MicroUsd,
    /// The task's status, `COMPLETED`.
    pub status: Status,
    /// When the task was completed.
    pub completed_at: Timestamp,
    /// When the hold ends and the reward becomes available.
    pub available_at: Timestamp,
}
