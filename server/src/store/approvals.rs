//! Requests that a person is asked about, and what was said of them.

use api_types::{
    AgentId, ApprovalId, KeyId, MicroUsd, TaskId, Timestamp,
    approval::{ApprovalStatus, ApprovalView},
};

use super::{
    Row, StoreError, Tx,
    columns::{json, money, name, text, text_if_any, time, time_if_any},
    params,
    tasks::Found,
};
use crate::domain::delegation::Approval;

/// A question that is asked.
#[derive(Clone, Debug)]
pub struct NewApproval {
    /// Its id.
    pub id: ApprovalId,
    /// Whose.
    pub agent_id: AgentId,
    /// Which key asks.
    pub key_id: KeyId,
    /// Of the request.
    pub digest: String,
    /// The request without its secrets, as JSON.
    pub request: String,
    /// Reward and fee.
    pub total: MicroUsd,
    /// When.
    pub at: Timestamp,
    /// Until when it can be decided.
    pub expires_at: Timestamp,
}

/// Who is asking for a list, and for which part of it.
#[derive(Clone, Copy, Debug)]
pub struct ApprovalWindow {
    /// Rows at most.
    pub limit: u32,
    /// Rows to pass over.
    pub offset: u32,
    /// The last row that the caller has.
    pub after: Option<ApprovalId>,
}

const COLUMNS: &str = "id, agent_id, key_id, request, total_micros, state, created_at_ms,
    expires_at_ms, decided_at_ms, decided_by, task_id";

/// Adds a question; false if the same is open already.
///
/// # Errors
/// Those of [`Tx::execute`].
pub fn insert(tx: &mut Tx<'_>, asked: &NewApproval) -> Result<bool, StoreError> {
    let inserted = tx.execute(
        "INSERT INTO approval (id, agent_id, key_id, digest, request, total_micros, state,
             created_at_ms, expires_at_ms)
         VALUES ($1, $2, $3, $4, $5, $6, 'PENDING', $7, $8) ON CONFLICT DO NOTHING",
        &params![
            asked.id.to_string(),
            asked.agent_id.to_string(),
            asked.key_id.to_string(),
            &asked.digest,
            &asked.request,
            asked.total.as_micros(),
            asked.at.as_millis(),
            asked.expires_at.as_millis(),
        ],
    )?;
    Ok(inserted == 1)
}

/// Closes the questions of an agent that are too old, so that they can be asked again.
///
/// # Errors
/// Those of [`Tx::execute`].
pub fn expire(tx: &mut Tx<'_>, agent_id: AgentId, now: Timestamp) -> Result<(), StoreError> {
    tx.send(
        "UPDATE approval SET state = 'EXPIRED'
         WHERE agent_id = $1 AND expires_at_ms <= $2
             AND state IN ('PENDING', 'APPROVED', 'REJECTED')",
        params![agent_id.to_string(), now.as_millis()],
    )
}

/// How many questions of an agent wait for an answer.
///
/// # Errors
/// Those of [`Tx::execute`].
pub fn waiting(tx: &mut Tx<'_>, agent_id: AgentId) -> Result<u64, StoreError> {
    let row = tx.first(
        "SELECT COUNT(*) AS n FROM approval WHERE agent_id = $1 AND state = 'PENDING'",
        &params![agent_id.to_string()],
    )?;
    let count = row.map_or(Ok(0), |row| row.get::<i64>("n"))?;
    Ok(u64::try_from(count).unwrap_or_default())
}

/// The open question about a request of a key.
///
/// # Errors
/// Those of [`Tx::execute`].
pub fn open(tx: &mut Tx<'_>, key_id: KeyId, digest: &str) -> Result<Option<Approval>, StoreError> {
    let row = tx.first(
        "SELECT id, key_id, state, expires_at_ms FROM approval
         WHERE key_id = $1 AND digest = $2 AND state IN ('PENDING', 'APPROVED', 'REJECTED')",
        &params![key_id.to_string(), digest],
    )?;
    row.map(|row| approval(&row)).transpose()
}

