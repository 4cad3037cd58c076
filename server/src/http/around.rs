//! What every request gets, whatever it asks: an id, an answer even if its handler panics, in the
//! dialect of its caller, limits, the security headers, and one line in the log. Never a body, a
//! query or a token in that line.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt;

use super::dialect::{self, Remembered};
use super::error::ApiError;
use super::rate::{self, Windows};
use super::{coding, cors, head, request_id};
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
    let is_shared = cors::is_shared(request.uri().path());
    let answer = async |request| {
        if cors::is_preflight(&request) {
            return cors::preflight();
        }
        // The panic's own text is in the log already, by the panic hook.
        let panicked = |_| ApiError::accident("its handler panicked").into_response();
        // What is in no dialect or coding that we know counts like every other request.
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
