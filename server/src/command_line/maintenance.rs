//! `humanops backup` and `humanops restore`: open the database and the files, report progress on
//! standard error, and print the result on standard output.

use std::sync::Arc;

use anyhow::Context;

use crate::{
    app::open_store,
    backup::{self, Progress},
    clock::{Clock, SystemClock, SystemEntropy},
    command_line::Archive,
    config::{DataLocation, FILES},
    output,
    outside::files::Files,
    store::{Store, shared_settings},
};

/// Opens the database of a place.
///
/// # Errors
/// Fails if there is no database, or if it cannot be opened.
pub async fn open(place: &DataLocation) -> anyhow::Result<Store> {
    let file = place.data.join("humanops.sqlite");
    let there = place.database_url.is_some() || file.exists();
    anyhow::ensure!(
        there,
        "there is no database in {}: name its folder with --data, or a PostgreSQL database with \
         --database-url",
        place.data.display()
    );
    let place = place.clone();
    let store = tokio::task::spawn_blocking(move || open_store(&place)).await??;
    refuse_old_schema(&store).await?;
    Ok(store)
}

/// Refuses a database that lacks migrations of this version.
///
/// # Errors
/// Fails with the missing migrations and what to do.
pub async fn refuse_old_schema(store: &Store) -> anyhow::Result<()> {
    let pending = store.pending_migrations().await?;
    anyhow::ensure!(
        pending.is_empty(),
        "the database lacks the migrations {}: run `humanops migrate` first",
        pending.join(", ")
    );
    Ok(())
}

/// Fails if the proof files are configured elsewhere than for the server that uses the database:
/// all of them would be missing in the backup.
async fn refuse_other_files(store: &Store, place: &DataLocation) -> anyhow::Result<()> {
    let shared = store.read(shared_settings::all).await?;
    let (here, there) = (place.shared_files(), shared.get(FILES));
    let named = |url: &str| match url {
        "" => "the folder `files` of DATA_DIR".to_owned(),
        url => url.to_owned(),
    };
    if let Some(there) = there.filter(|there| **there != here) {
        anyhow::bail!(
            "the server keeps its proof files in {}, and not in {}: set the same FILES_URL",
            named(there),
            named(&here)
        );
    }
    Ok(())
}

fn progress() -> Progress {
    Arc::new(|words| output::note(words))
}

/// Saves the database, the proof files and the keys of a place in a new file.
///
/// # Errors
/// Fails if something could not be read or written, or, after everything else was saved, if proof
/// files are damaged.
pub async fn save(command: Archive) -> anyhow::Result<()> {
    let Archive { file, place } = command;
    let store = open(&place).await?;
    refuse_other_files(&store, &place).await?;
    let files = Files::open(&place, &SystemEntropy)?;
    let now = SystemClock.now();
    let saved = backup::save(&store, &files, &place.data, now, &file, &progress()).await?;
    tokio::task::spawn_blocking(move || store.close()).await?;
    let rows: u64 = saved.manifest.tables.iter().map(|table| table.rows).sum();
    output::report(format_args!(
        "Saved {} tables with {rows} rows and {} proof files in {} ({} bytes).\n",
        saved.manifest.tables.len(),
        saved.manifest.files,
        file.display(),
        saved.bytes
    ));
    let damaged = &saved.manifest.damaged;
    anyhow::ensure!(
        damaged.is_empty(),
        "everything else was saved, but {} proof files are missing or damaged: {}",
        damaged.len(),
        damaged.join(", ")
    );
    Ok(())
}

/// Restores an archive into an empty place, and checks the ledger.
///
/// # Errors
/// Fails if the archive is damaged, the place is not empty, or the ledger is not consistent.
pub async fn restore(command: Archive) -> anyhow::Result<()> {
    let Archive { file, place } = command;
    let opened = place.clone();
    let open = move || {
        if let Some(url) = &opened.database_url {
            Store::migrate_postgres(url.expose())?;
        }
        open_store(&opened)
    };
    let store = tokio::task::spawn_blocking(open).await??;
    std::fs::create_dir_all(&place.data).context("cannot create the data folder")?;
    let entropy = SystemEntropy;
    let restored = backup::restore(&file, &store, &place, &entropy, &progress()).await?;
    tokio::task::spawn_blocking(move || store.close()).await?;
    let ledger = &restored.ledger;
    let mut report = format!(
        "Restored the backup of {}: {} proof files, {} accounts, {} transfers, sum {}.\n",
        restored.manifest.made_at,
        restored.manifest.files,
        ledger.accounts,
        ledger.transfers,
        ledger.sum
    );
    if ledger.faults.is_empty() {
        report += "The ledger is consistent.\n";
    }
    for fault in &ledger.faults {
        report += &format!("{fault}\n");
    }
    output::report(report);
    anyhow::ensure!(ledger.faults.is_empty(), "the ledger has faults");
    Ok(())
}
