//! Payments by card and bank.
//!
//! Functions return database errors as [`StoreError`].

use std::time::Duration;

use api_types::{
    AgentId, Timestamp, TransactionId,
    deposit::{PaymentMethod, PaymentStatus},
};

use crate::domain::fiat::Payment;
use crate::store::engine::columns::{money, name, text, time, time_if_any};
use crate::store::{Row, StoreError, Tx, params};

/// The identity of a request that may be retried.
#[derive(Clone, Debug)]
pub struct RequestIdentity {
    /// The account, the path and the idempotency key of the request.
    pub key: String,
    /// The digest of its body.
    pub digest: String,
}

/// Inserts a payment.
pub fn insert(
    tx: &mut Tx<'_>,
    payment: &Payment,
    retried: Option<&RequestIdentity>,
) -> Result<(), StoreError> {
    tx.send(
        "INSERT INTO fiat_payment (id, agent_id, order_id, method, amount_micros, status,
             once_key, once_digest, created_at_ms, settled_at_ms)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        params![
            payment.id.to_string(),
            payment.agent_id.to_string(),
            payment.order_id(),
            payment.method.as_str(),
            payment.amount.as_micros(),
            payment.status.as_str(),
            retried.map(|retried| retried.key.as_str()),
            retried.map_or("", |retried| retried.digest.as_str()),
            payment.created_at.as_millis(),
            payment.settled_at.map(Timestamp::as_millis),
        ],
    )
}

/// Returns the payment that an earlier request with this key began, with the digest of that
/// request's body. Keys are erased after `kept_for`, like the responses to them.
pub fn find_by_key(
    tx: &mut Tx<'_>,
    key: &str,
    now: Timestamp,
    kept_for: Duration,
) -> Result<Option<(Payment, String)>, StoreError> {
    tx.send(
        "UPDATE fiat_payment SET once_key = NULL WHERE once_key = $1 AND created_at_ms <= $2",
        params![key, now.before(kept_for).as_millis()],
    )?;
    let row = tx.first(
        &format!("SELECT {COLUMNS}, once_digest FROM fiat_payment WHERE once_key = $1"),
        &params![key],
    )?;
    row.map(|row| Ok((payment(&row)?, row.get("once_digest")?)))
        .transpose()
}

/// Stores the address to which the payer is sent.
pub fn set_redirect_url(
    tx: &mut Tx<'_>,
    id: TransactionId,
    redirect_url: &str,
) -> Result<(), StoreError> {
    tx.send(
        "UPDATE fiat_payment SET redirect_url = $2 WHERE id = $1",
        params![id.to_string(), redirect_url],
    )
}

/// Updates a payment whose status is still `from`.
///
/// # Errors
/// [`StoreError::Changed`] if another transaction wrote first: the caller's transaction then runs
/// again.
pub fn update(tx: &mut Tx<'_>, payment: &Payment, from: PaymentStatus) -> Result<(), StoreError> {
    let updated = tx.execute(
        "UPDATE fiat_payment SET status = $3, settled_at_ms = $4 WHERE id = $1 AND status = $2",
        &params![
            payment.id.to_string(),
            from.as_str(),
            payment.status.as_str(),
            payment.settled_at.map(Timestamp::as_millis),
        ],
    )?;
    if updated == 1 {
        Ok(())
    } else {
        Err(tx.lost_race())
    }
}

const COLUMNS: &str =
    "id, agent_id, method, amount_micros, status, redirect_url, created_at_ms, settled_at_ms";

/// Returns a payment of an agent, or `None` if the agent has none with this id.
pub fn get(
    tx: &mut Tx<'_>,
    agent_id: AgentId,
    id: TransactionId,
) -> Result<Option<Payment>, StoreError> {
    let row = tx.first(
        &format!("SELECT {COLUMNS} FROM fiat_payment WHERE id = $1 AND agent_id = $2"),
        &params![id.to_string(), agent_id.to_string()],
    )?;
    row.map(|row| payment(&row)).transpose()
}

/// Returns the payment that the provider knows by this order id, or `None` if there is none.
pub fn by_order(tx: &mut Tx<'_>, order_id: &str) -> Result<Option<Payment>, StoreError> {
    let row = tx.first(
        &format!("SELECT {COLUMNS} FROM fiat_payment WHERE order_id = $1"),
        &params![order_id],
    )?;
    row.map(|row| payment(&row)).transpose()
}

fn payment(row: &Row) -> Result<Payment, StoreError> {
    Ok(Payment {
        id: text(row, "id")?,
        agent_id: text(row, "agent_id")?,
        method: name(row, "method", PaymentMethod::parse)?,
        amount: money(row, "amount_micros")?,
        status: name(row, "status", PaymentStatus::parse)?,
        redirect_url: row.get("redirect_url")?,
        created_at: time(row, "created_at_ms")?,
        settled_at: time_if_any(row, "settled_at_ms")?,
    })
}
