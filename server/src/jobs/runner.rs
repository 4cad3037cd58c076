//! Job runner: claims jobs that are due, runs them, and completes or retries them.
//!
//! Any number of processes may run one on the same database. A job belongs to the process that
//! claimed it for as long as it renews the lease; after another process has taken a job over, the
//! first one's outcome is discarded. If a process ends while it holds jobs, other processes or its
//! successor take them over. A job under which two processes in a row ended is set aside
//! (`store::jobs::take_back`). Claiming continues while slow jobs run; jobs that could crowd out
//! others have limited permits (`shares.rs`), and a job without a free permit is skipped.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use tokio::task::{Id, JoinSet};
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use super::{JobError, shares};
use crate::app::App;
use crate::domain::callback_host;
use crate::metrics;
use crate::store::jobs::{ClaimCapacity, ClaimedJob, LeaseScope};
use crate::store::{
    StoreError, Tx, callback_hosts, idempotency, jobs, passkeys, sessions, subjects,
};

/// Maximum number of jobs of one pool claimed by one query.
const BATCH: u32 = 8;

/// Duration of a lease, and the interval at which it is renewed.
const LEASE: Duration = Duration::from_secs(30);
const RENEWAL: Duration = Duration::from_secs(10);

/// Maximum run time of a job. Its lease is not renewed beyond that.
const JOB_TIME_MAX: Duration = Duration::from_secs(120);

/// Time for which a job that ended a process before runs without another such job at the same time.
const SUSPECT_ALONE: Duration = Duration::from_secs(2);

/// Interval at which jobs of other processes are looked for. A process's own jobs wake its runner.
const POLL: Duration = Duration::from_secs(1);

/// Interval at which expired rows are deleted, such as idempotent responses and sessions, and
/// the maximum number deleted at once.
const SWEEP: Duration = Duration::from_secs(60);
const SWEPT_ROWS_MAX: u32 = 10_000;

/// How long people are kept who requested a code and never entered it: a day.
const UNVERIFIED_FOR: Duration = Duration::from_secs(24 * 60 * 60);

