//! Further decisions of an agent about a proof: request a revision, and dispute a completed task
//! within the hold (contract §4). Approval and rejection are in `tasks.rs`.

use api_types::{
    TaskId,
    dispute::{OpenDispute, OpenedDispute},
    error::ErrorBody,
    paths,
    review::{RequestRevision, RequestedRevision},
};
use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::Response,
};

use crate::http::agent::tasks::{owned, task_id};
use crate::http::error::{self, ApiError, checked};
use crate::http::extract::auth::AgentAuth;
use crate::http::extract::body::JsonBody;
use crate::http::idempotency::once;
use crate::http::views;
use crate::{
    app::App,
    domain::{
        dispute::{self, DisputeChange},
        review,
    },
    store::moves,
};

/// Request a revision of the proof, once. After 24 hours without a new proof the task is disputed.
#[utoipa::path(post, path = paths::REQUEST_REVISION, tag = "tasks", params(("id" = TaskId, Path)),
    request_body = RequestRevision,
    security(("agent_key" = []), ("agent_bearer" = [])),
    responses((status = 200, body = RequestedRevision), (status = 400, body = ErrorBody),
        (status = 401, body = ErrorBody), (status = 404, body = ErrorBody),
        (status = 409, body = ErrorBody)))]
pub async fn request_revision(
    State(app): State<App>,
    agent: AgentAuth,
    Path(id): Path<String>,
    posted: JsonBody,
) -> Result<Response, ApiError> {
    let stated = checked(review::parse_revision_request(&posted.body))?;
    let id = task_id(&id)?;
    let context = app.move_context();
    once(&app, posted.once(agent.id), StatusCode::OK, move |tx| {
        let task = owned(tx, agent.id, id)?.ok_or_else(error::task_not_found)?;
        let unmet = stated.unmet_requirements.clone().unwrap_or_default();
        let unmet = checked(review::check_unmet(unmet, &task.stated.proof_requirements))?;
        let moved = task.request_revision(stated.reason.clone(), unmet, context)?;
        moves::record(tx, &moved)?;
        let revision = moved.task.revision.as_ref();
        let answer = RequestedRevision {
            task_id: id,
            status: moved.task.status,
            resubmit_by: revision.map_or(context.now, |revision| revision.resubmit_by),
        };
        Ok(views::marked(&moved.task, answer))
    })
    .await
}

/// Dispute a completed task within its hold.
///
/// Reward and fee return to escrow until the host decides.
#[utoipa::path(post, path = paths::OPEN_DISPUTE, tag = "tasks", params(("id" = TaskId, Path)),
    request_body = OpenDispute,
    security(("agent_key" = []), ("agent_bearer" = [])),
    responses((status = 200, body = OpenedDispute), (status = 400, body = ErrorBody),
        (status = 401, body = ErrorBody), (status = 404, body = ErrorBody),
        (status = 409, body = ErrorBody)))]
pub async fn open_dispute(
    State(app): State<App>,
    agent: AgentAuth,
    Path(id): Path<String>,
    posted: JsonBody,
) -> Result<Response, ApiError> {
    let stated = checked(dispute::parse_opening(&posted.body))?;
    let id = task_id(&id)?;
    let context = app.move_context();
    once(&app, posted.once(agent.id), StatusCode::OK, move |tx| {
        let task = owned(tx, agent.id, id)?.ok_or_else(error::task_not_found)?;
        let moved = task.dispute(stated.reason.clone(), context)?;
        moves::record(tx, &moved)?;
        let Some(DisputeChange::Opened(opened)) = &moved.dispute else {
            return Err(ApiError::accident("a dispute was opened without a record"));
        };
        let answer = OpenedDispute {
            task_id: id,
            status: moved.task.status,
            dispute_id: opened.id,
            escrow_usd: moved.task.total(),
        };
        Ok(views::marked(&moved.task, answer))
    })
    .await
}
