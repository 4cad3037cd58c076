//! Reads and writes the messages about a task, for both sides (contract §4). The marketplace's own
//! messages about moves are in the same list.

use api_types::{
    MessageId, TaskId,
    message::{Author, Message},
    page::Page,
};
use axum::Json;

use crate::domain::message::MESSAGES_MAX;
use crate::http::error::{self, ApiError};
use crate::http::extract::page::PageQuery;
use crate::{
    app::App,
    domain::task::{MoveContext, Task},
    store::{
        Tx,
        messages::{self, MessageReader, NewMessage},
    },
};

/// Returns a page of the messages that the reader sees, and marks those to the reader as read.
pub(in crate::http) async fn read(
    app: &App,
    id: TaskId,
    reader: MessageReader,
    page: PageQuery,
    visible: impl Fn(&mut Tx<'_>) -> Result<(), ApiError> + Send + 'static,
) -> Result<Json<Page<Message>>, ApiError> {
    let window = page.window()?;
    let (found, unread) = app
        .store
        .read(move |tx| {
            visible(tx)?;
            let found = messages::list(tx, id, reader, window)?;
            Ok::<_, ApiError>((found, messages::has_unread(tx, id, reader)?))
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

/// Writes a message about a claimed task.
pub(in crate::http) fn write(
    tx: &mut Tx<'_>,
    task: &Task,
    author: Author,
    body: &str,
    context: MoveContext,
) -> Result<Message, ApiError> {
    let claim = task.operator_id.filter(|_| task.allows_messages());
    let operator_id = claim.ok_or_else(error::not_talked_about)?;
    if messages::count(tx, task.id)? >= MESSAGES_MAX {
        return Err(error::too_many_messages(MESSAGES_MAX));
    }
    let message = NewMessage {
        id: MessageId::new(context.now, context.random),
        task_id: task.id,
        operator_id,
        author,
        body: body.to_owned(),
        at: context.now,
    };
    messages::insert(tx, &message)?;
    Ok(Message {
        id: message.id,
        from: author,
        body: message.body,
        created_at: context.now,
        read_at: None,
    })
}
