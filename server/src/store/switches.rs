//! Task types that the host switched off. A type without a row is on.
//!
//! Functions return database errors as [`StoreError`].

use api_types::{Timestamp, task_type::TaskType};

use crate::store::engine::columns::name;
use crate::store::{StoreError, Tx, params};

/// Returns the types that are switched off: no new tasks of them are accepted.
pub fn switched_off(tx: &mut Tx<'_>) -> Result<Vec<TaskType>, StoreError> {
    let rows = tx.query(
        "SELECT task_type FROM task_type_off ORDER BY task_type",
        &[],
    )?;
    rows.iter()
        .map(|row| name(row, "task_type", TaskType::parse))
        .collect()
}

/// Returns whether new tasks of a type are refused.
pub fn is_off(tx: &mut Tx<'_>, task_type: TaskType) -> Result<bool, StoreError> {
    let row = tx.first(
        "SELECT 1 AS is_off FROM task_type_off WHERE task_type = $1",
        &params![task_type.as_str()],
    )?;
    Ok(row.is_some())
}

/// Switches a task type off. Returns false if it was off already.
pub fn switch_off(
    tx: &mut Tx<'_>,
    task_type: TaskType,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let switched = tx.execute(
        "INSERT INTO task_type_off (task_type, since_ms) VALUES ($1, $2)
         ON CONFLICT (task_type) DO NOTHING",
        &params![task_type.as_str(), now.as_millis()],
    )?;
    Ok(switched == 1)
}

/// Switches a task type on. Returns false if it was on already.
pub fn switch_on(tx: &mut Tx<'_>, task_type: TaskType) -> Result<bool, StoreError> {
    let switched = tx.execute(
        "DELETE FROM task_type_off WHERE task_type = $1",
        &params![task_type.as_str()],
    )?;
    Ok(switched == 1)
}
