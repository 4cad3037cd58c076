//! Estimates: how long an operator says that a task will take (contract §4).

use serde::{Deserialize, Serialize};

use crate::{
    TaskId, Timestamp,
    task::{OperatorSummary, Status},
};

/// Characters of an estimate's note at most.
pub const ESTIMATE_NOTE_CHARS_MAX: usize = 1000;

/// The longest estimate, in minutes: 90 days, as far as a deadline may be ahead.
pub const ESTIMATE_MINUTES_MAX: u32 = 90 * 24 * 60;

/// POST /operator/tasks/:id/estimate, and what POST /operator/tasks/:id/accept may carry. The parts
/// are added up.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct GiveEstimate {
    /// Whole days.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub estimate_days: Option<u32>,
    /// Whole hours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub estimate_hours: Option<u32>,
    /// Whole minutes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub estimate_minutes: Option<u32>,
    /// Why so long, at most 1 000 characters; the agent reads it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(max_length = 1000))]
    pub estimate_note: Option<String>,
}

/// What an operator estimated.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Estimate {
    /// Days, hours and minutes in one number.
    pub estimate_minutes: u32,
    /// The operator's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub estimate_note: Option<String>,
    /// When it was given.
    pub submitted_at: Timestamp,
    /// When it was approved, by the agent or by the task's own terms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved_at: Option<Timestamp>,
}

/// POST /tasks/:id/estimate/reject.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct RejectEstimate {
    /// At most 1 000 characters; the operator reads it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(max_length = 1000))]
    pub reason: Option<String>,
}

/// The answer to POST /tasks/:id/estimate/approve.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ApprovedEstimate {
    /// The task.
    pub task_id: TaskId,
    /// `ACCEPTED`.
    pub status: Status,
    /// When.
    pub accepted_at: Timestamp,
    /// Who does it.
    pub operator: Option<OperatorSummary>,
    /// How long it will take.
    pub estimate_minutes: u32,
}
