//! What every request gets, whatever it asks: an id, an answer even if its handler panics, in the
//! dialect of its caller, limits, the security headers, and one line in the log. Never a body, a
//! query or a token in that line.

use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::body::{Body, BodyDataStream, Bytes};
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::{FutureExt, Stream, StreamExt, stream};

use super::dialect::{self, Remembered};
use super::error::ApiError;
use super::rate::{self, Windows};
use super::{body, head, request_id};
use crate::app::App;
use crate::metrics;

/// ux.md's conventions: nothing inline, nothing foreign, wasm allowed, no framing; and of the
/// device's senses those that a proof needs.
const SECURITY_HEADERS: [(HeaderName, HeaderValue); 5] = [
    (
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(
            "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; img-src 'self' blob: data:; \
             connect-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; \
             form-action 'self'",
        ),
    ),
    (
        HeaderName::from_static("permissions-policy"),
        HeaderValue::from_static(
            "camera=(self), geolocation=(self), screen-wake-lock=(self), microphone=(), \
             payment=(), usb=(), display-capture=(), accelerometer=(), gyroscope=(), \
             magnetometer=(), midi=(), browsing-topics=()",
        ),
    ),
    (
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    ),
    (
        header::REFERRER_POLICY,
        HeaderValue::from_static("no-referrer"),
    ),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        HeaderValue::from_static("same-origin"),
    ),
];

/// Bodies up to this size are not worth the care of [`read_to_the_end`]: 64 KiB.
const SMALL_BODY_BYTES: u64 = 64 * 1024;

/// Bytes of a refused body that are read and thrown away at most: 64 MiB.
const DISCARDED_BYTES_MAX: usize = 64 * 1024 * 1024;

/// And for how long.
const DISCARDED_WITHIN: Duration = Duration::from_secs(30);

/// What the layer around all routes holds.
#[derive(Clone)]
pub struct Around {
    app: App,
    windows: Arc<Windows>,
    remembered: Remembered,
}

impl Around {
    /// With nothing counted yet.
    pub fn new(app: App) -> Self {
        Self {
            app,
            windows: Arc::default(),
            remembered: Remembered::default(),
        }
    }
}

/// The layer around all routes.
pub async fn around(
    State(Around {
        app,
        windows,
        remembered,
    }): State<Around>,
    request: Request,
    next: Next,
) -> Response {
    let begun = Instant::now();
    let id = request_id::of(&app, request.headers());
    let method = request.method().clone();
    let template = request.extensions().get::<MatchedPath>().cloned();
    let answer = async |request| {
        // The panic's own text is in the log already, by the panic hook.
        let panicked = |_| ApiError::accident("its handler panicked").into_response();
        // A name that is no dialect counts like every other request.
        let understood = async |request: Request| match dialect::stated(request.headers()) {
            Ok(_) => next.run(request).await,
            Err(refusal) => refusal.into_response(),
        };
        let carry = |request| async {
            match head::checked(&request) {
                Ok(()) => rate::limited(&app, &windows, request, understood).await,
                Err(refusal) => refusal.into_response(),
            }
        };
        let answered = AssertUnwindSafe(read_to_the_end(request, carry)).catch_unwind();
        answered.await.unwrap_or_else(panicked)
    };
    let spoken = dialect::spoken(&app, &remembered, request, answer);
    let mut response = request_id::scope(id.clone(), spoken).await;
    finish_headers(response.headers_mut(), &id);
    log(&method, template.as_ref(), &response, begun, &id);
    response
}

fn finish_headers(headers: &mut HeaderMap, id: &str) {
    if let Ok(id) = HeaderValue::from_str(id) {
        headers.insert(request_id::HEADER, id);
    }
    for (name, value) in SECURITY_HEADERS {
        // A proof file has a stricter policy of its own.
        headers.entry(name).or_insert(value);
    }
}

fn log(
    method: &Method,
    template: Option<&MatchedPath>,
    response: &Response,
    begun: Instant,
    id: &str,
) {
    let path = template.map_or("(other)", MatchedPath::as_str);
    let status = response.status().as_u16();
    metrics::request_answered(known(method), path, status, begun.elapsed());
    if path == "/healthz" || path == "/readyz" {
        return;
    }
    tracing::info!(
        method = method.as_str(),
        path,
        status,
        duration_ms = begun.elapsed().as_micros() as f64 / 1000.0,
        request_id = id,
        "request answered"
    );
}

/// A method's name, or `OTHER`: a caller may make methods up.
fn known(method: &Method) -> &'static str {
    let methods = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];
    let known = methods.into_iter().find(|known| method.as_str() == *known);
    known.unwrap_or("OTHER")
}

/// Reads what a handler left of a large body and keeps none of it, so that the caller gets to
/// read the refusal: a connection that is closed over unread bytes is reset. A caller that waits
/// for leave to send (`Expect: 100-continue`, RFC 9110 §10.1.1) is refused without it.
async fn read_to_the_end<F>(request: Request, carry: impl FnOnce(Request) -> F) -> Response
where
    F: Future<Output = Response>,
{
    let headers = request.headers();
    let small = match body::stated_length(headers) {
        Some(length) => length <= SMALL_BODY_BYTES,
        None => !headers.contains_key(header::TRANSFER_ENCODING),
    };
    if small || headers.contains_key(header::EXPECT) {
        return carry(request).await;
    }
    let (parts, body) = request.into_parts();
    let chunks = Arc::new(Mutex::new(body.into_data_stream()));
    let body = Body::from_stream(shared(Arc::clone(&chunks)));
    let response = carry(Request::from_parts(parts, body)).await;
    // Whoever sends more, or too slowly, finds the connection cut.
    drop(tokio::time::timeout(DISCARDED_WITHIN, discard(shared(chunks))).await);
    response
}

type Chunk = Result<Bytes, axum::Error>;

fn shared(chunks: Arc<Mutex<BodyDataStream>>) -> impl Stream<Item = Chunk> + Unpin {
    stream::poll_fn(move |context| {
        let mut chunks = chunks.lock().unwrap_or_else(PoisonError::into_inner);
        chunks.poll_next_unpin(context)
    })
}

async fn discard(mut chunks: impl Stream<Item = Chunk> + Unpin) {
    let mut discarded = 0;
    while let Some(Ok(chunk)) = chunks.next().await {
        discarded += chunk.len();
        if discarded > DISCARDED_BYTES_MAX {
            return;
        }
    }
}
