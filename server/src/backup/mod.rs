//! `humanops backup` and `humanops restore`: one file that contains a snapshot of the database,
//! every proof file that it names, and the keys of the data folder.
//!
//! The archive is a gzipped tar, so that it can be read without this program:
//!
//! ```text
//! keys/file-url.key        the key that signs the URLs of files
//! database/<table>.jsonl   one row a line, as a JSON array; tables in the order of insertion
//! files/upl_…              proof files
//! manifest.json            version, schema, tables with their columns and row counts
//! SHA256SUMS               checksums of everything above, as `sha256sum -c` reads them
//! ```
//!
//! The database is read in one read transaction, and the server can go on meanwhile. Files are
//! copied after that, and are never changed, so each row has its file. Rows have the same form for
//! both databases, so an archive of one can be restored into the other. Functions return database
//! errors as [`BackupError::Store`] and I/O errors as [`BackupError::File`].

mod archive;
mod restore;
mod rows;
mod save;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub use restore::{Restored, restore};
pub use save::{Saved, save};

use crate::store::StoreError;

/// The version of the layout described above.
const FORMAT: u32 = 1;

/// A callback that receives progress messages for people.
pub type Progress = Arc<dyn Fn(&str) + Send + Sync>;

/// The description of an archive's content.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Manifest {
    /// The version of the layout.
    pub format: u32,
    /// The version of humanops that wrote the archive.
    pub version: String,
    /// The time of the database snapshot.
    pub made_at: api_types::Timestamp,
    /// The applied migrations, which determine the schema.
    pub schema: Vec<String>,
    /// The tables, in the order in which they can be filled.
    pub tables: Vec<TableKept>,
    /// The number of proof files.
    pub files: u64,
    /// The total size of the proof files in bytes.
    pub file_bytes: u64,
    /// Uploads whose file is missing, or does not match its row.
    pub damaged: Vec<String>,
}

/// A table in an archive.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TableKept {
    /// The name of the table.
    pub name: String,
    /// The columns of each line, in order.
    pub columns: Vec<String>,
    /// The number of rows, one for each line.
    pub rows: u64,
}

/// The reason why an archive could not be written or restored.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// A database error.
    #[error("the database: {0}")]
    Store(#[from] StoreError),
    /// A file could not be read or written.
    #[error("{0}")]
    File(#[from] std::io::Error),
    /// The archive, or the target of a restore, does not meet the requirements; the text says
    /// which.
    #[error("{0}")]
    Unfit(String),
}

fn unfit(words: impl Into<String>) -> BackupError {
    BackupError::Unfit(words.into())
}
