//! Claims jobs that are due, runs them, and completes or repeats them.
//!
//! Any number of processes may run one on the same database: a job belongs to the process that
//! claimed it while it renews the lease, and what another process has taken over meanwhile has no
//! outcome of the first. A process that ends while it holds jobs leaves them to the others, or to
//! its successor, and a job under which two processes in a row ended is set aside
//! (`store::jobs::take_back`). Claiming goes on while slow jobs run; what may crowd out others has
//! its share (`shares.rs`), and what has no place left is passed over.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use tokio::task::{Id, JoinSet};
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use super::{JobError, shares};
use crate::app::App;
use crate::domain::callback_host;
use crate::metrics;
use crate::store::jobs::{Claimed, Ended, Wanted};
use crate::store::{StoreError, callback_hosts, idempotency, jobs};

/// Jobs of one pool that are claimed at once.
const BATCH: u32 = 8;

/// How long a claim holds without being renewed, and how often it is renewed.
const LEASE: Duration = Duration::from_secs(30);
const RENEWAL: Duration = Duration::from_secs(10);

/// How long a job may take. Its lease is not renewed beyond that.
const JOB_TIME_MAX: Duration = Duration::from_secs(120);

/// For so long a job that ended a process before runs without another such job beside it.
const SUSPECT_ALONE: Duration = Duration::from_secs(2);

/// How often another process's jobs are looked for; this one's own are announced.
const POLL: Duration = Duration::from_secs(1);

/// How often answers and records of hosts that are no longer kept are removed, and how many at
/// once.
const SWEEP: Duration = Duration::from_secs(60);
const SWEPT_ROWS_MAX: u32 = 10_000;

/// After so many attempts a job is left as failed.
const ATTEMPTS_MAX: i64 = 10;

/// Runs until `stop`; then finishes what it has claimed, within the limit of the settings, and
/// hands the rest back at once.
pub async fn run(app: App, stop: CancellationToken) {
    let mut sweep = tokio::time::interval(SWEEP);
    let mut renewal = tokio::time::interval(RENEWAL);
    renewal.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut running = Running::default();
    if !app.store.is_shared() {
        take_back_from_predecessor(&app).await;
    }
    while !stop.is_cancelled() {
        match running.claim(&app).await {
            Ok(0) => {}
            Ok(_) => continue,
            Err(error) => tracing::error!(%error, "jobs could not be claimed"),
        }
        tokio::select! {
            () = stop.cancelled() => break,
            Some(settled) = running.next() => report(settled),
            () = app.wake_jobs.notified() => {}
            () = tokio::time::sleep(POLL) => {}
            _ = sweep.tick() => sweep_old(&app).await,
            _ = renewal.tick() => running.renew(&app).await,
        }
    }
    running.end(&app).await;
}

/// Why [`drain`] ended early.
#[derive(Debug, thiserror::Error)]
pub enum DrainError {
    /// Each job left another one that was due at once, or was due again itself.
    #[error("{0} jobs ran, and still there are jobs due")]
    Restless(usize),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Runs every job that is due now, and those that they leave for now: what a test waits for.
///
/// # Errors
/// [`DrainError::Restless`] when more than about `jobs_max` jobs would run.
pub async fn drain(app: &App, jobs_max: usize) -> Result<(), DrainError> {
    let now = app.clock.now();
    app.store
        .write(move |tx| jobs::take_back(tx, now, Ended::Lease))
        .await?;
    let mut running = Running::default();
    let mut count = 0;
    loop {
        loop {
            match running.claim(app).await? {
                0 => break,
                claimed => count += claimed,
            }
            if count > jobs_max {
                return Err(DrainError::Restless(count));
            }
        }
        match running.next().await {
            Some(settled) => settled?,
            None => return Ok(()),
        }
    }
}

/// What this process has claimed and not yet settled.
#[derive(Default)]
struct Running {
    tasks: JoinSet<Result<(), StoreError>>,
    held: HashMap<Id, Held>,
    /// When the leases were renewed last.
    renewed_at: Option<Instant>,
}

/// A job that runs, and since when.
struct Held {
    claimed: Claimed,
    since: Instant,
}

impl Running {
    /// Claims what is due and may run beside the rest, begins it, and says how much that was.
    async fn claim(&mut self, app: &App) -> Result<usize, StoreError> {
        let now = app.clock.now();
        // Every request that changes something wakes this one, and few of them leave work for now.
        if !app.store.read(move |tx| jobs::may_be_due(tx, now)).await? {
            return Ok(0);
        }
        let wanted = Wanted {
            jobs_max: BATCH,
            pools: shares::wanted(self.held.values().map(|held| &held.claimed)),
            may_take_suspect: self.may_take_suspect(),
        };
        let claimed = app
            .store
            .write(move |tx| jobs::claim(tx, now, now.after(LEASE), &wanted))
            .await?;
        let count = claimed.len();
        for job in claimed {
            let begun = self.tasks.spawn(settle(app.clone(), job.clone()));
            let held = Held {
                claimed: job,
                since: Instant::now(),
            };
            self.held.insert(begun.id(), held);
        }
        Ok(count)
    }

