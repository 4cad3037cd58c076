//! One server a data folder. The embedded database belongs to the process that serves it: a second
//! one would run the same jobs again and count the same requests apart. The commands of the host
//! (`admin`, `backup`, `check-ledger`) do not serve, and run beside it.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Write};
use std::path::Path;

use anyhow::Context;

/// The file that is locked, beside the database whose name it begins with.
const FILE: &str = "humanops.sqlite.lock";

/// Longest description of a holder that is read back.
const HOLDER_BYTES_MAX: u64 = 500;

/// The right to serve a data folder, until it is dropped or the process ends, however it ends.
#[derive(Debug)]
pub struct DataLock {
    _file: File,
}

impl DataLock {
    /// Takes the right to serve this folder, and leaves word of who has it.
    ///
    /// # Errors
    /// Another process has it: the error says which. Or the file cannot be locked or written.
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
                // Who has it may not have said so yet.
                drop(file.take(HOLDER_BYTES_MAX).read_to_string(&mut other));
                let other = match other.trim() {
                    "" => "another process",
                    other => other,
                };
                anyhow::bail!(
                    "{} is served already, by {other}. Stop that server first, give this one a \
                     folder of its own with --data, or let both share a PostgreSQL database.",
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
