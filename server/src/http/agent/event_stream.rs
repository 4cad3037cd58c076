//! Event streams: server-sent events until the client disconnects, its key is revoked or the server
//! stops.
//!
//! A stream queries the store at once when this process has written events, and every second for
//! the events of other processes. Nothing is kept in memory that the store does not have, so a
//! client that reconnects to any process with its last id misses nothing.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::time::Duration;

use api_types::{AgentId, KeyId};
use axum::http::{HeaderName, HeaderValue};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::{Stream, stream};
use tokio::sync::watch;
use tokio::time::Instant;

use crate::app::App;
use crate::http::agent::stream_slots::StreamSlot;
use crate::metrics;
use crate::store::outbox::{self, EventLog, LogPosition, PlacedEvent};
use crate::store::search::PageWindow;
use crate::store::{StoreError, keys};

/// Interval at which a stream looks for events of other processes.
const POLL: Duration = Duration::from_secs(1);

/// Minimum interval between two queries of a stream, however many events there are.
const PAUSE: Duration = Duration::from_millis(100);

/// Number of events read by one query.
const BATCH: u32 = 100;

/// Time without an event after which a comment shows that the stream is alive.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// The name of the position before the first event.
pub(in crate::http) const EARLIEST: &str = "earliest";

/// Starts a stream of the events after a position, which holds its slot until it ends.
pub(in crate::http) fn stream(
    app: App,
    (key_id, slot): (KeyId, StreamSlot),
    log: EventLog,
    from: LogPosition,
) -> Response {
    let follower = Follower {
        news: app.news.subscribe(),
        app,
        key_id,
        log,
        position: from.position,
        read: VecDeque::new(),
        last_read_at: None,
        _slot: slot,
        _running: metrics::GaugeGuard::event_stream(),
    };
    let alive = KeepAlive::new().interval(HEARTBEAT).text("here");
    let mut response = Sse::new(events(from, follower))
        .keep_alive(alive)
        .into_response();
    // Proxies that buffer responses would delay the events.
    let (name, value) = ("x-accel-buffering", HeaderValue::from_static("no"));
    response
        .headers_mut()
        .insert(HeaderName::from_static(name), value);
    response
}

fn events(from: LogPosition, follower: Follower) -> impl Stream<Item = Result<Event, Infallible>> {
    // The first line is sent at once, so that a client knows that the stream is open. Its id is the
    // position at which this stream starts, so a client that loses it before the first event
    // resumes at the same position. Clients do not treat a line without data as an event.
    let id = from.event_id.map(|id| id.to_string());
    let hello = Event::default()
        .comment("here")
        .retry(POLL)
        .id(id.as_deref().unwrap_or(EARLIEST));
    let hello = stream::once(async { Ok(hello) });
    let events = stream::unfold(follower, |mut follower| async {
        let placed = follower.next().await?;
        Some((Ok(event(&placed)), follower))
    });
    stream::StreamExt::chain(hello, events)
}

fn event(placed: &PlacedEvent) -> Event {
    let event = Event::default()
        .id(placed.event.event_id.to_string())
        .event(&placed.event.event);
    // The webhook serialises the same value, so this cannot fail.
    let data = serde_json::to_string(&placed.event).unwrap_or_default();
    event.data(data)
}

/// A reader of a log with its current position.
struct Follower {
    app: App,
    key_id: KeyId,
    log: EventLog,
    position: i64,
    read: VecDeque<PlacedEvent>,
    last_read_at: Option<Instant>,
    news: watch::Receiver<()>,
    _slot: StreamSlot,
    _running: metrics::GaugeGuard,
}

impl Follower {
    /// Returns the next event, or `None` when the server stops or the key was revoked.
    async fn next(&mut self) -> Option<PlacedEvent> {
        let stopping = self.app.stopping.clone();
        stopping
            .run_until_cancelled(self.next_event())
            .await
            .flatten()
    }

    async fn next_event(&mut self) -> Option<PlacedEvent> {
        loop {
            if let Some(placed) = self.read.pop_front() {
                self.position = placed.position;
                return Some(placed);
            }
            self.wait().await;
            self.last_read_at = Some(Instant::now());
            match self.read_new().await {
                Ok(true) => {}
                Ok(false) => return None,
                // The stream tries again like any reader, and its position is not lost.
                Err(error) => tracing::warn!(%error, "a stream could not read its events"),
            }
        }
    }

    /// Waits until there may be new events.
    async fn wait(&mut self) {
        let Some(last_read_at) = self.last_read_at else {
            return;
        };
        tokio::select! {
            _ = self.news.changed() => tokio::time::sleep_until(last_read_at + PAUSE).await,
            () = tokio::time::sleep_until(last_read_at + POLL) => {}
        }
    }

    /// Reads new events. Returns false if the key was revoked.
    async fn read_new(&mut self) -> Result<bool, StoreError> {
        // Anything that happens after this line counts as new again.
        self.news.borrow_and_update();
        assign_positions(&self.app, self.log.agent_id).await;
        let (log, position, key_id) = (self.log, self.position, self.key_id);
        let (open, read) = self
            .app
            .store
            .read(move |tx| {
                let open = keys::is_active(tx, key_id)?;
                let window = PageWindow {
                    after: Some(position),
                    ..PageWindow::first(BATCH)
                };
                Ok::<_, StoreError>((open, outbox::after(tx, log, window)?))
            })
            .await?;
        self.read.extend(read);
        Ok(open)
    }
}

/// Assigns a position to every committed event of the agent. A failure is ignored: the log can be
/// read up to the last event that has a position, even while the store accepts no writes.
pub(in crate::http) async fn assign_positions(app: &App, agent_id: AgentId) {
    let placed = async {
        while app
            .store
            .read(move |tx| outbox::has_unplaced(tx, agent_id))
            .await?
        {
            app.store
                .write(move |tx| outbox::assign_positions(tx, agent_id))
                .await?;
        }
        Ok::<_, StoreError>(())
    };
    if let Err(error) = placed.await {
        tracing::warn!(%error, "events were not given their places in the log");
    }
}
