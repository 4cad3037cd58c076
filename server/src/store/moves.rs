//! Writes the result of a move: the task, the spending that it returns, its transfers, its dispute,
//! its events, their deliveries, its notices to both sides and its jobs, or none of them, in the
//! order of `lock_order.rs`. All of it is decided in `domain::task`. This module is the only writer
//! of a task's status, and of money that follows from it.

use super::{
    Tx, agents, deliveries, disputes, jobs, ledger, ledger::PostError, messages, outbox, tally,
    tasks,
};
use crate::domain::task::Moved;
use crate::metrics::Durable;

/// Records a move in the caller's transaction.
///
/// # Errors
/// [`PostError::InsufficientFunds`] if the agent cannot pay for a new task;
/// [`StoreError::Changed`](super::StoreError::Changed) if another transaction moved the task first:
/// the caller's transaction then runs again. It must not be committed after either.
pub fn record(tx: &mut Tx<'_>, moved: &Moved) -> Result<(), PostError> {
    match moved.before {
        None => tasks::insert(tx, &moved.task)?,
        Some(before) => tasks::update(tx, &moved.task, before.version)?,
    }
    if let Some(returned) = moved.returned_spend {
        agents::return_spend(tx, moved.task.agent_id, returned)?;
    }
    tally::update(tx, &moved.task, moved.before.map(|before| before.status))?;
    for transfer in &moved.transfers {
        ledger::post(tx, transfer)?;
    }
    if let Some(change) = &moved.dispute {
        disputes::record(tx, moved.task.id, change, moved.at)?;
    }
    if let Some(event) = moved.events.last() {
        tx.count_once_durable(Durable::Move(event.name));
    }
    for event in &moved.events {
        outbox::insert(tx, &moved.task, event)?;
    }
    deliveries::insert(tx, moved.task.agent_id, &moved.deliveries)?;
    for notice in &moved.notices {
        messages::insert_notice(tx, moved.task.id, notice, moved.at)?;
    }
    let mut jobs: Vec<_> = moved.jobs.iter().collect();
    jobs.sort_by_key(|scheduled| scheduled.job.kind());
    for scheduled in jobs {
        jobs::enqueue(tx, &scheduled.job, scheduled.due_at)?;
    }
    Ok(())
}
