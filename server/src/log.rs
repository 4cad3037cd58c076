//! What is logged, in which form. How lines reach standard error is `output.rs`.
//!
//! LOG chooses how much; what it cannot choose is that libraries log what they send. At DEBUG and
//! TRACE they print SQL parameters, headers and bodies, and so secrets. Therefore only our own
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

/// The crates of this workspace that log. Every other target is held at INFO.
const OUR_TARGETS: [&str; 4] = ["server", "humanops", "api_types", "crypto_wasm"];

/// Starts to log to standard error what `filter` lets through, panics included.
///
/// # Errors
/// When `filter` cannot be read, or something else logs in this process.
pub fn start(filter: &str, format: LogFormat) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(filter).context("LOG is not a filter")?;
    let lines = tracing_subscriber::fmt::layer()
        .with_ansi(output::stderr_is_terminal())
        // Otherwise it prints its own troubles to standard error, and panics if that is broken.
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
        .context("something else logs in this process")?;
    panic::set_hook(Box::new(log_panic));
    Ok(())
}

fn libraries_at_info() -> Targets {
    let ours = OUR_TARGETS.map(|target| (target, LevelFilter::TRACE));
    Targets::new()
        .with_default(LevelFilter::INFO)
        .with_targets(ours)
}

/// Replaces the standard hook, which writes to standard error itself and so may wait for a pipe
/// that nobody reads.
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
