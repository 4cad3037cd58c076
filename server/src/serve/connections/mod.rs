//! TCP connections: their number, timeouts of idle and slow clients, the maximum size of request
//! headers, and graceful shutdown. This module knows nothing about the requests, which are handled
//! by `http`.

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

use crate::http::extract::client::Peer;
use unread::SharedBody;

/// The limits of connections.
#[derive(Clone, Copy, Debug)]
pub struct ConnectionLimits {
    /// Maximum number of open connections.
    pub most: usize,
    /// Timeout of a request's headers. A connection that is kept alive waits as long for its next
    /// request.
    pub head_within: Duration,
}

impl ConnectionLimits {
    /// Returns limits with this number of connections, and 30 seconds for the headers.
    pub fn of(most: u32) -> Self {
        Self {
            most: usize::try_from(most).unwrap_or(Semaphore::MAX_PERMITS),
            head_within: Duration::from_secs(30),
        }
    }
}

/// Maximum size in bytes of a request's URL and headers, at which reading stops. The layer
/// `http/layer/request_size.rs` refuses much smaller ones in the caller's dialect.
const HEAD_BYTES_MAX: usize = 128 * 1024;

/// Maximum number of connections beyond the limit that are answered with a refusal at the same
/// time. Others are dropped.
const REFUSED_MAX: usize = 256;

/// The response to a connection beyond the limit. Its request is not read.
const BUSY: &str = "HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json\r\n\
    retry-after: 1\r\ncache-control: no-store\r\ncontent-length: 125\r\nconnection: close\r\n\r\n\
    {\"error\":\"The server has too many connections. Try again in a second.\",\
    \"code\":\"unavailable\",\"request_id\":\"\",\"retryable\":true}";

/// The time for which a closing connection is still read, so that its last response arrives.
#[derive(Clone, Copy, Debug)]
struct Linger {
    /// The total time.
    within: Duration,
    /// The time since the last byte.
    silent: Duration,
}

/// The linger of clients that send a body which is not read.
const LINGER: Linger = Linger {
    within: Duration::from_secs(30),
    silent: Duration::from_secs(5),
};

/// The linger of connections beyond the limit.
const LINGER_BRIEFLY: Linger = Linger {
    within: Duration::from_secs(1),
    silent: Duration::from_secs(1),
};

/// Maximum number of bytes that are read while a connection closes: 64 MiB.
const LINGER_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Serves `router` on `listener` within `limits` until `stop` is cancelled. Then accepts no more
/// connections, and returns when the current requests are answered.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    limits: ConnectionLimits,
    stop: CancellationToken,
) {
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
        // A small response must not wait for the next one to fill its packet.
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

/// Pauses after a failed accept. A connection that broke before it was accepted needs no pause.
/// Without a free file descriptor there is nothing to do but wait for one.
async fn pause_after(error: &io::Error) {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    if !matches!(
        error.kind(),
        ConnectionAborted | ConnectionRefused | ConnectionReset
    ) {
        tracing::error!(%error, "cannot accept a connection");
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

/// The service of one connection.
struct Answers {
    router: TowerToHyperService<Router>,
    peer: SocketAddr,
    /// Set if a request was answered and too much of its body is left. The response then says that
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

/// Serves a connection until its end, or until `stop` is cancelled and the current request is
/// answered.
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
        // The bytes were not HTTP, or the headers too large: the refusal is sent, and more may
        // still arrive.
        Err(error) => error.is_parse(),
    };
    if let Err(error) = ended {
        // A client that disconnects or does not speak HTTP is not an error of the server.
        tracing::debug!(%error, "a connection broke");
    }
    if is_unread {
        let stream = connection.into_parts().io.into_inner();
        // Its request is answered, so a shutdown need not wait for it.
        tokio::spawn(async move {
            close(stream, LINGER).await;
            drop(permit);
        });
    }
}

/// Responds that there are too many connections.
async fn refuse(mut stream: TcpStream, permit: OwnedSemaphorePermit) {
    let sent = tokio::time::timeout(LINGER_BRIEFLY.within, stream.write_all(BUSY.as_bytes()));
    if let Ok(Ok(())) = sent.await {
        close(stream, LINGER_BRIEFLY).await;
    }
    drop(permit);
}

/// Shuts down writing, and reads for a while: if a connection is closed with unread bytes, it is
/// reset and the last response is lost (RFC 9112 §9.6).
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
