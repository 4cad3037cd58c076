//! Prometheus metrics: every name, once, with the functions that record it. Label values are only
//! our own (path templates, names of moves, codes of transfers), so that callers cannot increase
//! their number. `serve/metrics.rs` serves the metrics on a listener of its own.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use api_types::MicroUsd;
use metrics::{counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

const REQUESTS: &str = "humanops_http_requests_total";
const REQUEST_SECONDS: &str = "humanops_http_request_duration_seconds";
const RATE_LIMITED: &str = "humanops_rate_limited_total";
const STREAMS: &str = "humanops_event_streams";
const MOVES: &str = "humanops_moves_total";
const MONEY: &str = "humanops_money_moved_microusd_total";
const JOBS_RUN: &str = "humanops_jobs_run_total";
const JOBS: &str = "humanops_jobs";
const JOBS_RUNNING: &str = "humanops_jobs_running";
const OLDEST_JOB: &str = "humanops_oldest_due_job_age_seconds";
const WEBHOOKS: &str = "humanops_webhook_attempts_total";
const STORE_WAITING: &str = "humanops_store_waiting";
const COMMIT_SECONDS: &str = "humanops_store_commit_duration_seconds";
const LOG_LINES_LOST: &str = "humanops_log_lines_lost_total";
const BUILD: &str = "humanops_build_info";

/// Histogram buckets for the duration of requests, in seconds.
const REQUEST_BOUNDS: [f64; 11] = [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 2.5, 10.0,
];

/// Histogram buckets for the duration of commits, in seconds.
const COMMIT_BOUNDS: [f64; 9] = [0.0001, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.25, 1.0];

/// Counts an answered request. `path` is its template.
pub fn request_answered(method: &'static str, path: &str, status: u16, took: Duration) {
    let path = path.to_owned();
    counter!(REQUESTS, "method" => method, "path" => path.clone(), "status" => status.to_string())
        .increment(1);
    if status == 429 {
        counter!(RATE_LIMITED, "path" => path.clone()).increment(1);
    }
    histogram!(REQUEST_SECONDS, "method" => method, "path" => path).record(took.as_secs_f64());
}

/// Counts a job that was `done`, will be `retried`, has `failed` permanently, or was `postponed`
/// before it started.
pub fn job_ran(kind: &'static str, outcome: &'static str) {
    counter!(JOBS_RUN, "kind" => kind, "outcome" => outcome).increment(1);
}

/// Counts a job that was set aside because the server ended twice while it ran. The kind comes from
/// the database, which contains only this server's own kinds.
pub fn job_set_aside(kind: &str) {
    counter!(JOBS_RUN, "kind" => kind.to_owned(), "outcome" => "failed").increment(1);
}

/// Counts a webhook attempt that was `accepted` or `refused`; no response counts as refused.
pub fn webhook_attempted(outcome: &'static str) {
    counter!(WEBHOOKS, "outcome" => outcome).increment(1);
}

/// Counts a committed transaction and its duration.
pub fn committed(took: Duration) {
    histogram!(COMMIT_SECONDS).record(took.as_secs_f64());
}

/// Counts log lines that could not be written to standard error.
pub fn log_lines_lost(lines: u64) {
    counter!(LOG_LINES_LOST).increment(lines);
}

/// Sets the number of reads and writes that wait for the database.
pub fn store_waits(reads: usize, writes: usize) {
    gauge!(STORE_WAITING, "kind" => "read").set(reads as f64);
    gauge!(STORE_WAITING, "kind" => "write").set(writes as f64);
}

/// Sets the number of jobs in the database in this state: `waiting`, `due` or `failed`.
pub fn jobs_are(state: &'static str, count: i64) {
    gauge!(JOBS, "state" => state).set(count as f64);
}

/// Sets for how long the oldest due job has been due.
pub fn oldest_job_waits(millis: i64) {
    gauge!(OLDEST_JOB).set(millis as f64 / 1000.0);
}

/// A metric that is counted once its transaction is durable, and not at all if it is rolled back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durable {
    /// A move of a task, by the last event that it announces.
    Move(&'static str),
    /// A transfer, by its code, with its amount.
    Money(&'static str, MicroUsd),
}

impl Durable {
    /// Adds the event to its counter.
    pub fn count(self) {
        match self {
            Self::Move(event) => counter!(MOVES, "event" => event).increment(1),
            Self::Money(code, amount) => {
                let micros = amount.as_micros().unsigned_abs();
                counter!(MONEY, "code" => code).increment(micros);
            }
        }
    }
}

/// An entry in a gauge of running work, which is removed when it is dropped.
#[derive(Debug)]
pub struct GaugeGuard(&'static str);

impl GaugeGuard {
    /// Counts a running job.
    pub fn job() -> Self {
        Self::start(JOBS_RUNNING)
    }

    /// Counts an open event stream.
    pub fn event_stream() -> Self {
        Self::start(STREAMS)
    }

    fn start(name: &'static str) -> Self {
        gauge!(name).increment(1.0);
        Self(name)
    }
}

impl Drop for GaugeGuard {
    fn drop(&mut self) {
        gauge!(self.0).decrement(1.0);
    }
}

/// Installs the recorder once per process. Before that, recording has no effect and costs almost
/// nothing.
///
/// # Errors
/// Fails if this process already has another recorder.
pub fn count() -> anyhow::Result<PrometheusHandle> {
    static COUNTING: Mutex<Option<PrometheusHandle>> = Mutex::new(None);
    // Locked to the end: of two concurrent calls, the second finds the recorder of the first.
    let mut counting = COUNTING.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(handle) = &*counting {
        return Ok(handle.clone());
    }
    let full = |name: &str| Matcher::Full(name.to_owned());
    let recorder = PrometheusBuilder::new()
        .set_buckets_for_metric(full(REQUEST_SECONDS), &REQUEST_BOUNDS)?
        .set_buckets_for_metric(full(COMMIT_SECONDS), &COMMIT_BOUNDS)?
        .build_recorder();
    let handle = recorder.handle();
    metrics::set_global_recorder(recorder)
        .map_err(|_| anyhow::anyhow!("this process already has a metrics recorder"))?;
    describe();
    gauge!(BUILD, "version" => env!("CARGO_PKG_VERSION")).set(1.0);
    *counting = Some(handle.clone());
    Ok(handle)
}

fn describe() {
    describe_counter!(
        REQUESTS,
        "Requests answered, by method, path template and status."
    );
    describe_histogram!(
        REQUEST_SECONDS,
        "Seconds from a request's head to its answer's."
    );
    describe_counter!(RATE_LIMITED, "Requests refused with 429, by path template.");
    describe_gauge!(STREAMS, "Event streams that are open in this process.");
    describe_counter!(
        MOVES,
        "Moves of tasks that were committed, by the event they announce."
    );
    describe_counter!(
        MONEY,
        "Micro-dollars that were moved, by the transfer's code."
    );
    describe_counter!(JOBS_RUN, "Jobs that this process ran, by kind and outcome.");
    describe_gauge!(JOBS, "Jobs in the database: waiting, due, failed.");
    describe_gauge!(JOBS_RUNNING, "Jobs that this process runs now.");
    describe_gauge!(
        OLDEST_JOB,
        "Seconds for which the oldest due job has been due."
    );
    describe_counter!(WEBHOOKS, "Attempts to deliver a webhook, by outcome.");
    describe_gauge!(
        STORE_WAITING,
        "Reads and writes that wait for the database."
    );
    describe_histogram!(COMMIT_SECONDS, "Seconds that a commit took.");
    describe_counter!(
        LOG_LINES_LOST,
        "Lines of the log that could not be written to standard error."
    );
    describe_gauge!(BUILD, "Always 1; the version is its label.");
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;
    use std::thread;

    #[test]
    fn who_begin_to_count_at_once_count_together() {
        const THREADS: usize = 8;
        let ready = Barrier::new(THREADS);
        let begin = || {
            ready.wait();
            super::count().map(drop)
        };
        thread::scope(|scope| {
            let started: Vec<_> = (0..THREADS).map(|_| scope.spawn(begin)).collect();
            for one in started {
                one.join().unwrap().unwrap();
            }
        });
    }
}
