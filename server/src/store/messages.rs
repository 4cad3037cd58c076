//! Messages between an agent and an operator, and the marketplace's notices to both.
//!
//! Functions return database errors as [`StoreError`].

use api_types::{
    MessageId, OperatorId, TaskId, Timestamp,
    message::{Author, Message},
};

use crate::domain::task::SystemMessage;
use crate::store::engine::columns::{name, text, time, time_if_any};
use crate::store::search::{KeyOrder, Listing, PageOfRows, PageWindow, Search};
use crate::store::{Row, StoreError, Tx, params};

/// A message to be written.
#[derive(Clone, Debug)]
pub struct NewMessage {
    /// The message's id.
    pub id: MessageId,
    /// The task that it is about.
    pub task_id: TaskId,
    /// The operator whose claim it belongs to.
    pub operator_id: OperatorId,
    /// The side that wrote it.
    pub author: Author,
    /// The text, of 1 to 2 000 characters.
    pub body: String,
    /// When it was written.
    pub at: Timestamp,
}

/// The reader of messages. The agent reads all messages of a task, an operator those of their own
/// claim.
#[derive(Clone, Copy, Debug)]
pub enum MessageReader {
    /// The task's agent.
    Agent,
    /// An operator who claims the task, or did.
    Operator(OperatorId),
}

/// The list of messages: oldest first.
const LISTING: Listing = Listing {
    columns: "id, author, body, created_at_ms, read_by_agent_at_ms, read_by_operator_at_ms",
    joins: "",
    key: "id",
    order: KeyOrder::OldestFirst,
};

/// Inserts a message.
pub fn insert(tx: &mut Tx<'_>, message: &NewMessage) -> Result<(), StoreError> {
    tx.send(
        "INSERT INTO message (id, task_id, operator_id, author, body, created_at_ms)
         VALUES ($1, $2, $3, $4, $5, $6)",
        params![
            message.id.to_string(),
            message.task_id.to_string(),
            message.operator_id.to_string(),
            message.author.as_str(),
            &message.body,
            message.at.as_millis(),
        ],
    )
}

/// Inserts the marketplace's own message about a move.
pub(super) fn insert_notice(
    tx: &mut Tx<'_>,
    task_id: TaskId,
    notice: &SystemMessage,
    at: Timestamp,
) -> Result<(), StoreError> {
    let message = NewMessage {
        id: notice.id,
        task_id,
        operator_id: notice.operator_id,
        author: Author::System,
        body: notice.body.clone(),
        at,
    };
    insert(tx, &message)
}

/// Returns how many messages people have written about a task.
pub fn count(tx: &mut Tx<'_>, task_id: TaskId) -> Result<i64, StoreError> {
    let row = tx.first(
        "SELECT COUNT(*) AS n FROM message WHERE task_id = $1 AND author <> 'system'",
        &params![task_id.to_string()],
    )?;
    row.map_or(Ok(0), |row| row.get("n"))
}

/// Returns a page of a task's messages for one reader, oldest first.
pub fn list(
    tx: &mut Tx<'_>,
    task_id: TaskId,
    reader: MessageReader,
    window: PageWindow<MessageId>,
) -> Result<PageOfRows<Message>, StoreError> {
    search_visible(task_id, reader).page(tx, &LISTING, window, message)
}

/// Returns the latest of a task's messages, oldest first.
pub fn latest(tx: &mut Tx<'_>, task_id: TaskId, limit: u32) -> Result<Vec<Message>, StoreError> {
    let rows = tx.query(
        "SELECT * FROM message WHERE task_id = $1 ORDER BY id DESC LIMIT $2",
        &params![task_id.to_string(), i64::from(limit)],
    )?;
    rows.iter().rev().map(message).collect()
}

/// Returns whether there is any message that a reader may see.
pub fn exists(tx: &mut Tx<'_>, task_id: TaskId, reader: MessageReader) -> Result<bool, StoreError> {
    Ok(search_visible(task_id, reader).count_up_to(tx, 1)? > 0)
}

/// Returns whether a reader has unread messages.
pub fn has_unread(
    tx: &mut Tx<'_>,
    task_id: TaskId,
    reader: MessageReader,
) -> Result<bool, StoreError> {
    Ok(search_unread(task_id, reader).count_up_to(tx, 1)? > 0)
}

/// Marks all unread messages of a reader as read.
pub fn mark_read(
    tx: &mut Tx<'_>,
    task_id: TaskId,
    reader: MessageReader,
    now: Timestamp,
) -> Result<(), StoreError> {
    let unread = search_unread(task_id, reader);
    let query = format!(
        "SELECT id FROM message WHERE {} ORDER BY id",
        unread.condition
    );
    let column = read_column(reader);
    // One by one in the order of their ids: both sides mark the marketplace's notices.
    let update = format!("UPDATE message SET {column} = $2 WHERE id = $1 AND {column} IS NULL");
    for row in tx.query(&query, &unread.params)? {
        let id: String = row.get("id")?;
        tx.send(&update, params![id, now.as_millis()])?;
    }
    Ok(())
}

fn read_column(reader: MessageReader) -> &'static str {
    match reader {
        MessageReader::Agent => "read_by_agent_at_ms",
        MessageReader::Operator(_) => "read_by_operator_at_ms",
    }
}

/// Returns the search for the messages that a reader may see.
fn search_visible(task_id: TaskId, reader: MessageReader) -> Search {
    let mut search = Search::of("message", "task_id = ", task_id);
    if let MessageReader::Operator(id) = reader {
        search.filter("operator_id = ", Some(id));
    }
    search
}

/// Returns the search for the messages that others wrote for a reader who has not read them.
fn search_unread(task_id: TaskId, reader: MessageReader) -> Search {
    let own = match reader {
        MessageReader::Agent => "agent",
        MessageReader::Operator(_) => "operator",
    };
    let mut search = search_visible(task_id, reader);
    search.require(&format!(
        "author <> '{own}' AND {} IS NULL",
        read_column(reader)
    ));
    search
}

fn message(row: &Row) -> Result<Message, StoreError> {
    let from = name(row, "author", Author::parse)?;
    let by_agent = time_if_any(row, "read_by_agent_at_ms")?;
    let by_operator = time_if_any(row, "read_by_operator_at_ms")?;
    Ok(Message {
        id: text(row, "id")?,
        from,
        body: row.get("body")?,
        created_at: time(row, "created_at_ms")?,
        read_at: match from {
            Author::Agent => by_operator,
            Author::Operator => by_agent,
            Author::System => by_agent.zip(by_operator).map(|(one, other)| one.max(other)),
        },
    })
}
