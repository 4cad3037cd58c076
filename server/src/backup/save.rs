//! Writing an archive, while a server may run.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

use api_types::{Timestamp, UploadId};
use sha2::{Digest, Sha256};

use super::archive::{MANIFEST, Writer, create_private};
use super::{BackupError, FORMAT, Manifest, Progress, TableKept, rows, unfit};
use crate::domain::secret::hex;
use crate::outside::files::{Files, FilesError};
use crate::store::engine::snapshot::{self, Table};
use crate::store::{FromValue, Store, Tx};

/// Number of rows read by one query.
const PAGE_ROWS: u32 = 1000;

/// Number of files between two progress messages.
const TOLD_EVERY_FILES: u64 = 500;

/// The result of a backup.
#[derive(Clone, Debug)]
pub struct Saved {
    /// The size of the archive in bytes.
    pub bytes: u64,
    /// The manifest of the archive.
    pub manifest: Manifest,
}

/// Saves the database, the proof files and the keys of the folder `data` in the new file `target`,
/// which has another name until it is complete. An upload whose file is damaged is not an error:
/// the manifest names it.
pub async fn save(
    store: &Store,
    files: &Files,
    data: &Path,
    now: Timestamp,
    target: &Path,
    progress: &Progress,
) -> Result<Saved, BackupError> {
    if target.try_exists()? {
        return Err(unfit(format!(
            "{} exists already: choose another file",
            target.display()
        )));
    }
    let work = WorkFolder::beside(target)?;
    let snapshot = dump(store, &work.path, progress).await?;
    let unfinished = work.path.join("archive");
    let seconds = now.as_millis().unsigned_abs() / 1000;
    let mut writer = Writer::create(&unfinished, seconds)?;
    add_keys(&mut writer, data)?;
    for (table, _) in &snapshot.tables {
        let file = File::open(work.table(&table.name))?;
        let bytes = file.metadata()?.len();
        let name = format!("database/{}.jsonl", table.name);
        writer.add(&name, bytes, BufReader::new(file))?;
    }
    let mut manifest = snapshot.manifest(now);
    let uploads = snapshot
        .tables
        .iter()
        .find(|(table, _)| table.name == "upload");
    if let Some((table, rows)) = uploads {
        let from = work.table(&table.name);
        progress(&format!("{rows} proof files"));
        add_files(&mut writer, files, table, &from, &mut manifest, progress).await?;
    }
    let text = serde_json::to_vec_pretty(&manifest).map_err(std::io::Error::other)?;
    writer.add(MANIFEST, text.len() as u64, text.as_slice())?;
    let bytes = writer.finish()?;
    // A hard link fails where a rename would replace an existing file.
    fs::hard_link(&unfinished, target)?;
    sync_folder_of(target)?;
    Ok(Saved { bytes, manifest })
}

/// A folder for the tables until they are added to the archive. Only its owner can read it, and it
/// is removed at the end.
struct WorkFolder {
    path: PathBuf,
}

impl WorkFolder {
    fn beside(target: &Path) -> std::io::Result<Self> {
        let mut name = target.as_os_str().to_owned();
        name.push(".partial");
        let path = PathBuf::from(name);
        let mut builder = fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&path)?;
        Ok(Self { path })
    }

    fn table(&self, name: &str) -> PathBuf {
        table_file(&self.path, name)
    }
}

impl Drop for WorkFolder {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.path));
    }
}

fn table_file(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("{name}.jsonl"))
}

