//! Counts of the requests of each minute, over all servers on this database. The layer
//! `http/layer/rate_limit/` defines the limits, and computes what is left of them.
//!
//! Functions return database errors as [`StoreError`].

use api_types::Timestamp;

use super::{StoreError, Tx, params};

/// The window of one minute for one client and one path.
#[derive(Clone, Debug)]
pub struct Minute {
    /// When the minute begins.
    pub begins_at: Timestamp,
    /// The client for which it is counted.
    pub client: String,
    /// The template of the path.
    pub template: String,
}

/// Adds `count` requests to a minute, and returns how many were counted before.
///
/// # Errors
/// `Busy` if the row is held for longer than the lock timeout.
pub fn add_requests(tx: &mut Tx<'_>, minute: &Minute, count: u32) -> Result<i64, StoreError> {
    let row = tx.first(
        "INSERT INTO request_window (begins_at_ms, client, template, asked)
         VALUES ($1, $2, $3, $4)
         ON CONFLICT (begins_at_ms, client, template)
         DO UPDATE SET asked = request_window.asked + excluded.asked
         RETURNING asked",
        &params![
            minute.begins_at.as_millis(),
            &minute.client,
            &minute.template,
            i64::from(count),
        ],
    )?;
    let total: i64 = row.ok_or(StoreError::Changed)?.get("asked")?;
    Ok(total - i64::from(count))
}

/// Deletes the minutes that began before this time, and returns how many counts it deleted.
pub fn forget_before(tx: &mut Tx<'_>, begins_at: Timestamp) -> Result<u64, StoreError> {
    tx.execute(
        "DELETE FROM request_window WHERE begins_at_ms < $1",
        &params![begins_at.as_millis()],
    )
}
