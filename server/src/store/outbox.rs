//! Events in their order, written in the transaction of the move that caused them.

use api_types::task::Status;

use super::{StoreError, Tx, params};
use crate::domain::task::{Event, Task};

/// Adds an event of a task.
///
/// # Errors
/// Those of [`Tx::execute`].
pub fn insert(tx: &mut Tx<'_>, task: &Task, event: &Event) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO event (id, task_id, agent_id, name, previous_status, status, at_ms)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        &params![
            event.id.to_string(),
            task.id.to_string(),
            task.agent_id.to_string(),
            event.name,
            event.previous_status.map(Status::as_str),
            event.status.as_str(),
            event.at.as_millis(),
        ],
    )
    .map(drop)
}
