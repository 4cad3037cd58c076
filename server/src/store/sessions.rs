//! Sessions and their refresh tokens, found by the hashes of the tokens.
//!
//! Functions return database errors as [`StoreError`].

use api_types::operator::KycStatus;
use api_types::task_type::TaskType;
use api_types::{OperatorId, SessionId, SubjectId, Timestamp};

use crate::domain::session::{REFRESH_LASTS, StoredRefresh};
use crate::store::engine::columns::{json, name, text, text_if_any, time, time_if_any};
use crate::store::{Row, StoreError, Tx, params};

/// A session that has not ended.
#[derive(Clone, Debug)]
pub struct StoredSession {
    /// The session's id.
    pub id: SessionId,
    /// The person who is signed in.
    pub subject_id: SubjectId,
    /// The browser and the system.
    pub device: String,
    /// When the person signed in.
    pub created_at: Timestamp,
    /// When the session was last renewed.
    pub last_used_at: Timestamp,
}

/// The operator account of a session.
#[derive(Clone, Debug)]
pub struct SessionOperator {
    /// The account's id.
    pub id: OperatorId,
    /// The state of the identity check.
    pub kyc_status: KycStatus,
    /// The types of task that the operator does; empty means all.
    pub skills: Vec<TaskType>,
    /// Whether the person has proven the account's e-mail address.
    pub has_confirmed_email: bool,
}

/// The columns that [`session_operator`] reads.
pub(super) const SESSION_OPERATOR_COLUMNS: &str = "operator.id AS operator_id,
    operator.kyc_status AS kyc_status, operator.skills AS skills,
    operator.unconfirmed_email AS unconfirmed_email";

/// Returns the operator account of a row, or `None` if it has none.
pub(super) fn session_operator(row: &Row) -> Result<Option<SessionOperator>, StoreError> {
    let Some(id) = text_if_any(row, "operator_id")? else {
        return Ok(None);
    };
    Ok(Some(SessionOperator {
        id,
        kyc_status: name(row, "kyc_status", KycStatus::parse)?,
        skills: json(row, "skills")?,
        has_confirmed_email: row.get::<Option<String>>("unconfirmed_email")?.is_none(),
    }))
}

/// Inserts a session.
pub fn insert(tx: &mut Tx<'_>, session: &StoredSession) -> Result<(), StoreError> {
    tx.send(
        "INSERT INTO session
             (id, subject_id, device, created_at_ms, last_used_at_ms, expires_at_ms)
         VALUES ($1, $2, $3, $4, $5, $6)",
        params![
            session.id.to_string(),
            session.subject_id.to_string(),
            &session.device,
            session.created_at.as_millis(),
            session.last_used_at.as_millis(),
            session.last_used_at.after(REFRESH_LASTS).as_millis(),
        ],
    )
}

const ACTIVE: &str = "ended_at_ms IS NULL AND expires_at_ms > ";

/// Returns a person's session, if it has not ended.
pub fn active(
    tx: &mut Tx<'_>,
    id: SessionId,
    now: Timestamp,
) -> Result<Option<StoredSession>, StoreError> {
    let sql = format!("{SELECT} WHERE id = $1 AND {ACTIVE} $2");
    let row = tx.first(&sql, &params![id.to_string(), now.as_millis()])?;
    row.map(|row| session(&row)).transpose()
}

/// Returns the sessions of a person that have not ended, the last used first, at most `rows_max`.
pub fn of_subject(
    tx: &mut Tx<'_>,
    subject_id: SubjectId,
    now: Timestamp,
    rows_max: u32,
) -> Result<Vec<StoredSession>, StoreError> {
    let sql = format!(
        "{SELECT} WHERE subject_id = $1 AND {ACTIVE} $2 ORDER BY last_used_at_ms DESC, id LIMIT $3"
    );
    let rows = tx.query(
        &sql,
        &params![subject_id.to_string(), now.as_millis(), i64::from(rows_max)],
    )?;
    rows.iter().map(session).collect()
}

const SELECT: &str = "SELECT id, subject_id, device, created_at_ms, last_used_at_ms FROM session";

fn session(row: &Row) -> Result<StoredSession, StoreError> {
    Ok(StoredSession {
        id: text(row, "id")?,
        subject_id: text(row, "subject_id")?,
        device: row.get("device")?,
        created_at: time(row, "created_at_ms")?,
        last_used_at: time(row, "last_used_at_ms")?,
    })
}

