//! The outer middleware of every request: request id, dialect of the response, panic handling,
//! limits, security headers, and one log line. That line never contains a body, a query or a token.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt;

use super::dialect::{self, DialectCache};
use super::error::ApiError;
use super::rate::{self, RateLimiter};
use super::{coding, cors, head, request_id};
use crate::app::App;
use crate::metrics;

/// The conventions of ux.md: no inline or third-party content, WebAssembly allowed, no framing, and
/// only those device permissions that a proof needs.
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

/// The state of the outer middleware.
#[derive(Clone)]
pub struct Middleware {
    app: App,
    windows: Arc<RateLimiter>,
    remembered: DialectCache,
}

impl Middleware {
    /// Creates the state with nothing counted.
    pub fn new(app: App) -> Self {
        Self {
            app,
            windows: Arc::default(),
            remembered: DialectCache::default(),
        }
    }
}

/// Runs the outer middleware around all routes.
pub async fn around(
    State(Middleware {
        app,
        windows,
        remembered,
    }): State<Middleware>,
    request: Request,
    next: Next,
) -> Response {
    let begun = Instant::now();
    let id = request_id::of(&app, request.headers());
    let method = request.method().clone();
    let template = request.extensions().get::<MatchedPath>().cloned();
    let is_shared = cors::is_shared(request.uri().path());
    let answer = async |request| {
        if cors::is_preflight(&request) {
            return cors::preflight();
        }
        // The panic hook has already logged the panic's own message.
        let panicked = |_| ApiError::accident("its handler panicked").into_response();
        // A request in an unknown dialect or content coding still counts against the rate limit.
        let understood = async |request: Request| match dialect::stated(request.headers()) {
            Ok(_) => match coding::refusal(&request) {
                None => next.run(request).await,
                Some(refusal) => refusal,
            },
            Err(refusal) => refusal.into_response(),
        };
        let carry = async |request| match head::checked(&request) {
            Ok(()) => rate::limited(&app, &windows, request, understood).await,
            Err(refusal) => refusal.into_response(),
        };
        let answered = AssertUnwindSafe(carry(request)).catch_unwind();
        answered.await.unwrap_or_else(panicked)
    };
    let spoken = dialect::spoken(&app, &remembered, request, answer);
    let mut response = request_id::scope(id.clone(), spoken).await;
    finish_headers(response.headers_mut(), &id);
    if is_shared {
        cors::share(response.headers_mut());
    }
    if let Some(template) = &template {
        coding::mark(&method, template.as_str(), &mut response);
    }
    log(&method, template.as_ref(), &response, begun, &id);
    response
}

fn finish_headers(headers: &mut HeaderMap, id: &str) {
    if let Ok(id) = HeaderValue::from_str(id) {
        headers.insert(request_id::HEADER, id);
    }
    for (name, value) in SECURITY_HEADERS {
        // A proof file sets a stricter policy of its own.
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

/// Returns the method's name, or `OTHER` for methods that a caller made up.
fn known(method: &Method) -> &'static str {
    let methods = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];
    let known = methods.into_iter().find(|known| method.as_str() == *known);
    known.unwrap_or("OTHER")
}
