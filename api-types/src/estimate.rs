//! Estimates: how long an operator says that a task will take (contract §4).

use serde::{Deserialize, Serialize};

use crate::{id::TaskId, operator::OperatorSummary, status::Status, time::Timestamp};

/// Maximum number of characters in an estimate's note.
pub const ESTIMATE_NOTE_CHARS_MAX: usize = 1000;

/// The longest estimate, in minutes: 90 days, the farthest that a deadline may be ahead.
pub const ESTIMATE_MINUTES_MAX: u32 = 90 * 24 * 60;

/// The request body of POST /operator/tasks/:id/estimate, and optionally of POST
/// /operator/tasks/:id/accept. Days, hours and minutes are added up.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct GiveEstimate {
    /// Number of whole days.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub estimate_days: Option<u32>,
    /// Number of whole hours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub estimate_hours: Option<u32>,
    /// Number of whole minutes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub estimate_minutes: Option<u32>,
    /// The reason for the estimate, at most 1 000 characters; the agent can read it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(max_length = 1000))]
    pub estimate_note: Option<String>,
}

/// An operator's estimate for a task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Estimate {
    /// Total of days, hours and minutes, in minutes.
    pub estimate_minutes: u32,
    /// The operator's note on the estimate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub estimate_note: Option<String>,
    /// When the operator submitted it.
    pub submitted_at: Timestamp,
    /// When it was approved by the agent, or at once because it was within
    /// `auto_approve_estimate_minutes`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved_at: Option<Timestamp>,
}

/// The request body of POST /tasks/:id/estimate/reject.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct RejectEstimate {
    /// The reason, at most 1 000 characters; the operator can read it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(max_length = 1000))]
    pub reason: Option<String>,
}

/// The response to POST /tasks/:id/estimate/approve.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ApprovedEstimate {
    /// The id of the task.
    pub task_id: TaskId,
    /// The task's new status, `ACCEPTED`.
    pub status: Status,
    /// When the estimate was approved and the task accepted.
    pub accepted_at: Timestamp,
    /// The operator who does the task.
    pub operator: Option<OperatorSummary>,
    /// The approved estimate, in minutes.
    pub estimate_minutes: u32,
}
