//! Work that waits: enqueue beside the change that caused it, claim, complete, retry.

use api_types::Timestamp;

use super::{Row, StoreError, Tx, params};
use crate::domain::job::Job;

/// A job that the caller may run until its lease ends.
#[derive(Clone, Debug)]
pub struct Claimed {
    /// What to do.
    pub job: Job,
    /// How often it was tried, this time included.
    pub attempts: i64,
    payload: String,
    turn: i64,
}

/// Leaves `job` for `due_at`. A job that waits already is made due then, as if it were new.
///
/// # Errors
/// Those of [`Tx::execute`].
pub fn enqueue(tx: &mut Tx<'_>, job: &Job, due_at: Timestamp) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO job (payload, kind, state, due_at_ms, turn, attempts, last_error)
         VALUES ($1, $2, 'waiting', $3, 0, 0, '')
         ON CONFLICT (payload) DO UPDATE
         SET state = 'waiting', due_at_ms = excluded.due_at_ms, turn = job.turn + 1, attempts = 0,
             last_error = ''",
        &params![payload(job)?, job.kind(), due_at.as_millis()],
    )
    .map(drop)
}

/// Takes at most `jobs_max` jobs that are due, and holds them until `lease_until`. A job whose
/// holder died is due again by then.
///
/// # Errors
/// Those of [`Tx::query`]; `Inconsistent` for a job that this version cannot read.
pub fn claim(
    tx: &mut Tx<'_>,
    now: Timestamp,
    lease_until: Timestamp,
    jobs_max: u32,
) -> Result<Vec<Claimed>, StoreError> {
    // The outer condition is asked again of a row that another process has just claimed.
    let rows = tx.query(
        "UPDATE job SET due_at_ms = $2, turn = turn + 1, attempts = attempts + 1
         WHERE state = 'waiting' AND due_at_ms <= $1 AND payload IN (
             SELECT payload FROM job WHERE state = 'waiting' AND due_at_ms <= $1
             ORDER BY due_at_ms LIMIT $3)
         RETURNING payload, turn, attempts",
        &params![now.as_millis(), lease_until.as_millis(), jobs_max],
    )?;
    rows.iter().map(claimed).collect()
}

/// The job is done. Says nothing if it was queued anew meanwhile: then it will run again.
///
/// # Errors
/// Those of [`Tx::execute`].
pub fn complete(tx: &mut Tx<'_>, claimed: &Claimed) -> Result<(), StoreError> {
    tx.execute(
        "DELETE FROM job WHERE payload = $1 AND turn = $2",
        &params![&claimed.payload, claimed.turn],
    )
    .map(drop)
}

/// The job shall run again at `due_at`.
///
/// # Errors
/// Those of [`Tx::execute`].
pub fn retry(
    tx: &mut Tx<'_>,
    claimed: &Claimed,
    due_at: Timestamp,
    error: &str,
) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE job SET due_at_ms = $3, last_error = $4 WHERE payload = $1 AND turn = $2",
        &params![&claimed.payload, claimed.turn, due_at.as_millis(), error],
    )
    .map(drop)
}

/// The job cannot succeed, and stays to be looked at.
///
/// # Errors
/// Those of [`Tx::execute`].
pub fn fail(tx: &mut Tx<'_>, claimed: &Claimed, error: &str) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE job SET state = 'failed', last_error = $3 WHERE payload = $1 AND turn = $2",
        &params![&claimed.payload, claimed.turn, error],
    )
    .map(drop)
}

/// How many jobs are due or held now, and how many have failed for good.
///
/// # Errors
/// Those of [`Tx::query`].
pub fn left(tx: &mut Tx<'_>, now: Timestamp) -> Result<(i64, i64), StoreError> {
    let row = tx.first(
        "SELECT COUNT(CASE WHEN state = 'waiting' AND due_at_ms <= $1 THEN 1 END) AS due,
                COUNT(CASE WHEN state = 'failed' THEN 1 END) AS failed
         FROM job",
        &params![now.as_millis()],
    )?;
    row.map_or(Ok((0, 0)), |row| Ok((row.get("due")?, row.get("failed")?)))
}

fn payload(job: &Job) -> Result<String, StoreError> {
    serde_json::to_string(job).map_err(|error| unreadable(job.kind(), &error))
}

fn claimed(row: &Row) -> Result<Claimed, StoreError> {
    let payload: String = row.get("payload")?;
    Ok(Claimed {
        job: serde_json::from_str(&payload).map_err(|error| unreadable(&payload, &error))?,
        attempts: row.get("attempts")?,
        turn: row.get("turn")?,
        payload,
    })
}

fn unreadable(id: &str, error: &serde_json::Error) -> StoreError {
    StoreError::Inconsistent {
        table: "job",
        id: id.to_owned(),
        problem: error.to_string(),
    }
}
