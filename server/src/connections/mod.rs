//! Connections: how many are taken, how long one may be idle or slow, and how large the head of a
//! request may be, and how they end. What is asked over them is `http`'s affair.

mod unread;

use std::convert::Infallible;
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderValue, header};
use axum::response::Response;
use hyper::body::{Body as _, Incoming};
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::http::client::Peer;
use unread::SharedBody;

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

/// How long a connection that is closed is read on, so that its last answer arrives.
#[derive(Clone, Copy, Debug)]
struct Linger {
    /// In all.
    within: Duration,
    /// Since the last byte.
    silent: Duration,
}

/// For clients that send a body which nobody reads.
const LINGER: Linger = Linger {
    within: Duration::from_secs(30),
    silent: Duration::from_secs(5),
};

/// For those beyond the limit.
const LINGER_BRIEFLY: Linger = Linger {
    within: Duration::from_secs(1),
    silent: Duration::from_secs(1),
};

/// Bytes that are read on at most: 64 MiB.
const LINGER_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Serves `router` on `listener` within `limits` until `stop`; then takes no more connections, and
/// returns when the requests that run are answered.
pub async fn serve(listener: TcpListener, router: Router, limits: Limits, stop: CancellationToken) {
    let running = TaskTracker::new();
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
            let unread = Arc::new(AtomicBool::new(false));
            let surface = service(router.clone(), peer, Arc::clone(&unread));
            let connection = builder.serve_connection(TokioIo::new(stream), surface);
            running.spawn(converse(connection, unread, stop.clone(), place));
        } else if let Ok(door) = Arc::clone(&doors).try_acquire_owned() {
            tokio::spawn(turn_away(stream, door));
        }
    }
    drop(listener);
    running.close();
    running.wait().await;
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

/// The surface, told who asks. `unread` is set when a request is answered and too much of its body
/// is left; the answer says then that the connection closes.
fn service(
    router: Router,
    peer: SocketAddr,
    unread: Arc<AtomicBool>,
) -> impl Service<
    hyper::Request<Incoming>,
    Response = Response,
    Error = Infallible,
    Future: Send + Unpin + 'static,
> + Send
+ Unpin
+ 'static {
    let surface = TowerToHyperService::new(router);
    service_fn(move |mut request: hyper::Request<Incoming>| {
        request.extensions_mut().insert(Peer(peer));
        let (surface, unread) = (surface.clone(), Arc::clone(&unread));
        Box::pin(async move {
            if request.body().is_end_stream() {
                return surface.call(request.map(Body::new)).await;
            }
            let waits_for_leave = request.headers().contains_key(header::EXPECT);
            let (parts, body) = request.into_parts();
            let mut body = SharedBody::new(body);
            let request = hyper::Request::from_parts(parts, Body::new(body.clone()));
            let mut response = surface.call(request).await?;
            if !body.is_drained(waits_for_leave).await {
                unread.store(true, Ordering::Relaxed);
                let close = HeaderValue::from_static("close");
                response.headers_mut().insert(header::CONNECTION, close);
            }
            Ok(response)
        })
    })
}

/// Answers what comes over a connection until its end, or until `stop` and the end of the request
/// that runs.
async fn converse<S>(
    mut connection: http1::Connection<TokioIo<TcpStream>, S>,
    unread: Arc<AtomicBool>,
    stop: CancellationToken,
    place: OwnedSemaphorePermit,
) where
    S: Service<
            hyper::Request<Incoming>,
            Response = Response,
            Error = Infallible,
            Future: Send + Unpin + 'static,
        > + Send
        + Unpin
        + 'static,
{
    let stopped = tokio::select! {
        ended = poll_fn(|context| connection.poll_without_shutdown(context)) => Some(ended),
        () = stop.cancelled() => None,
    };
    let ended = match stopped {
        Some(ended) => ended,
        None => {
            Pin::new(&mut connection).graceful_shutdown();
            poll_fn(|context| connection.poll_without_shutdown(context)).await
        }
    };
    let is_unread = match &ended {
        Ok(()) => unread.load(Ordering::Relaxed),
        // It was no HTTP, or its head too large: it was told so, and may be sending still.
        Err(error) => error.is_parse(),
    };
    if let Err(error) = ended {
        // A client that goes away, or is no HTTP client, is not ours to mend.
        tracing::debug!(%error, "a connection broke");
    }
    if is_unread {
        let stream = connection.into_parts().io.into_inner();
        // Its request is answered, so a stop need not wait for it.
        tokio::spawn(async move {
            close(stream, LINGER).await;
            drop(place);
        });
    }
}

/// Answers that there is no room.
async fn turn_away(mut stream: TcpStream, door: OwnedSemaphorePermit) {
    let told = tokio::time::timeout(LINGER_BRIEFLY.within, stream.write_all(BUSY.as_bytes()));
    if let Ok(Ok(())) = told.await {
        close(stream, LINGER_BRIEFLY).await;
    }
    drop(door);
}

/// Says that no more is sent, and reads on for a while: a connection that is closed over unread
/// bytes is reset, and the last answer lost with it (RFC 9112 §9.6).
async fn close(mut stream: TcpStream, linger: Linger) {
    let read_on = async {
        stream.shutdown().await?;
        let mut unread = vec![0; 16 * 1024];
        let mut discarded = 0;
        while discarded < LINGER_BYTES_MAX {
            let read = tokio::time::timeout(linger.silent, stream.read(&mut unread)).await??;
            if read == 0 {
                break;
            }
            discarded += read;
        }
        io::Result::Ok(())
    };
    drop(tokio::time::timeout(linger.within, read_on).await);
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
