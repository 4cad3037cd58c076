//! The agent's decision about an operator's estimate (contract §4, Estimates). Giving an estimate
//! is a claim, and is handled with the other moves of operators.

use api_types::{
    TaskId,
    error::ErrorBody,
    estimate::{ApprovedEstimate, RejectEstimate},
    paths,
    status::MovedTask,
};
use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::Response,
};

use crate::http::agent::tasks::owned;
use crate::http::error::{self, ApiError, checked};
use crate::http::extract::auth::AgentAuth;
use crate::http::extract::body::JsonBody;
use crate::http::idempotency::once;
use crate::http::{task_details, views};
use crate::{
    app::App,
    domain::{estimate, fields::no_fields, moves::Move},
    store::moves,
};

/// Approve the operator's estimate, so that the work may begin.
#[utoipa::path(post, path = paths::APPROVE_ESTIMATE, tag = "tasks", params(("id" = TaskId, Path)),
    security(("agent_key" = []), ("agent_bearer" = [])),
    responses((status = 200, body = ApprovedEstimate), (status = 401, body = ErrorBody),
        (status = 404, body = ErrorBody)))]
pub async fn approve_estimate(
    State(app): State<App>,
    agent: AgentAuth,
    Path(id): Path<String>,
    posted: JsonBody,
) -> Result<Response, ApiError> {
    let none = || error::no_task_to(Move::ApproveEstimate);
    let id = id.parse::<TaskId>().map_err(|_| none())?;
    checked(no_fields(&posted.body))?;
    let context = app.move_context();
    once(&app, posted.once(agent.id), StatusCode::OK, move |tx| {
        let task = owned(tx, agent.id, id)?.ok_or_else(none)?;
        let moved = task.approve_estimate(context)?;
        moves::record(tx, &moved)?;
        let task = moved.task;
        let estimate = task.estimate.as_ref();
        let answer = ApprovedEstimate {
            task_id: id,
            status: task.status,
            accepted_at: context.now,
            operator: task_details::operator_of(tx, &task)?,
            estimate_minutes: estimate.map_or(0, |one| one.estimate_minutes),
        };
        Ok(views::marked(&task, answer))
    })
    .await
}

/// Reject the operator's estimate, which opens the task to other operators again.
#[utoipa::path(post, path = paths::REJECT_ESTIMATE, tag = "tasks", params(("id" = TaskId, Path)),
    request_body = Option<RejectEstimate>,
    security(("agent_key" = []), ("agent_bearer" = [])),
    responses((status = 200, body = MovedTask), (status = 400, body = ErrorBody),
        (status = 401, body = ErrorBody), (status = 404, body = ErrorBody)))]
pub async fn reject_estimate(
    State(app): State<App>,
    agent: AgentAuth,
    Path(id): Path<String>,
    posted: JsonBody,
) -> Result<Response, ApiError> {
    let stated = checked(estimate::parse_rejection(&posted.body))?;
    let none = || error::no_task_to(Move::RejectEstimate);
    let id = id.parse::<TaskId>().map_err(|_| none())?;
    let context = app.move_context();
    once(&app, posted.once(agent.id), StatusCode::OK, move |tx| {
        let task = owned(tx, agent.id, id)?.ok_or_else(none)?;
        let moved = task.reject_estimate(stated.reason.as_deref(), context)?;
        moves::record(tx, &moved)?;
        let answer = MovedTask {
            task_id: id,
            status: moved.task.status,
        };
        Ok(views::marked(&moved.task, answer))
    })
    .await
}
