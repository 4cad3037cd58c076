//! Work that waits: enqueue beside the change that caused it, claim, complete, retry.

use std::cmp::Ordering;

use api_types::Timestamp;

use super::{
    Row, StoreError, Tx, Value,
    columns::{parsed, time, time_if_any},
    params,
};
use crate::domain::job::{Job, Pool};

/// How often a process may end while it holds a job before the job is set aside.
const CRASHES_MAX: i64 = 2;

/// What the host reads of a job that was set aside.
const SET_ASIDE: &str = "the server ended twice while it ran this job; run it again once the cause \
                         is known";

/// A job that the caller may run until its lease ends.
#[derive(Clone, Debug)]
pub struct Claimed {
    /// What to do.
    pub job: Job,
    /// How often it was tried, this time included.
    pub attempts: i64,
    /// Whether the process that held it before ended without an outcome.
    pub is_suspect: bool,
    /// Which of the runner's places it takes.
    pub pool: Pool,
    /// What it shares with jobs that may be slow for the same reason; empty for none.
    pub lane: String,
    /// On whose account it waits for others; empty for nobody.
    pub owner: String,
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
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// Jobs at most, of each pool.
    pub jobs_max: u32,
    /// The pools that have places left.
    pub pools: Vec<WantedOfPool>,
    /// Whether a job may be among them that ended a process: at most one at a time, so that those
    /// that ran beside it are not blamed with it.
    pub may_take_suspect: bool,
}

/// What a runner can take on from one pool.
#[derive(Clone, Debug)]
pub struct WantedOfPool {
    /// The pool.
    pub pool: Pool,
    /// Kinds of which enough run.
    pub full_kinds: Vec<&'static str>,
    /// Lanes of which enough run.
    pub full_lanes: Vec<String>,
    /// Owners of whom enough run.
    pub full_owners: Vec<String>,
    /// Lanes with an owner of which enough run.
    pub full_pairs: Vec<(String, String)>,
}

impl WantedOfPool {
    /// Everything from this pool.
    pub fn all(pool: Pool) -> Self {
        Self {
            pool,
            full_kinds: Vec::new(),
            full_lanes: Vec::new(),
            full_owners: Vec::new(),
            full_pairs: Vec::new(),
        }
    }
}

impl Wanted {
    /// So many jobs of each pool, whatever they are.
    pub fn any(jobs_max: u32) -> Self {
        Self {
            jobs_max,
            pools: Pool::ALL.map(WantedOfPool::all).into(),
            may_take_suspect: true,
        }
    }
}

/// Ordinary jobs of one lane that are claimed at once, and jobs of one owner.
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
    enqueue_in(tx, job, (Pool::Ordinary, job.lane()), due_at)
}

/// Leaves `job` for `due_at` in a pool and a lane.
///
/// # Errors
/// Those of [`Tx::execute`].
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

/// Moves waiting jobs of one lane and owner to the places of ordinary work, up to `limit` of them.
///
/// # Errors
/// Those of [`Tx::execute`].
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

