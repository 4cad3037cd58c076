//! Operators: accounts and what each may do.

use api_types::{
    OperatorId, Timestamp,
    operator::{KycStatus, RegisterOperator},
    task::TaskType,
};

use super::{
    Row, StoreError, Tx,
    columns::{json, name, text, to_json},
    params,
};

/// An operator as it is stored.
#[derive(Clone, Debug)]
pub struct Operator {
    /// The account.
    pub id: OperatorId,
    /// As given.
    pub name: String,
    /// As given, lower-cased.
    pub email: String,
    /// Whether tasks may be accepted.
    pub kyc_status: KycStatus,
    /// Empty means all.
    pub skills: Vec<TaskType>,
}

/// Adds an operator; false if its e-mail has an account already.
///
/// # Errors
/// Those of [`Tx::execute`].
pub fn insert(
    tx: &mut Tx<'_>,
    id: OperatorId,
    stated: &RegisterOperator,
    kyc: KycStatus,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let place = stated.location.as_ref();
    let inserted = tx.execute(
        "INSERT INTO operator
             (id, name, email, phone, city, country, skills, kyc_status, created_at_ms)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (email) DO NOTHING",
        &params![
            id.to_string(),
            &stated.name,
            &stated.email,
            stated.phone.as_deref(),
            place.map(|place| place.city.as_str()),
            place.map(|place| place.country.as_str()),
            to_json(&stated.skills, "skills")?,
            kyc.as_str(),
            now.as_millis(),
        ],
    )?;
    Ok(inserted == 1)
}

/// One operator.
///
/// # Errors
/// Those of [`Tx::execute`].
pub fn get(tx: &mut Tx<'_>, id: OperatorId) -> Result<Option<Operator>, StoreError> {
    let row = tx.first(
        "SELECT id, name, email, kyc_status, skills FROM operator WHERE id = $1",
        &params![id.to_string()],
    )?;
    row.map(|row| operator(&row)).transpose()
}

fn operator(row: &Row) -> Result<Operator, StoreError> {
    Ok(Operator {
        id: text(row, "id")?,
        name: row.get("name")?,
        email: row.get("email")?,
        kyc_status: name(row, "kyc_status", kyc_status)?,
        skills: json(row, "skills")?,
    })
}

fn kyc_status(name: &str) -> Option<KycStatus> {
    [KycStatus::Pending, KycStatus::Approved, KycStatus::Rejected]
        .into_iter()
        .find(|status| status.as_str() == name)
}
