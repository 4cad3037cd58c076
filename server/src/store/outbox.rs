//! Events in their order, written in the transaction of the move that caused them.
//!
//! Why a reader that goes by `position` misses nothing, on either database: an event is written
//! without a position, so no move waits for another's. Positions are given afterwards, by
//! [`place`], to committed events only, in a transaction that first takes the lock of the agent's
//! row in `event_head` and holds it to its commit. So the positions of one agent are given in
//! turns, without gaps, and each turn is visible before the next begins: whoever sees a position
//! sees all before it, and an event that commits later gets a later one, whatever its id says.

use api_types::{AgentId, EventId, TaskId, event::TaskEvent, task::Status};

use super::{
    Row, StoreError, Tx,
    columns::{json_if_any, name, text, time, to_json},
    params,
};
use crate::domain::{
    event::{self, Unplaced},
    task::{Event, Task},
};

/// Events that are given their positions by one transaction.
const PLACED_MAX: u32 = 256;

/// Adds an event of a task. It has no place in the log yet.
///
/// # Errors
/// Those of [`Tx::execute`].
pub fn insert(tx: &mut Tx<'_>, task: &Task, event: &Event) -> Result<(), StoreError> {
    let told = event::told(task, event);
    let result = told.guardian_result.as_ref();
    tx.send(
        "INSERT INTO event (id, task_id, agent_id, name, previous_status, status, at_ms,
             task_version, guardian_result)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        params![
            event.id.to_string(),
            task.id.to_string(),
            task.agent_id.to_string(),
            event.name,
            event.previous_status.map(Status::as_str),
            event.status.as_str(),
            event.at.as_millis(),
            task.version,
            result
                .map(|result| to_json(result, "guardian_result"))
                .transpose()?,
        ],
    )
}

/// Whether an agent has events that have no place in its log yet.
///
/// # Errors
/// Those of [`Tx::query`].
pub fn has_unplaced(tx: &mut Tx<'_>, agent_id: AgentId) -> Result<bool, StoreError> {
    let row = tx.first(
        "SELECT 1 AS there FROM event WHERE agent_id = $1 AND position IS NULL LIMIT 1",
        &params![agent_id.to_string()],
    )?;
    Ok(row.is_some())
}

/// Gives an agent's oldest events without a place the next ones of its log. See the head of this
/// file; there may be more to place after it.
///
/// # Errors
/// Those of [`Tx::execute`].
pub fn place(tx: &mut Tx<'_>, agent_id: AgentId) -> Result<(), StoreError> {
    let agent = agent_id.to_string();
    // The lock: whoever places next waits here, and then sees what this transaction placed.
    let head = tx.first(
        "INSERT INTO event_head (agent_id, placed) VALUES ($1, 0)
         ON CONFLICT (agent_id) DO UPDATE SET placed = event_head.placed RETURNING placed",
        &params![&agent],
    )?;
    let mut position: i64 = head.map_or(Ok(0), |row| row.get("placed"))?;
    // All of their tasks' events, so that none takes a place before one that it follows.
    let rows = tx.query(
        "SELECT id, task_id, task_version FROM event
         WHERE agent_id = $1 AND position IS NULL AND task_id IN (
             SELECT task_id FROM event WHERE agent_id = $1 AND position IS NULL
             ORDER BY id LIMIT $2)",
        &params![&agent, PLACED_MAX],
    )?;
    let unplaced = rows.iter().map(unplaced).collect::<Result<_, _>>()?;
    for id in event::in_order(unplaced)
        .into_iter()
        .take(PLACED_MAX as usize)
    {
        position += 1;
        tx.send(
            "UPDATE event SET position = $2 WHERE id = $1",
            params![id.to_string(), position],
        )?;
    }
    tx.send(
        "UPDATE event_head SET placed = $2 WHERE agent_id = $1",
        params![&agent, position],
    )
}

fn unplaced(row: &Row) -> Result<Unplaced, StoreError> {
    Ok(Unplaced {
        id: text(row, "id")?,
        task_id: text(row, "task_id")?,
        task_version: row.get("task_version")?,
    })
}

/// Whose events are read: an agent's, all or of one task. The task must be the agent's own.
#[derive(Clone, Copy, Debug)]
pub struct Log {
    /// The agent.
    pub agent_id: AgentId,
    /// One of its tasks.
    pub task_id: Option<TaskId>,
}

/// An event and its place.
#[derive(Clone, Debug)]
pub struct Placed {
    /// What the next ones come after.
    pub position: i64,
    /// What happened.
    pub told: TaskEvent,
}

/// Where an event stands in its agent's log: `None` if it is not the agent's or has no place yet.
///
/// # Errors
/// Those of [`Tx::query`].
pub fn position_of(
    tx: &mut Tx<'_>,
    agent_id: AgentId,
    id: EventId,
) -> Result<Option<i64>, StoreError> {
    let row = tx.first(
        "SELECT position FROM event
         WHERE id = $1 AND agent_id = $2 AND position IS NOT NULL",
        &params![id.to_string(), agent_id.to_string()],
    )?;
    row.map(|row| row.get("position")).transpose()
}

