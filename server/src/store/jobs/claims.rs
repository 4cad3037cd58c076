//! Jobs that one process holds: claimed under a lease, renewed, and given an outcome.
//!
//! Functions return database errors as [`StoreError`].

use api_types::Timestamp;

use super::super::{Row, StoreError, Tx, Value, params};
use super::{in_lock_order, unreadable};
use crate::domain::job::{Job, Pool};
use crate::store::engine::columns::{parsed, time_if_any};

/// Number of times that a process may end while it holds a job before the job is set aside.
const CRASHES_MAX: i64 = 2;

/// The error that the host reads of a job that was set aside.
const SET_ASIDE: &str = "the server ended twice while it ran this job; run it again once the cause \
                         is known";

/// Maximum number of ordinary jobs of one lane, and of jobs of one owner, that are claimed at once.
const OF_ONE_LANE: u32 = 2;

/// A job that the caller may run until its lease ends.
#[derive(Clone, Debug)]
pub struct ClaimedJob {
    /// The work to do.
    pub job: Job,
    /// Number of attempts, this one included.
    pub attempts: i64,
    /// Whether the process that held it before ended without an outcome.
    pub is_suspect: bool,
    /// The pool of the runner in which it runs.
    pub pool: Pool,
    /// What it shares with jobs that may be slow for the same reason; empty for none.
    pub lane: String,
    /// The account on whose behalf it waits for others; empty for nobody.
    pub owner: String,
    payload: String,
    generation: i64,
}

/// The capacity of a runner, in addition to the jobs that it runs already.
#[derive(Clone, Debug, Default)]
pub struct ClaimCapacity {
    /// Maximum number of jobs from each pool.
    pub jobs_max: u32,
    /// The pools that have free places.
    pub pools: Vec<PoolCapacity>,
    /// Whether the result may contain a job that ended a process: at most one at a time, so that
    /// jobs that ran at the same time are not blamed with it.
    pub may_take_suspect: bool,
}

/// The capacity of a runner for jobs of one pool.
#[derive(Clone, Debug)]
pub struct PoolCapacity {
    /// The pool itself.
    pub pool: Pool,
    /// Kinds that have enough running jobs.
    pub full_kinds: Vec<&'static str>,
    /// Lanes that have enough running jobs.
    pub full_lanes: Vec<String>,
    /// Owners that have enough running jobs.
    pub full_owners: Vec<String>,
    /// Pairs of a lane and an owner that have enough running jobs.
    pub full_pairs: Vec<(String, String)>,
}

impl PoolCapacity {
    /// Accepts every job of this pool.
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

impl ClaimCapacity {
    /// Accepts up to `jobs_max` jobs of each pool, whatever they are.
    pub fn any(jobs_max: u32) -> Self {
        Self {
            jobs_max,
            pools: Pool::ALL.map(PoolCapacity::all).into(),
            may_take_suspect: true,
        }
    }
}

/// Returns whether a job may be due. Mostly none is, and this read costs much less than [`claim`],
/// which is a write.
pub fn may_be_due(tx: &mut Tx<'_>, now: Timestamp) -> Result<bool, StoreError> {
    // In the order of the index; without it PostgreSQL may read the whole table.
    let first_of = |pool: Pool| {
        let pool = pool.number();
        format!(
            "SELECT * FROM (
                 SELECT due_at_ms FROM job WHERE state = 'waiting' AND pool = {pool}
                 ORDER BY due_at_ms LIMIT 1) AS pool_{pool}"
        )
    };
    let first = tx.first(
        &format!(
            "SELECT MIN(due_at_ms) AS first_ms FROM ({}) AS firsts",
            Pool::ALL.map(first_of).join(" UNION ALL ")
        ),
        &[],
    )?;
    let first = first.map(|row| time_if_any(&row, "first_ms")).transpose()?;
    Ok(first.flatten().is_some_and(|first| first <= now))
}

