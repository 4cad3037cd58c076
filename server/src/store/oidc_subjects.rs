//! People who sign in at an OpenID Connect issuer. A row exists from the moment when the person has
//! an operator account; before, their token says everything about them.
//!
//! Functions return database errors as [`StoreError`].

use api_types::{OperatorId, SubjectId, Timestamp};

use crate::domain::oidc_token::OidcPerson;
use crate::store::engine::columns::text;
use crate::store::sessions::{SESSION_OPERATOR_COLUMNS, SessionOperator, session_operator};
use crate::store::{StoreError, Tx, params};

/// Returns the operator account of a person.
pub fn operator(
    tx: &mut Tx<'_>,
    person: &OidcPerson,
) -> Result<Option<SessionOperator>, StoreError> {
    let sql = format!(
        "SELECT {SESSION_OPERATOR_COLUMNS} FROM subject
             JOIN operator ON operator.id = subject.operator_id
         WHERE subject.issuer = $1 AND subject.issuer_sub = $2"
    );
    let row = tx.first(&sql, &params![&person.issuer, &person.sub])?;
    row.map(|row| session_operator(&row))
        .transpose()
        .map(Option::flatten)
}

/// Returns the operator account with the verified address of a person, if nobody else of their
/// issuer has it.
pub fn known_operator(
    tx: &mut Tx<'_>,
    issuer: &str,
    email: &str,
) -> Result<Option<OperatorId>, StoreError> {
    let row = tx.first(
        "SELECT id FROM operator WHERE email = $1
             AND NOT EXISTS (SELECT 1 FROM subject
                 WHERE subject.operator_id = operator.id AND subject.issuer = $2)",
        &params![email, issuer],
    )?;
    row.map(|row| text(&row, "id")).transpose()
}

/// Links a person to an operator account. Returns false if the person has an account, or somebody
/// else of their issuer has this one.
pub fn insert(
    tx: &mut Tx<'_>,
    id: SubjectId,
    person: &OidcPerson,
    email: &str,
    operator_id: OperatorId,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let inserted = tx.execute(
        "INSERT INTO subject
             (id, issuer, issuer_sub, email, verified_at_ms, operator_id, created_at_ms)
         VALUES ($1, $2, $3, $4, $5, $6, $5) ON CONFLICT DO NOTHING",
        &params![
            id.to_string(),
            &person.issuer,
            &person.sub,
            email,
            now.as_millis(),
            operator_id.to_string(),
        ],
    )?;
    Ok(inserted == 1)
}

/// Changes the address that a person has yet to confirm.
pub fn set_email(tx: &mut Tx<'_>, id: SubjectId, email: &str) -> Result<(), StoreError> {
    tx.send(
        "UPDATE subject SET email = $2 WHERE id = $1",
        params![id.to_string(), email],
    )
}

/// Links a person to another operator account than before.
pub fn relink(tx: &mut Tx<'_>, id: SubjectId, operator_id: OperatorId) -> Result<(), StoreError> {
    tx.send(
        "UPDATE subject SET operator_id = $2 WHERE id = $1",
        params![id.to_string(), operator_id.to_string()],
    )
}
