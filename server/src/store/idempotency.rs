//! Responses that were given under an idempotency key, kept for 48 hours (contract §8).
//!
//! Functions return database errors as [`StoreError`].

use std::time::Duration;

use api_types::Timestamp;

use super::{StoreError, Tx, params};

/// The time for which a response is kept (contract §8).
pub const KEPT_FOR: Duration = Duration::from_secs(48 * 60 * 60);

/// A request that carries an idempotency key.
#[derive(Clone, Debug)]
pub struct IdempotentRequest {
    /// The account and the path: the same key of another account, or at another path, is another
    /// key.
    pub scope: String,
    /// The idempotency key.
    pub key: String,
    /// The digest of the request's body.
    pub digest: String,
}

/// The stored response to an earlier request with the key.
#[derive(Clone, Debug)]
pub struct KeptAnswer {
    /// The digest of the earlier request's body.
    pub digest: String,
    /// The HTTP status.
    pub status: u16,
    /// The response's body, without secrets.
    pub body: String,
}

/// Whether a request is the first with its key.
#[derive(Clone, Debug)]
pub enum KeyLookup {
    /// It is the first, and its row is inserted.
    First,
    /// It is not, and this response is stored.
    Answered(KeptAnswer),
}

/// Takes the key, or returns the response that is stored under it. On PostgreSQL the insert waits
/// for a transaction that holds the key, and sees what that one stored.
///
/// # Errors
/// `Busy` if the first request with this key runs for longer than the lock timeout.
pub fn begin(
    tx: &mut Tx<'_>,
    request: &IdempotentRequest,
    now: Timestamp,
) -> Result<KeyLookup, StoreError> {
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
        return Ok(KeyLookup::First);
    }
    match find(tx, request, now)? {
        Some(answer) => Ok(KeyLookup::Answered(answer)),
        // The stored response was too old, and was deleted between the two statements.
        None => Err(tx.lost_race()),
    }
}

/// Returns the response that is stored under a key, if it is still kept.
pub fn find(
    tx: &mut Tx<'_>,
    request: &IdempotentRequest,
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

/// Stores the response to a request that has begun, in the transaction that makes it true.
pub fn keep(
    tx: &mut Tx<'_>,
    request: &IdempotentRequest,
    status: u16,
    body: &str,
) -> Result<(), StoreError> {
    tx.send(
        "UPDATE idempotent_answer SET status = $3, body = $4
         WHERE scope = $1 AND idempotency_key = $2",
        params![&request.scope, &request.key, i64::from(status), body],
    )
}

/// Deletes at most `rows_max` responses that are no longer kept, and returns how many.
pub fn forget_old(tx: &mut Tx<'_>, now: Timestamp, rows_max: u32) -> Result<u64, StoreError> {
    tx.execute(
        "DELETE FROM idempotent_answer WHERE (scope, idempotency_key) IN (
             SELECT scope, idempotency_key FROM idempotent_answer
             WHERE kept_at_ms <= $1 ORDER BY kept_at_ms LIMIT $2)",
        &params![now.before(KEPT_FOR).as_millis(), rows_max],
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::support::{self, FreshStore, on_both_databases};

    fn now() -> Timestamp {
        "2026-02-05T12:00:00Z".parse().unwrap()
    }

    fn request(key: &str) -> IdempotentRequest {
        IdempotentRequest {
            scope: "agent POST /tasks".to_owned(),
            key: key.to_owned(),
            digest: "digest".to_owned(),
        }
    }

    async fn keep_at(store: &FreshStore, key: &'static str, at: Timestamp) {
        let write = move |tx: &mut Tx<'_>| {
            begin(tx, &request(key), at)?;
            keep(tx, &request(key), 201, "{}")
        };
        store.write(write).await.unwrap();
    }

    async fn stored_keys(store: &FreshStore) -> Vec<String> {
        let all = "SELECT idempotency_key FROM idempotent_answer ORDER BY idempotency_key";
        let rows = store.read(move |tx| tx.query(all, &[])).await.unwrap();
        let keys = rows.iter().map(|row| row.get("idempotency_key"));
        keys.collect::<Result<_, _>>().unwrap()
    }

    on_both_databases! {
        async fn old_responses_are_deleted_oldest_first_and_no_others(store) {
            let old = now().before(KEPT_FOR);
            keep_at(&store, "older", old.before(Duration::from_secs(1))).await;
            keep_at(&store, "old", old).await;
            keep_at(&store, "young", old.after(Duration::from_millis(1))).await;
            let forget = |rows_max| store.write(move |tx| forget_old(tx, now(), rows_max));
            assert_eq!(forget(1).await, Ok(1));
            assert_eq!(stored_keys(&store).await, ["old", "young"]);
            assert_eq!(forget(10).await, Ok(1));
            assert_eq!(stored_keys(&store).await, ["young"]);
            assert_eq!(forget(10).await, Ok(0));
        }
    }
}
