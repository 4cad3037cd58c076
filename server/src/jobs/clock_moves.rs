//! Moves whose actor is the clock: an estimate that nobody answers, a task that is not done in
//! time, a proof that nobody judges, a hold that ends.
//!
//! Each move of a task schedules one job for the time at which the clock moves the task next. The
//! job may run late, twice, on any process, or after the task has moved on: it checks the task, and
//! a move that is not due has no effect.

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

/// Makes the clock's move of a task, if one is due.
///
/// # Errors
/// [`JobError::Fail`] if the ledger does not hold the money that the task should have.
pub async fn run(app: &App, task_id: TaskId) -> Result<(), JobError> {
    let context = app.move_context();
    let moved = app
        .store
        .write(move |tx| {
            let Some(task) = tasks::get(tx, task_id)? else {
                return Ok(());
            };
            let waiting = task.clone();
            match task.move_by_clock(context) {
                Ok(moved) => moves::record(tx, &moved),
                Err(Refusal::NotDue) => wait(tx, &waiting),
                // No other refusal is possible for a clock move that is due.
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

/// Schedules the job again. The clock of this process is behind the one by which the task was
/// moved.
fn wait(tx: &mut Tx<'_>, task: &Task) -> Result<(), PostError> {
    if let Some(due_at) = task.due {
        jobs::enqueue(tx, &Job::MoveByClock { task_id: task.id }, due_at)?;
    }
    Ok(())
}
