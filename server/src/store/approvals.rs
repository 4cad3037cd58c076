//! Approvals: requests that a person must decide, and the decisions.
//!
//! Functions return database errors as [`StoreError`].

use api_types::{
    AgentId, ApprovalId, KeyId, MicroUsd, TaskId, Timestamp,
    approval::{ApprovalStatus, ApprovalView},
};

use crate::domain::delegation::Approval;
use crate::store::engine::columns::{json, money, name, text, text_if_any, time, time_if_any};
use crate::store::search::{KeyOrder, Listing, PageOfRows, PageWindow, Search};
use crate::store::{Row, StoreError, Tx, params};

/// An approval that is requested.
#[derive(Clone, Debug)]
pub struct NewApproval {
    /// The approval's id.
    pub id: ApprovalId,
    /// The agent that requests it.
    pub agent_id: AgentId,
    /// The key that requests it.
    pub key_id: KeyId,
    /// The digest of the request.
    pub digest: String,
    /// The request without its secrets, as JSON.
    pub request: String,
    /// The reward and the fee.
    pub total: MicroUsd,
    /// When it was requested.
    pub at: Timestamp,
    /// The time until which it can be decided.
    pub expires_at: Timestamp,
}

/// The list of approvals: newest first.
const LISTING: Listing = Listing {
    columns: "id, agent_id, key_id, request, total_micros, state, created_at_ms, expires_at_ms,
        decided_at_ms, decided_by, task_id",
    joins: "",
    key: "id",
    order: KeyOrder::NewestFirst,
};

/// Inserts an approval. Returns false if the same is open already.
pub fn insert(tx: &mut Tx<'_>, requested: &NewApproval) -> Result<bool, StoreError> {
    let inserted = tx.execute(
        "INSERT INTO approval (id, agent_id, key_id, digest, request, total_micros, state,
             created_at_ms, expires_at_ms)
         VALUES ($1, $2, $3, $4, $5, $6, 'PENDING', $7, $8) ON CONFLICT DO NOTHING",
        &params![
            requested.id.to_string(),
            requested.agent_id.to_string(),
            requested.key_id.to_string(),
            &requested.digest,
            &requested.request,
            requested.total.as_micros(),
            requested.at.as_millis(),
            requested.expires_at.as_millis(),
        ],
    )?;
    Ok(inserted == 1)
}

/// Expires the approvals of an agent that are too old, so that they can be requested again.
pub fn expire(tx: &mut Tx<'_>, agent_id: AgentId, now: Timestamp) -> Result<(), StoreError> {
    tx.send(
        "UPDATE approval SET state = 'EXPIRED'
         WHERE agent_id = $1 AND expires_at_ms <= $2
             AND state IN ('PENDING', 'APPROVED', 'REJECTED')",
        params![agent_id.to_string(), now.as_millis()],
    )
}

/// Returns how many approvals of an agent wait for a decision.
pub fn count_pending(tx: &mut Tx<'_>, agent_id: AgentId) -> Result<u64, StoreError> {
    let row = tx.first(
        "SELECT COUNT(*) AS n FROM approval WHERE agent_id = $1 AND state = 'PENDING'",
        &params![agent_id.to_string()],
    )?;
    let count = row.map_or(Ok(0), |row| row.get::<i64>("n"))?;
    Ok(u64::try_from(count).unwrap_or_default())
}

/// Returns the open approval for a request of a key, if there is one.
pub fn find_open(
    tx: &mut Tx<'_>,
    key_id: KeyId,
    digest: &str,
) -> Result<Option<Approval>, StoreError> {
    let row = tx.first(
        "SELECT id, key_id, state, expires_at_ms FROM approval
         WHERE key_id = $1 AND digest = $2 AND state IN ('PENDING', 'APPROVED', 'REJECTED')",
        &params![key_id.to_string(), digest],
    )?;
    row.map(|row| approval(&row)).transpose()
}

/// Uses a granted approval for a task.
///
/// # Errors
/// [`StoreError::Changed`] if it was used meanwhile: the caller's transaction then runs again.
pub fn consume(
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

/// Stores a decision by `key`, or by the host if there is none, about an approval that waits for
/// one.
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

/// Returns the approval with this id, both to decide about it and to show it.
pub fn get(
    tx: &mut Tx<'_>,
    id: ApprovalId,
) -> Result<Option<(AgentId, Approval, ApprovalView)>, StoreError> {
    Search::of("approval", "id = ", id).one(tx, &LISTING, |row| {
        Ok((text(row, "agent_id")?, approval(row)?, view(row)?))
    })
}

/// Returns a page of an agent's approvals, newest first.
pub fn of_agent(
    tx: &mut Tx<'_>,
    agent_id: AgentId,
    window: PageWindow<ApprovalId>,
) -> Result<PageOfRows<(Approval, ApprovalView)>, StoreError> {
    let search = Search::of("approval", "agent_id = ", agent_id);
    search.page(tx, &LISTING, window, |row| Ok((approval(row)?, view(row)?)))
}

fn approval(row: &Row) -> Result<Approval, StoreError> {
    Ok(Approval {
        id: text(row, "id")?,
        key_id: text(row, "key_id")?,
        state: name(row, "state", ApprovalStatus::parse)?,
        expires_at: time(row, "expires_at_ms")?,
    })
}

/// Returns the approval as stored. The caller, who knows the time, determines whether it has
/// expired.
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
