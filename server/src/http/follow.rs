//! Following an event log: server-sent events until the reader, the key or the server goes.
//!
//! A stream asks the store for what is new: at once when this process has news, and every second
//! for the sake of other processes. Nothing is kept in memory that the store does not have, so a
//! reader that comes back with its last id, to whichever process, misses nothing.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::time::Duration;

use api_types::KeyId;
use axum::http::{HeaderName, HeaderValue};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::{Stream, stream};
use tokio::sync::watch;
use tokio::time::Instant;

use super::auth::AgentAuth;
use super::error::{self, ApiError};
use super::events;
use crate::app::App;
use crate::metrics;
use crate::seats::Seat;
use crate::store::outbox::{self, Log, LogPosition, Placed};
use crate::store::{StoreError, keys};

/// How often other processes' events are looked for.
const POLL: Duration = Duration::from_secs(1);

/// News are looked at this often at most, however many there are.
const PAUSE: Duration = Duration::from_millis(100);

/// Events that are read at once.
const BATCH: u32 = 100;

/// After how much silence a comment says that the stream is alive.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// A stream of what follows a position.
///
/// # Errors
/// 429 while the agent has as many streams as it may have, 503 while the server has.
pub(super) fn stream(
    app: App,
    agent: &AgentAuth,
    log: Log,
    from: LogPosition,
) -> Result<Response, ApiError> {
    let seat = app.seats.take(agent.id).map_err(error::no_seat)?;
    let follower = Follower {
        news: app.news.subscribe(),
        app,
        key_id: agent.key_id,
        log,
        position: from.position,
        read: VecDeque::new(),
        looked_at: None,
        _seat: seat,
        _running: metrics::Running::event_stream(),
    };
    let alive = KeepAlive::new().interval(HEARTBEAT).text("here");
    let mut response = Sse::new(events(from, follower))
        .keep_alive(alive)
        .into_response();
    // Proxies that gather answers would hold back what is meant for now.
    let (name, value) = ("x-accel-buffering", HeaderValue::from_static("no"));
    response
        .headers_mut()
        .insert(HeaderName::from_static(name), value);
    Ok(response)
}

fn events(from: LogPosition, follower: Follower) -> impl Stream<Item = Result<Event, Infallible>> {
    // The first line comes at once: whoever waits for the headers knows that it is followed. Its id
    // is where this stream starts, so a reader that loses it before the first event comes back to
    // the same place. A line without data is no event to a reader.
    let id = from.event_id.map(|id| id.to_string());
    let hello = Event::default()
        .comment("here")
        .retry(POLL)
        .id(id.as_deref().unwrap_or(events::EARLIEST));
    let hello = stream::once(async { Ok(hello) });
    let events = stream::unfold(follower, |mut follower| async {
        let placed = follower.next().await?;
        Some((Ok(told(&placed)), follower))
    });
    stream::StreamExt::chain(hello, events)
}

fn told(placed: &Placed) -> Event {
    let event = Event::default()
        .id(placed.told.event_id.to_string())
        .event(&placed.told.event);
    // What serde wrote a moment ago for the webhook, it writes here.
    let data = serde_json::to_string(&placed.told).unwrap_or_default();
    event.data(data)
}

/// A reader of a log, and how far it has come.
struct Follower {
    app: App,
    key_id: KeyId,
    log: Log,
    position: i64,
    read: VecDeque<Placed>,
    looked_at: Option<Instant>,
    news: watch::Receiver<()>,
    _seat: Seat,
    _running: metrics::Running,
}

impl Follower {
    /// The next event; `None` when the server stops or the key was revoked.
    async fn next(&mut self) -> Option<Placed> {
        let stopping = self.app.stopping.clone();
        stopping.run_until_cancelled(self.found()).await.flatten()
    }

    async fn found(&mut self) -> Option<Placed> {
        loop {
            if let Some(placed) = self.read.pop_front() {
                self.position = placed.position;
                return Some(placed);
            }
            self.wait().await;
            self.looked_at = Some(Instant::now());
            match self.look().await {
                Ok(true) => {}
                Ok(false) => return None,
                // The reader waits for the store like everybody; its place is not lost.
                Err(error) => tracing::warn!(%error, "a stream could not read its events"),
            }
        }
    }

    /// Until there may be news.
    async fn wait(&mut self) {
        let Some(looked_at) = self.looked_at else {
            return;
        };
        tokio::select! {
            _ = self.news.changed() => tokio::time::sleep_until(looked_at + PAUSE).await,
            () = tokio::time::sleep_until(looked_at + POLL) => {}
        }
    }

    /// Reads what is new; false if the key may no longer.
    async fn look(&mut self) -> Result<bool, StoreError> {
        // What comes after this look is news again.
        self.news.borrow_and_update();
        events::place(&self.app, self.log.agent_id).await;
        let (log, position, key_id) = (self.log, self.position, self.key_id);
        let (open, read) = self
            .app
            .store
            .read(move |tx| {
                let open = keys::is_active(tx, key_id)?;
                Ok::<_, StoreError>((open, outbox::after(tx, log, position, BATCH, 0)?))
            })
            .await?;
        self.read.extend(read);
        Ok(open)
    }
}
