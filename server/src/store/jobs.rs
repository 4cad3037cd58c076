//! Work that waits: enqueue beside the change that caused it, claim, complete, retry.

use std::cmp::Ordering;

use api_types::Timestamp;

use super::{
    Row, StoreError, Tx, Value,
    columns::{time, time_if_any},
    params,
};
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

impl Claimed {
    /// The order in which a transaction locks jobs.
    pub fn in_lock_order(&self, other: &Self) -> Ordering {
        self.payload.cmp(&other.payload)
    }
}

/// What a runner can take on beside what it runs already.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// Jobs at most.
    pub jobs_max: u32,
    /// Kinds of which enough run.
    pub full_kinds: Vec<&'static str>,
    /// Lanes of which enough run.
    pub full_lanes: Vec<String>,
    /// Owners of whom enough run.
    pub full_owners: Vec<String>,
}

/// Jobs of one lane that are claimed at once.
const OF_ONE_LANE: u32 = 2;

/// A job that failed for good.
#[derive(Clone, Debug)]
pub struct Failed {
    /// The job, as it is kept.
    pub payload: String,
    /// What kind of work.
    pub kind: String,
    /// How often it was tried.
    pub attempts: i64,
    /// What went wrong the last time.
    pub last_error: String,
    /// When it was last due.
    pub due_at: Timestamp,
}

/// Leaves `job` for `due_at`. A job that waits already is made due then, as if it were new.
///
/// # Errors
/// Those of [`Tx::execute`].
pub fn enqueue(tx: &mut Tx<'_>, job: &Job, due_at: Timestamp) -> Result<(), StoreError> {
    tx.send(
        "INSERT INTO job (payload, kind, lane, owner, state, due_at_ms, turn, attempts, last_error)
         VALUES ($1, $2, $4, $5, 'waiting', $3, 0, 0, '')
         ON CONFLICT (payload) DO UPDATE
         SET state = 'waiting', due_at_ms = excluded.due_at_ms, turn = job.turn + 1, attempts = 0,
             last_error = ''",
        params![
            payload(job)?,
            job.kind(),
            due_at.as_millis(),
            job.lane(),
            job.owner()
        ],
    )
}

/// Takes jobs that are due, those that have waited longest first, and holds them until
/// `lease_until`. A job whose holder died is due again by then, and so is one that this version
/// cannot read: a newer server may, and the others do not wait for it.
///
/// # Errors
/// Those of [`Tx::query`].
pub fn claim(
    tx: &mut Tx<'_>,
    now: Timestamp,
    lease_until: Timestamp,
    wanted: &Wanted,
) -> Result<Vec<Claimed>, StoreError> {
    let mut params = Vec::from(params![now.as_millis(), wanted.jobs_max, OF_ONE_LANE,]);
    let kinds = none_of(&mut params, "kind", wanted.full_kinds.iter().copied());
    let lanes = none_of(
        &mut params,
        "lane",
        wanted.full_lanes.iter().map(String::as_str),
    );
    let owners = none_of(
        &mut params,
        "owner",
        wanted.full_owners.iter().map(String::as_str),
    );
    let due = tx.query(
        &format!(
            "SELECT payload FROM (
                 SELECT payload, lane, due_at_ms, ROW_NUMBER() OVER (
                     PARTITION BY lane ORDER BY due_at_ms) AS nth
                 FROM (SELECT payload, lane, due_at_ms FROM job
                       WHERE state = 'waiting' AND due_at_ms <= $1{kinds}{lanes}{owners}
                       ORDER BY due_at_ms LIMIT $2) AS oldest) AS numbered
             WHERE lane = '' OR nth <= $3"
        ),
        &params,
    )?;
    let payloads = due.iter().map(|row| row.get("payload"));
    let mut payloads: Vec<String> = payloads.collect::<Result<_, _>>()?;
    // One by one in the order of the key, in which moves lock the jobs of a task too. The
    // condition is asked again of a row that another process has just claimed.
    payloads.sort_unstable();
    let mut rows = Vec::with_capacity(payloads.len());
    for payload in payloads {
        rows.extend(tx.first(
            "UPDATE job SET due_at_ms = $3, turn = turn + 1, attempts = attempts + 1
             WHERE payload = $1 AND state = 'waiting' AND due_at_ms <= $2
             RETURNING payload, turn, attempts",
            &params![payload, now.as_millis(), lease_until.as_millis()],
        )?);
    }
    let readable = rows.iter().filter_map(|row| match claimed(row) {
        Err(error @ StoreError::Inconsistent { .. }) => {
            tracing::error!(%error, "a job is left to a version that can read it");
            None
        }
        read => Some(read),
    });
    readable.collect()
}

/// A condition that keeps these values out, its parameters added to `params`.
fn none_of<'a>(
    params: &mut Vec<Value>,
    column: &str,
    values: impl Iterator<Item = &'a str>,
) -> String {
    let numbers: Vec<String> = values
        .map(|value| {
            params.push(value.into());
            format!("${}", params.len())
        })
        .collect();
    if numbers.is_empty() {
        String::new()
    } else {
        format!(" AND {column} NOT IN ({})", numbers.join(", "))
    }
}

