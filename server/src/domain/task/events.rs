//! The events of a move, and the webhook deliveries that announce them.
//!
//! Which moves emit which events is in the table of moves, and which of them a style of webhook
//! sends is in `webhook.rs`.

use api_types::{
    EventId, Timestamp,
    event::{TaskEvent, WebhookStyle},
    guardian::GuardianResult,
    status::Status,
};

use super::{MoveContext, Task};
use crate::domain::{
    moves::Rule,
    webhook::{self, NewDelivery},
};

/// An event of a task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// The event's id, also used by its webhook.
    pub id: EventId,
    /// The name, such as `task.completed`.
    pub name: &'static str,
    /// The status of the task before it, if there was one.
    pub previous_status: Option<Status>,
    /// The status of the task after it.
    pub status: Status,
    /// The Guardian's result, only in events of statuses that it led to, and not in those of
    /// earlier statuses or of a task that was started again.
    pub guardian_result: Option<GuardianResult>,
    /// When it happened.
    pub at: Timestamp,
}

impl Task {
    /// Returns the events of the move that led the task here. They share its time, and their random
    /// bits ascend.
    pub(super) fn events(
        &self,
        rule: Option<&Rule>,
        before: Option<Status>,
        context: MoveContext,
    ) -> Vec<Event> {
        let announced = rule.into_iter().flat_map(|rule| rule.announces(before));
        let event = |(nth, (name, previous_status, status))| Event {
            id: EventId::new(context.now, context.random.wrapping_add(nth)),
            name,
            previous_status,
            status,
            guardian_result: self.guardian_result.clone().filter(|_| is_judged(status)),
            at: context.now,
        };
        (0..).zip(announced).map(event).collect()
    }

    /// Returns the deliveries of a move's events to the task's callback, in order.
    pub(super) fn deliveries(&self, events: &[Event]) -> Vec<NewDelivery> {
        let Some(url) = &self.stated.callback_url else {
            return Vec::new();
        };
        let style = self.stated.webhook_style.unwrap_or(WebhookStyle::Humanops);
        let events = events.iter().map(|event| self.public_event(event));
        webhook::deliveries(url, style, events.collect())
    }

    fn public_event(&self, event: &Event) -> TaskEvent {
        TaskEvent {
            event: event.name.to_owned(),
            task_id: self.id,
            status: event.status,
            previous_status: event.previous_status,
            guardian_result: event.guardian_result.clone(),
            timestamp: event.at,
            event_id: event.id,
            external_id: self.stated.external_id.clone(),
        }
    }
}

/// Returns whether the Guardian's result led to this status.
fn is_judged(status: Status) -> bool {
    matches!(
        status,
        Status::Verified | Status::Completed | Status::ManualReview | Status::Disputed
    )
}
