//! The job queue: enqueue in the transaction of the change that caused the job, claim, complete,
//! retry.
//!
//! Functions return database errors as [`StoreError`].

mod claims;
mod overview;

use api_types::Timestamp;

use super::{Row, StoreError, Tx, params};
use crate::domain::job::{Job, Pool};

pub use claims::{
    ClaimCapacity, ClaimedJob, LeaseScope, PoolCapacity, claim, complete, fail, may_be_due,
    postpone, release, renew, retry, take_back,
};
pub use overview::{
    QueueStats, StoredFailedJob, count_unfinished, is_failing, list_failed, queue_stats,
    requeue_failed,
};

/// Enqueues `job` for `due_at`. A job that is queued already becomes due then, as if it were new.
pub fn enqueue(tx: &mut Tx<'_>, job: &Job, due_at: Timestamp) -> Result<(), StoreError> {
    enqueue_in(tx, job, (Pool::Ordinary, job.lane()), due_at)
}

/// Enqueues `job` for `due_at` in a pool and a lane.
pub fn enqueue_in(
    tx: &mut Tx<'_>,
    job: &Job,
    (pool, lane): (Pool, &str),
    due_at: Timestamp,
) -> Result<(), StoreError> {
    tx.send(
        "INSERT INTO job (payload, kind, lane, owner, pool, state, due_at_ms, turn, attempts,
             last_error)
         VALUES ($1, $2, $4, $5, $6, 'waiting', $3, 0, 0, '')
         ON CONFLICT (payload) DO UPDATE
         SET state = 'waiting', due_at_ms = excluded.due_at_ms, turn = job.turn + 1, attempts = 0,
             last_error = '', lane = excluded.lane, pool = excluded.pool",
        params![
            payload(job)?,
            job.kind(),
            due_at.as_millis(),
            lane,
            job.owner(),
            pool.number(),
        ],
    )
}

/// Moves waiting jobs of one lane and owner to the pool of ordinary work, up to `limit` of them.
pub fn promote(tx: &mut Tx<'_>, lane: &str, owner: &str, limit: u32) -> Result<(), StoreError> {
    let waiting = tx.query(
        "SELECT payload FROM job
         WHERE state = 'waiting' AND pool > 0 AND lane = $1 AND owner = $2 LIMIT $3",
        &params![lane, owner, limit],
    )?;
    for payload in in_lock_order(&waiting)? {
        tx.send(
            "UPDATE job SET pool = 0 WHERE payload = $1 AND state = 'waiting'",
            params![payload],
        )?;
    }
    Ok(())
}

/// Returns the jobs of these rows in the order in which a transaction locks them, one by one. Moves
/// lock the jobs of a task in this order too.
fn in_lock_order(rows: &[Row]) -> Result<Vec<String>, StoreError> {
    let payloads = rows.iter().map(|row| row.get("payload"));
    let mut payloads: Vec<String> = payloads.collect::<Result<_, _>>()?;
    payloads.sort_unstable();
    Ok(payloads)
}

fn payload(job: &Job) -> Result<String, StoreError> {
    serde_json::to_string(job).map_err(|error| unreadable(job.kind(), &error))
}

fn unreadable(id: &str, error: &serde_json::Error) -> StoreError {
    StoreError::Inconsistent {
        table: "job",
        id: id.to_owned(),
        problem: error.to_string(),
    }
}
