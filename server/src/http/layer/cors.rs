//! Cross-origin requests: an agent that runs in a web page may call the API with its key (contract
//! §8). Any origin may, because the key is all that counts: browsers send no cookies along, and the
//! routes of the host and of operators are not shared.
//!
//! `Access-Control-*` headers are on every response of those paths, refusals included, and do not
//! depend on the origin, so that no cache can give one origin's response to another.

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

/// The paths of agents, by the first segment after `/api/v1/`. They are exactly the paths of the
/// API document's operations for agents; a test compares them.
const SHARED: [&str; 6] = [
    "agents",
    "deliveries",
    "events",
    "files",
    "operators",
    "tasks",
];

const METHODS: HeaderValue = HeaderValue::from_static("GET, HEAD, POST, PUT, PATCH, DELETE");

/// The request headers of agents that browsers send cross-origin only after a preflight.
const REQUEST_HEADERS: HeaderValue = HeaderValue::from_static(
    "authorization, content-type, content-encoding, idempotency-key, last-event-id, \
     payment-signature, x-api-dialect, x-api-key, x-request-id, x-sandbox",
);

/// The response headers that pages of other origins may read.
const ANSWER_HEADERS: HeaderValue = HeaderValue::from_static(
    "idempotent-replayed, payment-required, payment-response, ratelimit, ratelimit-policy, \
     retry-after, www-authenticate, x-ratelimit-limit, x-ratelimit-remaining, x-ratelimit-reset, \
     x-request-id",
);

/// How long a browser may cache a preflight's response: two hours, which is Chromium's maximum.
const REMEMBERED_SECONDS: HeaderValue = HeaderValue::from_static("7200");

/// Answers the preflight requests of shared paths, and lets pages of other origins read the
/// responses of shared paths.
pub async fn layer(request: Request, next: Next) -> Response {
    if !is_shared(request.uri().path()) {
        return next.run(request).await;
    }
    let mut response = if is_preflight(&request) {
        preflight()
    } else {
        next.run(request).await
    };
    share(response.headers_mut());
    response
}

/// Returns whether pages of other origins may call this path.
fn is_shared(path: &str) -> bool {
    let below = path.strip_prefix("/api/v1/").unwrap_or_default();
    let first = below.split('/').next().unwrap_or_default();
    SHARED.contains(&first)
}

/// Returns whether the request is a CORS preflight.
fn is_preflight(request: &Request) -> bool {
    request.method() == Method::OPTIONS
        && (request.headers()).contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
}

/// Responds to a preflight request. It has no effect, so it is not counted against the rate limit.
fn preflight() -> Response {
    let allowed = [
        (header::ACCESS_CONTROL_ALLOW_METHODS, METHODS),
        (header::ACCESS_CONTROL_ALLOW_HEADERS, REQUEST_HEADERS),
        (header::ACCESS_CONTROL_MAX_AGE, REMEMBERED_SECONDS),
    ];
    (StatusCode::NO_CONTENT, allowed).into_response()
}

/// Lets pages of other origins read a response.
fn share(headers: &mut HeaderMap) {
    let any = HeaderValue::from_static("*");
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, any);
    headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, ANSWER_HEADERS);
}
