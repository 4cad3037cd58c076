//! Every row of the table whose actor is the clock: an estimate nobody answers, a task nobody does
//! in time, a proof nobody judges, a hold that ends.
//!
//! Each move of a task leaves one job for the time at which the clock would move it on. The job may
//! run late, twice, on any process, or after the task has moved on: it asks the task, and what is
//! not due has no effect.

use api_types::TaskId;

use super::JobError;
use crate::{
    app::App,
    domain::{
        job::Job,
        task::{Refusal, Task},
    },
    store::{Tx, jobs, ledger::PostError, moves, tasks},
};

/// Makes the clock's move with a task, if one is due.
///
/// # Errors
/// [`JobError::Fail`] if the books do not hold what the task should.
pub async fn run(app: &App, task_id: TaskId) -> Result<(), JobError> {
    let turn = app.turn();
    let moved = app
        .store
        .write(move |tx| {
            let Some(task) = tasks::get(tx, task_id)? else {
                return Ok(());
            };
            let waiting = task.clone();
            match task.move_by_clock(turn) {
                Ok(moved) => moves::record(tx, &moved),
                Err(Refusal::NotDue) => wait(tx, &waiting),
                // Nothing else is refused to a clock whose move is due.
                Err(_) => Ok(()),
            }
        })
        .await;
    match moved {
        Ok(()) => Ok(()),
        Err(PostError::Store(error)) => Err(error.into()),
        Err(PostError::InsufficientFunds) => Err(JobError::Fail(format!(
            "the accounts of {task_id} do not hold what they should"
        ))),
    }
}

/// A clock that is ahead of the one by which the task was moved comes too early: the job waits on.
fn wait(tx: &mut Tx<'_>, task: &Task) -> Result<(), PostError> {
    if let Some(due_at) = task.due {
        jobs::enqueue(tx, &Job::MoveByClock { task_id: task.id }, due_at)?;
    }
    Ok(())
}
