//! Estimates: how long an operator says that a task will take.

use serde::{Deserialize, Serialize};

use crate::{
    bounds::bounds, dispute::REASON_CHARS_MAX, id::TaskId, operator::OperatorSummary,
    status::Status, time::Timestamp,
};

/// Maximum number of characters in an estimate's note.
pub const ESTIMATE_NOTE_CHARS_MAX: usize = 1_000;

/// Minutes in an hour.
pub const MINUTES_PER_HOUR: u32 = 60;

/// Minutes in a day of 24 hours.
pub const MINUTES_PER_DAY: u32 = 24 * MINUTES_PER_HOUR;

/// Maximum of an estimate in minutes: 90 days, which is also the latest deadline of a new task.
pub const ESTIMATE_MINUTES_MAX: u32 = 90 * MINUTES_PER_DAY;

/// The request body of POST /operator/tasks/:id/estimate, and optionally of POST
/// /operator/tasks/:id/accept. Days, hours and minutes are added up, to 1 minute to 90 days.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct GiveEstimate {
    /// Number of whole days, 0 to 90.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub estimate_days: Option<u32>,
    /// Number of whole hours, 0 to 2 160.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub estimate_hours: Option<u32>,
    /// Number of whole minutes, 0 to 129 600.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub estimate_minutes: Option<u32>,
    /// The reason for the estimate, at most 1 000 characters; the agent can read it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub estimate_note: Option<String>,
}

bounds! {
    GiveEstimate {
        estimate_days: Integer(0..=ESTIMATE_MINUTES_MAX / MINUTES_PER_DAY),
        estimate_hours: Integer(0..=ESTIMATE_MINUTES_MAX / MINUTES_PER_HOUR),
        estimate_minutes: Integer(0..=ESTIMATE_MINUTES_MAX),
        estimate_note: Chars(0..=ESTIMATE_NOTE_CHARS_MAX),
    }
}

/// An operator's estimate for a task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Estimate {
    /// Total of days, hours and minutes, in minutes.
    pub estimate_minutes: u32,
    /// The operator's note on the estimate; left out if there is none.
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
    /// The reason, 1 to 1 000 characters; the operator can read it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

bounds! {
    RejectEstimate {
        reason: Chars(1..=REASON_CHARS_MAX),
    }
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
