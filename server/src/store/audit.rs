//! What was done in the host's name: written by the transaction that did it, never changed.

use api_types::{AuditId, Timestamp, host::AuditEntry};

use super::{
    Row, StoreError, Tx,
    columns::{text, time},
    lists::{List, Part},
    params,
    tasks::Found,
};

/// A deed that is to be written down.
#[derive(Clone, Debug)]
pub struct Deed<'a> {
    /// Sorts by time.
    pub id: AuditId,
    /// By whom.
    pub who: &'a str,
    /// What.
    pub action: &'a str,
    /// To what.
    pub subject: &'a str,
    /// The rest, in words.
    pub details: &'a str,
    /// The request that does it.
    pub request_id: Option<&'a str>,
    /// When.
    pub at: Timestamp,
}

/// Writes down a deed.
///
/// # Errors
/// Those of [`Tx::execute`].
pub fn insert(tx: &mut Tx<'_>, deed: &Deed<'_>) -> Result<(), StoreError> {
    tx.send(
        "INSERT INTO audit (id, who, action, subject, details, request_id, at_ms)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        params![
            deed.id.to_string(),
            deed.who,
            deed.action,
            deed.subject,
            deed.details,
            deed.request_id,
            deed.at.as_millis(),
        ],
    )
}

/// What was done, newest first; to one subject, if one is named.
///
/// # Errors
/// Those of [`Tx::query`].
pub fn list(
    tx: &mut Tx<'_>,
    subject: Option<&str>,
    part: &Part,
) -> Result<Found<AuditEntry>, StoreError> {
    let columns = "id, who, action, subject, details, request_id, at_ms";
    let mut list = List::of(columns, "audit", "id");
    list.and("subject = ?", subject);
    list.read(tx, part, entry)
}

fn entry(row: &Row) -> Result<AuditEntry, StoreError> {
    Ok(AuditEntry {
        audit_id: text(row, "id")?,
        who: row.get("who")?,
        action: row.get("action")?,
        subject: row.get("subject")?,
        details: row.get("details")?,
        request_id: row.get("request_id")?,
        at: time(row, "at_ms")?,
    })
}
