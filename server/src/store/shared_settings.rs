//! Settings that all processes on a database must share, as the server that started last has them.
//! The command line works with these and has no flags of its own for them. `config/shared.rs`
//! defines which settings they are.
//!
//! Functions return database errors as [`StoreError`].

use std::collections::BTreeMap;

use super::{StoreError, Tx, params};

/// Returns all shared settings by their names; empty until a server starts on the database.
pub fn all(tx: &mut Tx<'_>) -> Result<BTreeMap<String, String>, StoreError> {
    let rows = tx.query("SELECT name, value FROM shared_setting", &[])?;
    rows.iter()
        .map(|row| Ok((row.get("name")?, row.get("value")?)))
        .collect()
}

/// Stores one setting, in place of its earlier value.
pub fn put(tx: &mut Tx<'_>, name: &str, value: &str) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO shared_setting (name, value) VALUES ($1, $2)
         ON CONFLICT (name) DO UPDATE SET value = $2",
        &params![name, value],
    )?;
    Ok(())
}
