//! `humanops backup` and `humanops restore`: one file that holds the database as it was at one
//! moment, every proof file that it names, and the keys beside them.
//!
//! The archive is a gzipped tar, so that it can be looked into without us:
//!
//! ```text
//! keys/file-url.key        what signs the addresses of files
//! database/<table>.jsonl   a row a line, as a JSON array; tables in the order in which they fill
//! files/upl_…              proof files
//! manifest.json            version, schema, tables with their columns and counts
//! SHA256SUMS               of everything above, as `sha256sum -c` reads it
//! ```
//!
//! The database is read in one snapshot of one read transaction, while the server goes on; files
//! are copied after it, and are never changed, so each row has its file. Rows are the same for
//! both databases, and an archive of one can be restored into the other.

mod archive;
mod restore;
mod rows;
mod save;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub use restore::{Restored, restore};
pub use save::{Saved, save};

use crate::store::StoreError;

/// The layout described above.
const FORMAT: u32 = 1;

/// Told, in words, how far a long piece of work has come.
pub type Progress = Arc<dyn Fn(&str) + Send + Sync>;

/// What an archive holds.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Manifest {
    /// The layout.
    pub format: u32,
    /// The version of humanops that wrote it.
    pub version: String,
    /// When the snapshot was taken.
    pub made_at: api_types::Timestamp,
    /// The migrations that made the schema.
    pub schema: Vec<String>,
    /// The tables, in the order in which they can be filled.
    pub tables: Vec<TableKept>,
    /// Proof files.
    pub files: u64,
    /// Their bytes.
    pub file_bytes: u64,
    /// Uploads whose file was not there, or was not what its row says.
    pub damaged: Vec<String>,
}

/// A table in an archive.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TableKept {
    /// Its name.
    pub name: String,
    /// The columns of each line, in their order.
    pub columns: Vec<String>,
    /// Lines.
    pub rows: u64,
}

/// Why an archive could not be written or restored.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The database refused.
    #[error("the database: {0}")]
    Store(#[from] StoreError),
    /// A file could not be read or written.
    #[error("{0}")]
    File(#[from] std::io::Error),
    /// The archive, or the place it should go to, is not as it must be.
    #[error("{0}")]
    Unfit(String),
}

fn unfit(words: impl Into<String>) -> BackupError {
    BackupError::Unfit(words.into())
}