/// Claims jobs that are due, those that have waited longest first, under a lease until
/// `lease_until`, which [`renew`] extends. A job that this version cannot read is due again when
/// the lease ends: a newer server may be able to read it, and other jobs do not wait for it.
pub fn claim(
    tx: &mut Tx<'_>,
    now: Timestamp,
    lease_until: Timestamp,
    capacity: &ClaimCapacity,
) -> Result<Vec<ClaimedJob>, StoreError> {
    let mut params = Vec::from(params![now.as_millis(), capacity.jobs_max, OF_ONE_LANE]);
    let suspects = match capacity.may_take_suspect {
        true => "",
        false => " AND crashes = 0",
    };
    let oldest_due_of = |of: &PoolCapacity| oldest_due(&mut params, of, suspects);
    let oldest: Vec<String> = capacity.pools.iter().map(oldest_due_of).collect();
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
    // The condition is checked again, because another process may just have claimed the row.
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

/// Returns the query for the jobs of a pool that have waited longest, and adds its parameters to
/// `params`.
fn oldest_due(params: &mut Vec<Value>, of: &PoolCapacity, suspects: &str) -> String {
    let kinds = excluding(params, "kind", of.full_kinds.iter().map(|kind| vec![*kind]));
    let lanes = excluding(
        params,
        "lane",
        of.full_lanes.iter().map(|lane| vec![lane.as_str()]),
    );
    let owners = excluding(
        params,
        "owner",
        of.full_owners.iter().map(|owner| vec![owner.as_str()]),
    );
    let pairs = excluding(
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

/// Returns a condition that excludes these rows of values, and adds its parameters to `params`.
/// Their number is rounded up by repetition, so that few statements differ and prepared ones can be
/// reused.
fn excluding<'a>(
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

/// Extends the lease of the jobs that are still the caller's to `lease_until`. A job that another
/// process has taken over, or that was queued anew, is not extended, and its outcome will be
/// refused.
pub fn renew(
    tx: &mut Tx<'_>,
    held: &[ClaimedJob],
    lease_until: Timestamp,
) -> Result<(), StoreError> {
    for claimed in claims_in_lock_order(held) {
        tx.send(
            "UPDATE job SET due_at_ms = $3
             WHERE payload = $1 AND turn = $2 AND claimed_turn = $2 AND state = 'waiting'",
            params![
                &claimed.payload,
                claimed.generation,
                lease_until.as_millis()
            ],
        )?;
    }
    Ok(())
}

/// The claims that count as those of a process that has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeaseScope {
    /// Claims whose lease has ended: the rule where processes share a database.
    Lease,
    /// All claims: the rule when a process starts that has the database alone.
    Every,
}

/// Takes jobs back from processes that ended while they held them, and returns the kinds of those
/// that it sets aside: a job that ends its process whenever it runs would keep the server down. The
/// other jobs are due at once.
pub fn take_back(
    tx: &mut Tx<'_>,
    now: Timestamp,
    ended: LeaseScope,
) -> Result<Vec<String>, StoreError> {
    let held_until = match ended {
        LeaseScope::Lease => now.as_millis(),
        LeaseScope::Every => i64::MAX,
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

/// Releases jobs that are not done and not to blame: they are due again at once.
pub fn release(tx: &mut Tx<'_>, held: &[ClaimedJob], now: Timestamp) -> Result<(), StoreError> {
    for claimed in claims_in_lock_order(held) {
        tx.send(
            "UPDATE job SET due_at_ms = $3, attempts = attempts - 1, claimed_turn = NULL
             WHERE payload = $1 AND turn = $2 AND state = 'waiting'",
            params![&claimed.payload, claimed.generation, now.as_millis()],
        )?;
    }
    Ok(())
}

fn claims_in_lock_order(held: &[ClaimedJob]) -> Vec<&ClaimedJob> {
    let mut held: Vec<_> = held.iter().collect();
    held.sort_unstable_by_key(|claimed| &claimed.payload);
    held
}

/// Postpones a job that was not begun and is not to blame: it is due at `due_at`, in a pool that
/// fits it better.
pub fn postpone(
    tx: &mut Tx<'_>,
    claimed: &ClaimedJob,
    pool: Pool,
    due_at: Timestamp,
) -> Result<(), StoreError> {
    tx.send(
        "UPDATE job SET due_at_ms = $3, pool = $4, attempts = attempts - 1, claimed_turn = NULL
         WHERE payload = $1 AND turn = $2 AND state = 'waiting'",
        params![
            &claimed.payload,
            claimed.generation,
            due_at.as_millis(),
            pool.number()
        ],
    )
}

/// Completes a job. Does nothing if it was queued anew meanwhile: then it will run again.
pub fn complete(tx: &mut Tx<'_>, claimed: &ClaimedJob) -> Result<(), StoreError> {
    tx.send(
        "DELETE FROM job WHERE payload = $1 AND turn = $2",
        params![&claimed.payload, claimed.generation],
    )
}

/// Schedules another attempt of a job at `due_at`.
pub fn retry(
    tx: &mut Tx<'_>,
    claimed: &ClaimedJob,
    due_at: Timestamp,
    error: &str,
) -> Result<(), StoreError> {
    tx.send(
        "UPDATE job SET due_at_ms = $3, last_error = $4, claimed_turn = NULL, crashes = 0
         WHERE payload = $1 AND turn = $2",
        params![
            &claimed.payload,
            claimed.generation,
            due_at.as_millis(),
            error
        ],
    )
}

/// Marks a job as failed for good. It stays in the table for the host to examine.
pub fn fail(tx: &mut Tx<'_>, claimed: &ClaimedJob, error: &str) -> Result<(), StoreError> {
    tx.send(
        "UPDATE job SET state = 'failed', last_error = $3, claimed_turn = NULL, crashes = 0
         WHERE payload = $1 AND turn = $2",
        params![&claimed.payload, claimed.generation, error],
    )
}

fn claimed(row: &Row) -> Result<ClaimedJob, StoreError> {
    let payload: String = row.get("payload")?;
    Ok(ClaimedJob {
        job: serde_json::from_str(&payload).map_err(|error| unreadable(&payload, &error))?,
        attempts: row.get("attempts")?,
        generation: row.get("turn")?,
        is_suspect: row.get::<i64>("crashes")? > 0,
        pool: parsed(Pool::of(row.get("pool")?), "pool")?,
        lane: row.get("lane")?,
        owner: row.get("owner")?,
        payload,
    })
}
