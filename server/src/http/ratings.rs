//! Ratings by both sides of a completed task, once each (contract §4).

use api_types::{
    AgentId, OperatorId, TaskId, Timestamp,
    error::ErrorBody,
    message::{Author, COMMENT_CHARS_MAX, Rate, Rated},
    paths,
    task::Status,
};
use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::Response,
};
use serde_json::Value;

use super::{
    auth::{AgentAuth, OperatorAuth},
    body::JsonBody,
    error::{self, ApiError, checked},
    idempotency::once,
    tasks::{owned, task_id},
    views,
};
use crate::{
    app::App,
    domain::{
        fields::{Fields, Parsed, text, whole},
        task::Task,
    },
    store::{
        Tx,
        ratings::{self, Rating},
        tasks,
    },
};

/// Rate the operator: 1 to 5 stars, once, after the task is completed.
#[utoipa::path(post, path = paths::RATE_OPERATOR, tag = "tasks", params(("id" = TaskId, Path)),
    request_body = Rate,
    security(("agent_key" = []), ("agent_bearer" = [])),
    responses((status = 200, body = Rated), (status = 400, body = ErrorBody),
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
        let task = rated_by_agent(tx, agent.id, id)?;
        let rated = rate(tx, &task, Author::Agent, &stated, now)?;
        Ok(views::marked(&task, rated))
    })
    .await
}

/// Rate the agent: 1 to 5 stars, once, after the task is completed.
#[utoipa::path(post, path = paths::RATE_AGENT, tag = "operators", params(("id" = TaskId, Path)),
    request_body = Rate,
    security(("operator_id" = [])),
    responses((status = 200, body = Rated), (status = 400, body = ErrorBody),
        (status = 401, body = ErrorBody), (status = 404, body = ErrorBody),
        (status = 409, body = ErrorBody)))]
pub async fn rate_agent(
    State(app): State<App>,
    operator: OperatorAuth,
    Path(id): Path<String>,
    posted: JsonBody,
) -> Result<Response, ApiError> {
    let stated = checked(parse(&posted.body))?;
    let id = task_id(&id)?;
    let now = app.clock.now();
    once(&app, posted.once(operator.id), StatusCode::OK, move |tx| {
        let task = rated_by_operator(tx, operator.id, id)?;
        rate(tx, &task, Author::Operator, &stated, now)
    })
    .await
}

fn rated_by_agent(tx: &mut Tx<'_>, agent_id: AgentId, id: TaskId) -> Result<Task, ApiError> {
    owned(tx, agent_id, id)?.ok_or_else(error::task_not_found)
}

fn rated_by_operator(
    tx: &mut Tx<'_>,
    operator_id: OperatorId,
    id: TaskId,
) -> Result<Task, ApiError> {
    tasks::get(tx, id)?
        .filter(|task| task.operator_id == Some(operator_id))
        .ok_or_else(error::task_not_claimed_by_you)
}

fn rate(
    tx: &mut Tx<'_>,
    task: &Task,
    author: Author,
    stated: &Rate,
    now: Timestamp,
) -> Result<Rated, ApiError> {
    let rating = Rating {
        author,
        stars: stated.stars,
        comment: stated.comment.clone(),
    };
    if task.status != Status::Completed || !ratings::insert(tx, task, &rating, now)? {
        return Err(error::not_ratable());
    }
    Ok(Rated {
        task_id: task.id,
        stars: rating.stars,
        comment: rating.comment,
        rated_at: now,
    })
}

fn parse(body: &Value) -> Parsed<Rate> {
    Fields::read(body, |fields| {
        let stars = fields.required("stars", whole(1..=5));
        let comment = fields.optional("comment", text(1..=COMMENT_CHARS_MAX));
        let stars = stars.and_then(|stars| u8::try_from(stars).ok());
        stars.map(|stars| Rate { stars, comment })
    })
}
