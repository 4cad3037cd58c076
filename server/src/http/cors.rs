//! Cross-origin requests: an agent that lives in a web page may call the API with its key (contract
//! §8). Any origin may, because the key is all that counts: browsers send no cookies along, and
//! what the host and operators call is not shared.
//!
//! `Access-Control-*` stands on every answer of those paths, refusals included, and does not depend
//! on the origin, so that no cache can give one origin's answer to another.

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};

/// Where agents call: the first part of the path after `/api/v1/`. The API document's operations
/// for agents are exactly these; a test keeps it so.
const SHARED: [&str; 6] = [
    "agents",
    "deliveries",
    "events",
    "files",
    "operators",
    "tasks",
];

const METHODS: HeaderValue = HeaderValue::from_static("GET, HEAD, POST, PUT, PATCH, DELETE");

/// What an agent's requests carry that a browser does not send to others unasked.
const REQUEST_HEADERS: HeaderValue = HeaderValue::from_static(
    "authorization, content-type, content-encoding, idempotency-key, last-event-id, \
     payment-signature, x-api-dialect, x-api-key, x-request-id, x-sandbox",
);

/// What an answer tells beside its body.
const ANSWER_HEADERS: HeaderValue = HeaderValue::from_static(
    "idempotent-replayed, payment-required, payment-response, ratelimit, ratelimit-policy, \
     retry-after, www-authenticate, x-ratelimit-limit, x-ratelimit-remaining, x-ratelimit-reset, \
     x-request-id",
);

/// How long a browser may remember that it may call: two hours, which is Chromium's maximum.
const REMEMBERED_SECONDS: HeaderValue = HeaderValue::from_static("7200");

/// Whether pages of other origins may call this path.
pub fn is_shared(path: &str) -> bool {
    let below = path.strip_prefix("/api/v1/").unwrap_or_default();
    let first = below.split('/').next().unwrap_or_default();
    SHARED.contains(&first)
}

/// Whether a browser asks what a page may send, before it sends it.
pub fn is_preflight(request: &Request) -> bool {
    request.method() == Method::OPTIONS
        && (request.headers()).contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
        && is_shared(request.uri().path())
}

/// Answers a preflight request. It does nothing, and so is not counted against the rate limit.
pub fn preflight() -> Response {
    let allowed = [
        (header::ACCESS_CONTROL_ALLOW_METHODS, METHODS),
        (header::ACCESS_CONTROL_ALLOW_HEADERS, REQUEST_HEADERS),
        (header::ACCESS_CONTROL_MAX_AGE, REMEMBERED_SECONDS),
    ];
    (StatusCode::NO_CONTENT, allowed).into_response()
}

/// Lets pages of other origins read an answer.
pub fn share(headers: &mut HeaderMap) {
    let any = HeaderValue::from_static("*");
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, any);
    headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, ANSWER_HEADERS);
}
