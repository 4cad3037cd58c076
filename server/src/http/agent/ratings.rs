//! The agent rates the operator of a completed task (contract §4).

use api_types::{
    TaskId,
    error::ErrorBody,
    message::{Author, GiveRating, GivenRating},
    paths,
};
use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::Response,
};

use crate::app::App;
use crate::domain::rating::parse;
use crate::http::agent::tasks::{owned, task_id};
use crate::http::error::{self, ApiError, checked};
use crate::http::extract::auth::AgentAuth;
use crate::http::extract::body::JsonBody;
use crate::http::idempotency::once;
use crate::http::ratings::rate;
use crate::http::views;

/// Rate the operator: 1 to 5 stars, once, after the task is completed.
#[utoipa::path(post, path = paths::RATE_OPERATOR, tag = "tasks", params(("id" = TaskId, Path)),
    request_body = GiveRating,
    security(("agent_key" = []), ("agent_bearer" = [])),
    responses((status = 200, body = GivenRating), (status = 400, body = ErrorBody),
        (status = 401, body = ErrorBody), (status = 404, body = ErrorBody),
        (status = 409, body = ErrorBody)))]
pub async fn rate_operator(
    State(app): State<App>,
    agent: AgentAuth,
    Path(id): Path<String>,
    posted: JsonBody,
) -> Result<Response, ApiError> {
    let stated = checked(parse(&posted.body))?;
    let id = task_id(&id)?;
    let now = app.clock.now();
    once(&app, posted.once(agent.id), StatusCode::OK, move |tx| {
        let task = owned(tx, agent.id, id)?.ok_or_else(error::task_not_found)?;
        let rated = rate(tx, &task, Author::Agent, &stated, now)?;
        Ok(views::marked(&task, rated))
    })
    .await
}
