//! The keys that sign access tokens. They are in the database, so that every process can verify the
//! tokens of the others.
//!
//! Functions return database errors as [`StoreError`].

use std::time::Duration;

use api_types::Timestamp;
use zeroize::Zeroizing;

use crate::domain::access_token::SigningKey;
use crate::domain::session::ACCESS_LASTS;
use crate::store::{Row, StoreError, Tx, params};

/// How long a retired key is published: until its last tokens have expired, and the clock
/// difference that is tolerated.
const PUBLISHED_FOR: Duration = ACCESS_LASTS.saturating_add(Duration::from_secs(120));

const SELECT: &str = "SELECT kid, private_key, public_key FROM signing_key";

fn signing_key(row: &Row) -> Result<SigningKey, StoreError> {
    Ok(SigningKey {
        kid: row.get("kid")?,
        private_key: Zeroizing::new(row.get("private_key")?),
        public_key: row.get("public_key")?,
    })
}

/// Returns the key that signs now, or `None` if there is none yet.
pub fn current(tx: &mut Tx<'_>) -> Result<Option<SigningKey>, StoreError> {
    let sql = format!(
        "{SELECT} WHERE retired_at_ms IS NULL ORDER BY created_at_ms DESC, kid DESC LIMIT 1"
    );
    let row = tx.first(&sql, &[])?;
    row.map(|row| signing_key(&row)).transpose()
}

/// Returns the public key with this id, a JWK in JSON, if it may still verify.
pub fn public(tx: &mut Tx<'_>, kid: &str, now: Timestamp) -> Result<Option<String>, StoreError> {
    let row = tx.first(
        "SELECT public_key FROM signing_key
         WHERE kid = $1 AND (retired_at_ms IS NULL OR retired_at_ms > $2)",
        &params![kid, now.before(PUBLISHED_FOR).as_millis()],
    )?;
    row.map(|row| row.get("public_key")).transpose()
}

/// Returns the public keys that may verify, the newest first.
pub fn published(tx: &mut Tx<'_>, now: Timestamp) -> Result<Vec<String>, StoreError> {
    let rows = tx.query(
        "SELECT public_key FROM signing_key WHERE retired_at_ms IS NULL OR retired_at_ms > $1
         ORDER BY created_at_ms DESC, kid DESC",
        &params![now.before(PUBLISHED_FOR).as_millis()],
    )?;
    rows.iter().map(|row| row.get("public_key")).collect()
}

/// Inserts a key, which then signs, and retires the others. Their private keys are erased: they
/// sign nothing any more, and a later backup must not contain them.
pub fn insert(tx: &mut Tx<'_>, key: &SigningKey, now: Timestamp) -> Result<(), StoreError> {
    tx.send(
        "UPDATE signing_key
         SET retired_at_ms = COALESCE(retired_at_ms, $1), private_key = $2",
        params![now.as_millis(), Vec::<u8>::new()],
    )?;
    tx.send(
        "INSERT INTO signing_key (kid, private_key, public_key, created_at_ms)
         VALUES ($1, $2, $3, $4)",
        params![
            &key.kid,
            key.private_key.to_vec(),
            &key.public_key,
            now.as_millis(),
        ],
    )
}

/// Deletes all retired keys, so that the tokens which they signed are refused at once.
pub fn delete_retired(tx: &mut Tx<'_>) -> Result<(), StoreError> {
    tx.send(
        "DELETE FROM signing_key WHERE retired_at_ms IS NOT NULL",
        params![],
    )
}
