//! What can go wrong in the store. Absence is `Option`, and a refusal is the domain's: these are
//! accidents, and the kinds of violation that statements are written to meet.

/// An accident in the store, or a violation by its kind.
///
/// No variant holds a parameter or the contents of a row: these errors are logged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// A row with this key exists already.
    #[error("a row with this key exists already")]
    Unique,
    /// A value, or the result of an update, breaks a CHECK.
    #[error("a value breaks a check of its table")]
    Check,
    /// A row that is referred to does not exist, or one that is referred to would go.
    #[error("a row refers to another that does not exist")]
    ForeignKey,
    /// Someone else wrote first.
    #[error("someone else changed the row first")]
    Changed,
    /// Someone else has held a lock for too long; the same request may be sent again.
    #[error("another request holds what this one needs")]
    Busy,
    /// The database cannot be asked now; nothing was written unless the loss came during COMMIT.
    #[error("the database cannot be asked: {0}")]
    Unavailable(&'static str),
    /// A row holds what it should never hold.
    #[error("{table} {id} is inconsistent: {problem}")]
    Inconsistent {
        /// The table of the row.
        table: &'static str,
        /// The key of the row.
        id: String,
        /// What is wrong with it.
        problem: String,
    },
    /// A statement's answer was read in a way that does not fit it.
    #[error("column {column} {problem}")]
    Column {
        /// The column that was asked for.
        column: String,
        /// Why it could not be read.
        problem: &'static str,
    },
    /// A closure went on after one of its statements had failed outside of a savepoint.
    #[error("a statement failed before this one in the same transaction, outside of a savepoint")]
    Aborted,
    /// A closure panicked; its writes were undone.
    #[error("a request panicked in the store: {0}")]
    Panicked(String),
    /// Any other error of the database, in its own words.
    #[error("the database refused: {0}")]
    Database(String),
}
