//! Messages between an agent and the operator who claimed its task (contract §4). The marketplace's
//! own messages about moves are in the same list.

use api_types::{
    MessageId, TaskId,
    error::ErrorBody,
    message::{Author, MESSAGE_CHARS_MAX, Message, SendMessage},
    page::Page,
    paths,
};
use axum::{
    Json,
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
    page::PageQuery,
    tasks::{owned, task_id},
};
use crate::{
    app::App,
    domain::{
        fields::{Fields, Parsed, text},
        task::{MoveContext, Task},
    },
    store::{
        Tx,
        messages::{self, MessageReader, MessageWindow, NewMessage},
        tasks,
    },
};

/// Maximum number of messages that people may write about one task.
const MESSAGES_MAX: i64 = 1000;

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

/// Read the messages of the operator's own claim, oldest first. This marks the agent's as read.
///
/// They stay readable for an operator who has lost or given back the claim.
#[utoipa::path(get, path = paths::OPERATOR_MESSAGES, tag = "operators",
    params(("id" = TaskId, Path), ("limit" = Option<u32>, Query),
        ("offset" = Option<u32>, Query), ("cursor" = Option<String>, Query)),
    security(("operator_id" = [])),
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
        if claims || messages::any(tx, id, reader)? {
            Ok(())
        } else {
            Err(error::task_not_claimed_by_you())
        }
    };
    read(&app, id, reader, page, visible).await
}

async fn read(
    app: &App,
    id: TaskId,
    reader: MessageReader,
    page: PageQuery,
    visible: impl Fn(&mut Tx<'_>) -> Result<(), ApiError> + Send + 'static,
) -> Result<Json<Page<Message>>, ApiError> {
    let window = MessageWindow {
        limit: page.limit,
        offset: page.offset,
        after: page.after()?,
    };
    let (found, unread) = app
        .store
        .read(move |tx| {
            visible(tx)?;
            let found = messages::list(tx, id, reader, window)?;
            Ok::<_, ApiError>((found, messages::any_unread(tx, id, reader)?))
        })
        .await?;
    if unread {
        let now = app.clock.now();
        app.store
            .write(move |tx| messages::mark_read(tx, id, reader, now))
            .await?;
    }
    Ok(Json(page.of(found.rows, found.total, |message| {
        message.id.to_string()
    })))
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
    let turn = app.turn();
    once(
        &app,
        posted.once(agent.id),
        StatusCode::CREATED,
        move |tx| {
            let task = owned(tx, agent.id, id)?.ok_or_else(error::task_not_found)?;
            write(tx, &task, Author::Agent, &stated.body, turn)
        },
    )
    .await
}

/// Send a message to the agent that posted the claimed task.
#[utoipa::path(post, path = paths::OPERATOR_MESSAGES, tag = "operators",
    params(("id" = TaskId, Path)), request_body = SendMessage,
    security(("operator_id" = [])),
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
    let turn = app.turn();
    once(
        &app,
        posted.once(operator.id),
        StatusCode::CREATED,
        move |tx| {
            let task = tasks::get(tx, id)?.filter(|task| task.operator_id == Some(operator.id));
            let task = task.ok_or_else(error::task_not_claimed_by_you)?;
            write(tx, &task, Author::Operator, &stated.body, turn)
        },
    )
    .await
}

fn parse(body: &Value) -> Parsed<SendMessage> {
    Fields::read(body, |fields| {
        let body = fields.required("body", text(1..=MESSAGE_CHARS_MAX));
        body.map(|body| SendMessage { body })
    })
}

fn write(
    tx: &mut Tx<'_>,
    task: &Task,
    author: Author,
    body: &str,
    turn: MoveContext,
) -> Result<Message, ApiError> {
    let claim = task.operator_id.filter(|_| task.can_be_talked_about());
    let operator_id = claim.ok_or_else(error::not_talked_about)?;
    if messages::count(tx, task.id)? >= MESSAGES_MAX {
        return Err(error::too_many_messages(MESSAGES_MAX));
    }
    let message = NewMessage {
        id: MessageId::new(turn.now, turn.random),
        task_id: task.id,
        operator_id,
        author,
        body: body.to_owned(),
        at: turn.now,
    };
    messages::insert(tx, &message)?;
    Ok(Message {
        id: message.id,
        from: author,
        body: message.body,
        created_at: turn.now,
        read_at: None,
    })
}
