//! Writes the result of a move: the task, its transfers, its dispute, its events, its deliveries,
//! its notices to both sides and its jobs, or none of them, in the order of `lock_order.rs`. It is
//! the only writer of a task's status, and of money that follows from it.

use super::{
    Tx, agents, deliveries, disputes, jobs, ledger, ledger::PostError, messages, outbox, tally,
    tasks,
};
use crate::domain::{
    ledger::{Transfer, TransferCode},
    pricing,
    task::Moved,
    webhook,
};
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
    let is_refund = |transfer: &&Transfer| transfer.code == TransferCode::Refund;
    for refund in moved.transfers.iter().filter(is_refund) {
        // A refund was not spent on the day of the post.
        let day = moved.task.at.created.as_millis() / pricing::DAY_MILLIS;
        agents::uncount_spend(tx, moved.task.agent_id, day, refund.amount)?;
    }
    tally::count(tx, &moved.task, moved.before.map(|before| before.status))?;
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
    for outgoing in webhook::outgoing(moved) {
        deliveries::insert(tx, moved.task.agent_id, &outgoing)?;
    }
    for notice in &moved.notices {
        messages::insert_notice(tx, moved.task.id, notice, moved.at)?;
    }
    let mut jobs: Vec<_> = moved.jobs.iter().collect();
    jobs.sort_by_key(|left| left.job.kind());
    for left in jobs {
        jobs::enqueue(tx, &left.job, left.due_at)?;
    }
    Ok(())
}
