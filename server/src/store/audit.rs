//! The audit log of what was done in the host's name. An entry is written by the transaction of the
//! action, and never changed.
//!
//! Functions return database errors as [`StoreError`].

use api_types::{AuditId, Timestamp, host::AuditEntry};

use crate::store::engine::columns::{text, time};
use crate::store::search::{KeyOrder, Listing, PageOfRows, PageWindow, Search};
use crate::store::{Row, StoreError, Tx, params};

/// A new audit entry.
#[derive(Clone, Debug)]
pub struct NewAuditEntry<'a> {
    /// The entry's id, which sorts by time.
    pub id: AuditId,
    /// The actor: an admin key by its fingerprint, the command line, or the identity provider.
    pub who: &'a str,
    /// The action, such as `kyc.approve`.
    pub action: &'a str,
    /// The subject of the action: an id, or a task type.
    pub subject: &'a str,
    /// Further details in words; may be empty.
    pub details: &'a str,
    /// The id of the request that does it; `None` for the command line.
    pub request_id: Option<&'a str>,
    /// When it is done.
    pub at: Timestamp,
}

/// The list of entries: newest first.
const LISTING: Listing = Listing {
    columns: "id, who, action, subject, details, request_id, at_ms",
    joins: "",
    key: "id",
    order: KeyOrder::NewestFirst,
};

/// Inserts an audit entry.
pub fn insert(tx: &mut Tx<'_>, entry: &NewAuditEntry<'_>) -> Result<(), StoreError> {
    tx.send(
        "INSERT INTO audit (id, who, action, subject, details, request_id, at_ms)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        params![
            entry.id.to_string(),
            entry.who,
            entry.action,
            entry.subject,
            entry.details,
            entry.request_id,
            entry.at.as_millis(),
        ],
    )
}

/// Returns a page of the entries, newest first; only those of one subject if it is named.
pub fn list(
    tx: &mut Tx<'_>,
    subject: Option<&str>,
    window: PageWindow<AuditId>,
) -> Result<PageOfRows<AuditEntry>, StoreError> {
    let mut search = Search::all("audit");
    search.filter("subject = ", subject);
    search.page(tx, &LISTING, window, entry)
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