/// Returns the operator account of a session of this person that has not ended. The outer `None`
/// means that there is no such session, the inner that the person has no account.
pub fn operator(
    tx: &mut Tx<'_>,
    id: SessionId,
    subject_id: SubjectId,
    now: Timestamp,
) -> Result<Option<Option<SessionOperator>>, StoreError> {
    let sql = format!(
        "SELECT {SESSION_OPERATOR_COLUMNS}
         FROM session JOIN subject ON subject.id = session.subject_id
             LEFT JOIN operator ON operator.id = subject.operator_id
         WHERE session.id = $1 AND session.subject_id = $2 AND {ACTIVE} $3"
    );
    let row = tx.first(
        &sql,
        &params![id.to_string(), subject_id.to_string(), now.as_millis()],
    )?;
    row.map(|row| session_operator(&row)).transpose()
}

/// Ends a session of this person. Returns false if it had ended, or is not theirs.
pub fn end(
    tx: &mut Tx<'_>,
    id: SessionId,
    subject_id: SubjectId,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let ended = tx.execute(
        "UPDATE session SET ended_at_ms = $3
         WHERE id = $1 AND subject_id = $2 AND ended_at_ms IS NULL",
        &params![id.to_string(), subject_id.to_string(), now.as_millis()],
    )?;
    Ok(ended == 1)
}

/// Records that a session was renewed, which prolongs it, and deletes its expired refresh tokens.
pub fn renew(tx: &mut Tx<'_>, id: SessionId, now: Timestamp) -> Result<(), StoreError> {
    tx.send(
        "DELETE FROM refresh_token WHERE session_id = $1 AND expires_at_ms <= $2",
        params![id.to_string(), now.as_millis()],
    )?;
    tx.send(
        "UPDATE session SET last_used_at_ms = $2, expires_at_ms = $3 WHERE id = $1",
        params![
            id.to_string(),
            now.as_millis(),
            now.after(REFRESH_LASTS).as_millis(),
        ],
    )
}

/// Inserts a refresh token of a session by its hash.
pub fn insert_refresh(
    tx: &mut Tx<'_>,
    token_hash: &str,
    session_id: SessionId,
    now: Timestamp,
) -> Result<(), StoreError> {
    tx.send(
        "INSERT INTO refresh_token (token_hash, session_id, expires_at_ms) VALUES ($1, $2, $3)",
        params![
            token_hash,
            session_id.to_string(),
            now.after(REFRESH_LASTS).as_millis(),
        ],
    )
}

/// Returns the refresh token with this hash, and its session.
pub fn refresh(
    tx: &mut Tx<'_>,
    token_hash: &str,
) -> Result<Option<(StoredRefresh, SessionId)>, StoreError> {
    let row = tx.first(
        "SELECT session_id, uses, first_used_at_ms, expires_at_ms FROM refresh_token
         WHERE token_hash = $1",
        &params![token_hash],
    )?;
    row.map(|row| {
        let stored = StoredRefresh {
            uses: u32::try_from(row.get::<i64>("uses")?).unwrap_or(u32::MAX),
            first_used_at: time_if_any(&row, "first_used_at_ms")?,
            expires_at: time(&row, "expires_at_ms")?,
        };
        Ok((stored, text(&row, "session_id")?))
    })
    .transpose()
}

/// Counts a use of a refresh token.
///
/// # Errors
/// [`StoreError::Changed`] if it was used meanwhile: the caller's transaction then runs again.
pub fn count_use(
    tx: &mut Tx<'_>,
    token_hash: &str,
    before: StoredRefresh,
    now: Timestamp,
) -> Result<(), StoreError> {
    let counted = tx.execute(
        "UPDATE refresh_token SET uses = uses + 1,
             first_used_at_ms = COALESCE(first_used_at_ms, $3)
         WHERE token_hash = $1 AND uses = $2",
        &params![token_hash, i64::from(before.uses), now.as_millis()],
    )?;
    if counted == 1 {
        Ok(())
    } else {
        Err(tx.lost_race())
    }
}

/// Deletes at most `rows_max` sessions that have expired, with their refresh tokens, and returns
/// how many.
pub fn forget_old(tx: &mut Tx<'_>, now: Timestamp, rows_max: u32) -> Result<u64, StoreError> {
    let rows = tx.query(
        "SELECT id FROM session WHERE expires_at_ms <= $1 ORDER BY expires_at_ms LIMIT $2",
        &params![now.as_millis(), i64::from(rows_max)],
    )?;
    let mut deleted = 0;
    for row in rows {
        let id = row.get::<String>("id")?;
        let sql = "DELETE FROM refresh_token WHERE session_id = $1";
        tx.send(sql, params![&id])?;
        let sql = "DELETE FROM session WHERE id = $1 AND expires_at_ms <= $2";
        deleted += tx.execute(sql, &params![&id, now.as_millis()])?;
    }
    Ok(deleted)
}
