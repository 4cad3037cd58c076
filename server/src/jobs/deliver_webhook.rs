//! Webhook deliveries: sign, post, log the attempt, and retry by the schedule.
//!
//! `domain/webhook.rs` decides what follows from a response. A delivery is sent at least once: if
//! the process ends between the response and its record, it is sent again under the same
//! `webhook-id`. Deliveries of one task usually arrive in order, but that is not guaranteed,
//! because each has its own schedule.

use std::time::{Duration, Instant};

use api_types::{DeliveryId, Timestamp};
use axum::http::{HeaderMap, HeaderName, HeaderValue, header::CONTENT_TYPE};

use super::JobError;
use crate::{
    app::App,
    domain::{
        callback_host::{self, CallOutcome},
        job::Pool,
        secret::CallbackSecret,
        webhook::{self, Signatures},
    },
    metrics,
    outside::http::{RequestError, TargetResponse},
    store::{
        StoreError, Tx, callback_hosts,
        deliveries::{self, AttemptRecord, DueDelivery},
        jobs, tasks,
    },
};

/// Minimum interval between two records that a host still answers promptly.
const NOTED_EVERY: Duration = Duration::from_secs(60 * 60);

/// Maximum number of waiting deliveries that one prompt response moves to the ordinary pool.
const PROMOTED_MAX: u32 = 100;

/// Maximum number of characters of a response that are stored.
const ANSWER_CHARS_MAX: usize = 1024;

/// Makes one attempt, if the delivery still waits for one.
///
/// # Errors
/// [`JobError::Retry`] if the store cannot be read or written. The attempt is repeated.
pub async fn run(app: &App, id: DeliveryId, pool: Pool) -> Result<(), JobError> {
    let found = app.store.read(move |tx| waiting(tx, id)).await?;
    let Some((waiting, secret)) = found else {
        return Ok(());
    };
    if waiting.disabled {
        app.store
            .write(move |tx| deliveries::mark_disabled(tx, id))
            .await?;
        return Ok(());
    }
    let at = app.clock.now();
    put_off(app, &waiting, pool, at).await?;
    let headers = headers(&waiting, secret.as_ref(), at);
    let started = Instant::now();
    let body = waiting.body.clone().into_bytes();
    let answered = app.targets.post(&waiting.url, headers, body).await;
    // The time of a failed name resolution would reveal which names exist.
    let (took, ended_at) = match &answered {
        Err(RequestError::NoAddress(_)) => (Duration::ZERO, at),
        _ => (started.elapsed(), app.clock.now()),
    };
    let call = CallOutcome::of(answered.is_ok(), took);
    record_call(app, &waiting, call, ended_at).await?;

    let tries = usize::try_from(waiting.tries)
        .unwrap_or(usize::MAX)
        .saturating_add(1);
    let answer = answered.as_ref().ok();
    let status = answer.map(|answer| answer.status);
    let retry_after = answer.and_then(|answer| answer.retry_after.as_deref());
    let outcome = webhook::outcome(tries, status, retry_after, ended_at);
    let duration_ms = i64::try_from(took.as_millis()).unwrap_or(i64::MAX);
    let accepted = status.is_some_and(|status| (200..300).contains(&status));
    metrics::webhook_attempted(if accepted { "accepted" } else { "refused" });
    let (answer, error) = shown(answered);
    let attempted = AttemptRecord {
        at,
        ended_at,
        duration_ms,
        status,
        answer,
        error,
        pool: match call {
            CallOutcome::Unanswered => Pool::Unresponsive,
            CallOutcome::Prompt | CallOutcome::Late => pool,
        },
    };
    tracing::info!(delivery = %id, status, tries, "a webhook delivery was attempted");
    app.store
        .write(move |tx| deliveries::record(tx, &waiting, &attempted, outcome))
        .await?;
    Ok(())
}

/// Postpones the delivery if its host was moved to another pool since this job was queued, or is
/// not called for a while.
async fn put_off(
    app: &App,
    waiting: &DueDelivery,
    pool: Pool,
    now: Timestamp,
) -> Result<(), JobError> {
    let record = waiting.host_state.record;
    if let Some(until) = record.and_then(|record| callback_host::closed_until(&record, now)) {
        let id = waiting.id;
        app.store
            .write(move |tx| deliveries::postpone(tx, id, until))
            .await?;
        return Err(JobError::Postponed {
            until,
            pool: Pool::Unresponsive,
        });
    }
    match waiting.host_state.pool(now) {
        worse if worse > pool => Err(JobError::Postponed {
            until: now,
            pool: worse,
        }),
        _ => Ok(()),
    }
}

/// Records how the host answered, if that is new information. If it answered promptly, deliveries
/// that wait for it move to the ordinary pool.
async fn record_call(
    app: &App,
    waiting: &DueDelivery,
    outcome: CallOutcome,
    now: Timestamp,
) -> Result<(), JobError> {
    let known = waiting.host_state.record;
    let is_new = known.is_none_or(|known| {
        let same = known.failures == 0 && known.is_prompt && outcome == CallOutcome::Prompt;
        !same || known.called_at.after(NOTED_EVERY) < now
    });
    if !is_new {
        return Ok(());
    }
    let agent_id = waiting.agent_id;
    let host = callback_host::host(&waiting.url);
    let recovered = outcome == CallOutcome::Prompt && known.is_none_or(|known| known.failures <= 1);
    app.store
        .write(move |tx| {
            callback_hosts::record_outcome(tx, agent_id, &host, outcome, now)?;
            match recovered {
                true => jobs::promote(tx, &host, &agent_id.to_string(), PROMOTED_MAX),
                false => Ok(()),
            }
        })
        .await?;
    Ok(())
}

fn waiting(
    tx: &mut Tx<'_>,
    id: DeliveryId,
) -> Result<Option<(DueDelivery, Option<CallbackSecret>)>, StoreError> {
    let Some(waiting) = deliveries::get_pending(tx, id)? else {
        return Ok(None);
    };
    let task = tasks::get(tx, waiting.task_id)?;
    let secret = task.and_then(|task| task.stated.callback_secret);
    Ok(Some((waiting, secret)))
}

/// Returns the headers of an attempt. Without a secret nothing is signed, and the receiver can rely
/// on nothing but the secrecy of its own URL.
fn headers(waiting: &DueDelivery, secret: Option<&CallbackSecret>, at: Timestamp) -> HeaderMap {
    let id = waiting.event_id.to_string();
    let mut lines = vec![
        ("webhook-id", id.clone()),
        ("webhook-timestamp", (at.as_millis() / 1000).to_string()),
    ];
    if let Some(secret) = secret {
        let Signatures { body, standard } = webhook::sign(secret.expose(), &id, at, &waiting.body);
        lines.extend([
            ("x-humanops-signature", body.clone()),
            ("x-signature", body),
            ("webhook-signature", standard),
        ]);
    }
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    for (name, value) in lines {
        // They contain only ids, digits, hexadecimal and base64.
        if let Ok(value) = HeaderValue::try_from(value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    }
    headers
}

/// Returns the beginning of the response, or the reason why there was none.
fn shown(answered: Result<TargetResponse, RequestError>) -> (Option<String>, Option<String>) {
    match answered {
        Ok(answered) => {
            let text = String::from_utf8_lossy(&answered.body);
            // PostgreSQL cannot store NUL, so it is replaced on both databases.
            let shown = text.chars().map(|c| if c == '\0' { '\u{fffd}' } else { c });
            (Some(shown.take(ANSWER_CHARS_MAX).collect()), None)
        }
        Err(error) => (None, Some(error.to_string())),
    }
}
