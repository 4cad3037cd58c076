//! The agent's side of the messages about a task (contract §4).

use api_types::{
    TaskId,
    error::ErrorBody,
    message::{Author, Message, SendMessage},
    page::Page,
    paths,
};
use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
    response::Response,
};

use crate::domain::message::parse;
use crate::http::agent::tasks::{owned, task_id};
use crate::http::error::{self, ApiError, checked};
use crate::http::extract::auth::AgentAuth;
use crate::http::extract::body::JsonBody;
use crate::http::extract::page::PageQuery;
use crate::http::idempotency::once;
use crate::http::messages::{read, write};
use crate::{
    app::App,
    store::{Tx, messages::MessageReader},
};

/// Read all messages about a task, oldest first. This marks the operator's messages as read.
#[utoipa::path(get, path = paths::MESSAGES, tag = "tasks",
    params(("id" = TaskId, Path), ("limit" = Option<u32>, Query),
        ("offset" = Option<u32>, Query), ("cursor" = Option<String>, Query)),
    security(("agent_key" = []), ("agent_bearer" = [])),
    responses((status = 200, body = Page<Message>), (status = 400, body = ErrorBody),
        (status = 401, body = ErrorBody), (status = 404, body = ErrorBody)))]
pub async fn messages(
    State(app): State<App>,
    agent: AgentAuth,
    Path(id): Path<String>,
    page: PageQuery,
) -> Result<Json<Page<Message>>, ApiError> {
    let id = task_id(&id)?;
    let visible = move |tx: &mut Tx<'_>| {
        owned(tx, agent.id, id)?
            .map(drop)
            .ok_or_else(error::task_not_found)
    };
    read(&app, id, MessageReader::Agent, page, visible).await
}

/// Send a message to the operator who claimed the task.
#[utoipa::path(post, path = paths::MESSAGES, tag = "tasks", params(("id" = TaskId, Path)),
    request_body = SendMessage,
    security(("agent_key" = []), ("agent_bearer" = [])),
    responses((status = 201, body = Message), (status = 400, body = ErrorBody),
        (status = 401, body = ErrorBody), (status = 404, body = ErrorBody),
        (status = 409, body = ErrorBody), (status = 422, body = ErrorBody)))]
pub async fn send_message(
    State(app): State<App>,
    agent: AgentAuth,
    Path(id): Path<String>,
    posted: JsonBody,
) -> Result<Response, ApiError> {
    let stated = checked(parse(&posted.body))?;
    let id = task_id(&id)?;
    let context = app.move_context();
    once(
        &app,
        posted.once(agent.id),
        StatusCode::CREATED,
        move |tx| {
            let task = owned(tx, agent.id, id)?.ok_or_else(error::task_not_found)?;
            write(tx, &task, Author::Agent, &stated.body, context)
        },
    )
    .await
}
