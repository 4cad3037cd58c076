//! Restoring an archive into an empty folder or database.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use api_types::UploadId;

use super::archive;
use super::{BackupError, FORMAT, Manifest, Progress, TableKept, rows, unfit};
use crate::clock::Entropy;
use crate::config::{DataLocation, FILES};
use crate::outside::files::{Files, FilesError};
use crate::store::engine::snapshot::{self, Column, Table};
use crate::store::ledger::{self, LedgerCheck};
use crate::store::{Store, Tx, shared_settings};

/// Number of rows in one INSERT.
const ROWS_AT_ONCE: usize = 100;

/// The result of a restore.
#[derive(Clone, Debug)]
pub struct Restored {
    /// The manifest of the archive.
    pub manifest: Manifest,
    /// The check of the ledger, recomputed from the restored rows.
    pub ledger: LedgerCheck,
}

/// Reads the whole archive, and verifies that it is complete and has this layout.
///
/// # Errors
/// [`BackupError::Unfit`] says what is wrong with it.
fn read_manifest(path: &Path) -> Result<Manifest, BackupError> {
    let manifest: Manifest = serde_json::from_slice(&archive::verify(path)?)
        .map_err(|_| unfit("the archive has no readable manifest"))?;
    if manifest.format != FORMAT {
        return Err(unfit(format!(
            "the archive has format {}, but this version reads format {FORMAT} only",
            manifest.format
        )));
    }
    Ok(manifest)
}

/// Restores the archive at `path` into an empty, migrated store, the empty folder of `place` and
/// its bucket, if it has one. One transaction fills the database, so it contains all of the
/// archive, or nothing.
///
/// # Errors
/// [`BackupError::Unfit`] for a damaged archive, another schema, or a target that is not empty.
pub async fn restore(
    path: &Path,
    store: &Store,
    place: &DataLocation,
    entropy: &dyn Entropy,
    progress: &Progress,
) -> Result<Restored, BackupError> {
    progress("verifying the archive");
    let manifest = read_manifest(path)?;
    let (tables, held) = store.read(target).await?;
    fits(&manifest, &tables, &held)?;
    folder_is_empty(&place.data)?;
    restore_files(path, place, &manifest, entropy, progress).await?;
    let archive = path.to_owned();
    let (expected, shown) = (manifest.clone(), Progress::clone(progress));
    let place_of_files = place.shared_files();
    store
        .write(move |tx| {
            fill(tx, &archive, &expected, &tables, &shown)?;
            shared_settings::put(tx, FILES, &place_of_files)?;
            Ok::<_, BackupError>(())
        })
        .await?;
    progress("recomputing every balance");
    let ledger = store.read(ledger::check).await?;
    Ok(Restored { manifest, ledger })
}

/// The state of the target database: its schema, and the name of a table that has rows.
struct TargetState {
    schema: Vec<String>,
    something: Option<String>,
}

fn target(tx: &mut Tx<'_>) -> Result<(Vec<Table>, TargetState), BackupError> {
    let tables = snapshot::tables(tx)?;
    let something = snapshot::first_in_use(tx, &tables)?;
    let schema = snapshot::schema(tx)?;
    Ok((tables, TargetState { schema, something }))
}

fn fits(manifest: &Manifest, tables: &[Table], held: &TargetState) -> Result<(), BackupError> {
    if let Some(table) = &held.something {
        return Err(unfit(format!(
            "the database is not empty: {table} has rows. Restore into a new database."
        )));
    }
    if manifest.schema != held.schema {
        let last = |schema: &[String]| schema.last().cloned().unwrap_or_default();
        return Err(unfit(format!(
            "the archive was written by humanops {} with the schema {}, and this version has {}. \
             Restore it with the version that wrote it, then migrate.",
            manifest.version,
            last(&manifest.schema),
            last(&held.schema)
        )));
    }
    let unknown = |kept: &&TableKept| columns_of(kept, tables).is_none();
    match manifest.tables.iter().find(unknown) {
        Some(kept) => Err(unfit(format!(
            "the archive has an unknown table {}",
            kept.name
        ))),
        None => Ok(()),
    }
}

/// Returns the columns of a table, in the archive's order.
fn columns_of(kept: &TableKept, tables: &[Table]) -> Option<Vec<Column>> {
    let table = tables.iter().find(|table| table.name == kept.name)?;
    let columns = kept.columns.iter();
    columns
        .map(|name| table.columns.iter().find(|it| it.name == *name).cloned())
        .collect()
}

/// Checks that the folder has no keys and no files: existing ones belong to another database.
fn folder_is_empty(data: &Path) -> Result<(), BackupError> {
    let mut found = Vec::new();
    for entry in fs::read_dir(data)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let ours = name.starts_with("humanops.sqlite");
        let empty = path.is_dir() && fs::read_dir(&path)?.next().is_none();
        if !ours && !empty {
            found.push(name.into_owned());
        }
    }
    match found.first() {
        Some(name) => Err(unfit(format!(
            "{} is not empty: it contains {name}. Restore into a new folder.",
            data.display()
        ))),
        None => Ok(()),
    }
}

