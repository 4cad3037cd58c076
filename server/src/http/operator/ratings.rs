//! The operator rates the agent of a completed task (contract §4).

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
use crate::http::agent::tasks::task_id;
use crate::http::error::{ApiError, checked};
use crate::http::extract::auth::OperatorAuth;
use crate::http::extract::body::JsonBody;
use crate::http::idempotency::once;
use crate::http::operator::tasks::claimed;
use crate::http::ratings::rate;

/// Rate the agent: 1 to 5 stars, once, after the task is completed.
#[utoipa::path(post, path = paths::RATE_AGENT, tag = "operators", params(("id" = TaskId, Path)),
    request_body = GiveRating,
    security(("access_token" = []), ("operator_id" = [])),
    responses((status = 200, body = GivenRating), (status = 400, body = ErrorBody),
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
        let task = claimed(tx, operator.id, id)?;
        rate(tx, &task, Author::Operator, &stated, now)
    })
    .await
}
