//! The event log of an agent and of one task, by cursor or as a stream of server-sent events
//! (contract §4). Ordering is in `store/outbox.rs`, the streams are in `event_stream.rs`.

use api_types::{AgentId, EventId, TaskId, error::ErrorBody, event::TaskEvent, page::Page, paths};
use axum::{
    Extension, Json,
    extract::{Path, State},
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
};

use crate::http::agent::event_stream::{self, EARLIEST, assign_positions};
use crate::http::agent::stream_slots::{StreamLimit, StreamSlots};
use crate::http::agent::tasks;
use crate::http::error::{self, ApiError};
use crate::http::extract::auth::AgentAuth;
use crate::http::extract::page::{PageQuery, Parameters};
use crate::{
    app::App,
    store::{
        Tx,
        outbox::{self, EventLog, LogPosition},
        search::PageWindow,
    },
};

/// List the events of all the agent's tasks, oldest first, or follow them as a stream.
///
/// With `Accept: text/event-stream` events are sent as they happen, each with its id, and
/// `Last-Event-ID` resumes a stream that broke off.
///
/// A stream begins with a line that has only an `id`, the position that the stream starts after. A
/// client that reconnects with it misses nothing, even if the stream broke before its first event.
/// The position before the first event is called `earliest`.
#[utoipa::path(get, path = paths::EVENTS, tag = "events",
    params(("after" = Option<String>, Query,
            description = "An event's id, of a webhook too, `earliest` or `latest`: those after it"),
        ("cursor" = Option<String>, Query), ("limit" = Option<u32>, Query),
        ("offset" = Option<u32>, Query),
        ("Last-Event-ID" = Option<String>, Header, description = "Like `after`, for streams")),
    security(("agent_key" = []), ("agent_bearer" = [])),
    responses(
        (status = 200, content((Page<TaskEvent> = "application/json"),
            (String = "text/event-stream"))),
        (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
        (status = 429, body = ErrorBody), (status = 503, body = ErrorBody)))]
pub async fn list_events(
    State(app): State<App>,
    agent: AgentAuth,
    Extension(slots): Extension<StreamSlots>,
    headers: HeaderMap,
    query: Parameters,
) -> Result<Response, ApiError> {
    answer(app, agent, None, &slots, &headers, query).await
}

/// List the events of one task, oldest first, or follow them as a stream, as for all tasks.
#[utoipa::path(get, path = paths::TASK_EVENTS, tag = "events",
    params(("id" = TaskId, Path),
        ("after" = Option<String>, Query,
            description = "An event's id, of a webhook too, `earliest` or `latest`: those after it"),
        ("cursor" = Option<String>, Query), ("limit" = Option<u32>, Query),
        ("offset" = Option<u32>, Query),
        ("Last-Event-ID" = Option<String>, Header, description = "Like `after`, for streams")),
    security(("agent_key" = []), ("agent_bearer" = [])),
    responses(
        (status = 200, content((Page<TaskEvent> = "application/json"),
            (String = "text/event-stream"))),
        (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
        (status = 404, body = ErrorBody), (status = 429, body = ErrorBody),
        (status = 503, body = ErrorBody)))]
pub async fn list_task_events(
    State(app): State<App>,
    agent: AgentAuth,
    Path(id): Path<String>,
    Extension(slots): Extension<StreamSlots>,
    headers: HeaderMap,
    query: Parameters,
) -> Result<Response, ApiError> {
    let id = tasks::task_id(&id)?;
    app.store
        .read(move |tx| tasks::owned(tx, agent.id, id)?.ok_or_else(error::task_not_found))
        .await?;
    answer(app, agent, Some(id), &slots, &headers, query).await
}

async fn answer(
    app: App,
    agent: AgentAuth,
    task_id: Option<TaskId>,
    slots: &StreamSlots,
    headers: &HeaderMap,
    mut query: Parameters,
) -> Result<Response, ApiError> {
    let page = query.page();
    let after = query.read(
        "after",
        "must be the id of an event, earliest or latest",
        LogCursor::parse,
    );
    query.finish()?;
    let log = EventLog {
        agent_id: agent.id,
        task_id,
    };
    let streamed = accepts_stream(headers);
    let last_event_id = headers.get("last-event-id").filter(|_| streamed);
    let start = match (last_event_id, page.cursor.as_deref()) {
        (Some(id), _) => LogStart::read("Last-Event-ID", id.to_str().unwrap_or_default())?,
        (None, Some(cursor)) => LogStart::read("cursor", cursor)?,
        (None, None) => LogStart {
            after: after.unwrap_or(LogCursor::Earliest),
            field: "after",
        },
    };
    assign_positions(&app, agent.id).await;
    let from = app.store.read(move |tx| start.find(tx, agent.id)).await?;
    if streamed {
        let slot = slots.take(agent.id).map_err(|limit| match limit {
            StreamLimit::OfAgent => error::too_many_streams(),
            StreamLimit::AtAll => error::unavailable(),
        })?;
        return Ok(event_stream::stream(app, (agent.key_id, slot), log, from));
    }
    Ok(Json(list(&app, log, from.position, page).await?).into_response())
}

async fn list(
    app: &App,
    log: EventLog,
    from: i64,
    page: PageQuery,
) -> Result<Page<TaskEvent>, ApiError> {
    let window = PageWindow {
        limit: page.limit,
        offset: page.offset,
        after: Some(from),
    };
    let found = app
        .store
        .read(move |tx| outbox::list(tx, log, window))
        .await?;
    let events = found.rows.into_iter().map(|placed| placed.event).collect();
    Ok(page.of(events, found.total, |event: &TaskEvent| {
        event.event_id.to_string()
    }))
}

/// The position at which a reader starts, stated in one of three ways.
struct LogStart {
    after: LogCursor,
    /// The header or parameter that states it, for the error message.
    field: &'static str,
}

impl LogStart {
    fn read(field: &'static str, text: &str) -> Result<Self, ApiError> {
        let after = LogCursor::parse(text).ok_or_else(|| not_of_this_log(field))?;
        Ok(Self { after, field })
    }

    fn find(&self, tx: &mut Tx<'_>, agent_id: AgentId) -> Result<LogPosition, ApiError> {
        match self.after {
            LogCursor::Earliest => Ok(LogPosition::BEGINNING),
            LogCursor::Latest => Ok(outbox::end(tx, agent_id)?),
            LogCursor::Event(id) => {
                let position = outbox::position_of(tx, agent_id, id)?;
                Ok(LogPosition {
                    position: position.ok_or_else(|| not_of_this_log(self.field))?,
                    event_id: Some(id),
                })
            }
        }
    }
}

/// A position in the log, as written on the wire.
enum LogCursor {
    /// The position before the first event.
    Earliest,
    /// The position after the currently last event.
    Latest,
    /// The position after this event.
    Event(EventId),
}

impl LogCursor {
    fn parse(text: &str) -> Option<Self> {
        match text {
            EARLIEST => Some(Self::Earliest),
            "latest" => Some(Self::Latest),
            id => id.parse().ok().map(Self::Event),
        }
    }
}

fn not_of_this_log(field: &str) -> ApiError {
    error::validation(vec![error::fault(field, "is not of this log")])
}

fn accepts_stream(headers: &HeaderMap) -> bool {
    let accept = headers
        .get(header::ACCEPT)
        .and_then(|value| value.to_str().ok());
    accept.is_some_and(|accept| {
        let kinds = accept
            .split(',')
            .map(|kind| kind.split(';').next().unwrap_or_default());
        kinds
            .map(str::trim)
            .any(|kind| kind.eq_ignore_ascii_case("text/event-stream"))
    })
}