async fn restore_files(
    path: &Path,
    place: &DataLocation,
    manifest: &Manifest,
    entropy: &dyn Entropy,
    progress: &Progress,
) -> Result<(), BackupError> {
    // The keys come first: opening the file storage without one would create another.
    archive::walk(path, |name, entry| {
        let Some(key) = name.strip_prefix("keys/") else {
            return Ok(false);
        };
        archive::write_private(&place.data.join(plain_name(key)?), entry)?;
        Ok(true)
    })?;
    let files = Files::open(place, entropy).map_err(|error| unfit(format!("{error:#}")))?;
    if !files.is_empty().await.map_err(unwritten)? {
        return Err(unfit(
            "the bucket is not empty: restore into a new bucket, or into a new folder of it",
        ));
    }
    progress(&format!("{} proof files", manifest.files));
    let runtime = tokio::runtime::Handle::current();
    let path = path.to_owned();
    // The archive is read sequentially, one file at a time; each is written like an upload.
    let written = tokio::task::spawn_blocking(move || {
        let mut written = 0;
        archive::walk(&path, |name, entry| {
            if let Some(id) = name.strip_prefix("files/") {
                let mut bytes = Vec::new();
                entry.read_to_end(&mut bytes)?;
                runtime.block_on(write_file(&files, id, &bytes))?;
                written += 1;
            }
            Ok(true)
        })?;
        Ok::<_, BackupError>(written)
    });
    let written = written.await.map_err(|error| unfit(error.to_string()))??;
    if written == manifest.files {
        Ok(())
    } else {
        Err(unfit(format!(
            "the archive contains {written} proof files instead of {}",
            manifest.files
        )))
    }
}

/// Checks that a name stays in its folder.
fn plain_name(name: &str) -> Result<&str, BackupError> {
    let safe = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    if name.ends_with(".key") && !name.starts_with('.') && name.bytes().all(safe) {
        Ok(name)
    } else {
        Err(unfit(format!(
            "the archive has a key with the invalid name {name}"
        )))
    }
}

async fn write_file(files: &Files, id: &str, bytes: &[u8]) -> Result<(), BackupError> {
    let id: UploadId = id
        .parse()
        .map_err(|_| unfit(format!("the archive has a file with the invalid name {id}")))?;
    let mut writing = files.begin(id).await.map_err(unwritten)?;
    writing.write(bytes).await.map_err(unwritten)?;
    writing.finish().await.map(drop).map_err(unwritten)
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "the shape that map_err takes"
)]
fn unwritten(error: FilesError) -> BackupError {
    unfit(error.to_string())
}

/// Fills every table from the archive, in the archive's order.
fn fill(
    tx: &mut Tx<'_>,
    path: &Path,
    manifest: &Manifest,
    tables: &[Table],
    progress: &Progress,
) -> Result<(), BackupError> {
    let kept: BTreeMap<_, _> = manifest
        .tables
        .iter()
        .map(|it| (it.name.as_str(), it))
        .collect();
    snapshot::remove_seeds(tx)?;
    let mut filled = 0;
    archive::walk(path, |name, entry| {
        let name = name
            .strip_prefix("database/")
            .and_then(|it| it.strip_suffix(".jsonl"));
        let Some(name) = name else {
            // Tables come first in the archive.
            return Ok(filled < kept.len());
        };
        let unknown = || unfit(format!("the archive has an unknown table {name}"));
        let kept = kept.get(name).ok_or_else(unknown)?;
        let columns = columns_of(kept, tables).ok_or_else(unknown)?;
        let rows = fill_table(tx, name, &columns, entry)?;
        if rows != kept.rows {
            return Err(unfit(format!(
                "{name} has {rows} rows instead of {}",
                kept.rows
            )));
        }
        progress(&format!("{name}: {rows} rows"));
        filled += 1;
        Ok(true)
    })?;
    if filled == kept.len() {
        Ok(())
    } else {
        Err(unfit("the archive lacks tables that its manifest names"))
    }
}

fn fill_table(
    tx: &mut Tx<'_>,
    name: &str,
    columns: &[Column],
    entry: &mut dyn Read,
) -> Result<u64, BackupError> {
    let (mut count, mut batch) = (0, Vec::with_capacity(ROWS_AT_ONCE));
    for line in BufReader::new(entry).lines() {
        batch.push(rows::row(&line?, columns)?);
        count += 1;
        if batch.len() == ROWS_AT_ONCE {
            snapshot::insert_rows(tx, name, columns, &batch)?;
            batch.clear();
        }
    }
    snapshot::insert_rows(tx, name, columns, &batch)?;
    Ok(count)
}
