//! `humanops backup` and `humanops restore`: opens the place, tells on standard error how far the
//! work has come, and on standard output what came of it.

use std::sync::Arc;

use anyhow::Context;

use crate::{
    app::open_store,
    backup::{self, Progress},
    clock::{Clock, SystemClock, SystemEntropy},
    config::{Archive, Place},
    output,
    outside::files::Files,
    store::Store,
};

/// Opens the database of a place, which must be there.
///
/// # Errors
/// Why it could not be opened, or that there is none.
pub async fn open(place: &Place) -> anyhow::Result<Store> {
    let file = place.data.join("humanops.sqlite");
    let there = place.database_url.is_some() || file.exists();
    anyhow::ensure!(there, "there is no database in {}", place.data.display());
    let place = place.clone();
    tokio::task::spawn_blocking(move || open_store(&place)).await?
}

fn told() -> Progress {
    Arc::new(|words| output::note(words))
}

/// Saves a place in a new file.
///
/// # Errors
/// What could not be read or written; proof files that are damaged, after all else was saved.
pub async fn save(asked: Archive) -> anyhow::Result<()> {
    let Archive { file, place } = asked;
    let store = open(&place).await?;
    let files = Files::open(&place, &SystemEntropy)?;
    let now = SystemClock.now();
    let saved = backup::save(&store, &files, &place.data, now, &file, &told()).await?;
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
        "all else was saved, but {} proof files are lost or damaged: {}",
        damaged.len(),
        damaged.join(", ")
    );
    Ok(())
}

/// Restores a file into an empty place, and checks the ledger.
///
/// # Errors
/// What is wrong with the archive or the place; a ledger that is not right.
pub async fn restore(asked: Archive) -> anyhow::Result<()> {
    let Archive { file, place } = asked;
    let opened = place.clone();
    let open = move || {
        if let Some(url) = &opened.database_url {
            Store::migrate_postgres(url.expose())?;
        }
        open_store(&opened)
    };
    let store = tokio::task::spawn_blocking(open).await??;
    std::fs::create_dir_all(&place.data).context("cannot make the data folder")?;
    let entropy = SystemEntropy;
    let restored = backup::restore(&file, &store, &place, &entropy, &told()).await?;
    tokio::task::spawn_blocking(move || store.close()).await?;
    let ledger = &restored.ledger;
    let mut report = format!(
        "Restored what was saved at {}: {} proof files, {} accounts, {} transfers, sum {}.\n",
        restored.manifest.made_at,
        restored.manifest.files,
        ledger.accounts,
        ledger.transfers,
        ledger.sum
    );
    if ledger.faults.is_empty() {
        report += "The ledger is right.\n";
    }
    for fault in &ledger.faults {
        report += &format!("{fault}\n");
    }
    output::report(report);
    anyhow::ensure!(ledger.faults.is_empty(), "the ledger has faults");
    Ok(())
}