/// A position in an agent's log and the event that holds it. No event holds the beginning.
#[derive(Clone, Copy, Debug)]
pub struct LogPosition {
    /// How many events of the log are before what comes next.
    pub position: i64,
    /// The last of them.
    pub event_id: Option<EventId>,
}

impl LogPosition {
    /// The position before the first event.
    pub const BEGINNING: Self = Self {
        position: 0,
        event_id: None,
    };
}

/// Returns the position behind the last event of an agent's log.
///
/// # Errors
/// Those of [`Tx::query`].
pub fn end_of(tx: &mut Tx<'_>, agent_id: AgentId) -> Result<LogPosition, StoreError> {
    let row = tx.first(
        "SELECT event.id AS id, event.position AS position
         FROM event_head JOIN event
             ON event.agent_id = event_head.agent_id AND event.position = event_head.placed
         WHERE event_head.agent_id = $1",
        &params![agent_id.to_string()],
    )?;
    row.map_or(Ok(LogPosition::BEGINNING), |row| {
        Ok(LogPosition {
            position: row.get("position")?,
            event_id: Some(text(&row, "id")?),
        })
    })
}

/// How many events a log has.
///
/// # Errors
/// Those of [`Tx::query`].
pub fn count(tx: &mut Tx<'_>, log: Log) -> Result<i64, StoreError> {
    let Some(task_id) = log.task_id else {
        return count_of_agent(tx, log.agent_id);
    };
    let row = tx.first(
        "SELECT COUNT(*) AS n FROM event WHERE task_id = $1 AND position IS NOT NULL",
        &params![task_id.to_string()],
    )?;
    row.map_or(Ok(0), |row| row.get("n"))
}

fn count_of_agent(tx: &mut Tx<'_>, agent_id: AgentId) -> Result<i64, StoreError> {
    let row = tx.first(
        "SELECT placed FROM event_head WHERE agent_id = $1",
        &params![agent_id.to_string()],
    )?;
    row.map_or(Ok(0), |row| row.get("placed"))
}

/// An event as it is told, of `event JOIN task`.
const COLUMNS: &str = "event.id AS id, event.task_id AS task_id, event.name AS name,
    event.previous_status AS previous_status, event.status AS status, event.at_ms AS at_ms,
    event.guardian_result AS guardian_result, task.external_id AS external_id";

/// At most `limit` events of a log after a position, oldest first, `offset` of them passed over.
///
/// # Errors
/// Those of [`Tx::query`].
pub fn after(
    tx: &mut Tx<'_>,
    log: Log,
    position: i64,
    limit: u32,
    offset: u32,
) -> Result<Vec<Placed>, StoreError> {
    // A task has few events: the sum keeps the database from walking its agent's whole log.
    let (owner, place) = match log.task_id {
        Some(_) => ("event.task_id", "event.position + 0"),
        None => ("event.agent_id", "event.position"),
    };
    let id = log
        .task_id
        .map_or_else(|| log.agent_id.to_string(), |id| id.to_string());
    let rows = tx.query(
        &format!(
            "SELECT {COLUMNS}, event.position AS position FROM event JOIN task ON task.id = event.task_id
             WHERE {owner} = $1 AND {place} > $2 ORDER BY {place} LIMIT $3 OFFSET $4"
        ),
        &params![id, position, limit, offset],
    )?;
    rows.iter().map(placed).collect()
}

/// The latest events of a task, oldest first, whether or not they have a place in the log yet.
///
/// # Errors
/// Those of [`Tx::query`].
pub fn latest(tx: &mut Tx<'_>, task_id: TaskId, limit: u32) -> Result<Vec<TaskEvent>, StoreError> {
    let rows = tx.query(
        &format!(
            "SELECT {COLUMNS} FROM event JOIN task ON task.id = event.task_id
             WHERE event.task_id = $1 ORDER BY event.task_version DESC, event.id DESC LIMIT $2"
        ),
        &params![task_id.to_string(), limit],
    )?;
    rows.iter().rev().map(told).collect()
}

fn placed(row: &Row) -> Result<Placed, StoreError> {
    Ok(Placed {
        position: row.get("position")?,
        told: told(row)?,
    })
}

fn told(row: &Row) -> Result<TaskEvent, StoreError> {
    let previous: Option<String> = row.get("previous_status")?;
    Ok(TaskEvent {
        event: row.get("name")?,
        task_id: text(row, "task_id")?,
        status: name(row, "status", Status::parse)?,
        previous_status: previous.as_deref().and_then(Status::parse),
        guardian_result: json_if_any(row, "guardian_result")?,
        timestamp: time(row, "at_ms")?,
        event_id: text(row, "id")?,
        external_id: row.get("external_id")?,
    })
}
