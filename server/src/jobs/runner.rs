//! Claims jobs that are due, runs them, and completes or repeats them.
//!
//! Any number of processes may run one on the same database: a job belongs to whoever claimed it,
//! until its lease ends.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::{FutureExt, future::join_all};
use tokio_util::sync::CancellationToken;

use super::JobError;
use crate::app::App;
use crate::store::{StoreError, idempotency, jobs};

/// Jobs that run at the same time in this process.
const BATCH: u32 = 8;

/// How long a job may take before another process takes it over.
const LEASE: Duration = Duration::from_secs(120);

/// How often another process's jobs are looked for; this one's own are announced.
const POLL: Duration = Duration::from_secs(1);

/// How often answers that are no longer kept are removed, and how many at once.
const SWEEP: Duration = Duration::from_secs(60);
const SWEPT_ROWS_MAX: u32 = 10_000;

/// After so many attempts a job is left as failed.
const ATTEMPTS_MAX: i64 = 10;

/// Runs until `stop`, and then finishes what it has claimed.
pub async fn run(app: App, stop: CancellationToken) {
    let mut sweep = tokio::time::interval(SWEEP);
    while !stop.is_cancelled() {
        match step(&app).await {
            Ok(0) => {}
            Ok(_) => continue,
            Err(error) => tracing::error!(%error, "jobs could not be claimed"),
        }
        tokio::select! {
            () = stop.cancelled() => break,
            () = app.wake_jobs.notified() => {}
            () = tokio::time::sleep(POLL) => {}
            _ = sweep.tick() => sweep_answers(&app).await,
        }
    }
}

/// Runs every job that is due now, and those that they leave for now: what a test waits for.
///
/// # Errors
/// Those of the store.
pub async fn drain(app: &App) -> Result<(), StoreError> {
    while step(app).await? > 0 {}
    Ok(())
}

async fn step(app: &App) -> Result<usize, StoreError> {
    let now = app.clock.now();
    let claimed = app
        .store
        .write(move |tx| jobs::claim(tx, now, now.after(LEASE), BATCH))
        .await?;
    let count = claimed.len();
    for settled in join_all(claimed.into_iter().map(|job| settle(app, job))).await {
        settled?;
    }
    Ok(count)
}

async fn settle(app: &App, claimed: jobs::Claimed) -> Result<(), StoreError> {
    let kind = claimed.job.kind();
    let outcome = AssertUnwindSafe(super::run(app, claimed.job))
        .catch_unwind()
        .await;
    let outcome = outcome.unwrap_or_else(|_| Err(JobError::Retry("it panicked".to_owned())));
    let error = match outcome {
        Ok(()) => {
            return app
                .store
                .write(move |tx| jobs::complete(tx, &claimed))
                .await;
        }
        Err(error) => error,
    };
    let attempts = claimed.attempts;
    let text = error.to_string();
    if matches!(error, JobError::Fail(_)) || attempts >= ATTEMPTS_MAX {
        tracing::error!(kind, attempts, error = text, "a job failed for good");
        return app
            .store
            .write(move |tx| jobs::fail(tx, &claimed, &text))
            .await;
    }
    tracing::warn!(kind, attempts, error = text, "a job will be tried again");
    let due_at = app.clock.now().after(pause_after(attempts));
    app.store
        .write(move |tx| jobs::retry(tx, &claimed, due_at, &text))
        .await
}

/// One second, doubled with each attempt, at most five minutes.
fn pause_after(attempts: i64) -> Duration {
    let doublings = u32::try_from(attempts.clamp(1, 10) - 1).unwrap_or_default();
    Duration::from_secs(1_u64 << doublings).min(Duration::from_secs(300))
}

async fn sweep_answers(app: &App) {
    let now = app.clock.now();
    let swept = app
        .store
        .write(move |tx| idempotency::forget_old(tx, now, SWEPT_ROWS_MAX))
        .await;
    if let Err(error) = swept {
        tracing::error!(%error, "old answers could not be removed");
    }
}
