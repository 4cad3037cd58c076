//! A callback is told what happened: sign, post, log, and again by the schedule.
//!
//! What follows from an answer is decided by `domain/webhook.rs`. A delivery is sent at least
//! once: who dies between the answer and its record sends it again, under the same `webhook-id`.
//! Deliveries of one task usually arrive in their order, and need not: each has its own schedule.

use std::time::Instant;

use api_types::{DeliveryId, Timestamp};
use axum::http::{HeaderMap, HeaderName, HeaderValue, header::CONTENT_TYPE};

use super::JobError;
use crate::{
    app::App,
    domain::{
        secret::CallbackSecret,
        webhook::{self, Signatures},
    },
    metrics,
    outside::http::{Answered, Unanswered},
    store::{
        StoreError, Tx,
        deliveries::{self, Attempted, Waiting},
        tasks,
    },
};

/// Characters of an answer that are kept.
const ANSWER_CHARS_MAX: usize = 1024;

/// Makes one attempt, if the delivery still waits for one.
///
/// # Errors
/// [`JobError::Retry`] when the store cannot be read or written: the attempt is made again.
pub async fn run(app: &App, id: DeliveryId) -> Result<(), JobError> {
    let found = app.store.read(move |tx| waiting(tx, id)).await?;
    let Some((waiting, secret)) = found else {
        return Ok(());
    };
    if waiting.disabled {
        app.store.write(move |tx| deliveries::skip(tx, id)).await?;
        return Ok(());
    }
    let at = app.clock.now();
    let headers = headers(&waiting, secret.as_ref(), at);
    let begun = Instant::now();
    let body = waiting.body.clone().into_bytes();
    let answered = app.targets.post(&waiting.url, headers, body).await;
    let ended_at = app.clock.now();

    let tries = usize::try_from(waiting.tries)
        .unwrap_or(usize::MAX)
        .saturating_add(1);
    let answer = answered.as_ref().ok();
    let status = answer.map(|answer| answer.status);
    let retry_after = answer.and_then(|answer| answer.retry_after.as_deref());
    let next = webhook::next(tries, status, retry_after, ended_at);
    let duration_ms = i64::try_from(begun.elapsed().as_millis()).unwrap_or(i64::MAX);
    let accepted = status.is_some_and(|status| (200..300).contains(&status));
    metrics::webhook_attempted(if accepted { "accepted" } else { "refused" });
    let (answer, error) = shown(answered);
    let attempted = Attempted {
        at,
        ended_at,
        duration_ms,
        status,
        answer,
        error,
    };
    tracing::info!(delivery = %id, status, tries, "a callback was called");
    app.store
        .write(move |tx| deliveries::record(tx, &waiting, &attempted, next))
        .await?;
    Ok(())
}

fn waiting(
    tx: &mut Tx<'_>,
    id: DeliveryId,
) -> Result<Option<(Waiting, Option<CallbackSecret>)>, StoreError> {
    let Some(waiting) = deliveries::waiting(tx, id)? else {
        return Ok(None);
    };
    let task = tasks::get(tx, waiting.task_id)?;
    let secret = task.and_then(|task| task.stated.callback_secret);
    Ok(Some((waiting, secret)))
}

/// Without a secret nothing is signed, and the callback has no more than its own address to
/// trust.
fn headers(waiting: &Waiting, secret: Option<&CallbackSecret>, at: Timestamp) -> HeaderMap {
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
        // Ids, digits, hexadecimal and base64 are all that is in them.
        if let Ok(value) = HeaderValue::try_from(value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    }
    headers
}

/// The beginning of an answer, or why there was none.
fn shown(answered: Result<Answered, Unanswered>) -> (Option<String>, Option<String>) {
    match answered {
        Ok(answered) => {
            let text = String::from_utf8_lossy(&answered.body);
            // What one database cannot store shows nothing in the other.
            let shown = text.chars().map(|c| if c == '\0' { '\u{fffd}' } else { c });
            (Some(shown.take(ANSWER_CHARS_MAX).collect()), None)
        }
        Err(error) => (None, Some(error.to_string())),
    }
}
