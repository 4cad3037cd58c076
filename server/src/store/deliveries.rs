//! Deliveries of events to callbacks (webhooks): inserted in the transaction of the move, with a
//! log of every attempt, and sent again on request.
//!
//! Functions return database errors as [`StoreError`].

use api_types::{
    AgentId, DeliveryId, EventId, TaskId, Timestamp,
    event::{Delivery, DeliveryAttempt, DeliveryState},
};

use crate::domain::{
    callback_host,
    job::{Job, Pool},
    webhook::{self, AttemptOutcome, NewDelivery},
};
use crate::store::callback_hosts::{self, CallbackState};
use crate::store::engine::columns::{name, parsed, text, time, time_if_any, to_json};
use crate::store::search::{KeyOrder, Listing, PageOfRows, PageWindow, Search, grouped_by_ids};
use crate::store::{Row, StoreError, Tx, jobs, params};

const COLUMNS: &str = "id, event_id, event_name, task_id, url, state, created_at_ms, due_at_ms,
    delivered_at_ms";

/// The list of deliveries: newest first.
const LISTING: Listing = Listing {
    columns: COLUMNS,
    joins: "",
    key: "id",
    order: KeyOrder::NewestFirst,
};

/// Inserts the deliveries of one move, which all go to the callback of its task, and the jobs that
/// send them. There is no job if the callback has said that it is gone.
pub(super) fn insert(
    tx: &mut Tx<'_>,
    agent_id: AgentId,
    deliveries: &[NewDelivery],
) -> Result<(), StoreError> {
    let Some(first) = deliveries.first() else {
        return Ok(());
    };
    let host_state = callback_hosts::state_of(tx, agent_id, &first.url)?;
    for outgoing in deliveries {
        insert_one(tx, agent_id, outgoing, &host_state)?;
    }
    Ok(())
}

fn insert_one(
    tx: &mut Tx<'_>,
    agent_id: AgentId,
    outgoing: &NewDelivery,
    host_state: &CallbackState,
) -> Result<(), StoreError> {
    let at = outgoing.event.timestamp;
    let (state, due_at) = match host_state.is_disabled {
        true => (DeliveryState::Disabled, None),
        false => (DeliveryState::Pending, Some(at.as_millis())),
    };
    tx.send(
        "INSERT INTO delivery (id, event_id, task_id, agent_id, event_name, url, body, state,
             tries, asked_again, created_at_ms, due_at_ms)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0, 0, $9, $10)",
        params![
            outgoing.id.to_string(),
            outgoing.event.event_id.to_string(),
            outgoing.event.task_id.to_string(),
            agent_id.to_string(),
            &outgoing.event.event,
            &outgoing.url,
            to_json(&outgoing.event, "body")?,
            state.as_str(),
            at.as_millis(),
            due_at,
        ],
    )?;
    if host_state.is_disabled {
        return Ok(());
    }
    let target = CallbackTarget {
        agent_id,
        url: &outgoing.url,
    };
    enqueue(tx, outgoing.id, target, host_state.pool(at), at)
}

/// The agent whose callback is called, and its address.
#[derive(Clone, Copy)]
struct CallbackTarget<'a> {
    agent_id: AgentId,
    url: &'a str,
}

fn enqueue(
    tx: &mut Tx<'_>,
    delivery_id: DeliveryId,
    target: CallbackTarget<'_>,
    pool: Pool,
    due_at: Timestamp,
) -> Result<(), StoreError> {
    let job = Job::DeliverWebhook {
        delivery_id,
        lane: webhook::lane(target.url),
        agent_id: target.agent_id,
    };
    let lane = callback_host::host(target.url);
    jobs::enqueue_in(tx, &job, (pool, &lane), due_at)
}

/// A delivery that is due to be sent.
#[derive(Clone, Debug)]
pub struct DueDelivery {
    /// The delivery's id.
    pub id: DeliveryId,
    /// The id of its event, which the callback sees.
    pub event_id: EventId,
    /// The task whose secret signs it.
    pub task_id: TaskId,
    /// The agent whose callback it is.
    pub agent_id: AgentId,
    /// The address to which it goes.
    pub url: String,
    /// The body that is sent, to the byte.
    pub body: String,
    /// Number of attempts of this round so far.
    pub tries: i64,
    /// Whether the callback is gone, and nobody has requested this delivery nevertheless.
    pub disabled: bool,
    /// The recent record of its host, and what else decides how it is queued.
    pub host_state: CallbackState,
}

/// Returns the delivery, if it still waits to be sent.
pub fn get_pending(tx: &mut Tx<'_>, id: DeliveryId) -> Result<Option<DueDelivery>, StoreError> {
    let row = tx.first(
        "SELECT event_id, task_id, agent_id, url, body, tries, asked_again FROM delivery
         WHERE id = $1 AND state = 'PENDING'",
        &params![id.to_string()],
    )?;
    let Some(row) = row else {
        return Ok(None);
    };
    let (agent_id, url): (AgentId, String) = (text(&row, "agent_id")?, row.get("url")?);
    let host_state = callback_hosts::state_of(tx, agent_id, &url)?;
    Ok(Some(DueDelivery {
        id,
        event_id: text(&row, "event_id")?,
        task_id: text(&row, "task_id")?,
        agent_id,
        body: row.get("body")?,
        tries: row.get("tries")?,
        disabled: host_state.is_disabled && row.get::<i64>("asked_again")? == 0,
        host_state,
        url,
    }))
}

