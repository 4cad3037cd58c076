//! The operator's side of the messages about a task (contract §4).

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
use crate::http::agent::tasks::task_id;
use crate::http::error::{self, ApiError, checked};
use crate::http::extract::auth::OperatorAuth;
use crate::http::extract::body::JsonBody;
use crate::http::extract::page::PageQuery;
use crate::http::idempotency::once;
use crate::http::messages::{read, write};
use crate::http::operator::tasks::claimed;
use crate::{
    app::App,
    store::{
        Tx,
        messages::{self, MessageReader},
        tasks,
    },
};

/// Read the messages of the operator's own claim, oldest first. This marks the agent's as read.
///
/// They stay readable for an operator who has lost or given back the claim.
#[utoipa::path(get, path = paths::OPERATOR_MESSAGES, tag = "operators",
    params(("id" = TaskId, Path), ("limit" = Option<u32>, Query),
        ("offset" = Option<u32>, Query), ("cursor" = Option<String>, Query)),
    security(("access_token" = []), ("operator_id" = [])),
    responses((status = 200, body = Page<Message>), (status = 400, body = ErrorBody),
        (status = 401, body = ErrorBody), (status = 404, body = ErrorBody)))]
pub async fn operator_messages(
    State(app): State<App>,
    operator: OperatorAuth,
    Path(id): Path<String>,
    page: PageQuery,
) -> Result<Json<Page<Message>>, ApiError> {
    let id = task_id(&id)?;
    let reader = MessageReader::Operator(operator.id);
    let visible = move |tx: &mut Tx<'_>| {
        let task = tasks::get(tx, id)?;
        let claims = task.is_some_and(|task| task.operator_id == Some(operator.id));
        if claims || messages::exists(tx, id, reader)? {
            Ok(())
        } else {
            Err(error::task_not_claimed_by_you())
        }
    };
    read(&app, id, reader, page, visible).await
}

/// Send a message to the agent that posted the claimed task.
#[utoipa::path(post, path = paths::OPERATOR_MESSAGES, tag = "operators",
    params(("id" = TaskId, Path)), request_body = SendMessage,
    security(("access_token" = []), ("operator_id" = [])),
    responses((status = 201, body = Message), (status = 400, body = ErrorBody),
        (status = 401, body = ErrorBody), (status = 404, body = ErrorBody),
        (status = 409, body = ErrorBody), (status = 422, body = ErrorBody)))]
pub async fn operator_send_message(
    State(app): State<App>,
    operator: OperatorAuth,
    Path(id): Path<String>,
    posted: JsonBody,
) -> Result<Response, ApiError> {
    let stated = checked(parse(&posted.body))?;
    let id = task_id(&id)?;
    let context = app.move_context();
    once(
        &app,
        posted.once(operator.id),
        StatusCode::CREATED,
        move |tx| {
            let task = claimed(tx, operator.id, id)?;
            write(tx, &task, Author::Operator, &stated.body, context)
        },
    )
    .await
}
