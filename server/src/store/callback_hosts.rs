//! Records of how the callbacks of each agent answered lately, by host.
//!
//! Functions return database errors as [`StoreError`].

use api_types::{AgentId, Timestamp};

use crate::domain::callback_host::{self, CallOutcome, HostRecord, UNRESPONSIVE_HOSTS_MAX};
use crate::domain::job::Pool;
use crate::store::engine::columns::time;
use crate::store::{Row, StoreError, Tx, params};

/// The number at which the count of failures stops.
const FAILURES_MAX: i64 = 16;

/// The facts that decide how a delivery is queued.
#[derive(Clone, Copy, Debug)]
pub struct CallbackState {
    /// The recent record of the host, if it was called.
    pub record: Option<HostRecord>,
    /// Number of the agent's hosts that do not answer, counted up to the number that matters.
    pub unresponsive: i64,
    /// Whether the callback has said that it is gone.
    pub is_disabled: bool,
}

impl CallbackState {
    /// Returns the pool of a delivery that is due now.
    pub fn pool(&self, now: Timestamp) -> Pool {
        callback_host::pool(self.record.as_ref(), self.unresponsive, now)
    }
}

/// Looks up a callback of an agent.
pub fn state_of(
    tx: &mut Tx<'_>,
    agent_id: AgentId,
    url: &str,
) -> Result<CallbackState, StoreError> {
    let row = tx.first(
        "SELECT (SELECT COUNT(*) FROM disabled_endpoint WHERE agent_id = $1 AND url = $2) AS disabled,
             (SELECT COUNT(*) FROM (SELECT host FROM callback_host
                  WHERE agent_id = $1 AND failures > 0 LIMIT $4) AS failing) AS unresponsive,
             called.failures, called.is_prompt, called.called_at_ms
         FROM (SELECT 1 AS one) AS always
         LEFT JOIN callback_host AS called ON called.agent_id = $1 AND called.host = $3",
        &params![
            agent_id.to_string(),
            url,
            callback_host::host(url),
            UNRESPONSIVE_HOSTS_MAX,
        ],
    )?;
    row.map_or(
        Ok(CallbackState {
            record: None,
            unresponsive: 0,
            is_disabled: false,
        }),
        |row| {
            Ok(CallbackState {
                record: record(&row)?,
                unresponsive: row.get("unresponsive")?,
                is_disabled: row.get::<i64>("disabled")? > 0,
            })
        },
    )
}

fn record(row: &Row) -> Result<Option<HostRecord>, StoreError> {
    let Some(failures) = row.get::<Option<i64>>("failures")? else {
        return Ok(None);
    };
    Ok(Some(HostRecord {
        failures,
        is_prompt: row.get::<i64>("is_prompt")? == 1,
        called_at: time(row, "called_at_ms")?,
    }))
}

/// Records the outcome of a call.
pub fn record_outcome(
    tx: &mut Tx<'_>,
    agent_id: AgentId,
    host: &str,
    outcome: CallOutcome,
    now: Timestamp,
) -> Result<(), StoreError> {
    let (first, further) = match outcome {
        CallOutcome::Prompt | CallOutcome::Late => (0, "callback_host.failures / 2"),
        CallOutcome::Unanswered => (
            1,
            "CASE WHEN callback_host.failures < $6 THEN callback_host.failures + 1 ELSE $6 END",
        ),
    };
    let sql = format!(
        "INSERT INTO callback_host (agent_id, host, failures, is_prompt, called_at_ms)
         VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (agent_id, host) DO UPDATE
         SET failures = {further}, is_prompt = excluded.is_prompt,
             called_at_ms = excluded.called_at_ms"
    );
    let mut params = Vec::from(params![
        agent_id.to_string(),
        host,
        first,
        i64::from(outcome == CallOutcome::Prompt),
        now.as_millis(),
    ]);
    if outcome == CallOutcome::Unanswered {
        params.push(FAILURES_MAX.into());
    }
    tx.send(&sql, params)
}

/// Deletes records of hosts that were last called before `before`, up to `limit` of them.
pub fn forget_old(tx: &mut Tx<'_>, before: Timestamp, limit: u32) -> Result<(), StoreError> {
    tx.send(
        "DELETE FROM callback_host WHERE (agent_id, host) IN (
             SELECT agent_id, host FROM callback_host WHERE called_at_ms < $1
             ORDER BY called_at_ms LIMIT $2)",
        params![before.as_millis(), limit],
    )
}