/// Uses a yes for a task.
///
/// # Errors
/// [`StoreError::Changed`] if it was used meanwhile: the caller's transaction then runs again.
pub fn spend(
    tx: &mut Tx<'_>,
    id: ApprovalId,
    task_id: TaskId,
    now: Timestamp,
) -> Result<(), StoreError> {
    let used = tx.execute(
        "UPDATE approval SET state = 'USED', task_id = $2
         WHERE id = $1 AND state = 'APPROVED' AND expires_at_ms > $3",
        &params![id.to_string(), task_id.to_string(), now.as_millis()],
    )?;
    if used == 1 {
        Ok(())
    } else {
        Err(tx.lost_race())
    }
}

/// Writes down a decision of `key`, or of the host, about a question that waits for one.
///
/// # Errors
/// [`StoreError::Changed`] if it was decided meanwhile: the caller's transaction then runs again.
pub fn decide(
    tx: &mut Tx<'_>,
    id: ApprovalId,
    decided: ApprovalStatus,
    key: Option<KeyId>,
    now: Timestamp,
    expires_at: Timestamp,
) -> Result<(), StoreError> {
    let updated = tx.execute(
        "UPDATE approval SET state = $2, decided_by = $3, decided_at_ms = $4, expires_at_ms = $5
         WHERE id = $1 AND state = 'PENDING' AND expires_at_ms > $4",
        &params![
            id.to_string(),
            decided.as_str(),
            key.map(|id| id.to_string()),
            now.as_millis(),
            expires_at.as_millis(),
        ],
    )?;
    if updated == 1 {
        Ok(())
    } else {
        Err(tx.lost_race())
    }
}

/// One question, for deciding and for showing it.
///
/// # Errors
/// Those of [`Tx::execute`].
pub fn get(
    tx: &mut Tx<'_>,
    id: ApprovalId,
) -> Result<Option<(AgentId, Approval, ApprovalView)>, StoreError> {
    let row = tx.first(
        &format!("SELECT {COLUMNS} FROM approval WHERE id = $1"),
        &params![id.to_string()],
    )?;
    row.map(|row| Ok((text(&row, "agent_id")?, approval(&row)?, view(&row)?)))
        .transpose()
}

/// An agent's questions, newest first, with one row more than was asked for.
///
/// # Errors
/// Those of [`Tx::execute`].
pub fn of_agent(
    tx: &mut Tx<'_>,
    agent_id: AgentId,
    window: ApprovalWindow,
) -> Result<Found<(Approval, ApprovalView)>, StoreError> {
    let agent = agent_id.to_string();
    let total = tx.first(
        "SELECT COUNT(*) AS n FROM approval WHERE agent_id = $1",
        &params![&agent],
    )?;
    let total = total.map_or(Ok(0), |row| row.get::<i64>("n"))?;
    let rows = tx.query(
        &format!(
            "SELECT {COLUMNS} FROM approval WHERE agent_id = $1 AND id < $2
             ORDER BY id DESC LIMIT $3 OFFSET $4"
        ),
        &params![
            agent,
            // No id of ours comes after a letter beyond the alphabet of ULIDs.
            (window.after).map_or_else(|| "apr_z".to_owned(), |id| id.to_string()),
            i64::from(window.limit) + 1,
            i64::from(window.offset),
        ],
    )?;
    let rows = rows.iter().map(|row| Ok((approval(row)?, view(row)?)));
    Ok(Found {
        rows: rows.collect::<Result<_, StoreError>>()?,
        total: u64::try_from(total).unwrap_or_default(),
    })
}

fn approval(row: &Row) -> Result<Approval, StoreError> {
    Ok(Approval {
        id: text(row, "id")?,
        key_id: text(row, "key_id")?,
        state: name(row, "state", ApprovalStatus::parse)?,
        expires_at: time(row, "expires_at_ms")?,
    })
}

/// As it is stored: whether it has expired is for whoever knows the time.
fn view(row: &Row) -> Result<ApprovalView, StoreError> {
    let decided_at = time_if_any(row, "decided_at_ms")?;
    let decided_by: Option<String> = row.get("decided_by")?;
    Ok(ApprovalView {
        approval_id: text(row, "id")?,
        status: name(row, "state", ApprovalStatus::parse)?,
        key_id: text(row, "key_id")?,
        total_usd: money(row, "total_micros")?,
        request: json(row, "request")?,
        created_at: time(row, "created_at_ms")?,
        expires_at: time(row, "expires_at_ms")?,
        decided_by: decided_at.map(|_| decided_by.unwrap_or_else(|| "host".to_owned())),
        decided_at,
        task_id: text_if_any(row, "task_id")?,
    })
}
