//! Rows as lines of JSON: text and numbers unchanged, bytes in base64.

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::Value as Json;

use super::{BackupError, unfit};
use crate::store::Value;
use crate::store::engine::snapshot::{Column, ColumnType};

/// Returns a row as one line, without its line end.
pub(super) fn line(row: &[Value]) -> String {
    let cells = row.iter().map(|value| match value {
        Value::Text(Some(text)) => Json::from(text.as_str()),
        Value::Int(Some(number)) => Json::from(*number),
        Value::Bytes(Some(bytes)) => Json::from(BASE64_STANDARD.encode(bytes)),
        Value::Text(None) | Value::Int(None) | Value::Bytes(None) => Json::Null,
    });
    Json::from(cells.collect::<Vec<_>>()).to_string()
}

/// Parses a line into a row.
///
/// # Errors
/// [`BackupError::Unfit`] if the values do not match the columns.
pub(super) fn row(line: &str, columns: &[Column]) -> Result<Vec<Value>, BackupError> {
    let cells: Vec<Json> = serde_json::from_str(line)
        .map_err(|_| unfit("a line of the archive is not a JSON array"))?;
    if cells.len() != columns.len() {
        return Err(unfit(
            "a line of the archive has the wrong number of values",
        ));
    }
    cells
        .into_iter()
        .zip(columns)
        .map(|(cell, column)| cell_value(cell, column.kind).ok_or_else(|| wrong(column)))
        .collect()
}

fn wrong(column: &Column) -> BackupError {
    unfit(format!(
        "a value of column {} has the wrong type",
        column.name
    ))
}

/// Converts a value to the column's type. A NULL carries the type, because PostgreSQL needs it.
fn cell_value(cell: Json, kind: ColumnType) -> Option<Value> {
    Some(match (kind, cell) {
        (ColumnType::Text, Json::Null) => Value::Text(None),
        (ColumnType::Int, Json::Null) => Value::Int(None),
        (ColumnType::Bytes, Json::Null) => Value::Bytes(None),
        (ColumnType::Text, Json::String(text)) => Value::Text(Some(text)),
        (ColumnType::Int, Json::Number(number)) => Value::Int(Some(number.as_i64()?)),
        (ColumnType::Bytes, Json::String(text)) => {
            Value::Bytes(Some(BASE64_STANDARD.decode(text).ok()?))
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(kind: ColumnType) -> Column {
        let name = "c".to_owned();
        Column { name, kind }
    }

    #[test]
    fn a_row_survives_its_line() {
        let columns = [
            ColumnType::Text,
            ColumnType::Int,
            ColumnType::Bytes,
            ColumnType::Int,
        ]
        .map(column);
        let values = vec![
            Value::Text(Some("a\n\"b\" ü".to_owned())),
            Value::Int(Some(i64::MIN)),
            Value::Bytes(Some(vec![0, 255])),
            Value::Int(None),
        ];
        let line = line(&values);
        assert!(!line.contains('\n'));
        assert!(row(&line, &columns).unwrap() == values);
        assert!(row("[1,2,3,4]", &columns).is_err());
        assert!(row("[]", &columns).is_err());
    }
}
