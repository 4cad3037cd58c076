//! Task events as the event log, the event stream and webhooks show them, and the delivery log of
//! webhooks.

use serde::{Deserialize, Serialize};

use crate::{
    guardian::GuardianResult,
    id::{DeliveryId, EventId, TaskId},
    status::Status,
    strings::string_enum,
    time::Timestamp,
};

/// Something that happened to a task. The body of a webhook has the same fields and the same id.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TaskEvent {
    /// The name of the event, such as `task.completed`.
    pub event: String,
    /// The task that the event is about.
    pub task_id: TaskId,
    /// The task's status after the event.
    pub status: Status,
    /// The task's status before the event; null for a new task.
    pub previous_status: Option<Status>,
    /// The Guardian's result, from the moment that there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guardian_result: Option<GuardianResult>,
    /// When the event happened.
    pub timestamp: Timestamp,
    /// The id of the event: the same in the log, in a stream and in every attempt of a webhook.
    pub event_id: EventId,
    /// The agent's own name for the task; left out if it gave none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
}

string_enum! {
    /// Which events are sent to a callback.
    pub enum WebhookStyle {
        /// Only the Guardian's decisions and submitted estimates are sent.
        Humanops = "humanops",
        /// One `task.status_changed` is sent for each move.
        Humcli = "humcli",
        /// Every event of the task is sent.
        All = "all",
    }
}

string_enum! {
    /// The state of a delivery.
    pub enum DeliveryState {
        /// The next attempt is due at `next_attempt_at`.
        Pending = "PENDING",
        /// The callback responded with a 2xx status.
        Delivered = "DELIVERED",
        /// The last attempt of the retry schedule failed.
        Failed = "FAILED",
        /// The callback responded with 410 Gone, to this delivery or to an earlier one.
        Disabled = "DISABLED",
    }
}

/// The delivery of one event to a callback.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Delivery {
    /// The id of the delivery.
    pub id: DeliveryId,
    /// The id of the delivered event, which is also the `webhook-id` header.
    pub event_id: EventId,
    /// The name of the event in the webhook.
    pub event: String,
    /// The task that the event is about.
    pub task_id: TaskId,
    /// The callback URL that it is sent to.
    pub url: String,
    /// The state of the delivery.
    pub state: DeliveryState,
    /// All attempts so far, oldest first.
    pub attempts: Vec<DeliveryAttempt>,
    /// When the event happened.
    pub created_at: Timestamp,
    /// When the next attempt is due; null if there is none.
    pub next_attempt_at: Option<Timestamp>,
    /// When the callback accepted it; null until then.
    pub delivered_at: Option<Timestamp>,
}

/// One attempt of a delivery.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DeliveryAttempt {
    /// The number of the attempt, from 1.
    pub number: u32,
    /// When the attempt began.
    pub at: Timestamp,
    /// How long the attempt took, in milliseconds.
    pub duration_ms: u64,
    /// The HTTP status of the response; null if there was none.
    pub status: Option<u16>,
    /// The first 1 024 characters of the response body; null if there was no response.
    pub answer: Option<String>,
    /// Why there was no response; null if there was one.
    pub error: Option<String>,
}