/// Runs until `stop` is cancelled. Then finishes the claimed jobs within the configured time limit,
/// and releases the rest so that they are due at once.
pub async fn run(app: App, stop: CancellationToken) {
    let mut sweep = tokio::time::interval(SWEEP);
    let mut renewal = tokio::time::interval(RENEWAL);
    renewal.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut running = InFlightJobs::default();
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

/// The reason why [`drain`] ended early.
#[derive(Debug, thiserror::Error)]
pub enum DrainError {
    /// Every job scheduled another one that was due at once, or was due again itself.
    #[error("jobs are still due after {0} have run")]
    Restless(usize),
    /// A database error.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Runs every job that is due now, and the due jobs that they schedule, for tests.
///
/// # Errors
/// [`DrainError::Restless`] if more than about `jobs_max` jobs would run.
pub async fn drain(app: &App, jobs_max: usize) -> Result<(), DrainError> {
    let now = app.clock.now();
    app.store
        .write(move |tx| jobs::take_back(tx, now, LeaseScope::Lease))
        .await?;
    let mut running = InFlightJobs::default();
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

/// The jobs that this process has claimed and not yet settled.
#[derive(Default)]
struct InFlightJobs {
    tasks: JoinSet<Result<(), StoreError>>,
    held: HashMap<Id, InFlightJob>,
    /// The time of the last renewal of the leases.
    renewed_at: Option<Instant>,
}

/// A claimed job that runs, and its start time.
struct InFlightJob {
    claimed: ClaimedJob,
    since: Instant,
}

impl InFlightJobs {
    /// Claims and starts jobs that are due and have a free permit. Returns their number.
    async fn claim(&mut self, app: &App) -> Result<usize, StoreError> {
        let now = app.clock.now();
        // Every write wakes the runner, and few of them schedule a job that is due now.
        if !app.store.read(move |tx| jobs::may_be_due(tx, now)).await? {
            return Ok(0);
        }
        let capacity = ClaimCapacity {
            jobs_max: BATCH,
            pools: shares::capacity(self.held.values().map(|held| &held.claimed)),
            may_take_suspect: self.may_take_suspect(),
        };
        let claimed = app
            .store
            .write(move |tx| jobs::claim(tx, now, now.after(LEASE), &capacity))
            .await?;
        let count = claimed.len();
        for job in claimed {
            let span = tracing::error_span!("job", kind = job.job.kind(), id = %job.job.subject());
            let task = self
                .tasks
                .spawn(settle(app.clone(), job.clone()).instrument(span));
            let held = InFlightJob {
                claimed: job,
                since: Instant::now(),
            };
            self.held.insert(task.id(), held);
        }
        Ok(count)
    }

    fn may_take_suspect(&self) -> bool {
        let alone =
            |held: &InFlightJob| held.claimed.is_suspect && held.since.elapsed() < SUSPECT_ALONE;
        !self.held.values().any(alone)
    }

    /// Renews the leases of running jobs, and takes over jobs whose lease has expired. After a time
    /// without the database no process could renew, so the first renewal takes nothing over.
    async fn renew(&mut self, app: &App) {
        let now = app.clock.now();
        let in_time = self
            .held
            .values()
            .filter(|held| held.since.elapsed() < JOB_TIME_MAX);
        let held: Vec<ClaimedJob> = in_time.map(|held| held.claimed.clone()).collect();
        let may_take_over = self.renewed_at.is_some_and(|at| at.elapsed() < LEASE);
        let renewed = app.store.write(move |tx| {
            jobs::renew(tx, &held, now.after(LEASE))?;
            match may_take_over {
                true => jobs::take_back(tx, now, LeaseScope::Lease),
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

    /// Waits until one job is settled. Returns `None` at once if none runs.
    async fn next(&mut self) -> Option<Result<(), StoreError>> {
        let (id, settled) = match self.tasks.join_next_with_id().await? {
            Ok(settled) => settled,
            // A panic of the job is caught inside; this error only occurs when the runtime shuts
            // down.
            Err(error) => (error.id(), Ok(())),
        };
        self.held.remove(&id);
        Some(settled)
    }

    /// Waits for running jobs within the time limit, and releases the others so that they are due
    /// at once.
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
        let held: Vec<ClaimedJob> = self.held.into_values().map(|held| held.claimed).collect();
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
        tracing::error!(%error, "the outcome of a job could not be stored; the job runs again");
    }
}

/// Takes back all leases at start. The embedded database belongs to this process alone, so any
/// other holder of a lease has ended.
async fn take_back_from_predecessor(app: &App) {
    let now = app.clock.now();
    let taken = app
        .store
        .write(move |tx| jobs::take_back(tx, now, LeaseScope::Every))
        .await;
    match taken {
        Ok(set_aside) => report_set_aside(&set_aside),
        Err(error) => {
            tracing::error!(%error, "jobs of the previous process could not be taken over");
        }
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

async fn settle(app: App, claimed: ClaimedJob) -> Result<(), StoreError> {
    let kind = claimed.job.kind();
    let _running = metrics::GaugeGuard::job();
    let run = AssertUnwindSafe(super::run(&app, claimed.job, claimed.pool)).catch_unwind();
    let outcome = match tokio::time::timeout(JOB_TIME_MAX, run).await {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(_)) => Err(JobError::Retry("it panicked".to_owned())),
        Err(_) => Err(JobError::Retry("it did not end in time".to_owned())),
    };
    let error = match outcome {
        Ok(()) => {
            metrics::job_ran(kind, "done");
            tracing::debug!("a job was done");
            let completed = app
                .store
                .write(move |tx| jobs::complete(tx, &claimed))
                .await;
            // The job may have scheduled others and written events.
            app.wake();
            return completed;
        }
        Err(JobError::Postponed { until, pool }) => {
            metrics::job_ran(kind, "postponed");
            tracing::debug!(%until, "a job was postponed");
            return app
                .store
                .write(move |tx| jobs::postpone(tx, &claimed, pool, until))
                .await;
        }
        Err(error) => error,
    };
    let attempts = u32::try_from(claimed.attempts).unwrap_or(u32::MAX);
    let policy = claimed.job.retry_policy();
    let text = error.to_string();
    if matches!(error, JobError::Fail(_)) || attempts >= policy.attempts_max {
        metrics::job_ran(kind, "failed");
        if !policy.is_kept {
            tracing::warn!(attempts, error = text, "a job failed and is discarded");
            let discard = move |tx: &mut Tx<'_>| jobs::complete(tx, &claimed);
            return app.store.write(discard).await;
        }
        tracing::error!(attempts, error = text, "a job failed permanently");
        return app
            .store
            .write(move |tx| jobs::fail(tx, &claimed, &text))
            .await;
    }
    metrics::job_ran(kind, "retried");
    tracing::warn!(attempts, error = text, "a job will be retried");
    let due_at = app.clock.now().after(policy.pause_after(attempts));
    app.store
        .write(move |tx| jobs::retry(tx, &claimed, due_at, &text))
        .await
}

async fn sweep_old(app: &App) {
    let now = app.clock.now();
    let swept = app
        .store
        .write(move |tx| {
            idempotency::forget_old(tx, now, SWEPT_ROWS_MAX)?;
            subjects::forget_unverified(tx, now.before(UNVERIFIED_FOR), SWEPT_ROWS_MAX)?;
            subjects::forget_old_codes(tx, now, SWEPT_ROWS_MAX)?;
            passkeys::forget_old_ceremonies(tx, now, SWEPT_ROWS_MAX)?;
            sessions::forget_old(tx, now, SWEPT_ROWS_MAX)?;
            callback_hosts::forget_old(tx, now.before(callback_host::LATELY), SWEPT_ROWS_MAX)
        })
        .await;
    if let Err(error) = swept {
        tracing::error!(%error, "expired rows could not be deleted");
    }
}
