//! Parameters and results of statements: text, integers and bytes, and no more. Nothing in this
//! module depends on which database is used.

use std::sync::Arc;

use api_types::{
    AgentId, ApprovalId, AuditId, DeliveryId, DisputeId, MessageId, OperatorId, TaskId,
};

use crate::store::StoreError;

/// A parameter of a statement, or a value of a row. A NULL parameter carries its type, because
/// PostgreSQL requires one.
#[derive(Clone, PartialEq, Eq)]
pub enum Value {
    /// A `TEXT` value, or NULL.
    Text(Option<String>),
    /// A `BIGINT` value, or NULL.
    Int(Option<i64>),
    /// A `BYTEA` value, or NULL.
    Bytes(Option<Vec<u8>>),
}

/// Prints the type only: a parameter may be a secret, which errors and logs must not contain.
impl std::fmt::Debug for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Text(_) => "Text([redacted])",
            Self::Int(_) => "Int([redacted])",
            Self::Bytes(_) => "Bytes([redacted])",
        })
    }
}

impl Value {
    fn is_null(&self) -> bool {
        matches!(self, Self::Text(None) | Self::Int(None) | Self::Bytes(None))
    }
}

/// Builds the parameters of a statement: `params![id, version, note.as_deref()]`.
macro_rules! params {
    ($($value:expr),* $(,)?) => { [$($crate::store::Value::from($value)),*] };
}
pub(crate) use params;

/// Implements `From` for a type and for its `Option`, so that a missing value keeps its type.
macro_rules! into_value {
    ($($from:ty => $variant:ident),+ $(,)?) => {$(
        impl From<$from> for Value {
            fn from(value: $from) -> Self {
                Self::$variant(Some(value.into()))
            }
        }
        impl From<Option<$from>> for Value {
            fn from(value: Option<$from>) -> Self {
                Self::$variant(value.map(Into::into))
            }
        }
    )+};
}
into_value! {
    &str => Text, String => Text, &String => Text,
    i64 => Int, u32 => Int, i32 => Int,
    &[u8] => Bytes, Vec<u8> => Bytes,
}

/// Implements `From` for ids, whose column holds their text.
macro_rules! ids_into_value {
    ($($id:ty),+ $(,)?) => {$(
        impl From<$id> for Value {
            fn from(id: $id) -> Self {
                Self::Text(Some(id.to_string()))
            }
        }
    )+};
}
ids_into_value! {
    AgentId, ApprovalId, AuditId, DeliveryId, DisputeId, MessageId, OperatorId, TaskId,
}

impl<const N: usize> From<[u8; N]> for Value {
    fn from(value: [u8; N]) -> Self {
        Self::Bytes(Some(value.to_vec()))
    }
}

impl<const N: usize> From<&[u8; N]> for Value {
    fn from(value: &[u8; N]) -> Self {
        Self::Bytes(Some(value.to_vec()))
    }
}

/// One row of a result, read by column name.
#[derive(Clone, Debug)]
pub struct Row {
    columns: Arc<[String]>,
    values: Vec<Value>,
}

impl Row {
    pub(in crate::store) fn new(columns: Arc<[String]>, values: Vec<Value>) -> Self {
        Self { columns, values }
    }

    /// Returns all values, in the order of the columns.
    pub(in crate::store) fn into_values(self) -> Vec<Value> {
        self.values
    }

    /// Returns the value of a column: an `i64`, a `String`, a `Vec<u8>`, or an `Option` of one.
    ///
    /// # Errors
    /// `Column` if there is no such column, if it holds another type, or if it is NULL and `T` is
    /// not an `Option`.
    pub fn get<T: FromValue>(&self, column: &str) -> Result<T, StoreError> {
        let named = |problem| StoreError::Column {
            column: column.to_owned(),
            problem,
        };
        let value = (self.columns.iter().position(|name| name == column))
            .and_then(|at| self.values.get(at))
            .ok_or_else(|| named("is not in the answer"))?;
        T::from_value(value).ok_or_else(|| {
            named(if value.is_null() {
                "is NULL"
            } else {
                "does not hold the requested type"
            })
        })
    }
}

/// A type that [`Row::get`] can return.
pub trait FromValue: Sized {
    /// Returns the value as this type, or `None` if it is of another type or NULL.
    fn from_value(value: &Value) -> Option<Self>;
}

impl FromValue for i64 {
    fn from_value(value: &Value) -> Option<Self> {
        if let Value::Int(held) = value {
            *held
        } else {
            None
        }
    }
}

impl FromValue for String {
    fn from_value(value: &Value) -> Option<Self> {
        if let Value::Text(held) = value {
            held.clone()
        } else {
            None
        }
    }
}

impl FromValue for Vec<u8> {
    fn from_value(value: &Value) -> Option<Self> {
        if let Value::Bytes(held) = value {
            held.clone()
        } else {
            None
        }
    }
}

/// Reads every NULL as `None`, because SQLite does not report the type of a NULL.
impl<T: FromValue> FromValue for Option<T> {
    fn from_value(value: &Value) -> Option<Self> {
        if value.is_null() {
            Some(None)
        } else {
            T::from_value(value).map(Some)
        }
    }
}
