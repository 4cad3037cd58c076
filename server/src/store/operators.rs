//! Operators: their accounts, and what each of them may do.
//!
//! Functions return database errors as [`StoreError`].

use api_types::{
    OperatorId, Timestamp,
    operator::{ChangeOperator, KycStatus},
    place::HomePlace,
    task_type::TaskType,
};

use crate::domain::account::NewOperator;
use crate::domain::new_task::MinimumRating;
use crate::domain::place::{Point, Spot};
use crate::store::engine::columns::{json, name, text, to_json};
use crate::store::engine::folded::folded;
use crate::store::ratings::mean;
use crate::store::search::{Search, in_order_of};
use crate::store::tasks::OPEN_COUNTED_MAX;
use crate::store::{Row, StoreError, Tx, params};

/// An operator as it is stored.
#[derive(Clone, Debug)]
pub struct Operator {
    /// The id of the account.
    pub id: OperatorId,
    /// The name as the operator gave it.
    pub name: String,
    /// The e-mail address as the operator gave it, in lower case.
    pub email: String,
    /// Whether the operator has proven the address.
    pub has_confirmed_email: bool,
    /// The state of the identity check, which decides whether the operator may accept tasks.
    pub kyc_status: KycStatus,
    /// The types of task that the operator does; empty means all.
    pub skills: Vec<TaskType>,
    /// The place where the operator works, as given.
    pub place: Option<HomePlace>,
    /// The spot of that place, if it has coordinates.
    pub spot: Option<Spot>,
    /// The mean of the agents' stars, or `None` if nobody gave any.
    pub rating: Option<f32>,
}

/// Inserts an operator whose e-mail address is proven, or is not asked to be. Returns false if the
/// address has an account already.
pub fn insert(
    tx: &mut Tx<'_>,
    id: OperatorId,
    stated: &NewOperator,
    kyc: KycStatus,
    now: Timestamp,
) -> Result<bool, StoreError> {
    insert_row(tx, id, stated, (&stated.email, None), kyc, now)
}

/// Inserts an operator who must still prove the e-mail address. Until then the address is not the
/// account's: it may have another account, and a person who proves it is not linked to this one.
pub fn insert_unconfirmed(
    tx: &mut Tx<'_>,
    id: OperatorId,
    stated: &NewOperator,
    kyc: KycStatus,
    now: Timestamp,
) -> Result<bool, StoreError> {
    // The id stands for the address, because the column is unique and not null.
    let email = (id.to_string(), Some(stated.email.as_str()));
    insert_row(tx, id, stated, (&email.0, email.1), kyc, now)
}

fn insert_row(
    tx: &mut Tx<'_>,
    id: OperatorId,
    stated: &NewOperator,
    (email, unconfirmed_email): (&str, Option<&str>),
    kyc: KycStatus,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let place = stated.location.as_ref();
    let inserted = tx.execute(
        "INSERT INTO operator
             (id, name, email, phone, city, country, skills, kyc_status, created_at_ms, cell,
              name_folded, unconfirmed_email)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
         ON CONFLICT (email) DO NOTHING",
        &params![
            id.to_string(),
            &stated.name,
            email,
            stated.phone.as_deref(),
            place.map(|place| place.city.as_str()),
            place.map(|place| place.country.as_str()),
            to_json(&stated.skills, "skills")?,
            kyc.as_str(),
            now.as_millis(),
            place.and_then(cell),
            folded(&stated.name),
            unconfirmed_email,
        ],
    )?;
    Ok(inserted == 1)
}

/// Changes the address that an operator has yet to prove. Returns false if the account has one that
/// is proven.
pub fn set_unconfirmed_email(
    tx: &mut Tx<'_>,
    id: OperatorId,
    email: &str,
) -> Result<bool, StoreError> {
    let changed = tx.execute(
        "UPDATE operator SET unconfirmed_email = $2
         WHERE id = $1 AND unconfirmed_email IS NOT NULL",
        &params![id.to_string(), email],
    )?;
    Ok(changed == 1)
}

/// Locks an account whose address is not proven yet, and returns the address. Returns `None` if it
/// is proven.
pub fn lock_unconfirmed_email(
    tx: &mut Tx<'_>,
    id: OperatorId,
) -> Result<Option<String>, StoreError> {
    let row = tx.first(
        "UPDATE operator SET unconfirmed_email = unconfirmed_email
         WHERE id = $1 AND unconfirmed_email IS NOT NULL RETURNING unconfirmed_email",
        &params![id.to_string()],
    )?;
    row.map(|row| row.get("unconfirmed_email")).transpose()
}

/// Makes a proven address the account's. Returns false if another account has it, or this account
/// is not waiting for it.
///
/// # Errors
/// [`StoreError::Changed`] if another account got the address meanwhile: the caller's transaction
/// then runs again.
pub fn confirm_email(tx: &mut Tx<'_>, id: OperatorId, email: &str) -> Result<bool, StoreError> {
    let confirmed = tx.execute(
        "UPDATE operator SET email = unconfirmed_email, unconfirmed_email = NULL
         WHERE id = $1 AND unconfirmed_email = $2
             AND NOT EXISTS (SELECT 1 FROM operator other WHERE other.email = $2)",
        &params![id.to_string(), email],
    );
    match confirmed {
        Err(StoreError::Unique) => Err(tx.lost_race()),
        confirmed => Ok(confirmed? == 1),
    }
}

/// Deletes an account whose address was never proven, unless something belongs to it.
pub fn delete_unconfirmed(tx: &mut Tx<'_>, id: OperatorId) -> Result<(), StoreError> {
    let deleted = tx.savepoint(|tx| {
        tx.execute(
            "DELETE FROM operator WHERE id = $1 AND unconfirmed_email IS NOT NULL",
            &params![id.to_string()],
        )
    });
    match deleted {
        // Nobody is linked to it any more, and nobody is shown it.
        Ok(_) | Err(StoreError::ForeignKey) => Ok(()),
        Err(error) => Err(error),
    }
}

