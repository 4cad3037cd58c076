//! Task types that the host switched off. A type without a row is on.

use api_types::{Timestamp, task::TaskType};

use super::{StoreError, Tx, columns::name, params};

/// The types of which no new task is taken.
///
/// # Errors
/// Those of [`Tx::query`].
pub fn off(tx: &mut Tx<'_>) -> Result<Vec<TaskType>, StoreError> {
    let rows = tx.query(
        "SELECT task_type FROM task_type_off ORDER BY task_type",
        &[],
    )?;
    rows.iter()
        .map(|row| name(row, "task_type", TaskType::parse))
        .collect()
}

/// Whether new tasks of a type are refused.
///
/// # Errors
/// Those of [`Tx::query`].
pub fn is_off(tx: &mut Tx<'_>, task_type: TaskType) -> Result<bool, StoreError> {
    let row = tx.first(
        "SELECT 1 AS is_off FROM task_type_off WHERE task_type = $1",
        &params![task_type.as_str()],
    )?;
    Ok(row.is_some())
}

/// Takes no more tasks of a type; false if it was so.
///
/// # Errors
/// Those of [`Tx::execute`].
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

/// Takes tasks of a type again; false if it was so.
///
/// # Errors
/// Those of [`Tx::execute`].
pub fn switch_on(tx: &mut Tx<'_>, task_type: TaskType) -> Result<bool, StoreError> {
    let switched = tx.execute(
        "DELETE FROM task_type_off WHERE task_type = $1",
        &params![task_type.as_str()],
    )?;
    Ok(switched == 1)
}
