//! People who sign in: the `sub` of their tokens, their address and their operator account, and the
//! codes that were mailed to them.
//!
//! Functions return database errors as [`StoreError`].

use api_types::{OperatorId, SubjectId, Timestamp};

use crate::domain::email_code::StoredCode;
use crate::domain::language::Language;
use crate::store::engine::columns::{json, name, text, text_if_any, time, to_json};
use crate::store::{Row, StoreError, Tx, params};

/// The issuer of those who sign in to this server itself.
const BUILTIN: &str = "builtin";

/// A person who signs in.
#[derive(Clone, Debug)]
pub struct Subject {
    /// The person's id, which tokens contain.
    pub id: SubjectId,
    /// The e-mail address.
    pub email: String,
    /// The operator account, if the person has one.
    pub operator_id: Option<OperatorId>,
    /// When the last codes were sent.
    pub code_times: Vec<Timestamp>,
    /// The language of the device on which the person last entered a code.
    pub language: Language,
}

const SELECT: &str = "SELECT id, email, operator_id, code_times, language FROM subject";

fn subject(row: &Row) -> Result<Subject, StoreError> {
    Ok(Subject {
        id: text(row, "id")?,
        email: row.get("email")?,
        operator_id: text_if_any(row, "operator_id")?,
        code_times: json(row, "code_times")?,
        language: name(row, "language", Language::of_code)?,
    })
}

/// Returns the subject of the built-in issuer with this address, which is inserted if it is new.
/// The row is locked until the transaction ends.
pub fn of_email(
    tx: &mut Tx<'_>,
    email: &str,
    new_id: SubjectId,
    now: Timestamp,
) -> Result<Subject, StoreError> {
    tx.execute(
        "INSERT INTO subject (id, issuer, issuer_sub, email, created_at_ms)
         VALUES ($1, $2, $1, $3, $4)
         ON CONFLICT (email) WHERE issuer = 'builtin' DO UPDATE SET email = excluded.email",
        &params![new_id.to_string(), BUILTIN, email, now.as_millis()],
    )?;
    let sql = format!("{SELECT} WHERE email = $1 AND issuer = $2");
    let row = tx.first(&sql, &params![email, BUILTIN])?;
    subject(&row.ok_or(StoreError::Changed)?)
}

/// Returns the subject with this id.
pub fn get(tx: &mut Tx<'_>, id: SubjectId) -> Result<Option<Subject>, StoreError> {
    let row = tx.first(&format!("{SELECT} WHERE id = $1"), &params![id.to_string()])?;
    row.map(|row| subject(&row)).transpose()
}

/// Locks the row of a subject until the transaction ends.
pub fn lock_row(tx: &mut Tx<'_>, id: SubjectId) -> Result<(), StoreError> {
    tx.send(
        "UPDATE subject SET email = email WHERE id = $1",
        params![id.to_string()],
    )
}

/// Returns the subject with this `sub` of an issuer.
pub fn of_issuer(tx: &mut Tx<'_>, issuer: &str, sub: &str) -> Result<Option<Subject>, StoreError> {
    let sql = format!("{SELECT} WHERE issuer = $1 AND issuer_sub = $2");
    let row = tx.first(&sql, &params![issuer, sub])?;
    row.map(|row| subject(&row)).transpose()
}

/// Stores the times of the subject's codes.
pub fn set_code_times(
    tx: &mut Tx<'_>,
    id: SubjectId,
    times: &[Timestamp],
) -> Result<(), StoreError> {
    tx.send(
        "UPDATE subject SET code_times = $2 WHERE id = $1",
        params![id.to_string(), to_json(&times, "code_times")?],
    )
}

/// Stores a code that is about to be mailed. A code with the same salt is replaced, and its wrong
/// guesses remain.
pub fn put_code(tx: &mut Tx<'_>, id: SubjectId, code: &StoredCode) -> Result<(), StoreError> {
    tx.send(
        "INSERT INTO sign_in_code (subject_id, salt, code_hash, expires_at_ms, tries)
         VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (subject_id, salt) DO UPDATE
         SET code_hash = excluded.code_hash, expires_at_ms = excluded.expires_at_ms",
        params![
            id.to_string(),
            &code.salt,
            &code.hash,
            code.expires_at.as_millis(),
            i64::from(code.tries),
        ],
    )
}

