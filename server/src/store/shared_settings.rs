//! Settings that all processes on a database must share, as the server that started last has them.
//! The command line works with these and has no flags of its own for them. Which settings they are
//! is `config/shared.rs`.

use std::collections::BTreeMap;

use super::{StoreError, Tx, params};

/// All shared settings by their names; empty until a server starts on the database.
///
/// # Errors
/// Those of [`Tx::query`].
pub fn all(tx: &mut Tx<'_>) -> Result<BTreeMap<String, String>, StoreError> {
    let rows = tx.query("SELECT name, value FROM shared_setting", &[])?;
    rows.iter()
        .map(|row| Ok((row.get("name")?, row.get("value")?)))
        .collect()
}

/// Writes one setting down, in place of the value that it had.
///
/// # Errors
/// Those of [`Tx::execute`].
pub fn put(tx: &mut Tx<'_>, name: &str, value: &str) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO shared_setting (name, value) VALUES ($1, $2)
         ON CONFLICT (name) DO UPDATE SET value = $2",
        &params![name, value],
    )?;
    Ok(())
}