/// The job is not done and not to blame: it is due again at once.
///
/// # Errors
/// Those of [`Tx::execute`].
pub fn release(tx: &mut Tx<'_>, claimed: &Claimed, now: Timestamp) -> Result<(), StoreError> {
    tx.send(
        "UPDATE job SET due_at_ms = $3, attempts = attempts - 1
         WHERE payload = $1 AND turn = $2 AND state = 'waiting'",
        params![&claimed.payload, claimed.turn, now.as_millis()],
    )
}

/// The job is done. Says nothing if it was queued anew meanwhile: then it will run again.
///
/// # Errors
/// Those of [`Tx::execute`].
pub fn complete(tx: &mut Tx<'_>, claimed: &Claimed) -> Result<(), StoreError> {
    tx.send(
        "DELETE FROM job WHERE payload = $1 AND turn = $2",
        params![&claimed.payload, claimed.turn],
    )
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
    tx.send(
        "UPDATE job SET due_at_ms = $3, last_error = $4 WHERE payload = $1 AND turn = $2",
        params![&claimed.payload, claimed.turn, due_at.as_millis(), error],
    )
}

/// The job cannot succeed, and stays to be looked at.
///
/// # Errors
/// Those of [`Tx::execute`].
pub fn fail(tx: &mut Tx<'_>, claimed: &Claimed, error: &str) -> Result<(), StoreError> {
    tx.send(
        "UPDATE job SET state = 'failed', last_error = $3 WHERE payload = $1 AND turn = $2",
        params![&claimed.payload, claimed.turn, error],
    )
}

/// How much work waits, and for how long.
#[derive(Clone, Copy, Debug, Default)]
pub struct Queue {
    /// Jobs that are not done, those that are due later included.
    pub waiting: i64,
    /// Of them those that are due.
    pub due: i64,
    /// Jobs that failed for good.
    pub failed: i64,
    /// Since when the one that has waited longest has been due.
    pub oldest_due_at: Option<Timestamp>,
}

/// Measures the queue.
///
/// # Errors
/// Those of [`Tx::query`].
pub fn queue(tx: &mut Tx<'_>, now: Timestamp) -> Result<Queue, StoreError> {
    let row = tx.first(
        "SELECT COUNT(CASE WHEN state = 'waiting' THEN 1 END) AS waiting,
                COUNT(CASE WHEN state = 'waiting' AND due_at_ms <= $1 THEN 1 END) AS due,
                COUNT(CASE WHEN state = 'failed' THEN 1 END) AS failed,
                MIN(CASE WHEN state = 'waiting' AND due_at_ms <= $1 THEN due_at_ms END) AS oldest
         FROM job",
        &params![now.as_millis()],
    )?;
    row.map_or(Ok(Queue::default()), |row| {
        Ok(Queue {
            waiting: row.get("waiting")?,
            due: row.get("due")?,
            failed: row.get("failed")?,
            oldest_due_at: time_if_any(&row, "oldest")?,
        })
    })
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

/// Jobs that failed for good, in the order in which they were due, after a place in it.
///
/// # Errors
/// Those of [`Tx::query`].
pub fn failed(
    tx: &mut Tx<'_>,
    after: Option<(i64, &str)>,
    limit: u32,
) -> Result<(Vec<Failed>, u64), StoreError> {
    let count = "SELECT COUNT(*) AS n FROM job WHERE state = 'failed'";
    let total = tx
        .first(count, &[])?
        .map_or(Ok(0), |row| row.get::<i64>("n"))?;
    let (due_at, payload) = after.unwrap_or((i64::MIN, ""));
    let rows = tx.query(
        "SELECT payload, kind, due_at_ms, attempts, last_error FROM job
         WHERE state = 'failed' AND (due_at_ms, payload) > ($1, $2)
         ORDER BY due_at_ms, payload LIMIT $3",
        &params![due_at, payload, i64::from(limit) + 1],
    )?;
    let jobs = rows.iter().map(failed_job).collect::<Result<_, _>>()?;
    Ok((jobs, u64::try_from(total).unwrap_or_default()))
}

fn failed_job(row: &Row) -> Result<Failed, StoreError> {
    Ok(Failed {
        payload: row.get("payload")?,
        kind: row.get("kind")?,
        attempts: row.get("attempts")?,
        last_error: row.get("last_error")?,
        due_at: time(row, "due_at_ms")?,
    })
}

/// Lets a job that failed for good run again, as if it were new, and says of which kind it is;
/// nothing if no such job has failed.
///
/// # Errors
/// Those of [`Tx::query`].
pub fn revive(
    tx: &mut Tx<'_>,
    payload: &str,
    now: Timestamp,
) -> Result<Option<String>, StoreError> {
    let row = tx.first(
        "UPDATE job SET state = 'waiting', due_at_ms = $2, turn = turn + 1, attempts = 0
         WHERE payload = $1 AND state = 'failed' RETURNING kind",
        &params![payload, now.as_millis()],
    )?;
    row.map(|row| row.get("kind")).transpose()
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
