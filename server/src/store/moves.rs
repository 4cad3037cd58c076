//! Writes what a move yields: the task, its money, its events and the work it leaves, or none of
//! them. The only writer of a task's status, and of money that follows from it.

use super::{Tx, jobs, ledger, ledger::PostError, outbox, tasks};
use crate::domain::task::Moved;

/// Records a move in the caller's transaction.
///
/// # Errors
/// [`PostError::InsufficientFunds`] if the agent cannot pay for a new task;
/// [`StoreError::Changed`](super::StoreError::Changed) if somebody else moved the task first. The
/// caller's transaction must not be committed after either.
pub fn record(tx: &mut Tx<'_>, moved: &Moved) -> Result<(), PostError> {
    match moved.from_version {
        None => tasks::insert(tx, &moved.task)?,
        Some(version) => tasks::update(tx, &moved.task, version)?,
    }
    for transfer in &moved.transfers {
        ledger::post(tx, transfer)?;
    }
    for event in &moved.events {
        outbox::insert(tx, &moved.task, event)?;
    }
    for job in &moved.jobs {
        jobs::enqueue(tx, job, moved.at)?;
    }
    Ok(())
}
