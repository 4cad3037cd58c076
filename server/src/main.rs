//! `humanops serve · migrate · check-ledger · admin · backup · restore · openapi`: reads the
//! settings, and calls the library.

use std::io::{IsTerminal, Write};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use clap::Parser;
use server::app::{App, open_store};
use server::clock::{SystemClock, SystemEntropy};
use server::command_line::{self, Admin, maintenance};
use server::config::{Cli, Command, Config, LogFormat, Place};
use server::http;
use server::serve::{origin_of, serve, signal_to_stop};
use server::store::{Store, ledger};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tracing_subscriber::EnvFilter;

fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Serve(config) => run(start(*config)),
        Command::Migrate(place) => migrate(&place),
        Command::CheckLedger(place) => run(check_ledger(place)),
        Command::Openapi => print_openapi(),
        Command::Admin(asked) => run(admin(*asked)),
        Command::Backup(asked) => run(maintenance::save(asked)),
        Command::Restore(asked) => run(maintenance::restore(asked)),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("humanops: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(work: impl Future<Output = anyhow::Result<()>>) -> anyhow::Result<()> {
    tokio::runtime::Runtime::new()
        .context("cannot start the runtime")?
        .block_on(work)
}

async fn start(mut config: Config) -> anyhow::Result<()> {
    config.check()?;
    log_to_stderr(&config)?;
    let listener = TcpListener::bind(config.listen)
        .await
        .with_context(|| format!("cannot listen on {}", config.listen))?;
    let listening = listener.local_addr()?;
    config
        .public_url
        .get_or_insert_with(|| origin_of(listening));
    let metrics = match config.metrics_listen {
        Some(address) => Some(http::metrics::listen(address).await?),
        None => None,
    };
    let store = open_store(&config.place)?;
    refuse_old_schema(&store).await?;
    let app = App::new(
        config,
        store,
        Arc::new(SystemClock),
        Arc::new(SystemEntropy),
    )?;
    let stop = CancellationToken::new();
    if let Some(listening) = metrics {
        tokio::spawn(http::metrics::serve(app.clone(), listening, stop.clone()));
    }
    tokio::spawn({
        let stop = stop.clone();
        async move {
            if let Err(error) = signal_to_stop().await {
                tracing::error!(%error, "cannot listen for signals");
            }
            stop.cancel();
        }
    });
    tracing::info!("listening on {}", origin_of(listening));
    serve(app, listener, stop).await?;
    tracing::info!("stopped");
    Ok(())
}

async fn refuse_old_schema(store: &Store) -> anyhow::Result<()> {
    let pending = store.pending_migrations().await?;
    anyhow::ensure!(
        pending.is_empty(),
        "the database lacks {}: run `humanops migrate` first",
        pending.join(", ")
    );
    Ok(())
}

fn log_to_stderr(config: &Config) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(&config.log).context("LOG is not a filter")?;
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    match config.log_format {
        LogFormat::Text => log.init(),
        LogFormat::Json => log.json().flatten_event(true).init(),
    }
    Ok(())
}

fn migrate(place: &Place) -> anyhow::Result<()> {
    let applied = match &place.database_url {
        Some(url) => Store::migrate_postgres(url.expose())?,
        // The embedded database migrates itself when it is opened.
        None => open_store(place).map(|_| Vec::new())?,
    };
    for name in &applied {
        println!("applied {name}");
    }
    println!("The schema is current.");
    Ok(())
}

async fn check_ledger(place: Place) -> anyhow::Result<()> {
    let store = maintenance::open(&place).await?;
    let found = store.read(ledger::check).await?;
    for fault in &found.faults {
        println!("{fault}");
    }
    println!(
        "{} accounts, {} transfers, sum {}, platform {}",
        found.accounts, found.transfers, found.sum, found.platform
    );
    anyhow::ensure!(
        found.faults.is_empty(),
        "the ledger has {} faults",
        found.faults.len()
    );
    Ok(())
}

async fn admin(asked: Admin) -> anyhow::Result<()> {
    let store = maintenance::open(&asked.place).await?;
    let (clock, entropy) = (SystemClock, SystemEntropy);
    command_line::run(asked, &store, &clock, &entropy, &mut std::io::stdout()).await?;
    tokio::task::spawn_blocking(move || store.close()).await?;
    Ok(())
}

fn print_openapi() -> anyhow::Result<()> {
    let printed = http::openapi::Printed::of(&http::document()?)?;
    std::io::stdout().write_all(printed.json())?;
    Ok(())
}
