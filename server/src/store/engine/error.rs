//! Errors of the store. A missing row is an `Option`, and a refusal is an error of the domain. The
//! variants here are failures, and the kinds of constraint violation that statements expect.

/// A failure of the store, or a constraint violation by its kind.
///
/// No variant holds a parameter or the contents of a row, because these errors are logged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// A row with this key exists already.
    #[error("a row with this key exists already")]
    Unique,
    /// A value, or the result of an update, violates a CHECK.
    #[error("a value violates a check of its table")]
    Check,
    /// A row refers to a row that does not exist, or a row to be deleted is still referred to.
    #[error("a row refers to a row that does not exist, or is still referred to")]
    ForeignKey,
    /// Another transaction wrote first.
    #[error("another transaction changed the row first")]
    Changed,
    /// Another transaction has held a lock for too long; the same request may be sent again.
    #[error("another transaction holds a lock that this one needs")]
    Busy,
    /// The database cannot serve the request now. Nothing was written unless the connection was
    /// lost during COMMIT.
    #[error("the database is unavailable: {0}")]
    Unavailable(&'static str),
    /// A row holds a value that it should never hold.
    #[error("{table} {id} is inconsistent: {problem}")]
    Inconsistent {
        /// The table of the row.
        table: &'static str,
        /// The key of the row.
        id: String,
        /// A description of the problem.
        problem: String,
    },
    /// A result was read in a way that does not fit it.
    #[error("column {column} {problem}")]
    Column {
        /// The column that was requested.
        column: String,
        /// The reason why it could not be read.
        problem: &'static str,
    },
    /// The closure continued after one of its statements had failed outside of a savepoint.
    #[error("a statement failed before this one in the same transaction, outside of a savepoint")]
    Aborted,
    /// A closure panicked; its writes were undone.
    #[error("a request panicked in the store: {0}")]
    Panicked(String),
    /// Any other error of the database, with its message.
    #[error("database error: {0}")]
    Database(String),
}