/// Takes jobs that are due, those that have waited longest first, and holds them until
/// `lease_until`, unless [`renew`] is called before. A job that this version cannot read is due
/// again by then: a newer server may, and the others do not wait for it.
///
/// # Errors
/// Those of [`Tx::query`].
pub fn claim(
    tx: &mut Tx<'_>,
    now: Timestamp,
    lease_until: Timestamp,
    wanted: &Wanted,
) -> Result<Vec<Claimed>, StoreError> {
    let mut params = Vec::from(params![now.as_millis(), wanted.jobs_max, OF_ONE_LANE]);
    let suspects = match wanted.may_take_suspect {
        true => "",
        false => " AND crashes = 0",
    };
    let oldest_of = |of: &WantedOfPool| oldest(&mut params, of, suspects);
    let oldest: Vec<String> = wanted.pools.iter().map(oldest_of).collect();
    if oldest.is_empty() {
        return Ok(Vec::new());
    }
    let due = tx.query(
        &format!(
            "SELECT payload FROM (
                 SELECT payload, pool, lane, owner, crashes,
                     ROW_NUMBER() OVER (PARTITION BY pool, lane ORDER BY due_at_ms) AS nth_of_lane,
                     ROW_NUMBER() OVER (PARTITION BY pool, owner ORDER BY due_at_ms)
                         AS nth_of_owner,
                     ROW_NUMBER() OVER (PARTITION BY CASE crashes WHEN 0 THEN 0 ELSE 1 END
                         ORDER BY due_at_ms) AS nth_suspect
                 FROM ({}) AS oldest) AS numbered
             WHERE (lane = '' OR nth_of_lane <= CASE pool WHEN 0 THEN $3 ELSE 1 END)
               AND (owner = '' OR nth_of_owner <= $3)
               AND (crashes = 0 OR nth_suspect = 1)",
            oldest.join(" UNION ALL ")
        ),
        &params,
    )?;
    // The condition is asked again of a row that another process has just claimed.
    let payloads = in_lock_order(&due)?;
    let mut rows = Vec::with_capacity(payloads.len());
    for payload in payloads {
        rows.extend(tx.first(
            "UPDATE job SET due_at_ms = $3, turn = turn + 1, claimed_turn = turn + 1,
                 attempts = attempts + 1
             WHERE payload = $1 AND state = 'waiting' AND due_at_ms <= $2
             RETURNING payload, turn, attempts, crashes, pool, lane, owner",
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

/// The jobs of these rows in the order in which a transaction locks them, one by one; moves lock
/// the jobs of a task in it too.
fn in_lock_order(rows: &[Row]) -> Result<Vec<String>, StoreError> {
    let payloads = rows.iter().map(|row| row.get("payload"));
    let mut payloads: Vec<String> = payloads.collect::<Result<_, _>>()?;
    payloads.sort_unstable();
    Ok(payloads)
}

/// The query for the jobs of a pool that have waited longest, its parameters added to `params`.
fn oldest(params: &mut Vec<Value>, of: &WantedOfPool, suspects: &str) -> String {
    let kinds = none_of(params, "kind", of.full_kinds.iter().map(|kind| vec![*kind]));
    let lanes = none_of(
        params,
        "lane",
        of.full_lanes.iter().map(|lane| vec![lane.as_str()]),
    );
    let owners = none_of(
        params,
        "owner",
        of.full_owners.iter().map(|owner| vec![owner.as_str()]),
    );
    let pairs = none_of(
        params,
        "(lane, owner)",
        (of.full_pairs.iter()).map(|(lane, owner)| vec![lane.as_str(), owner.as_str()]),
    );
    let pool = of.pool.number();
    format!(
        "SELECT * FROM (
             SELECT payload, pool, lane, owner, due_at_ms, crashes FROM job
             WHERE state = 'waiting' AND pool = {pool} AND due_at_ms <= $1
               AND COALESCE(claimed_turn, -1) <> turn{kinds}{lanes}{owners}{pairs}{suspects}
             ORDER BY due_at_ms LIMIT $2) AS pool_{pool}"
    )
}

/// A condition that keeps these rows of values out, its parameters added to `params`. Their number
/// is rounded up by repetition, so that few statements differ and those that are prepared serve.
fn none_of<'a>(
    params: &mut Vec<Value>,
    columns: &str,
    rows: impl Iterator<Item = Vec<&'a str>>,
) -> String {
    let rows: Vec<_> = rows.collect();
    let Some(first) = rows.first() else {
        return String::new();
    };
    let padding = rows.len().next_power_of_two() - rows.len();
    let padded = rows.iter().chain(std::iter::repeat_n(first, padding));
    let values: Vec<String> = padded
        .map(|row| {
            let numbers = row.iter().map(|value| {
                params.push((*value).into());
                format!("${}", params.len())
            });
            format!("({})", numbers.collect::<Vec<_>>().join(", "))
        })
        .collect();
    format!(" AND {columns} NOT IN (VALUES {})", values.join(", "))
}

/// Holds jobs until `lease_until` that are still the caller's. Of one that another process has
/// taken over, or that was queued anew, the outcome will be refused.
///
/// # Errors
/// Those of [`Tx::execute`].
pub fn renew(tx: &mut Tx<'_>, held: &[Claimed], lease_until: Timestamp) -> Result<(), StoreError> {
    for claimed in held {
        tx.send(
            "UPDATE job SET due_at_ms = $3
             WHERE payload = $1 AND turn = $2 AND claimed_turn = $2 AND state = 'waiting'",
            params![&claimed.payload, claimed.turn, lease_until.as_millis()],
        )?;
    }
    Ok(())
}

/// Which claims count as those of a process that has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Those of which the lease has ended: the rule where processes share a database.
    Lease,
    /// All: the rule when a process starts that has the database alone.
    Every,
}