/// Postpones a delivery until `due_at` without an attempt.
pub fn postpone(tx: &mut Tx<'_>, id: DeliveryId, due_at: Timestamp) -> Result<(), StoreError> {
    tx.send(
        "UPDATE delivery SET due_at_ms = $2 WHERE id = $1 AND state = 'PENDING'",
        params![id.to_string(), due_at.as_millis()],
    )
}

/// An attempt and its result.
#[derive(Clone, Debug)]
pub struct AttemptRecord {
    /// When the attempt began.
    pub at: Timestamp,
    /// When the attempt ended.
    pub ended_at: Timestamp,
    /// Duration of the attempt in milliseconds.
    pub duration_ms: i64,
    /// The HTTP status, if there was a response.
    pub status: Option<u16>,
    /// The beginning of the response's body.
    pub answer: Option<String>,
    /// The reason why there was no response.
    pub error: Option<String>,
    /// The pool of the next attempt.
    pub pool: Pool,
}

/// Logs an attempt and applies its outcome to the delivery. What another attempt decided meanwhile
/// stays, except that a successful attempt counts whenever it happened.
pub fn record(
    tx: &mut Tx<'_>,
    sent: &DueDelivery,
    attempted: &AttemptRecord,
    outcome: AttemptOutcome,
) -> Result<(), StoreError> {
    insert_attempt(tx, sent.id, attempted)?;
    let (state, due_at, delivered_at) = match outcome {
        AttemptOutcome::Delivered => (DeliveryState::Delivered, None, Some(attempted.ended_at)),
        AttemptOutcome::At(at) => (DeliveryState::Pending, Some(at), None),
        AttemptOutcome::Gone => (DeliveryState::Disabled, None, None),
        AttemptOutcome::GivenUp => (DeliveryState::Failed, None, None),
    };
    let written = tx.execute(
        "UPDATE delivery SET state = $2, due_at_ms = $3, delivered_at_ms = $4, tries = tries + 1
         WHERE id = $1 AND ((tries = $5 AND state = 'PENDING')
             OR ($2 = 'DELIVERED' AND state <> 'DELIVERED'))",
        &params![
            sent.id.to_string(),
            state.as_str(),
            due_at.map(Timestamp::as_millis),
            delivered_at.map(Timestamp::as_millis),
            sent.tries,
        ],
    )?;
    match outcome {
        AttemptOutcome::At(at) if written == 1 => {
            let target = CallbackTarget {
                agent_id: sent.agent_id,
                url: &sent.url,
            };
            enqueue(tx, sent.id, target, attempted.pool, at)
        }
        AttemptOutcome::Gone => disable_endpoint(tx, sent, attempted.ended_at),
        AttemptOutcome::Delivered => tx.send(
            "DELETE FROM disabled_endpoint WHERE agent_id = $1 AND url = $2",
            params![sent.agent_id.to_string(), &sent.url],
        ),
        AttemptOutcome::At(_) | AttemptOutcome::GivenUp => Ok(()),
    }
}

fn insert_attempt(
    tx: &mut Tx<'_>,
    id: DeliveryId,
    attempted: &AttemptRecord,
) -> Result<(), StoreError> {
    tx.send(
        "INSERT INTO delivery_attempt (delivery_id, number, at_ms, duration_ms, status, answer,
             error)
         VALUES ($1, (SELECT COALESCE(MAX(number), 0) + 1 FROM delivery_attempt
                      WHERE delivery_id = $1), $2, $3, $4, $5, $6)",
        params![
            id.to_string(),
            attempted.at.as_millis(),
            attempted.duration_ms,
            attempted.status.map(i64::from),
            attempted.answer.as_deref(),
            attempted.error.as_deref(),
        ],
    )
}

fn disable_endpoint(tx: &mut Tx<'_>, sent: &DueDelivery, at: Timestamp) -> Result<(), StoreError> {
    tx.send(
        "INSERT INTO disabled_endpoint (agent_id, url, disabled_at_ms) VALUES ($1, $2, $3)
         ON CONFLICT (agent_id, url) DO NOTHING",
        params![sent.agent_id.to_string(), &sent.url, at.as_millis()],
    )
}

/// Marks a delivery as disabled, because its callback is gone. It is not sent.
pub fn mark_disabled(tx: &mut Tx<'_>, id: DeliveryId) -> Result<(), StoreError> {
    tx.send(
        "UPDATE delivery SET state = 'DISABLED', due_at_ms = NULL
         WHERE id = $1 AND state = 'PENDING' AND asked_again = 0",
        params![id.to_string()],
    )
}

