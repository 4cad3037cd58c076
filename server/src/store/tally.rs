//! The number of an agent's tasks, by type and status. It is updated when a task moves, because a
//! list shows its total, and counting a million rows takes longer than finding the twenty that are
//! shown.

use api_types::{AgentId, status::Status, task_type::TaskType};

use super::{
    StoreError, Tx, params,
    search::Search,
    task_filter::{TaskFilter, filter_by_types},
};
use crate::domain::task::Task;

/// Counts a task that has entered its status, from another one or as a new task.
pub(super) fn update(
    tx: &mut Tx<'_>,
    task: &Task,
    before: Option<Status>,
) -> Result<(), StoreError> {
    if before == Some(task.status) {
        return Ok(());
    }
    // In the order of the key, as the rows of every table are locked: migrations/README.md,
    // "Locks".
    let mut statuses: Vec<_> = before.into_iter().chain([task.status]).collect();
    statuses.sort_by_key(|status| status.as_str());
    for status in statuses {
        let sql = if status == task.status {
            "INSERT INTO task_tally (agent_id, sandbox, task_type, status, tasks)
             VALUES ($1, $2, $3, $4, 1)
             ON CONFLICT (agent_id, sandbox, task_type, status) DO UPDATE
             SET tasks = task_tally.tasks + 1"
        } else {
            "UPDATE task_tally SET tasks = tasks - 1
             WHERE agent_id = $1 AND sandbox = $2 AND task_type = $3 AND status = $4"
        };
        tx.send(
            sql,
            params![
                task.agent_id.to_string(),
                i64::from(task.stated.sandbox),
                task.stated.task_type.as_str(),
                status.as_str(),
            ],
        )?;
    }
    Ok(())
}

/// Returns how many of an agent's tasks match a filter that has no `external_id`.
pub(super) fn total(
    tx: &mut Tx<'_>,
    agent_id: AgentId,
    filter: &TaskFilter,
) -> Result<u64, StoreError> {
    let mut search = Search::of("task_tally", "agent_id = ", agent_id.to_string());
    search.filter("status = ", filter.status.map(Status::as_str));
    search.filter("task_type = ", filter.task_type.map(TaskType::as_str));
    filter_by_types(&mut search, "task_type", &filter.task_types);
    sum(tx, &search)
}

/// A subquery for how many of an agent's tasks were completed and paid, in a statement that has
/// `agent`.
pub(super) const COMPLETED_OF_AGENT: &str =
    "(SELECT CAST(COALESCE(SUM(tasks), 0) AS BIGINT) FROM task_tally
      WHERE task_tally.agent_id = agent.id AND task_tally.status = 'COMPLETED'
          AND task_tally.sandbox = 0)";

fn sum(tx: &mut Tx<'_>, search: &Search) -> Result<u64, StoreError> {
    let row = tx.first(
        &format!(
            "SELECT CAST(COALESCE(SUM(tasks), 0) AS BIGINT) AS n FROM task_tally WHERE {}",
            search.condition
        ),
        &search.params,
    )?;
    let total = row.map_or(Ok(0), |row| row.get::<i64>("n"))?;
    Ok(u64::try_from(total).unwrap_or_default())
}
