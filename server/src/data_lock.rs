//! The lock of a data folder, so that only one server uses it. The embedded database belongs to the
//! process that serves it: a second server would run the same jobs again and count requests
//! separately. The host's commands (`admin`, `backup`, `check-ledger`) do not take the lock, and
//! can run at the same time as a server.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Write};
use std::path::Path;

use anyhow::Context;

/// The name of the lock file, next to the database file.
const FILE: &str = "humanops.sqlite.lock";

/// Maximum length in bytes of a holder's description that is read.
const HOLDER_BYTES_MAX: u64 = 500;

/// The exclusive right to serve a data folder. Released on drop, or when the process ends for any
/// reason.
#[derive(Debug)]
pub struct DataLock {
    _file: File,
}

impl DataLock {
    /// Acquires the lock of this folder, and writes the holder's description into the lock file.
    ///
    /// # Errors
    /// Fails if another process holds the lock, which the error names, or if the file cannot be
    /// locked or written.
    pub fn acquire(data: &Path, holder: &str) -> anyhow::Result<Self> {
        let path = data.join(FILE);
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .with_context(|| format!("cannot open {}", path.display()))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut other = String::new();
                // The holder may not have written its description yet.
                drop(file.take(HOLDER_BYTES_MAX).read_to_string(&mut other));
                let other = match other.trim() {
                    "" => "another process",
                    other => other,
                };
                anyhow::bail!(
                    "{} is already served by {other}. Stop that server first, give this one \
                     another folder with --data, or use a PostgreSQL database for both.",
                    data.display()
                );
            }
            Err(TryLockError::Error(error)) => {
                return Err(error).with_context(|| format!("cannot lock {}", path.display()));
            }
        }
        let written = file.set_len(0).and_then(|()| writeln!(file, "{holder}"));
        written.with_context(|| format!("cannot write {}", path.display()))?;
        Ok(Self { _file: file })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn second_server_is_told_who_has_the_folder_until_the_first_is_gone() {
        let folder = tempfile::tempdir().unwrap();
        let first = DataLock::acquire(folder.path(), "process 1, listening on A").unwrap();
        let second = DataLock::acquire(folder.path(), "process 2").unwrap_err();
        let said = second.to_string();
        assert!(said.contains("by process 1, listening on A."), "{said}");
        drop(first);
        DataLock::acquire(folder.path(), "process 3").unwrap();
    }
}
