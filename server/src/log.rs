//! Logging: the filter and the format of log lines. `output.rs` writes them to standard error.
//!
//! LOG sets the level, but it cannot enable the DEBUG and TRACE levels of libraries: at those
//! levels they log SQL parameters, headers and bodies, and so secrets. Therefore only our own
//! targets go below INFO, whatever LOG says.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::panic::{self, PanicHookInfo};

use anyhow::Context;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::{EnvFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::config::LogFormat;
use crate::output;

/// The crates of this workspace that log. All other targets are limited to INFO.
const OUR_TARGETS: [&str; 4] = ["server", "humanops", "api_types", "crypto_wasm"];

/// A library that logs parts of malformed requests as errors. What matters is logged by us.
const SILENT_TARGET: &str = "webauthn_rs_core";

/// Starts logging to standard error according to `filter`, panics included.
///
/// # Errors
/// Fails if `filter` is invalid, or if this process already has a logger.
pub fn start(filter: &str, format: LogFormat) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(filter)
        .context("LOG is not a valid filter: write, for example, warn,server=debug")?;
    let lines = tracing_subscriber::fmt::layer()
        .with_ansi(output::stderr_is_terminal())
        // Otherwise it prints its own errors to standard error, and panics if that fails.
        .log_internal_errors(false)
        .with_writer(output::log_writer);
    let lines: Box<dyn Layer<_> + Send + Sync> = match format {
        LogFormat::Text => lines.boxed(),
        LogFormat::Json => lines.json().flatten_event(true).boxed(),
    };
    tracing_subscriber::registry()
        .with(filter)
        .with(libraries_at_info())
        .with(lines)
        .try_init()
        .context("this process already has a logger")?;
    panic::set_hook(Box::new(log_panic));
    Ok(())
}

fn libraries_at_info() -> Targets {
    let ours = OUR_TARGETS.map(|target| (target, LevelFilter::TRACE));
    Targets::new()
        .with_default(LevelFilter::INFO)
        .with_targets(ours)
        .with_target(SILENT_TARGET, LevelFilter::OFF)
}

/// Logs a panic. Replaces the standard hook, which writes to standard error itself and so may wait
/// for a pipe that nobody reads.
fn log_panic(panic: &PanicHookInfo<'_>) {
    let text = panic.payload_as_str().unwrap_or_default();
    let place = panic.location().map(ToString::to_string);
    let place = place.unwrap_or_default();
    let backtrace = Backtrace::capture();
    if backtrace.status() == BacktraceStatus::Captured {
        tracing::error!(text, place, %backtrace, "a thread panicked");
    } else {
        tracing::error!(text, place, "a thread panicked");
    }
}