/// The conditions of a list of deliveries.
#[derive(Clone, Copy, Debug, Default)]
pub struct DeliveryFilter {
    /// Only deliveries to this agent's callbacks; `None` means those of all agents, which is for
    /// the host.
    pub agent_id: Option<AgentId>,
    /// Only deliveries of this task.
    pub task_id: Option<TaskId>,
    /// Only deliveries in this state.
    pub state: Option<DeliveryState>,
}

/// Returns a page of deliveries with all their attempts, newest first.
pub fn list(
    tx: &mut Tx<'_>,
    filter: DeliveryFilter,
    window: PageWindow<DeliveryId>,
) -> Result<PageOfRows<Delivery>, StoreError> {
    let mut search = Search::all("delivery");
    search.filter("agent_id = ", filter.agent_id);
    search.filter("task_id = ", filter.task_id);
    search.filter("state = ", filter.state.map(DeliveryState::as_str));
    let mut found = search.page(tx, &LISTING, window, delivery)?;
    add_attempts(tx, &mut found.rows)?;
    Ok(found)
}

/// Returns a delivery of an agent, or `None` if the agent has none with this id.
pub fn get(
    tx: &mut Tx<'_>,
    agent_id: AgentId,
    id: DeliveryId,
) -> Result<Option<Delivery>, StoreError> {
    let mut search = Search::of("delivery", "id = ", id);
    search.filter("agent_id = ", Some(agent_id));
    let mut found = search.one(tx, &LISTING, delivery)?;
    add_attempts(tx, found.as_mut_slice())?;
    Ok(found)
}

/// Sends a delivery again, whatever its state, and restarts its retry schedule. A disabled callback
/// is tried too, and enabled if the delivery succeeds. Returns `None` if there is no such delivery,
/// or if it is not the agent's where one is named.
pub fn redeliver(
    tx: &mut Tx<'_>,
    agent_id: Option<AgentId>,
    id: DeliveryId,
    now: Timestamp,
) -> Result<Option<Delivery>, StoreError> {
    let row = tx.first(
        &format!(
            "UPDATE delivery SET state = 'PENDING', tries = 0, asked_again = 1, due_at_ms = $2
             WHERE id = $1 AND ($3 = '' OR agent_id = $3) RETURNING {COLUMNS}, agent_id"
        ),
        &params![
            id.to_string(),
            now.as_millis(),
            agent_id.map_or_else(String::new, |id| id.to_string()),
        ],
    )?;
    let Some(row) = row else {
        return Ok(None);
    };
    let mut delivery = delivery(&row)?;
    add_attempts(tx, std::slice::from_mut(&mut delivery))?;
    let target = CallbackTarget {
        agent_id: text(&row, "agent_id")?,
        url: &delivery.url,
    };
    let host_state = callback_hosts::state_of(tx, target.agent_id, target.url)?;
    enqueue(tx, id, target, host_state.pool(now), now)?;
    Ok(Some(delivery))
}

/// Adds all their attempts to deliveries, in order.
fn add_attempts(tx: &mut Tx<'_>, deliveries: &mut [Delivery]) -> Result<(), StoreError> {
    let ids: Vec<_> = deliveries.iter().map(|delivery| delivery.id).collect();
    let select = "SELECT delivery_id AS id, number, at_ms, duration_ms, status, answer, error
         FROM delivery_attempt WHERE delivery_id";
    let mut attempts = grouped_by_ids(tx, select, &ids, attempt)?;
    for delivery in deliveries {
        delivery.attempts = attempts.remove(&delivery.id).unwrap_or_default();
        delivery
            .attempts
            .sort_unstable_by_key(|attempt| attempt.number);
    }
    Ok(())
}

/// Returns the delivery without its attempts, which are in another table.
fn delivery(row: &Row) -> Result<Delivery, StoreError> {
    Ok(Delivery {
        id: text(row, "id")?,
        event_id: text(row, "event_id")?,
        event: row.get("event_name")?,
        task_id: text(row, "task_id")?,
        url: row.get("url")?,
        state: name(row, "state", DeliveryState::parse)?,
        attempts: Vec::new(),
        created_at: time(row, "created_at_ms")?,
        next_attempt_at: time_if_any(row, "due_at_ms")?,
        delivered_at: time_if_any(row, "delivered_at_ms")?,
    })
}

fn attempt(row: &Row) -> Result<DeliveryAttempt, StoreError> {
    let status: Option<i64> = row.get("status")?;
    Ok(DeliveryAttempt {
        number: parsed(u32::try_from(row.get::<i64>("number")?).ok(), "number")?,
        at: time(row, "at_ms")?,
        duration_ms: parsed(
            u64::try_from(row.get::<i64>("duration_ms")?).ok(),
            "duration_ms",
        )?,
        status: status.and_then(|status| u16::try_from(status).ok()),
        answer: row.get("answer")?,
        error: row.get("error")?,
    })
}
