//! The transactional outbox of events: they are written in the transaction of the move that caused
//! them, and get their order afterwards.
//!
//! A reader that pages by `position` misses nothing, on either database, for this reason: an event
//! is written without a position, so no move waits for another's. Positions are given afterwards,
//! by [`assign_positions`], to committed events only, in a transaction that first locks the agent's
//! row in `event_head` and holds the lock to its commit. So the positions of one agent are given by
//! one transaction after the other, without gaps, and each is committed before the next begins: a
//! reader that sees a position sees all before it, and an event that commits later gets a later
//! one, whatever its id says.
//!
//! Functions return database errors as [`StoreError`].

use api_types::{AgentId, EventId, TaskId, event::TaskEvent, status::Status};

use crate::domain::{
    event::{self, NewEvent},
    task::{Event, Task},
};
use crate::store::engine::columns::{json_if_any, name, text, time, to_json};
use crate::store::search::{KeyOrder, Listing, PageOfRows, PageWindow, Search};
use crate::store::{Row, StoreError, Tx, params};

/// Maximum number of events that get their positions in one transaction.
const PLACED_MAX: u32 = 256;

/// Inserts an event of a task. It has no position in the log yet.
pub fn insert(tx: &mut Tx<'_>, task: &Task, event: &Event) -> Result<(), StoreError> {
    let result = event.guardian_result.as_ref();
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

/// Returns whether an agent has events without a position in its log.
pub fn has_unplaced(tx: &mut Tx<'_>, agent_id: AgentId) -> Result<bool, StoreError> {
    let row = tx.first(
        "SELECT 1 AS there FROM event WHERE agent_id = $1 AND position IS NULL LIMIT 1",
        &params![agent_id.to_string()],
    )?;
    Ok(row.is_some())
}

/// Gives the next positions of an agent's log to its oldest events without one, as the head of this
/// module explains. More such events may be left afterwards.
pub fn assign_positions(tx: &mut Tx<'_>, agent_id: AgentId) -> Result<(), StoreError> {
    let agent = agent_id.to_string();
    // The lock: the next transaction that gives positions waits here, and then sees those given
    // here.
    let head = tx.first(
        "INSERT INTO event_head (agent_id, placed) VALUES ($1, 0)
         ON CONFLICT (agent_id) DO UPDATE SET placed = event_head.placed RETURNING placed",
        &params![&agent],
    )?;
    let mut position: i64 = head.map_or(Ok(0), |row| row.get("placed"))?;
    // All events of their tasks, so that none gets a position before one that it follows.
    let rows = tx.query(
        "SELECT id, task_id, task_version FROM event
         WHERE agent_id = $1 AND position IS NULL AND task_id IN (
             SELECT task_id FROM event WHERE agent_id = $1 AND position IS NULL
             ORDER BY id LIMIT $2)",
        &params![&agent, PLACED_MAX],
    )?;
    let unplaced = rows.iter().map(unplaced).collect::<Result<_, _>>()?;
    for id in event::log_order(unplaced)
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

fn unplaced(row: &Row) -> Result<NewEvent, StoreError> {
    Ok(NewEvent {
        id: text(row, "id")?,
        task_id: text(row, "task_id")?,
        task_version: row.get("task_version")?,
    })
}

/// The log of events that is read: all of an agent, or those of one task, which must be the
/// agent's.
#[derive(Clone, Copy, Debug)]
pub struct EventLog {
    /// The agent whose log it is.
    pub agent_id: AgentId,
    /// One of its tasks, or `None` for all.
    pub task_id: Option<TaskId>,
}

/// An event and its position.
#[derive(Clone, Debug)]
pub struct PlacedEvent {
    /// The cursor after which the next events come.
    pub position: i64,
    /// The event itself.
    pub event: TaskEvent,
}

/// Returns the position of an event in its agent's log, or `None` if it is not the agent's or has
/// no position yet.
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
    /// Number of events of the log before what comes next.
    pub position: i64,
    /// The last of them, or `None` at the beginning.
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
pub fn end(tx: &mut Tx<'_>, agent_id: AgentId) -> Result<LogPosition, StoreError> {
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

/// Returns how many events a log has.
fn count(tx: &mut Tx<'_>, log: EventLog) -> Result<i64, StoreError> {
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

/// The log of an agent: oldest first.
const AGENT_LISTING: Listing = Listing {
    columns: "event.id AS id, event.task_id AS task_id, event.name AS name,
        event.previous_status AS previous_status, event.status AS status, event.at_ms AS at_ms,
        event.guardian_result AS guardian_result, event.position AS position,
        task.external_id AS external_id",
    joins: "JOIN task ON task.id = event.task_id",
    key: "event.position",
    order: KeyOrder::OldestFirst,
};

/// The log of a task, which has few events: the addition keeps the database from scanning its
/// agent's whole log.
const TASK_LISTING: Listing = Listing {
    key: "event.position + 0",
    ..AGENT_LISTING
};

/// Returns a page of a log, oldest first, after the position at which the window begins.
pub fn list(
    tx: &mut Tx<'_>,
    log: EventLog,
    window: PageWindow<i64>,
) -> Result<PageOfRows<PlacedEvent>, StoreError> {
    let rows = after(tx, log, window)?;
    let total = u64::try_from(count(tx, log)?).unwrap_or_default();
    Ok(PageOfRows { rows, total })
}

/// Returns the same rows without their total, for a stream.
pub fn after(
    tx: &mut Tx<'_>,
    log: EventLog,
    window: PageWindow<i64>,
) -> Result<Vec<PlacedEvent>, StoreError> {
    let (mut search, listing) = match log.task_id {
        Some(id) => (Search::of("event", "event.task_id = ", id), &TASK_LISTING),
        None => (
            Search::of("event", "event.agent_id = ", log.agent_id),
            &AGENT_LISTING,
        ),
    };
    search.require("event.position IS NOT NULL");
    search.rows(tx, listing, window, placed)
}

/// Returns the latest events of a task, oldest first, whether or not they have a position in the
/// log.
pub fn latest(tx: &mut Tx<'_>, task_id: TaskId, limit: u32) -> Result<Vec<TaskEvent>, StoreError> {
    let Listing { columns, joins, .. } = TASK_LISTING;
    let rows = tx.query(
        &format!(
            "SELECT {columns} FROM event {joins}
             WHERE event.task_id = $1 ORDER BY event.task_version DESC, event.id DESC LIMIT $2"
        ),
        &params![task_id.to_string(), limit],
    )?;
    rows.iter().rev().map(event).collect()
}

fn placed(row: &Row) -> Result<PlacedEvent, StoreError> {
    Ok(PlacedEvent {
        position: row.get("position")?,
        event: event(row)?,
    })
}

fn event(row: &Row) -> Result<TaskEvent, StoreError> {
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
