//! Tasks: get, list, search. Only `moves.rs` writes them.
//!
//! Functions return database errors as [`StoreError`].

use std::collections::HashMap;

use api_types::{
    AgentId, MicroUsd, OperatorId, TaskId, Timestamp,
    agent::AgentSummary,
    status::{CancelReason, Status},
    task_type::TaskType,
};

use crate::domain::{
    new_task::MinimumRating,
    place::Spot,
    task::{MoveTimes, Task},
};
use crate::store::engine::columns::{
    json, json_if_any, money, name, parsed, text, text_if_any, time, time_if_any, to_json,
};
use crate::store::ratings::mean;
use crate::store::search::{
    KeyOrder, Listing, PageOfRows, PageWindow, Search, in_order_of, with_ids,
};
use crate::store::task_filter::{TaskFilter, filter_by_types};
use crate::store::{Row, StoreError, Tx, params, tally};

const COLUMNS: &str = "task.id AS id, task.agent_id AS agent_id, task.key_id AS key_id,
    task.operator_id AS operator_id,
    task.status AS status, task.version AS version, task.stated AS stated,
    task.fee_micros AS fee_micros, task.guardian_result AS guardian_result,
    task.rejection AS rejection, task.estimate AS estimate, task.revision AS revision,
    task.resolution AS resolution, task.cancel_reason AS cancel_reason,
    task.due_at_ms AS due_at_ms, task.settled_at_ms AS settled_at_ms,
    task.created_at_ms AS created_at_ms, task.accepted_at_ms AS accepted_at_ms,
    task.submitted_at_ms AS submitted_at_ms, task.verified_at_ms AS verified_at_ms,
    task.completed_at_ms AS completed_at_ms, task.cancelled_at_ms AS cancelled_at_ms";

/// Every list of tasks: newest first.
const LISTING: Listing = Listing {
    columns: COLUMNS,
    joins: "",
    key: "task.id",
    order: KeyOrder::NewestFirst,
};

/// Returns the task with this id, or `None` if there is none.
pub fn get(tx: &mut Tx<'_>, id: TaskId) -> Result<Option<Task>, StoreError> {
    Search::of("task", "task.id = ", id).one(tx, &LISTING, task)
}

/// Returns a page of an agent's tasks, newest first.
pub fn of_agent(
    tx: &mut Tx<'_>,
    agent_id: AgentId,
    filter: &TaskFilter,
    window: PageWindow<TaskId>,
) -> Result<PageOfRows<Task>, StoreError> {
    let mut search = Search::of("task", "task.agent_id = ", agent_id);
    search.filter("task.status = ", filter.status.map(Status::as_str));
    search.filter("task.task_type = ", filter.task_type.map(TaskType::as_str));
    search.filter("task.external_id = ", filter.external_id.as_deref());
    filter_by_types(&mut search, "task.task_type", &filter.task_types);
    let total = match &filter.external_id {
        Some(_) => search.count(tx)?,
        None => tally::total(tx, agent_id, filter)?,
    };
    let rows = search.rows(tx, &LISTING, window, task)?;
    Ok(PageOfRows { rows, total })
}

/// The conditions of a search for open tasks.
#[derive(Clone, Debug)]
pub struct Eligible {
    /// The operator's skills; empty means all.
    pub skills: Vec<TaskType>,
    /// The mean of the agents' ratings of the operator, if there is one.
    pub rating: Option<MinimumRating>,
    /// The type of task that the operator searches for now.
    pub task_type: Option<TaskType>,
    /// The minimum reward.
    pub reward_min: Option<MicroUsd>,
    /// Only tasks with a deadline after this.
    pub now: Timestamp,
}

/// Returns a page of the tasks that an operator may claim, newest first. Their total is counted up
/// to [`OPEN_COUNTED_MAX`].
pub fn list_open(
    tx: &mut Tx<'_>,
    eligible: &Eligible,
    window: PageWindow<TaskId>,
) -> Result<PageOfRows<Task>, StoreError> {
    let search = search_open(eligible);
    let total = search.count_up_to(tx, OPEN_COUNTED_MAX)?;
    let rows = search.rows(tx, &LISTING, window, task)?;
    Ok(PageOfRows { rows, total })
}

/// The number at which a count of open tasks ends: nobody pages through more of them, and counting
/// a million takes longer than finding the twenty that are shown.
pub const OPEN_COUNTED_MAX: u32 = 1_000;