    fn may_take_suspect(&self) -> bool {
        let alone = |held: &Held| held.claimed.is_suspect && held.since.elapsed() < SUSPECT_ALONE;
        !self.held.values().any(alone)
    }

    /// Renews the leases of what runs, and takes over what other processes no longer renew. After a
    /// time without the database nobody could renew, so the first renewal takes nothing over.
    async fn renew(&mut self, app: &App) {
        let now = app.clock.now();
        let in_time = self
            .held
            .values()
            .filter(|held| held.since.elapsed() < JOB_TIME_MAX);
        let held: Vec<Claimed> = in_time.map(|held| held.claimed.clone()).collect();
        let may_take_over = self.renewed_at.is_some_and(|at| at.elapsed() < LEASE);
        let renewed = app.store.write(move |tx| {
            jobs::renew(tx, &held, now.after(LEASE))?;
            match may_take_over {
                true => jobs::take_back(tx, now, Ended::Lease),
                false => Ok(Vec::new()),
            }
        });
        match renewed.await {
            Ok(set_aside) => {
                self.renewed_at = Some(Instant::now());
                report_set_aside(&set_aside);
            }
            Err(error) => tracing::error!(%error, "the leases of jobs could not be renewed"),
        }
    }

    /// Waits for one job to be settled; `None` at once if none runs.
    async fn next(&mut self) -> Option<Result<(), StoreError>> {
        let (id, settled) = match self.tasks.join_next_with_id().await? {
            Ok(settled) => settled,
            // Its own panic is met inside; what is left is the end of the runtime.
            Err(error) => (error.id(), Ok(())),
        };
        self.held.remove(&id);
        Some(settled)
    }

    /// Waits for what runs, within the limit, and lets others have the rest without delay.
    async fn end(mut self, app: &App) {
        let limit = Duration::from_secs(app.config.stop_seconds);
        let all = async {
            while let Some(settled) = self.next().await {
                report(settled);
            }
        };
        if tokio::time::timeout(limit, all).await.is_ok() {
            return;
        }
        self.tasks.shutdown().await;
        tracing::warn!(
            jobs = self.held.len(),
            "jobs were still running; they run again"
        );
        let held: Vec<Claimed> = self.held.into_values().map(|held| held.claimed).collect();
        let now = app.clock.now();
        let released = app
            .store
            .write(move |tx| jobs::release(tx, &held, now))
            .await;
        report(released);
    }
}

fn report(settled: Result<(), StoreError>) {
    if let Err(error) = settled {
        tracing::error!(%error, "the outcome of a job was not written down; it runs again");
    }
}

/// The embedded database belongs to this process alone, so whoever held a job has ended.
async fn take_back_from_predecessor(app: &App) {
    let now = app.clock.now();
    let taken = app
        .store
        .write(move |tx| jobs::take_back(tx, now, Ended::Every))
        .await;
    match taken {
        Ok(set_aside) => report_set_aside(&set_aside),
        Err(error) => tracing::error!(%error, "jobs of the last process could not be taken back"),
    }
}

fn report_set_aside(kinds: &[String]) {
    for kind in kinds {
        metrics::job_set_aside(kind);
        tracing::error!(
            kind,
            "a job is set aside: the server ended twice while it ran"
        );
    }
}

async fn settle(app: App, claimed: Claimed) -> Result<(), StoreError> {
    let kind = claimed.job.kind();
    let _running = metrics::Running::job();
    let run = AssertUnwindSafe(super::run(&app, claimed.job, claimed.pool)).catch_unwind();
    let outcome = match tokio::time::timeout(JOB_TIME_MAX, run).await {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(_)) => Err(JobError::Retry("it panicked".to_owned())),
        Err(_) => Err(JobError::Retry("it did not end in time".to_owned())),
    };
    let error = match outcome {
        Ok(()) => {
            metrics::job_ran(kind, "done");
            let completed = app
                .store
                .write(move |tx| jobs::complete(tx, &claimed))
                .await;
            // What it moved may have left more to do, and is news to those who follow.
            app.wake();
            return completed;
        }
        Err(JobError::Postponed { until, pool }) => {
            metrics::job_ran(kind, "postponed");
            return app
                .store
                .write(move |tx| jobs::postpone(tx, &claimed, pool, until))
                .await;
        }
        Err(error) => error,
    };
    let attempts = claimed.attempts;
    let text = error.to_string();
    if matches!(error, JobError::Fail(_)) || attempts >= ATTEMPTS_MAX {
        metrics::job_ran(kind, "failed");
        tracing::error!(kind, attempts, error = text, "a job failed for good");
        return app
            .store
            .write(move |tx| jobs::fail(tx, &claimed, &text))
            .await;
    }
    metrics::job_ran(kind, "retried");
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

async fn sweep_old(app: &App) {
    let now = app.clock.now();
    let swept = app
        .store
        .write(move |tx| {
            idempotency::forget_old(tx, now, SWEPT_ROWS_MAX)?;
            callback_hosts::forget_old(tx, now.before(callback_host::LATELY), SWEPT_ROWS_MAX)
        })
        .await;
    if let Err(error) = swept {
        tracing::error!(%error, "old answers and records of hosts could not be removed");
    }
}
