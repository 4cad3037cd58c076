//! How many requests of a minute were taken by all servers on this database together. What a
//! limit is, and what is left of it, is `http/rate.rs`'s affair.

use api_types::Timestamp;

use super::{StoreError, Tx, params};

/// A minute of one client at one path.
#[derive(Clone, Debug)]
pub struct Minute {
    /// When it began.
    pub begins_at: Timestamp,
    /// Whom it is counted for.
    pub client: String,
    /// Where.
    pub template: String,
}

/// Asks for `count` requests of a minute, and says how many were asked for before.
///
/// # Errors
/// Those of [`Tx::execute`], and `Busy` when the row is held for longer than the lock's limit.
pub fn ask(tx: &mut Tx<'_>, minute: &Minute, count: u32) -> Result<i64, StoreError> {
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
    let asked: i64 = row.ok_or(StoreError::Changed)?.get("asked")?;
    Ok(asked - i64::from(count))
}

/// Removes the minutes that began before this time.
///
/// # Errors
/// Those of [`Tx::execute`].
pub fn forget_before(tx: &mut Tx<'_>, begun: Timestamp) -> Result<u64, StoreError> {
    tx.execute(
        "DELETE FROM request_window WHERE begins_at_ms < $1",
        &params![begun.as_millis()],
    )
}
