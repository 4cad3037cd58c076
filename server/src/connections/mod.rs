//! Connections: how many are open, how long one may be idle or slow, how large the head of a request
//! may be, and how a connection ends. `http` answers the requests.

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
use futures_util::future::BoxFuture;
use hyper::body::{Body as _, Incoming};
use hyper::server::conn::http1;
use hyper::service::Service;
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

/// Connections beyond the limit that are refused with an answer at one time; the others are dropped.
const REFUSED_MAX: usize = 256;

/// The answer to a connection beyond the limit, which is not read.
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
    let permits = Arc::new(Semaphore::new(limits.most));
    let refusal_permits = Arc::new(Semaphore::new(REFUSED_MAX));
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
        if let Ok(permit) = Arc::clone(&permits).try_acquire_owned() {
            let has_unread = Arc::new(AtomicBool::new(false));
            let answers = Answers {
                router: TowerToHyperService::new(router.clone()),
                peer,
                has_unread: Arc::clone(&has_unread),
            };
            let connection = builder.serve_connection(TokioIo::new(stream), answers);
            running.spawn(serve_connection(
                connection,
                has_unread,
                stop.clone(),
                permit,
            ));
        } else if let Ok(permit) = Arc::clone(&refusal_permits).try_acquire_owned() {
            tokio::spawn(refuse(stream, permit));
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

/// What answers the requests of one connection.
struct Answers {
    router: TowerToHyperService<Router>,
    peer: SocketAddr,
    /// Set when a request is answered and too much of its body is left; the answer says then that
    /// the connection closes.
    has_unread: Arc<AtomicBool>,
}

impl Service<hyper::Request<Incoming>> for Answers {
    type Response = Response;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response, Infallible>>;

    fn call(&self, mut request: hyper::Request<Incoming>) -> Self::Future {
        request.extensions_mut().insert(Peer(self.peer));
        let (router, has_unread) = (self.router.clone(), Arc::clone(&self.has_unread));
        Box::pin(async move {
            if request.body().is_end_stream() {
                return router.call(request.map(Body::new)).await;
            }
            let expects_continue = request.headers().contains_key(header::EXPECT);
            let (parts, body) = request.into_parts();
            let mut body = SharedBody::new(body);
            let request = hyper::Request::from_parts(parts, Body::new(body.clone()));
            let mut response = router.call(request).await?;
            if !body.is_drained(expects_continue).await {
                has_unread.store(true, Ordering::Relaxed);
                let close = HeaderValue::from_static("close");
                response.headers_mut().insert(header::CONNECTION, close);
            }
            Ok(response)
        })
    }
}

/// Answers what comes over a connection until its end, or until `stop` and the end of the request
/// that runs.
async fn serve_connection(
    mut connection: http1::Connection<TokioIo<TcpStream>, Answers>,
    has_unread: Arc<AtomicBool>,
    stop: CancellationToken,
    permit: OwnedSemaphorePermit,
) {
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
        Ok(()) => has_unread.load(Ordering::Relaxed),
        // It was no HTTP, or its head too large: the refusal is sent, and more may still come.
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
            drop(permit);
        });
    }
}

/// Answers that there are too many connections.
async fn refuse(mut stream: TcpStream, permit: OwnedSemaphorePermit) {
    let sent = tokio::time::timeout(LINGER_BRIEFLY.within, stream.write_all(BUSY.as_bytes()));
    if let Ok(Ok(())) = sent.await {
        close(stream, LINGER_BRIEFLY).await;
    }
    drop(permit);
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
    fn the_refusal_states_its_length() {
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