fn sync_folder_of(target: &Path) -> std::io::Result<()> {
    let folder = target.parent().filter(|it| !it.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

/// A snapshot of the database.
struct Snapshot {
    schema: Vec<String>,
    tables: Vec<(Table, u64)>,
}

impl Snapshot {
    fn manifest(&self, made_at: Timestamp) -> Manifest {
        let tables = self.tables.iter().map(|(table, rows)| TableKept {
            name: table.name.clone(),
            columns: table.columns.iter().map(|it| it.name.clone()).collect(),
            rows: *rows,
        });
        Manifest {
            format: FORMAT,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            made_at,
            schema: self.schema.clone(),
            tables: tables.collect(),
            files: 0,
            file_bytes: 0,
            damaged: Vec::new(),
        }
    }
}

async fn dump(store: &Store, folder: &Path, progress: &Progress) -> Result<Snapshot, BackupError> {
    let (folder, progress) = (folder.to_owned(), Progress::clone(progress));
    store
        .read(move |tx| {
            let mut tables = Vec::new();
            for table in snapshot::tables(tx)? {
                let file = table_file(&folder, &table.name);
                // The transaction may run again.
                if file.try_exists()? {
                    fs::remove_file(&file)?;
                }
                let rows = dump_table(tx, &table, &file)?;
                progress(&format!("{}: {rows} rows", table.name));
                tables.push((table, rows));
            }
            let schema = snapshot::schema(tx)?;
            Ok::<_, BackupError>(Snapshot { schema, tables })
        })
        .await
}

fn dump_table(tx: &mut Tx<'_>, table: &Table, file: &Path) -> Result<u64, BackupError> {
    let mut out = BufWriter::new(create_private(file)?);
    let (mut count, mut last) = (0, None::<Vec<_>>);
    loop {
        let page = snapshot::rows_after(tx, table, last.as_deref(), PAGE_ROWS)?;
        for row in &page {
            writeln!(out, "{}", rows::line(row))?;
        }
        count += page.len() as u64;
        if page.len() < PAGE_ROWS as usize {
            out.flush()?;
            return Ok(count);
        }
        last = page.into_iter().next_back();
    }
}

/// Copies every file that an upload of the snapshot names, and verifies it by the checksum of its
/// row.
async fn add_files(
    writer: &mut Writer,
    files: &Files,
    table: &Table,
    from: &Path,
    manifest: &mut Manifest,
    progress: &Progress,
) -> Result<(), BackupError> {
    let place = |name: &str| table.columns.iter().position(|column| column.name == name);
    let places = place("id").zip(place("sha256"));
    let (id_at, sum_at) =
        places.ok_or_else(|| unfit("uploads have no columns for id and checksum"))?;
    for line in BufReader::new(File::open(from)?).lines() {
        let row = rows::row(&line?, &table.columns)?;
        let text = |at: usize| row.get(at).and_then(String::from_value).unwrap_or_default();
        let (id, sum) = (text(id_at), text(sum_at));
        let upload: UploadId = id
            .parse()
            .map_err(|_| unfit(format!("{id} is not the id of an upload")))?;
        match files.read(upload).await {
            Ok(bytes) if hex(&Sha256::digest(&bytes)) == sum => {
                writer.add(&format!("files/{id}"), bytes.len() as u64, &*bytes)?;
                manifest.files += 1;
                manifest.file_bytes += bytes.len() as u64;
            }
            Ok(_) | Err(FilesError::Missing) => manifest.damaged.push(id),
            Err(error) => return Err(unfit(error.to_string())),
        }
        if manifest.files > 0 && manifest.files.is_multiple_of(TOLD_EVERY_FILES) {
            progress(&format!("{} proof files saved", manifest.files));
        }
    }
    Ok(())
}

/// Adds the keys of the data folder: small files whose names end in `.key`.
fn add_keys(writer: &mut Writer, data: &Path) -> Result<(), BackupError> {
    let mut keys = Vec::new();
    for entry in fs::read_dir(data)? {
        let path = entry?.path();
        if path.extension().is_some_and(|it| it == "key") && path.is_file() {
            keys.push(path);
        }
    }
    keys.sort();
    for path in keys {
        let bytes = zeroize::Zeroizing::new(fs::read(&path)?);
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        writer.add(
            &format!("keys/{name}"),
            bytes.len() as u64,
            bytes.as_slice(),
        )?;
    }
    Ok(())
}