/// Returns the codes of a subject.
pub fn codes(tx: &mut Tx<'_>, id: SubjectId) -> Result<Vec<StoredCode>, StoreError> {
    let rows = tx.query(
        "SELECT salt, code_hash, expires_at_ms, tries FROM sign_in_code WHERE subject_id = $1",
        &params![id.to_string()],
    )?;
    let code = |row: Row| {
        Ok(StoredCode {
            salt: row.get("salt")?,
            hash: row.get("code_hash")?,
            expires_at: time(&row, "expires_at_ms")?,
            tries: u32::try_from(row.get::<i64>("tries")?).unwrap_or(u32::MAX),
        })
    };
    rows.into_iter().map(code).collect()
}

/// Counts a wrong guess against every code of the subject.
pub fn count_wrong_guess(tx: &mut Tx<'_>, id: SubjectId) -> Result<(), StoreError> {
    tx.send(
        "UPDATE sign_in_code SET tries = tries + 1 WHERE subject_id = $1",
        params![id.to_string()],
    )
}

/// Deletes the codes of a subject, because one of them was used, and records that the address is
/// verified, and the language of the device.
pub fn use_codes(
    tx: &mut Tx<'_>,
    id: SubjectId,
    language: Language,
    now: Timestamp,
) -> Result<(), StoreError> {
    tx.send(
        "UPDATE subject SET verified_at_ms = COALESCE(verified_at_ms, $2), language = $3
         WHERE id = $1",
        params![id.to_string(), now.as_millis(), language.code()],
    )?;
    tx.send(
        "DELETE FROM sign_in_code WHERE subject_id = $1",
        params![id.to_string()],
    )
}

/// Links a subject to the operator account with its address, if there is one and nobody else of the
/// built-in issuer has it. Returns the account.
///
/// # Errors
/// [`StoreError::Changed`] if it was linked meanwhile: the caller's transaction then runs again.
pub fn link_known_operator(
    tx: &mut Tx<'_>,
    subject: &Subject,
) -> Result<Option<OperatorId>, StoreError> {
    let row = tx.first(
        "SELECT id FROM operator WHERE email = $1
             AND NOT EXISTS (SELECT 1 FROM subject
                 WHERE subject.operator_id = operator.id AND subject.issuer = $2)",
        &params![&subject.email, BUILTIN],
    )?;
    let Some(row) = row else {
        return Ok(None);
    };
    let operator_id: OperatorId = text(&row, "id")?;
    match link(tx, subject.id, operator_id)? {
        true => Ok(Some(operator_id)),
        false => Err(tx.lost_race()),
    }
}

/// Links a subject to an operator account. Returns false if it has an account already.
pub fn link(tx: &mut Tx<'_>, id: SubjectId, operator_id: OperatorId) -> Result<bool, StoreError> {
    let linked = tx.execute(
        "UPDATE subject SET operator_id = $2 WHERE id = $1 AND operator_id IS NULL",
        &params![id.to_string(), operator_id.to_string()],
    )?;
    Ok(linked == 1)
}

/// Deletes at most `rows_max` codes that have expired, and returns how many.
pub fn forget_old_codes(tx: &mut Tx<'_>, now: Timestamp, rows_max: u32) -> Result<u64, StoreError> {
    tx.execute(
        "DELETE FROM sign_in_code WHERE (subject_id, salt) IN (
             SELECT subject_id, salt FROM sign_in_code WHERE expires_at_ms <= $1
             ORDER BY expires_at_ms LIMIT $2)",
        &params![now.as_millis(), i64::from(rows_max)],
    )
}

/// Deletes at most `rows_max` subjects from before `before` who never proved their address, and
/// returns how many.
pub fn forget_unverified(
    tx: &mut Tx<'_>,
    before: Timestamp,
    rows_max: u32,
) -> Result<u64, StoreError> {
    tx.execute(
        "DELETE FROM subject WHERE id IN (
             SELECT id FROM subject WHERE verified_at_ms IS NULL AND created_at_ms < $1
                 AND NOT EXISTS (SELECT 1 FROM sign_in_code WHERE subject_id = subject.id)
             ORDER BY created_at_ms LIMIT $2)
             AND verified_at_ms IS NULL",
        &params![before.as_millis(), i64::from(rows_max)],
    )
}