/// Returns the search for the tasks that an operator may claim.
pub(super) fn search_open(eligible: &Eligible) -> Search {
    let mut search = Search::of("task", "task.deadline_ms > ", eligible.now.as_millis());
    search.require("task.status = 'PENDING' AND task.sandbox = 0");
    search.filter(
        "task.task_type = ",
        eligible.task_type.map(TaskType::as_str),
    );
    search.filter(
        "task.reward_micros >= ",
        eligible.reward_min.map(MicroUsd::as_micros),
    );
    search.filter("task.rating_min <= ", Some(hundredths(eligible.rating)));
    filter_by_types(&mut search, "task.task_type", &eligible.skills);
    search
}

/// Returns the rating in hundredths of a star. An operator without a rating has no stars.
fn hundredths(rating: Option<MinimumRating>) -> i64 {
    rating.map_or(0, |rating| i64::from(rating.hundredths()))
}

/// Returns a page of the tasks that an operator claimed, newest first.
pub fn of_operator(
    tx: &mut Tx<'_>,
    operator_id: OperatorId,
    window: PageWindow<TaskId>,
) -> Result<PageOfRows<Task>, StoreError> {
    Search::of("task", "task.operator_id = ", operator_id).page(tx, &LISTING, window, task)
}

/// Returns the tasks that an operator completed last, newest first.
pub fn completed_by(
    tx: &mut Tx<'_>,
    operator_id: OperatorId,
    limit: u32,
) -> Result<Vec<Task>, StoreError> {
    let rows = tx.query(
        &format!(
            "SELECT {COLUMNS} FROM task WHERE task.operator_id = $1 AND task.status = 'COMPLETED'
             ORDER BY COALESCE(task.completed_at_ms, 0) DESC, task.id DESC LIMIT $2"
        ),
        &params![operator_id.to_string(), limit],
    )?;
    rows.iter().map(task).collect()
}

/// Returns how many tasks each of these operators completed.
pub fn count_completed_by(
    tx: &mut Tx<'_>,
    operators: &[OperatorId],
) -> Result<HashMap<OperatorId, u64>, StoreError> {
    let select = "SELECT operator.id AS id, (
             SELECT COUNT(*) FROM task
             WHERE task.operator_id = operator.id AND task.status = 'COMPLETED') AS completed
         FROM operator WHERE operator.id";
    with_ids(tx, select, operators, |row| {
        Ok(u64::try_from(row.get::<i64>("completed")?).unwrap_or_default())
    })
}

/// Returns the sum of the rewards of an operator's tasks whose proof is not decided yet.
pub fn reward_in_review(tx: &mut Tx<'_>, operator_id: OperatorId) -> Result<MicroUsd, StoreError> {
    let row = tx.first(
        "SELECT CAST(COALESCE(SUM(reward_micros), 0) AS BIGINT) AS rewards FROM task
         WHERE operator_id = $1 AND status IN ('SUBMITTED', 'MANUAL_REVIEW')",
        &params![operator_id.to_string()],
    )?;
    row.map_or(Ok(MicroUsd::ZERO), |row| money(&row, "rewards"))
}

/// Returns what operators see of these agents: the name, how many of their tasks were completed and
/// paid, and the operators' ratings.
pub fn records_of(
    tx: &mut Tx<'_>,
    agents: impl Iterator<Item = AgentId>,
) -> Result<HashMap<AgentId, AgentSummary>, StoreError> {
    let ids: Vec<_> = agents.collect();
    let select = format!(
        "SELECT agent.id AS id, agent.name AS name, agent.stars_sum AS stars_sum,
             agent.stars_count AS stars_count, {} AS completed
         FROM agent WHERE agent.id",
        tally::COMPLETED_OF_AGENT
    );
    with_ids(tx, &select, &ids, |row| {
        Ok(AgentSummary {
            id: text(row, "id")?,
            name: row.get("name")?,
            completed_tasks: u64::try_from(row.get::<i64>("completed")?).unwrap_or_default(),
            rating: mean(row)?,
        })
    })
}

/// Returns the tasks with these ids, in the order of the ids.
pub(super) fn with_these_ids(tx: &mut Tx<'_>, ids: &[TaskId]) -> Result<Vec<Task>, StoreError> {
    let select = format!("SELECT {COLUMNS} FROM task WHERE task.id");
    in_order_of(tx, &select, ids, task)
}

