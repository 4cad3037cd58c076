//! Passkeys, and the ceremonies that have begun, which are found by the hash of their challenge.
//! They are in the database, so that any process can finish what another one began.
//!
//! Functions return database errors as [`StoreError`].

use api_types::{PasskeyId, SubjectId, Timestamp};

use crate::store::engine::columns::{text, time, time_if_any};
use crate::store::{Row, StoreError, Tx, params};

/// A passkey as it is stored.
#[derive(Clone, Debug)]
pub struct StoredPasskey {
    /// The id of the passkey.
    pub id: PasskeyId,
    /// The person who signs in by it.
    pub subject_id: SubjectId,
    /// The id that the authenticator gave it, in base64url.
    pub credential_id: String,
    /// The public key, the counter and the state of the backup, in JSON.
    pub credential: String,
    /// The name for its owner.
    pub name: String,
    /// When it was added.
    pub created_at: Timestamp,
    /// When its owner last signed in by it.
    pub last_used_at: Option<Timestamp>,
}

/// Who began a ceremony.
#[derive(Clone, Debug)]
pub enum CeremonyInitiator {
    /// A person who registers a passkey.
    Registration(SubjectId),
    /// The network address that signs in.
    SignIn(String),
}

/// A ceremony that has begun.
#[derive(Clone, Debug)]
pub struct StoredCeremony {
    /// The hash of its challenge.
    pub challenge_hash: String,
    /// Who began it.
    pub initiator: CeremonyInitiator,
    /// What is needed to finish it, in JSON.
    pub state: String,
    /// Until when it can be finished.
    pub expires_at: Timestamp,
}

/// Inserts a ceremony.
pub fn insert_ceremony(tx: &mut Tx<'_>, ceremony: &StoredCeremony) -> Result<(), StoreError> {
    let (subject_id, client) = match &ceremony.initiator {
        CeremonyInitiator::Registration(subject_id) => (Some(subject_id.to_string()), None),
        CeremonyInitiator::SignIn(client) => (None, Some(client.as_str())),
    };
    tx.send(
        "INSERT INTO passkey_ceremony (challenge_hash, subject_id, client, state, expires_at_ms)
         VALUES ($1, $2, $3, $4, $5)",
        params![
            &ceremony.challenge_hash,
            subject_id,
            client,
            &ceremony.state,
            ceremony.expires_at.as_millis(),
        ],
    )
}

/// Returns the number of ceremonies that have begun and can still be finished.
pub fn count_open(
    tx: &mut Tx<'_>,
    initiator: &CeremonyInitiator,
    now: Timestamp,
) -> Result<u64, StoreError> {
    let (column, value) = match initiator {
        CeremonyInitiator::Registration(subject_id) => ("subject_id", subject_id.to_string()),
        CeremonyInitiator::SignIn(client) => ("client", client.clone()),
    };
    let sql = format!(
        "SELECT COUNT(*) AS n FROM passkey_ceremony WHERE {column} = $1 AND expires_at_ms > $2"
    );
    let row = tx.first(&sql, &params![value, now.as_millis()])?;
    let count: i64 = row.ok_or(StoreError::Changed)?.get("n")?;
    Ok(count.unsigned_abs())
}

/// Returns the state of this person's registration with this challenge, if it can be finished.
pub fn registration(
    tx: &mut Tx<'_>,
    challenge_hash: &str,
    subject_id: SubjectId,
    now: Timestamp,
) -> Result<Option<String>, StoreError> {
    let row = tx.first(
        "SELECT state FROM passkey_ceremony
         WHERE challenge_hash = $1 AND subject_id = $2 AND expires_at_ms > $3",
        &params![challenge_hash, subject_id.to_string(), now.as_millis()],
    )?;
    row.map(|row| row.get("state")).transpose()
}

/// Ends this person's registration with this challenge. Returns false if there is none.
pub fn end_registration(
    tx: &mut Tx<'_>,
    challenge_hash: &str,
    subject_id: SubjectId,
) -> Result<bool, StoreError> {
    let ended = tx.execute(
        "DELETE FROM passkey_ceremony WHERE challenge_hash = $1 AND subject_id = $2",
        &params![challenge_hash, subject_id.to_string()],
    )?;
    Ok(ended == 1)
}

