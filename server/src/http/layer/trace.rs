//! One span and one log line for each request, and its metrics. Neither contains a body, a query or
//! a token: a request is named by its method and by the template of its route.

use std::time::{Duration, Instant};

use axum::extract::{MatchedPath, Request};
use axum::http::Method;
use axum::middleware::Next;
use axum::response::Response;
use tracing::Instrument;

use crate::http::context;
use crate::metrics;

/// Runs the request in its span. What handlers, the store and clients of other services log is
/// logged with the request's id, method and route.
pub async fn layer(template: Option<MatchedPath>, request: Request, next: Next) -> Response {
    let started = Instant::now();
    let method = request.method().clone();
    let route = template.as_ref().map_or("(other)", MatchedPath::as_str);
    // A span of this level exists whenever anything is logged at all.
    let span = tracing::error_span!(
        "request",
        request_id = context::request_id(),
        method = method.as_str(),
        route
    );
    let response = next.run(request).instrument(span.clone()).await;
    let status = response.status().as_u16();
    let duration = started.elapsed();
    metrics::request_answered(known(&method), route, status, duration);
    if route != "/healthz" && route != "/readyz" {
        span.in_scope(|| {
            tracing::info!(status, duration_ms = millis(duration), "request answered");
        });
    }
    response
}

fn millis(duration: Duration) -> f64 {
    duration.as_micros() as f64 / 1000.0
}

/// Returns the method's name, or `OTHER` for methods that a caller made up.
fn known(method: &Method) -> &'static str {
    let methods = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];
    let known = methods.into_iter().find(|known| method.as_str() == *known);
    known.unwrap_or("OTHER")
}