/// Inserts a posted task.
pub(super) fn insert(tx: &mut Tx<'_>, task: &Task) -> Result<(), StoreError> {
    let stated = &task.stated;
    tx.send(
        "INSERT INTO task (id, agent_id, status, version, stated, task_type, external_id,
             reward_micros, deadline_ms, fee_micros, created_at_ms, cell, due_at_ms, rating_min,
             sandbox, key_id)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)",
        params![
            task.id.to_string(),
            task.agent_id.to_string(),
            task.status.as_str(),
            task.version,
            to_json(stated, "stated")?,
            stated.task_type.as_str(),
            stated.external_id.as_deref(),
            stated.reward.as_micros(),
            stated.deadline.as_millis(),
            task.fee.as_micros(),
            task.at.created.as_millis(),
            stated.spot().map(Spot::cell),
            task.due.map(Timestamp::as_millis),
            hundredths(stated.rating_min),
            i64::from(stated.sandbox),
            task.key_id.map(|id| id.to_string()),
        ],
    )
}

/// Updates a moved task from the version on which the move was decided (optimistic locking).
///
/// # Errors
/// [`StoreError::Changed`] if another transaction moved it first.
pub(super) fn update(tx: &mut Tx<'_>, task: &Task, from_version: i64) -> Result<(), StoreError> {
    let millis = |moment: Option<Timestamp>| moment.map(Timestamp::as_millis);
    let updated = tx.execute(
        "UPDATE task SET status = $3, version = $4, operator_id = $5, guardian_result = $6,
             accepted_at_ms = $7, submitted_at_ms = $8, verified_at_ms = $9,
             completed_at_ms = $10, cancelled_at_ms = $11, rejection = $12, estimate = $13,
             revision = $14, resolution = $15, cancel_reason = $16, due_at_ms = $17,
             settled_at_ms = $18
         WHERE id = $1 AND version = $2",
        &params![
            task.id.to_string(),
            from_version,
            task.status.as_str(),
            task.version,
            task.operator_id.map(|id| id.to_string()),
            json_of(task.guardian_result.as_ref(), "guardian_result")?,
            millis(task.at.accepted),
            millis(task.at.submitted),
            millis(task.at.verified),
            millis(task.at.completed),
            millis(task.at.cancelled),
            json_of(task.rejection.as_ref(), "rejection")?,
            json_of(task.estimate.as_ref(), "estimate")?,
            json_of(task.revision.as_ref(), "revision")?,
            json_of(task.resolution.as_ref(), "resolution")?,
            task.cancel_reason.map(CancelReason::as_str),
            millis(task.due),
            millis(task.at.settled),
        ],
    )?;
    if updated == 1 {
        Ok(())
    } else {
        Err(tx.lost_race())
    }
}

fn json_of<T: serde::Serialize>(
    value: Option<&T>,
    column: &str,
) -> Result<Option<String>, StoreError> {
    value.map(|value| to_json(value, column)).transpose()
}

fn task(row: &Row) -> Result<Task, StoreError> {
    Ok(Task {
        id: text(row, "id")?,
        agent_id: text(row, "agent_id")?,
        key_id: text_if_any(row, "key_id")?,
        operator_id: text_if_any(row, "operator_id")?,
        status: name(row, "status", Status::parse)?,
        version: row.get("version")?,
        stated: json(row, "stated")?,
        fee: money(row, "fee_micros")?,
        guardian_result: json_if_any(row, "guardian_result")?,
        rejection: json_if_any(row, "rejection")?,
        estimate: json_if_any(row, "estimate")?,
        revision: json_if_any(row, "revision")?,
        resolution: json_if_any(row, "resolution")?,
        cancel_reason: row
            .get::<Option<String>>("cancel_reason")?
            .map(|name| parsed(CancelReason::parse(&name), "cancel_reason"))
            .transpose()?,
        due: time_if_any(row, "due_at_ms")?,
        at: MoveTimes {
            created: time(row, "created_at_ms")?,
            accepted: time_if_any(row, "accepted_at_ms")?,
            submitted: time_if_any(row, "submitted_at_ms")?,
            verified: time_if_any(row, "verified_at_ms")?,
            completed: time_if_any(row, "completed_at_ms")?,
            cancelled: time_if_any(row, "cancelled_at_ms")?,
            settled: time_if_any(row, "settled_at_ms")?,
        },
    })
}
