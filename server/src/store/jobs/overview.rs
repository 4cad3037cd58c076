//! The job queue as the host sees it: how many jobs wait, and which failed for good.
//!
//! Functions return database errors as [`StoreError`].

use api_types::Timestamp;

use super::super::{Row, StoreError, Tx, params};
use crate::store::engine::columns::{time, time_if_any};
use crate::store::search::{PageOfRows, Search};

/// The number of jobs that wait, and for how long.
#[derive(Clone, Copy, Debug, Default)]
pub struct QueueStats {
    /// Jobs that are not done, including those that are due later.
    pub waiting: i64,
    /// Waiting jobs that are due now.
    pub due: i64,
    /// Jobs that failed for good.
    pub failed: i64,
    /// Since when the job that has waited longest has been due.
    pub oldest_due_at: Option<Timestamp>,
}

/// A job that failed for good.
#[derive(Clone, Debug)]
pub struct StoredFailedJob {
    /// The job as stored, in JSON.
    pub payload: String,
    /// The kind of work.
    pub kind: String,
    /// Number of attempts that were made.
    pub attempts: i64,
    /// The error of the last attempt.
    pub last_error: String,
    /// When it was last due.
    pub due_at: Timestamp,
}

/// Measures the queue.
pub fn queue_stats(tx: &mut Tx<'_>, now: Timestamp) -> Result<QueueStats, StoreError> {
    let row = tx.first(
        "SELECT COUNT(CASE WHEN state = 'waiting' THEN 1 END) AS waiting,
                COUNT(CASE WHEN state = 'waiting' AND due_at_ms <= $1 THEN 1 END) AS due,
                COUNT(CASE WHEN state = 'failed' THEN 1 END) AS failed,
                MIN(CASE WHEN state = 'waiting' AND due_at_ms <= $1 THEN due_at_ms END) AS oldest
         FROM job",
        &params![now.as_millis()],
    )?;
    row.map_or(Ok(QueueStats::default()), |row| {
        Ok(QueueStats {
            waiting: row.get("waiting")?,
            due: row.get("due")?,
            failed: row.get("failed")?,
            oldest_due_at: time_if_any(&row, "oldest")?,
        })
    })
}

/// Returns how many waiting jobs have a due time, or a lease that ends, no later than `now`, and
/// how many jobs have failed for good.
pub fn count_unfinished(tx: &mut Tx<'_>, now: Timestamp) -> Result<(i64, i64), StoreError> {
    let row = tx.first(
        "SELECT COUNT(CASE WHEN state = 'waiting' AND due_at_ms <= $1 THEN 1 END) AS due,
                COUNT(CASE WHEN state = 'failed' THEN 1 END) AS failed
         FROM job",
        &params![now.as_millis()],
    )?;
    row.map_or(Ok((0, 0)), |row| Ok((row.get("due")?, row.get("failed")?)))
}

/// Returns whether a waiting job of this lane has failed already, so that others may fail too.
pub fn is_failing(tx: &mut Tx<'_>, lane: &str) -> Result<bool, StoreError> {
    let row = tx.first(
        "SELECT 1 AS found FROM job WHERE lane = $1 AND state = 'waiting' AND last_error <> ''
         LIMIT 1",
        &params![lane],
    )?;
    Ok(row.is_some())
}

/// Returns a page of the jobs that failed for good, in the order in which they were due, after a
/// position in that order. A job has no id, so its position is its due time and its payload.
pub fn list_failed(
    tx: &mut Tx<'_>,
    after: Option<(i64, &str)>,
    limit: u32,
) -> Result<PageOfRows<StoredFailedJob>, StoreError> {
    let total = Search::with("job", "state = 'failed'").count(tx)?;
    let (due_at, payload) = after.unwrap_or((i64::MIN, ""));
    let rows = tx.query(
        "SELECT payload, kind, due_at_ms, attempts, last_error FROM job
         WHERE state = 'failed' AND (due_at_ms, payload) > ($1, $2)
         ORDER BY due_at_ms, payload LIMIT $3",
        &params![due_at, payload, i64::from(limit) + 1],
    )?;
    let rows = rows.iter().map(failed_job).collect::<Result<_, _>>()?;
    Ok(PageOfRows { rows, total })
}

fn failed_job(row: &Row) -> Result<StoredFailedJob, StoreError> {
    Ok(StoredFailedJob {
        payload: row.get("payload")?,
        kind: row.get("kind")?,
        attempts: row.get("attempts")?,
        last_error: row.get("last_error")?,
        due_at: time(row, "due_at_ms")?,
    })
}

/// Makes a job that failed for good run again, as if it were new, and returns its kind; `None` if
/// no such job has failed.
pub fn requeue_failed(
    tx: &mut Tx<'_>,
    payload: &str,
    now: Timestamp,
) -> Result<Option<String>, StoreError> {
    let row = tx.first(
        "UPDATE job SET state = 'waiting', due_at_ms = $2, turn = turn + 1, attempts = 0,
             crashes = 0
         WHERE payload = $1 AND state = 'failed' RETURNING kind",
        &params![payload, now.as_millis()],
    )?;
    row.map(|row| row.get("kind")).transpose()
}