/// Takes jobs back from processes that ended while they held them, and answers the kinds of those
/// that are set aside for it: a job that ends its process whenever it runs would keep the server
/// down. The others are due at once.
///
/// # Errors
/// Those of [`Tx::query`].
pub fn take_back(tx: &mut Tx<'_>, now: Timestamp, ended: Ended) -> Result<Vec<String>, StoreError> {
    let held_until = match ended {
        Ended::Lease => now.as_millis(),
        Ended::Every => i64::MAX,
    };
    let held = tx.query(
        "SELECT payload FROM job
         WHERE state = 'waiting' AND claimed_turn = turn AND due_at_ms <= $1",
        &params![held_until],
    )?;
    let mut set_aside = Vec::new();
    for payload in in_lock_order(&held)? {
        let row = tx.first(
            "UPDATE job SET claimed_turn = NULL, turn = turn + 1, due_at_ms = $2,
                 crashes = crashes + 1,
                 state = CASE WHEN crashes + 1 >= $4 THEN 'failed' ELSE state END,
                 last_error = CASE WHEN crashes + 1 >= $4 THEN $5 ELSE last_error END
             WHERE payload = $1 AND state = 'waiting' AND claimed_turn = turn AND due_at_ms <= $3
             RETURNING kind, state",
            &params![payload, now.as_millis(), held_until, CRASHES_MAX, SET_ASIDE],
        )?;
        let Some(row) = row else {
            continue;
        };
        if row.get::<String>("state")? == "failed" {
            set_aside.push(row.get("kind")?);
        }
    }
    Ok(set_aside)
}

/// The job is not done and not to blame: it is due again at once.
///
/// # Errors
/// Those of [`Tx::execute`].
pub fn release(tx: &mut Tx<'_>, claimed: &Claimed, now: Timestamp) -> Result<(), StoreError> {
    tx.send(
        "UPDATE job SET due_at_ms = $3, attempts = attempts - 1, claimed_turn = NULL
         WHERE payload = $1 AND turn = $2 AND state = 'waiting'",
        params![&claimed.payload, claimed.turn, now.as_millis()],
    )
}

/// The job is not begun, and not to blame: it is due at `due_at`, in a pool that fits it better.
///
/// # Errors
/// Those of [`Tx::execute`].
pub fn postpone(
    tx: &mut Tx<'_>,
    claimed: &Claimed,
    pool: Pool,
    due_at: Timestamp,
) -> Result<(), StoreError> {
    tx.send(
        "UPDATE job SET due_at_ms = $3, pool = $4, attempts = attempts - 1, claimed_turn = NULL
         WHERE payload = $1 AND turn = $2 AND state = 'waiting'",
        params![
            &claimed.payload,
            claimed.turn,
            due_at.as_millis(),
            pool.number()
        ],
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
        "UPDATE job SET due_at_ms = $3, last_error = $4, claimed_turn = NULL, crashes = 0
         WHERE payload = $1 AND turn = $2",
        params![&claimed.payload, claimed.turn, due_at.as_millis(), error],
    )
}

/// The job cannot succeed, and stays to be looked at.
///
/// # Errors
/// Those of [`Tx::execute`].
pub fn fail(tx: &mut Tx<'_>, claimed: &Claimed, error: &str) -> Result<(), StoreError> {
    tx.send(
        "UPDATE job SET state = 'failed', last_error = $3, claimed_turn = NULL, crashes = 0
         WHERE payload = $1 AND turn = $2",
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
        "UPDATE job SET state = 'waiting', due_at_ms = $2, turn = turn + 1, attempts = 0,
             crashes = 0
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
        is_suspect: row.get::<i64>("crashes")? > 0,
        pool: parsed(Pool::of(row.get("pool")?), "pool")?,
        lane: row.get("lane")?,
        owner: row.get("owner")?,
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
