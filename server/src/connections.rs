//! Connections: how many are taken, how long one may be idle or slow, and how large the head of a
//! request may be. What is asked over them is `http`'s affair.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::response::Response;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

use crate::http::client::Peer;

/// What is asked of those who connect.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Connections that are open at one time at most.
    pub most: usize,
    /// How long the head of a request may take to arrive. A connection that is kept alive waits
    /// for its next request as long.
    pub head_within: Duration,
}

impl Limits {
    /// So many connections, and half a minute for a head.
    pub fn of(most: u32) -> Self {
        Self {
            most: usize::try_from(most).unwrap_or(Semaphore::MAX_PERMITS),
            head_within: Duration::from_secs(30),
        }
    }
}

/// Bytes of a request's head at most. `http/head.rs` refuses much smaller ones in the caller's
/// dialect; this is where reading stops.
const HEAD_BYTES_MAX: usize = 128 * 1024;

/// Connections beyond the limit that are told so at one time; the others are dropped.
const TURNED_AWAY_MAX: usize = 256;

/// What a connection beyond the limit is told, without being read.
const BUSY: &str = "HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json\r\n\
    retry-after: 1\r\ncache-control: no-store\r\ncontent-length: 125\r\nconnection: close\r\n\r\n\
    {\"error\":\"The server has too many connections. Try again in a second.\",\
    \"code\":\"unavailable\",\"request_id\":\"\",\"retryable\":true}";

/// Serves `router` on `listener` within `limits` until `stop`; then takes no more connections, and
/// returns when the requests that run are answered.
pub async fn serve(listener: TcpListener, router: Router, limits: Limits, stop: CancellationToken) {
    let graceful = GracefulShutdown::new();
    let places = Arc::new(Semaphore::new(limits.most));
    let doors = Arc::new(Semaphore::new(TURNED_AWAY_MAX));
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head_within)
        .max_header_size(HEAD_BYTES_MAX);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stop.cancelled() => break,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                pause_after(&error).await;
                continue;
            }
        };
        // A small answer must not wait for the next one to fill its packet.
        drop(stream.set_nodelay(true));
        if let Ok(place) = Arc::clone(&places).try_acquire_owned() {
            let surface = service(router.clone(), peer);
            let connection = builder.serve_connection(TokioIo::new(stream), surface);
            tokio::spawn(watched(graceful.watch(connection), place));
        } else if let Ok(door) = Arc::clone(&doors).try_acquire_owned() {
            tokio::spawn(turn_away(stream, door));
        }
    }
    drop(listener);
    graceful.shutdown().await;
}

/// A connection that broke before it was taken is nobody's fault. Without a free file descriptor
/// there is nothing to do but wait for one.
async fn pause_after(error: &io::Error) {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    if !matches!(
        error.kind(),
        ConnectionAborted | ConnectionRefused | ConnectionReset
    ) {
        tracing::error!(%error, "no connection can be taken");
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

/// The surface, told who asks.
fn service(
    router: Router,
    peer: SocketAddr,
) -> impl Service<
    hyper::Request<Incoming>,
    Response = Response,
    Error = Infallible,
    Future: Send + 'static,
> + Send
+ 'static {
    let surface = TowerToHyperService::new(router);
    service_fn(move |request: hyper::Request<Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(Peer(peer));
        surface.call(request)
    })
}

async fn watched(
    connection: impl Future<Output = Result<(), hyper::Error>>,
    place: OwnedSemaphorePermit,
) {
    if let Err(error) = connection.await {
        // A client that goes away, or is no HTTP client, is not ours to mend.
        tracing::debug!(%error, "a connection broke");
    }
    drop(place);
}

/// Says why, and reads on for a second: a connection that is closed over unread bytes is reset,
/// and the answer with it.
async fn turn_away(mut stream: TcpStream, door: OwnedSemaphorePermit) {
    let told = async {
        stream.write_all(BUSY.as_bytes()).await?;
        stream.shutdown().await?;
        let mut unread = [0; 4096];
        while stream.read(&mut unread).await? > 0 {}
        io::Result::Ok(())
    };
    drop(tokio::time::timeout(Duration::from_secs(1), told).await);
    drop(door);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_length_that_is_stated_to_those_who_are_turned_away_is_right() {
        let (head, body) = BUSY.split_once("\r\n\r\n").unwrap();
        assert!(
            head.contains(&format!("content-length: {}\r\n", body.len())),
            "{}",
            body.len()
        );
        let body: api_types::error::ErrorBody = serde_json::from_str(body).unwrap();
        assert!(body.retryable);
    }
}