/// Ends the sign-in with this challenge, and returns its state if it could still be finished.
pub fn take_sign_in(
    tx: &mut Tx<'_>,
    challenge_hash: &str,
    now: Timestamp,
) -> Result<Option<String>, StoreError> {
    let row = tx.first(
        "DELETE FROM passkey_ceremony WHERE challenge_hash = $1 AND subject_id IS NULL
         RETURNING state, expires_at_ms",
        &params![challenge_hash],
    )?;
    let Some(row) = row else {
        return Ok(None);
    };
    let is_open = time(&row, "expires_at_ms")? > now;
    let state = row.get("state")?;
    Ok(is_open.then_some(state))
}

/// Deletes at most `rows_max` ceremonies that can no longer be finished, and returns how many.
pub fn forget_old_ceremonies(
    tx: &mut Tx<'_>,
    now: Timestamp,
    rows_max: u32,
) -> Result<u64, StoreError> {
    tx.execute(
        "DELETE FROM passkey_ceremony WHERE challenge_hash IN (
             SELECT challenge_hash FROM passkey_ceremony WHERE expires_at_ms <= $1
             ORDER BY expires_at_ms LIMIT $2)",
        &params![now.as_millis(), i64::from(rows_max)],
    )
}

const SELECT: &str = "SELECT id, subject_id, credential_id, credential, name, created_at_ms,
     last_used_at_ms FROM passkey";

fn passkey(row: &Row) -> Result<StoredPasskey, StoreError> {
    Ok(StoredPasskey {
        id: text(row, "id")?,
        subject_id: text(row, "subject_id")?,
        credential_id: row.get("credential_id")?,
        credential: row.get("credential")?,
        name: row.get("name")?,
        created_at: time(row, "created_at_ms")?,
        last_used_at: time_if_any(row, "last_used_at_ms")?,
    })
}

/// Inserts a passkey.
///
/// # Errors
/// [`StoreError::Unique`] if somebody has this credential already.
pub fn insert(tx: &mut Tx<'_>, passkey: &StoredPasskey) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO passkey (id, subject_id, credential_id, credential, name, created_at_ms)
         VALUES ($1, $2, $3, $4, $5, $6)",
        &params![
            passkey.id.to_string(),
            passkey.subject_id.to_string(),
            &passkey.credential_id,
            &passkey.credential,
            &passkey.name,
            passkey.created_at.as_millis(),
        ],
    )?;
    Ok(())
}

/// Returns the passkey with this credential id.
pub fn of_credential(
    tx: &mut Tx<'_>,
    credential_id: &str,
) -> Result<Option<StoredPasskey>, StoreError> {
    let sql = format!("{SELECT} WHERE credential_id = $1");
    let row = tx.first(&sql, &params![credential_id])?;
    row.map(|row| passkey(&row)).transpose()
}

/// Returns the passkeys of a person, the first added first.
pub fn of_subject(
    tx: &mut Tx<'_>,
    subject_id: SubjectId,
) -> Result<Vec<StoredPasskey>, StoreError> {
    let sql = format!("{SELECT} WHERE subject_id = $1 ORDER BY id");
    let rows = tx.query(&sql, &params![subject_id.to_string()])?;
    rows.iter().map(passkey).collect()
}

/// Records a sign-in by a passkey, with its new counter and backup state. Returns false if it was
/// deleted or used since `passkey` was read.
pub fn record_use(
    tx: &mut Tx<'_>,
    passkey: &StoredPasskey,
    credential: &str,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let recorded = tx.execute(
        "UPDATE passkey SET credential = $3, last_used_at_ms = $4
         WHERE id = $1 AND credential = $2",
        &params![
            passkey.id.to_string(),
            &passkey.credential,
            credential,
            now.as_millis(),
        ],
    )?;
    Ok(recorded == 1)
}

/// Deletes a passkey of this person. Returns false if there is none with this id.
pub fn delete(tx: &mut Tx<'_>, id: PasskeyId, subject_id: SubjectId) -> Result<bool, StoreError> {
    let deleted = tx.execute(
        "DELETE FROM passkey WHERE id = $1 AND subject_id = $2",
        &params![id.to_string(), subject_id.to_string()],
    )?;
    Ok(deleted == 1)
}
