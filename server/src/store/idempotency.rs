//! Answers that were given under an idempotency key, kept for 48 hours (contract §8).

use std::time::Duration;

use api_types::Timestamp;

use super::{StoreError, Tx, params};

/// How long an answer is kept (contract §8).
pub const KEPT_FOR: Duration = Duration::from_secs(48 * 60 * 60);

/// A request that carries an idempotency key.
#[derive(Clone, Debug)]
pub struct Request {
    /// Account and path: another account's key, or the same at another endpoint, is another key.
    pub scope: String,
    /// The key.
    pub key: String,
    /// Of its body.
    pub digest: String,
}

/// What an earlier request with the key was answered.
#[derive(Clone, Debug)]
pub struct KeptAnswer {
    /// Of the earlier request's body.
    pub digest: String,
    /// The HTTP status.
    pub status: u16,
    /// The body, without secrets.
    pub body: String,
}

/// Whether a request is the first with its key.
#[derive(Clone, Debug)]
pub enum Begun {
    /// It is, and its row stands.
    First,
    /// It is not.
    Answered(KeptAnswer),
}

/// Takes the key, or finds what was answered under it. On PostgreSQL the insert waits for a
/// transaction that holds the key, and sees what it kept.
///
/// # Errors
/// `Busy` when the first request with this key runs for longer than the lock's time limit.
pub fn begin(tx: &mut Tx<'_>, request: &Request, now: Timestamp) -> Result<Begun, StoreError> {
    let taken = tx.execute(
        "INSERT INTO idempotent_answer (scope, idempotency_key, digest, status, body, kept_at_ms)
         VALUES ($1, $2, $3, 0, '', $4)
         ON CONFLICT (scope, idempotency_key) DO UPDATE
         SET digest = excluded.digest, status = 0, body = '', kept_at_ms = excluded.kept_at_ms
         WHERE idempotent_answer.kept_at_ms <= $5",
        &params![
            &request.scope,
            &request.key,
            &request.digest,
            now.as_millis(),
            now.before(KEPT_FOR).as_millis(),
        ],
    )?;
    if taken == 1 {
        return Ok(Begun::First);
    }
    match find(tx, request, now)? {
        Some(answer) => Ok(Begun::Answered(answer)),
        // It was too old, and was swept between the two statements.
        None => Err(tx.lost_race()),
    }
}

/// What was answered under a key, if that is still kept.
///
/// # Errors
/// Those of [`Tx::execute`].
pub fn find(
    tx: &mut Tx<'_>,
    request: &Request,
    now: Timestamp,
) -> Result<Option<KeptAnswer>, StoreError> {
    let row = tx.first(
        "SELECT digest, status, body FROM idempotent_answer
         WHERE scope = $1 AND idempotency_key = $2 AND kept_at_ms > $3",
        &params![
            &request.scope,
            &request.key,
            now.before(KEPT_FOR).as_millis()
        ],
    )?;
    row.map(|row| {
        Ok(KeptAnswer {
            digest: row.get("digest")?,
            status: u16::try_from(row.get::<i64>("status")?).unwrap_or_default(),
            body: row.get("body")?,
        })
    })
    .transpose()
}

/// Keeps the answer to a request that has begun, in the transaction that made it true.
///
/// # Errors
/// Those of [`Tx::execute`].
pub fn keep(tx: &mut Tx<'_>, request: &Request, status: u16, body: &str) -> Result<(), StoreError> {
    tx.send(
        "UPDATE idempotent_answer SET status = $3, body = $4
         WHERE scope = $1 AND idempotency_key = $2",
        params![&request.scope, &request.key, i64::from(status), body],
    )
}

/// Removes at most `rows_max` answers that are no longer kept, and says how many.
///
/// # Errors
/// Those of [`Tx::execute`].
pub fn forget_old(tx: &mut Tx<'_>, now: Timestamp, rows_max: u32) -> Result<u64, StoreError> {
    tx.execute(
        "DELETE FROM idempotent_answer WHERE (scope, idempotency_key) IN (
             SELECT scope, idempotency_key FROM idempotent_answer
             WHERE kept_at_ms <= $1 ORDER BY kept_at_ms LIMIT $2)",
        &params![now.before(KEPT_FOR).as_millis(), rows_max],
    )
}
