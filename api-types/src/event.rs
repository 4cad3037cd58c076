//! What happens to tasks, as it is told: in the log, in a stream and to a callback; and how the
//! telling went (contract §4, §7).

use serde::{Deserialize, Serialize};

use crate::{
    DeliveryId, EventId, TaskId, Timestamp, guardian::GuardianResult, names::names, task::Status,
};

/// Something that happened to a task. The body of a webhook has the same fields and the same id.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TaskEvent {
    /// Its name, such as `task.completed`.
    pub event: String,
    /// To which task.
    pub task_id: TaskId,
    /// Where the task stood after it.
    pub status: Status,
    /// Where the task stood before; null for a new one.
    pub previous_status: Option<Status>,
    /// What the Guardian had said, once it had.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guardian_result: Option<GuardianResult>,
    /// When.
    pub timestamp: Timestamp,
    /// The same in the log, in a stream and in every repetition of a webhook.
    pub event_id: EventId,
    /// The agent's own name for the task.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
}

names! {
    /// How far a delivery has come.
    pub enum DeliveryState {
        /// It is tried, or tried again at `next_attempt_at`.
        Pending = "PENDING",
        /// The callback answered with 2xx.
        Delivered = "DELIVERED",
        /// The last attempt of the schedule failed.
        Failed = "FAILED",
        /// The callback answered with 410 Gone, to this or to an earlier one.
        Disabled = "DISABLED",
    }
}

/// One event on its way to a callback.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Delivery {
    /// The delivery.
    pub id: DeliveryId,
    /// The event that it tells; also its `webhook-id`.
    pub event_id: EventId,
    /// The name that it is told by.
    pub event: String,
    /// The task.
    pub task_id: TaskId,
    /// Where it goes.
    pub url: String,
    /// How far it has come.
    pub state: DeliveryState,
    /// Every attempt so far, oldest first.
    pub attempts: Vec<DeliveryAttempt>,
    /// When the event happened.
    pub created_at: Timestamp,
    /// When it is tried next, if it is.
    pub next_attempt_at: Option<Timestamp>,
    /// When it arrived.
    pub delivered_at: Option<Timestamp>,
}

/// One attempt to deliver.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DeliveryAttempt {
    /// 1 for the first.
    pub number: u32,
    /// When it began.
    pub at: Timestamp,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
    /// The HTTP status, if there was an answer.
    pub status: Option<u16>,
    /// The first 1 024 characters of the answer.
    pub answer: Option<String>,
    /// Why there was no answer.
    pub error: Option<String>,
}
