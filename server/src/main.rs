//! The binary `humanops serve · migrate · check-ledger · admin · backup · restore · openapi`: reads
//! the settings, and calls the library.

#![deny(clippy::print_stdout, clippy::print_stderr, clippy::dbg_macro)]

use std::ffi::OsStr;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use server::app::{App, make_data_folder, open_store};
use server::clock::{SystemClock, SystemEntropy};
use server::command_line::{self, Admin, Cli, Command, maintenance};
use server::config::{Config, DataLocation};
use server::data_lock::DataLock;
use server::serve::{metrics, origin_of, serve, signal_to_stop};
use server::store::{Store, ledger};
use server::{http, log, output};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

fn main() -> ExitCode {
    let variables = |name: &OsStr| std::env::var_os(name);
    let code = match Cli::read(std::env::args_os(), &variables) {
        Ok(line) => carry_out(line.command),
        Err(usage) => explain(&usage),
    };
    output::flush();
    code
}

fn carry_out(command: Command) -> ExitCode {
    let done = match command {
        Command::Serve(config) => run(start(*config)),
        Command::Migrate(place) => migrate(&place),
        Command::CheckLedger(place) => run(check_ledger(place)),
        Command::Openapi => print_openapi(),
        Command::Admin(command) => run(admin(*command)),
        Command::Backup(command) => run(maintenance::save(command)),
        Command::Restore(command) => run(maintenance::restore(command)),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            output::note(format_args!("humanops: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

/// Prints the requested help, or what is wrong with the arguments.
fn explain(usage: &clap::Error) -> ExitCode {
    let code = u8::try_from(usage.exit_code()).map_or(ExitCode::FAILURE, ExitCode::from);
    match usage.print() {
        Err(error) if !usage.use_stderr() => {
            output::note(format_args!(
                "humanops: the help could not be written: {error}"
            ));
            ExitCode::FAILURE
        }
        _ => code,
    }
}

fn run(work: impl Future<Output = anyhow::Result<()>>) -> anyhow::Result<()> {
    tokio::runtime::Runtime::new()
        .context("cannot start the runtime")?
        .block_on(work)
}

async fn start(mut config: Config) -> anyhow::Result<()> {
    config.check()?;
    log::start(&config.log, config.log_format)?;
    let addresses = config.listen.resolve().await?;
    config.check_listener(&addresses)?;
    let address = first(&addresses)?;
    let listener = TcpListener::bind(address)
        .await
        .with_context(|| format!("cannot listen on {address}"))?;
    let listening = listener.local_addr()?;
    config
        .public_url
        .get_or_insert_with(|| origin_of(listening));
    let metrics_listener = match &config.metrics_listen {
        Some(listen) => {
            let addresses = listen.resolve().await?;
            Some(metrics::listen(first(&addresses)?).await?)
        }
        None => None,
    };
    let _lock = lock_data(&config.place, listening)?;
    let store = open_store(&config.place)?;
    maintenance::refuse_old_schema(&store).await?;
    let app = App::new(
        config,
        store,
        Arc::new(SystemClock),
        Arc::new(SystemEntropy),
    )?;
    let stop = CancellationToken::new();
    if let Some(listening) = metrics_listener {
        tokio::spawn(metrics::serve(app.clone(), listening, stop.clone()));
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
    for notice in app.config.notices() {
        tracing::warn!("{notice}");
    }
    tracing::info!("clients reach this server at {}", app.origin());
    tracing::info!("listening on {}", origin_of(listening));
    serve(app, listener, stop).await?;
    tracing::info!("stopped");
    Ok(())
}

fn first(addresses: &[SocketAddr]) -> anyhow::Result<SocketAddr> {
    addresses
        .first()
        .copied()
        .context("there is no address to listen on")
}

/// Locks the data folder of the embedded database, which has one server. PostgreSQL can be shared.
fn lock_data(place: &DataLocation, listening: SocketAddr) -> anyhow::Result<Option<DataLock>> {
    if place.database_url.is_some() {
        return Ok(None);
    }
    make_data_folder(place)?;
    let (process, origin) = (std::process::id(), origin_of(listening));
    let holder = format!("process {process}, listening on {origin}");
    DataLock::acquire(&place.data, &holder).map(Some)
}

fn migrate(place: &DataLocation) -> anyhow::Result<()> {
    let applied = match &place.database_url {
        Some(url) => Store::migrate_postgres(url.expose())?,
        // The embedded database is migrated when it is opened.
        None => open_store(place).map(|_| Vec::new())?,
    };
    let applied: String = applied
        .iter()
        .map(|name| format!("applied {name}\n"))
        .collect();
    output::report(applied + "The schema is current.\n");
    Ok(())
}

async fn check_ledger(place: DataLocation) -> anyhow::Result<()> {
    let store = maintenance::open(&place).await?;
    let found = store.read(ledger::check).await?;
    let faults: String = (found.faults.iter())
        .map(|fault| format!("{fault}\n"))
        .collect();
    output::report(format_args!(
        "{faults}{} accounts, {} transfers, sum {}, platform {}\n",
        found.accounts, found.transfers, found.sum, found.platform
    ));
    anyhow::ensure!(
        found.faults.is_empty(),
        "the ledger has {} faults",
        found.faults.len()
    );
    Ok(())
}

async fn admin(admin: Admin) -> anyhow::Result<()> {
    let store = maintenance::open(&admin.place).await?;
    let (clock, entropy) = (SystemClock, SystemEntropy);
    let only_reads = admin.command.only_reads();
    let mut answer = Vec::new();
    let done = command_line::run(admin, &store, &clock, &entropy, &mut answer).await;
    tokio::task::spawn_blocking(move || store.close()).await?;
    if only_reads {
        done.and(print(&answer))
    } else {
        output::report(String::from_utf8_lossy(&answer));
        done
    }
}

fn print_openapi() -> anyhow::Result<()> {
    let printed = http::openapi::SerializedDocument::of(&http::document()?)?;
    print(printed.json())
}

fn print(answer: &[u8]) -> anyhow::Result<()> {
    output::product(answer).context("the result could not be written to standard output")
}
