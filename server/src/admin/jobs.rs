//! Jobs that failed permanently: the host lists them, and runs them again after their cause is
//! fixed.

use api_types::{
    Timestamp,
    host::{FailedJob, RetriedJob},
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};

use super::{ActorContext, AdminError};
use crate::store::{StoreError, Tx, jobs, search::PageOfRows};

/// A keyset position in the list of failed jobs.
#[derive(Clone, Debug)]
pub struct FailedJobCursor {
    /// The time at which the job was due, in milliseconds since 1970.
    pub due_at_millis: i64,
    /// The job as stored in the queue.
    pub job: String,
}

/// Returns the id of a job for use in a path.
pub fn job_id(job: &str) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(job)
}

/// Returns the job that has this id, or `None` if the id is malformed.
pub fn job_of(id: &str) -> Option<String> {
    let job = String::from_utf8(BASE64_URL_SAFE_NO_PAD.decode(id).ok()?).ok()?;
    (!job.chars().any(char::is_control)).then_some(job)
}

/// Returns a page of the jobs that failed permanently, longest due first.
pub fn failed_jobs(
    tx: &mut Tx<'_>,
    after: Option<&FailedJobCursor>,
    limit: u32,
) -> Result<PageOfRows<FailedJob>, StoreError> {
    let after = after.map(|place| (place.due_at_millis, place.job.as_str()));
    let found = jobs::list_failed(tx, after, limit)?;
    let failed = found.rows.into_iter().map(|job| FailedJob {
        job_id: job_id(&job.payload),
        kind: job.kind,
        job: job.payload,
        attempts: job.attempts,
        last_error: job.last_error,
        due_at: job.due_at,
    });
    Ok(PageOfRows {
        rows: failed.collect(),
        total: found.total,
    })
}

/// Runs a job that failed permanently again, as if it were new.
///
/// # Errors
/// [`AdminError::NotFound`] if there is no such failed job.
pub fn retry_job(
    tx: &mut Tx<'_>,
    job: &str,
    actor: &ActorContext,
) -> Result<RetriedJob, AdminError> {
    let due_at: Timestamp = actor.now();
    let kind = jobs::requeue_failed(tx, job, due_at)?.ok_or(AdminError::NotFound("failed job"))?;
    actor.write_down(tx, 0, "job.retry", job, &kind)?;
    Ok(RetriedJob {
        job_id: job_id(job),
        kind,
        due_at,
    })
}