/// Updates what the operator changed of their own profile.
pub fn update(tx: &mut Tx<'_>, id: OperatorId, changed: &ChangeOperator) -> Result<(), StoreError> {
    let place = changed.location.as_ref();
    let skills = changed.skills.as_ref();
    tx.send(
        "UPDATE operator SET
             name = COALESCE($2, name), phone = COALESCE($3, phone),
             skills = COALESCE($4, skills),
             city = CASE WHEN $5 IS NULL THEN city ELSE $5 END,
             country = CASE WHEN $5 IS NULL THEN country ELSE $6 END,
             cell = CASE WHEN $5 IS NULL THEN cell ELSE $7 END,
             name_folded = COALESCE($8, name_folded)
         WHERE id = $1",
        params![
            id.to_string(),
            changed.name.as_deref(),
            changed.phone.as_deref(),
            skills.map(|skills| to_json(skills, "skills")).transpose()?,
            place.map(|place| place.city.as_str()),
            place.map(|place| place.country.as_str()),
            place.and_then(cell),
            changed.name.as_deref().map(folded),
        ],
    )
}

fn cell(place: &HomePlace) -> Option<i64> {
    let (lat, lng) = place.lat.zip(place.lng)?;
    Some(Spot::of(Point { lat, lng }).cell())
}

/// The conditions of an agent's search for operators.
#[derive(Clone, Debug, Default)]
pub struct OperatorFilter {
    /// Only operators who do this type of task.
    pub task_type: Option<TaskType>,
    /// Only operators with at least this mean rating.
    pub rating_min: Option<MinimumRating>,
}

/// Returns how many operators may accept such tasks, or [`OPEN_COUNTED_MAX`] if there are more.
pub fn count_approved(tx: &mut Tx<'_>, filter: &OperatorFilter) -> Result<u64, StoreError> {
    search_approved(filter).count_up_to(tx, OPEN_COUNTED_MAX)
}

/// Returns how many of them did not say where they work, or [`OPEN_COUNTED_MAX`] if there are more.
pub fn count_approved_anywhere(
    tx: &mut Tx<'_>,
    filter: &OperatorFilter,
) -> Result<u64, StoreError> {
    let mut search = search_approved(filter);
    search.require("operator.cell IS NULL");
    search.count_up_to(tx, OPEN_COUNTED_MAX)
}

/// Returns the mean of the agents' stars for an operator, or `None` if nobody gave any.
pub fn rating(tx: &mut Tx<'_>, id: OperatorId) -> Result<Option<MinimumRating>, StoreError> {
    let row = tx.first(
        "SELECT stars_sum * 100 / stars_count AS hundredths FROM operator
         WHERE id = $1 AND stars_count > 0",
        &params![id.to_string()],
    )?;
    let hundredths: Option<i64> = row.map(|row| row.get("hundredths")).transpose()?;
    Ok(hundredths.and_then(|mean| MinimumRating::from_hundredths(u16::try_from(mean).ok()?)))
}

/// Returns the search for operators who may accept such tasks, with or without a place.
pub(super) fn search_approved(filter: &OperatorFilter) -> Search {
    let mut search = Search::with(
        "operator",
        "operator.kyc_status = 'APPROVED' AND operator.unconfirmed_email IS NULL",
    );
    if let Some(least) = filter.rating_min {
        let least = i64::from(least.hundredths());
        search.require("operator.stars_count > 0");
        search.filter(
            "operator.stars_sum * 100 >= operator.stars_count * ",
            Some(least),
        );
    }
    if let Some(task_type) = filter.task_type {
        // The column is a JSON list of names that are constants of this crate; an empty one means
        // all.
        let name = task_type.as_str();
        search.require(&format!(
            "(operator.skills = '[]' OR operator.skills LIKE '%\"{name}\"%')"
        ));
    }
    search
}

/// Returns the operator with this id, or `None` if there is none.
pub fn get(tx: &mut Tx<'_>, id: OperatorId) -> Result<Option<Operator>, StoreError> {
    let row = tx.first(&format!("{SELECT} = $1"), &params![id.to_string()])?;
    row.map(|row| operator(&row)).transpose()
}

/// Returns the operators with these ids, each once, in the order of the ids.
pub fn with_these_ids(tx: &mut Tx<'_>, ids: &[OperatorId]) -> Result<Vec<Operator>, StoreError> {
    in_order_of(tx, SELECT, ids, operator)
}

const SELECT: &str = "SELECT id, name, email, kyc_status, skills, city, country, cell, stars_sum,
        stars_count, unconfirmed_email
    FROM operator WHERE id";

fn operator(row: &Row) -> Result<Operator, StoreError> {
    let spot = row.get::<Option<i64>>("cell")?.map(Spot::of_cell);
    let (city, country) = (row.get::<Option<String>>("city")?, row.get("country")?);
    let place = city.zip(country).map(|(city, country)| HomePlace {
        city,
        country,
        lat: spot.map(|spot| spot.point().lat),
        lng: spot.map(|spot| spot.point().lng),
    });
    let unconfirmed: Option<String> = row.get("unconfirmed_email")?;
    Ok(Operator {
        id: text(row, "id")?,
        name: row.get("name")?,
        has_confirmed_email: unconfirmed.is_none(),
        email: unconfirmed.map_or_else(|| row.get("email"), Ok)?,
        kyc_status: name(row, "kyc_status", KycStatus::parse)?,
        skills: json(row, "skills")?,
        place,
        spot,
        rating: mean(row)?,
    })
}
