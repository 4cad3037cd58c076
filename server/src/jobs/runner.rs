//! Claims jobs that are due, runs them, and completes or repeats them.
//!
//! Any number of processes may run one on the same database: a job belongs to whoever claimed it,
//! until its lease ends. Claiming goes on while slow jobs run; what may crowd out others is
//! bounded by its kind, its lane and its owner, and what is full is passed over.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt;
use tokio::task::{Id, JoinSet};
use tokio_util::sync::CancellationToken;

use super::JobError;
use crate::app::App;
use crate::domain::job::Job;
use crate::metrics;
use crate::store::jobs::{Claimed, Wanted};
use crate::store::{StoreError, idempotency, jobs};

/// Jobs that are claimed at once.
const BATCH: u32 = 8;

/// Jobs of one kind that run at the same time in this process, give or take a batch.
const KIND_MAX: usize = 8;

/// The same of the kinds that have lanes: they wait for others most of the time.
const LANED_KIND_MAX: usize = 256;

/// The same of one lane. At most two of it are claimed at once.
const LANE_MAX: usize = 4;

/// The same of one owner, give or take a batch.
const OWNER_MAX: usize = 8;

/// How long a job may take before another process takes it over.
const LEASE: Duration = Duration::from_secs(120);

/// How often another process's jobs are looked for; this one's own are announced.
const POLL: Duration = Duration::from_secs(1);

/// How often answers that are no longer kept are removed, and how many at once.
const SWEEP: Duration = Duration::from_secs(60);
const SWEPT_ROWS_MAX: u32 = 10_000;

/// After so many attempts a job is left as failed.
const ATTEMPTS_MAX: i64 = 10;

/// Runs until `stop`; then finishes what it has claimed, within the limit of the settings, and
/// hands the rest back at once.
pub async fn run(app: App, stop: CancellationToken) {
    let mut sweep = tokio::time::interval(SWEEP);
    let mut running = Running::default();
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
            _ = sweep.tick() => sweep_answers(&app).await,
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
    held: HashMap<Id, Claimed>,
}

impl Running {
    /// Claims what is due and may run beside the rest, begins it, and says how much that was.
    async fn claim(&mut self, app: &App) -> Result<usize, StoreError> {
        let now = app.clock.now();
        let wanted = Wanted {
            jobs_max: BATCH,
            full_kinds: self.full_kinds(),
            full_lanes: self.full(LANE_MAX, Job::lane),
            full_owners: self.full(OWNER_MAX, Job::owner),
        };
        let claimed = app
            .store
            .write(move |tx| jobs::claim(tx, now, now.after(LEASE), &wanted))
            .await?;
        let count = claimed.len();
        for job in claimed {
            let begun = self.tasks.spawn(settle(app.clone(), job.clone()));
            self.held.insert(begun.id(), job);
        }
        Ok(count)
    }

    fn full_kinds(&self) -> Vec<&'static str> {
        let jobs = self.held.values().map(|held| &held.job);
        let counted = counted(jobs.map(|job| (job.kind(), job.lane().is_empty())));
        let full = counted.into_iter().filter(|((_, alone), running)| {
            let most = if *alone { KIND_MAX } else { LANED_KIND_MAX };
            *running >= most
        });
        full.map(|((kind, _), _)| kind).collect()
    }

    /// The lanes or owners of which so many run.
    fn full(&self, most: usize, name: fn(&Job) -> String) -> Vec<String> {
        let names = self.held.values().map(|held| name(&held.job));
        let counted = counted(names.filter(|name| !name.is_empty()));
        let full = counted.into_iter().filter(|(_, n)| *n >= most);
        full.map(|(name, _)| name).collect()
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
        let mut held: Vec<Claimed> = self.held.into_values().collect();
        held.sort_by(Claimed::in_lock_order);
        let now = app.clock.now();
        let released = app
            .store
            .write(move |tx| held.iter().try_for_each(|job| jobs::release(tx, job, now)))
            .await;
        report(released);
    }
}

fn counted<T: Eq + std::hash::Hash>(all: impl Iterator<Item = T>) -> HashMap<T, usize> {
    all.fold(HashMap::new(), |mut counts, one| {
        *counts.entry(one).or_default() += 1;
        counts
    })
}

fn report(settled: Result<(), StoreError>) {
    if let Err(error) = settled {
        tracing::error!(%error, "the outcome of a job was not written down; it runs again");
    }
}

async fn settle(app: App, claimed: Claimed) -> Result<(), StoreError> {
    let kind = claimed.job.kind();
    let _running = metrics::Running::job();
    let outcome = AssertUnwindSafe(super::run(&app, claimed.job))
        .catch_unwind()
        .await;
    let outcome = outcome.unwrap_or_else(|_| Err(JobError::Retry("it panicked".to_owned())));
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
