//! Conversion of PostgreSQL's values and errors to the store's.

use tokio_postgres::error::SqlState;
use tokio_postgres::types::{ToSql, Type};

use crate::store::{StoreError, Value};

/// The error of a lost connection, whatever was in progress on it.
pub(super) const LOST: StoreError =
    StoreError::Unavailable("the connection to PostgreSQL was lost");

pub(super) fn type_of(value: &Value) -> Type {
    match value {
        Value::Text(_) => Type::TEXT,
        Value::Int(_) => Type::INT8,
        Value::Bytes(_) => Type::BYTEA,
    }
}

pub(super) fn bind(value: &Value) -> &(dyn ToSql + Sync) {
    match value {
        Value::Text(value) => value,
        Value::Int(value) => value,
        Value::Bytes(value) => value,
    }
}

/// Reads the value of a column. A literal `1` is an INT4 and EXISTS is a BOOL on PostgreSQL; both
/// are integers on SQLite, so they are read as integers. A NUMERIC (SUM without a cast) is an
/// error.
pub(super) fn read(row: &tokio_postgres::Row, at: usize) -> Result<Value, StoreError> {
    let unread = |problem| {
        let column = row
            .columns()
            .get(at)
            .map_or("", |column| column.name())
            .to_owned();
        StoreError::Column { column, problem }
    };
    let kind = row.columns().get(at).map(|column| column.type_().clone());
    let value = match kind {
        Some(Type::INT8) => row.try_get(at).map(Value::Int),
        Some(Type::INT4) => row
            .try_get::<_, Option<i32>>(at)
            .map(|it| Value::Int(it.map(Into::into))),
        Some(Type::BOOL) => row
            .try_get::<_, Option<bool>>(at)
            .map(|it| Value::Int(it.map(Into::into))),
        Some(Type::TEXT | Type::VARCHAR) => row.try_get(at).map(Value::Text),
        Some(Type::BYTEA) => row.try_get(at).map(Value::Bytes),
        _ => {
            return Err(unread(
                "is no TEXT, BIGINT or BYTEA; cast it in the statement",
            ));
        }
    };
    value.map_err(|_| unread("could not be read"))
}

/// Returns whether the server aborted this transaction in favour of another: it may well succeed if
/// it runs again.
pub(super) fn is_for_another(error: &tokio_postgres::Error) -> bool {
    let code = error.code();
    code == Some(&SqlState::T_R_SERIALIZATION_FAILURE)
        || code == Some(&SqlState::T_R_DEADLOCK_DETECTED)
}

/// Converts PostgreSQL's error to the store's. Its DETAIL would quote the row, so only code and
/// message are kept.
pub(super) fn refused(error: &tokio_postgres::Error) -> StoreError {
    let Some(cause) = error.as_db_error() else {
        return match error.code() {
            None if is_transport(error) => LOST,
            _ => StoreError::Database(error.to_string()),
        };
    };
    let code = cause.code();
    match code.code() {
        "23505" => StoreError::Unique,
        "23514" => StoreError::Check,
        "23503" | "23001" => StoreError::ForeignKey,
        // Lock or statement timeout; serialization failure; deadlock.
        "55P03" | "57014" | "40001" | "40P01" => StoreError::Busy,
        // Shutting down, crashed, starting up, no connection left.
        "57P01" | "57P02" | "57P03" | "53300" => {
            StoreError::Unavailable("PostgreSQL accepts no connections now")
        }
        "53100" => StoreError::Unavailable("PostgreSQL's disk is full; nothing was written"),
        _ if code.code().starts_with("08") || code.code() == "25P03" => LOST,
        said => StoreError::Database(format!("{said}: {}", cause.message())),
    }
}

/// Returns whether the transport failed, rather than a message on it.
fn is_transport(error: &tokio_postgres::Error) -> bool {
    use std::error::Error as _;
    error.is_closed()
        || error
            .source()
            .is_some_and(<dyn std::error::Error>::is::<std::io::Error>)
}
