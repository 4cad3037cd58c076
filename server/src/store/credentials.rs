//! Sealed credentials: insert, get with a record of the access, purge. Nothing here can open them.
//!
//! Functions return database errors as [`StoreError`].

use api_types::{KeyId, TaskId, Timestamp, credential::EncryptedCredential};

use crate::store::engine::columns::{parsed, to_json};
use crate::store::{StoreError, Tx, params};

/// The stored state of a credential.
#[derive(Clone, Debug)]
pub enum StoredCredential {
    /// The envelope, as the operator's browser made it.
    Sealed(Box<EncryptedCredential>),
    /// The agent erased the credential.
    Purged,
}

/// An access to an envelope, as it is recorded.
#[derive(Clone, Debug)]
pub struct Access {
    /// When the access happened.
    pub at: Timestamp,
    /// The key that was used.
    pub key_id: KeyId,
    /// The id of the request.
    pub request_id: String,
}

/// Inserts an envelope, in place of an earlier one of the same task.
pub fn insert(
    tx: &mut Tx<'_>,
    task_id: TaskId,
    envelope: &EncryptedCredential,
    now: Timestamp,
) -> Result<(), StoreError> {
    tx.send(
        "INSERT INTO credential (task_id, envelope, stored_at_ms) VALUES ($1, $2, $3)
         ON CONFLICT (task_id) DO UPDATE
         SET envelope = excluded.envelope, stored_at_ms = excluded.stored_at_ms,
             purged_at_ms = NULL",
        params![
            task_id.to_string(),
            to_json(envelope, "envelope")?,
            now.as_millis()
        ],
    )
}

/// Returns a task's envelope, or `None` if it never had one.
pub fn get(tx: &mut Tx<'_>, task_id: TaskId) -> Result<Option<StoredCredential>, StoreError> {
    let row = tx.first(
        "SELECT envelope FROM credential WHERE task_id = $1",
        &params![task_id.to_string()],
    )?;
    row.map(|row| {
        let envelope: String = row.get("envelope")?;
        if envelope.is_empty() {
            return Ok(StoredCredential::Purged);
        }
        parsed(serde_json::from_str(&envelope).ok(), "envelope")
            .map(|envelope| StoredCredential::Sealed(Box::new(envelope)))
    })
    .transpose()
}

/// Records that an envelope was handed out. If the request id was recorded for an earlier access,
/// the access is recorded too, under that id and the time.
pub fn record_access(tx: &mut Tx<'_>, task_id: TaskId, access: &Access) -> Result<(), StoreError> {
    if record_under(tx, task_id, access, &access.request_id)? == 0 {
        let told_apart = format!("{} {}", access.request_id, access.at);
        record_under(tx, task_id, access, &told_apart)?;
    }
    Ok(())
}

fn record_under(
    tx: &mut Tx<'_>,
    task_id: TaskId,
    access: &Access,
    request_id: &str,
) -> Result<u64, StoreError> {
    tx.execute(
        "INSERT INTO credential_access (task_id, accessed_at_ms, key_id, request_id)
         VALUES ($1, $2, $3, $4) ON CONFLICT (task_id, request_id) DO NOTHING",
        &params![
            task_id.to_string(),
            access.at.as_millis(),
            access.key_id.to_string(),
            request_id,
        ],
    )
}

/// Erases an envelope for good, as far as the database permits: see `SECURITY.md`.
pub fn purge(tx: &mut Tx<'_>, task_id: TaskId, now: Timestamp) -> Result<(), StoreError> {
    tx.erase_traces();
    tx.send(
        "UPDATE credential SET envelope = '', purged_at_ms = $2
         WHERE task_id = $1 AND purged_at_ms IS NULL",
        params![task_id.to_string(), now.as_millis()],
    )
}
