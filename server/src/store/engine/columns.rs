//! Columns as the types of the domain: ids, money, time, names. A value that cannot be converted is
//! a [`StoreError::Column`].

use api_types::{MicroUsd, Timestamp};

use crate::store::{Row, StoreError};

/// Returns the value as which a column was read, or fails with `Column` if there is none.
pub(in crate::store) fn parsed<T>(read: Option<T>, column: &str) -> Result<T, StoreError> {
    read.ok_or_else(|| StoreError::Column {
        column: column.to_owned(),
        problem: "cannot be read",
    })
}

/// Reads a column of an id or of JSON: any type as which its text can be parsed.
pub(in crate::store) fn text<T: std::str::FromStr>(
    row: &Row,
    column: &str,
) -> Result<T, StoreError> {
    parsed(row.get::<String>(column)?.parse().ok(), column)
}

/// Reads a column as [`text`] does, with `None` for NULL.
pub(in crate::store) fn text_if_any<T: std::str::FromStr>(
    row: &Row,
    column: &str,
) -> Result<Option<T>, StoreError> {
    let held: Option<String> = row.get(column)?;
    held.map(|text| parsed(text.parse().ok(), column))
        .transpose()
}

/// Reads a column that holds one of an enum's names.
pub(in crate::store) fn name<T>(
    row: &Row,
    column: &str,
    parse: impl Fn(&str) -> Option<T>,
) -> Result<T, StoreError> {
    parsed(parse(&row.get::<String>(column)?), column)
}

/// Reads a column of JSON.
pub(in crate::store) fn json<T: serde::de::DeserializeOwned>(
    row: &Row,
    column: &str,
) -> Result<T, StoreError> {
    parsed(
        serde_json::from_str(&row.get::<String>(column)?).ok(),
        column,
    )
}

/// Reads a column of JSON, with `None` for NULL.
pub(in crate::store) fn json_if_any<T: serde::de::DeserializeOwned>(
    row: &Row,
    column: &str,
) -> Result<Option<T>, StoreError> {
    let held: Option<String> = row.get(column)?;
    held.map(|text| parsed(serde_json::from_str(&text).ok(), column))
        .transpose()
}

/// Returns the JSON of a value that is to be stored in a column.
pub(in crate::store) fn to_json<T: serde::Serialize>(
    value: &T,
    column: &str,
) -> Result<String, StoreError> {
    parsed(serde_json::to_string(value).ok(), column)
}

/// Reads a column of micro-dollars.
pub(in crate::store) fn money(row: &Row, column: &str) -> Result<MicroUsd, StoreError> {
    parsed(MicroUsd::from_micros(row.get(column)?), column)
}

/// Reads a column of milliseconds since 1970.
pub(in crate::store) fn time(row: &Row, column: &str) -> Result<Timestamp, StoreError> {
    parsed(Timestamp::from_millis(row.get(column)?), column)
}

/// Reads a column of milliseconds since 1970, with `None` for NULL.
pub(in crate::store) fn time_if_any(
    row: &Row,
    column: &str,
) -> Result<Option<Timestamp>, StoreError> {
    let held: Option<i64> = row.get(column)?;
    held.map(|millis| parsed(Timestamp::from_millis(millis), column))
        .transpose()
}
