//! Host routes for jobs that failed permanently: list them, and run one again.

use api_types::{
    error::ErrorBody,
    host::{FailedJob, RetriedJob},
    page::Page,
    paths,
};
use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
    response::Response,
};

use crate::admin::{self, FailedJobCursor};
use crate::app::App;
use crate::domain::fields::no_fields;
use crate::http::error::{self, ApiError, checked};
use crate::http::extract::body::JsonBody;
use crate::http::extract::page::Parameters;
use crate::http::host::{ACCOUNT, HostAuth};
use crate::http::idempotency::once;

/// List the jobs that failed permanently, longest due first.
#[utoipa::path(get, path = paths::FAILED_JOBS, tag = "host",
    params(("limit" = Option<u32>, Query), ("cursor" = Option<String>, Query)),
    security(("admin_key" = [])),
    responses((status = 200, body = Page<FailedJob>), (status = 400, body = ErrorBody),
        (status = 403, body = ErrorBody)))]
pub async fn failed_jobs(
    State(app): State<App>,
    _host: HostAuth,
    mut query: Parameters,
) -> Result<Json<Page<FailedJob>>, ApiError> {
    let page = query.page();
    query.finish()?;
    let after = page.cursor.as_deref().map(parse_cursor).transpose()?;
    let limit = page.limit;
    let found = app
        .store
        .read(move |tx| admin::failed_jobs(tx, after.as_ref(), limit))
        .await?;
    let cursor_of = |job: &FailedJob| format!("{} {}", job.due_at.as_millis(), job.job);
    Ok(Json(page.of(found.rows, found.total, cursor_of)))
}

fn parse_cursor(cursor: &str) -> Result<FailedJobCursor, ApiError> {
    let split = cursor.split_once(' ');
    let read = split.and_then(|(due_at, job)| {
        Some(FailedJobCursor {
            due_at_millis: due_at.parse().ok()?,
            job: job.to_owned(),
        })
    });
    read.ok_or_else(error::foreign_cursor)
}

/// Run a job that failed permanently again, as if it were new.
#[utoipa::path(post, path = paths::RETRY_JOB, tag = "host", params(("id" = String, Path)),
    security(("admin_key" = [])),
    responses((status = 200, body = RetriedJob), (status = 400, body = ErrorBody),
        (status = 403, body = ErrorBody), (status = 404, body = ErrorBody)))]
pub async fn retry_job(
    State(app): State<App>,
    host: HostAuth,
    Path(id): Path<String>,
    posted: JsonBody,
) -> Result<Response, ApiError> {
    let job = admin::job_of(&id).ok_or_else(|| error::host_finds_no("failed job"))?;
    checked(no_fields(&posted.body))?;
    let actor = host.actor(&app);
    once(&app, posted.once(ACCOUNT), StatusCode::OK, move |tx| {
        Ok(admin::retry_job(tx, &job, &actor)?)
    })
    .await
}
