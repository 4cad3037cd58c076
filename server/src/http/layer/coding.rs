//! Content codings (RFC 9110 §8.4): decompresses request bodies and compresses responses.
//!
//! A decompressed body has to pass the same limits of its endpoint as a plain body. A response is
//! compressed if the client accepts it, if it is large enough, and if its path is in the list
//! below: where a secret is sent together with text that somebody else chose, the length of the
//! compressed response would leak the secret little by little (BREACH).

use api_types::paths;
use axum::Router;
use axum::extract::{MatchedPath, Request};
use axum::http::{Extensions, HeaderMap, HeaderValue, Method, StatusCode, Version, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tower_http::CompressionLevel;
use tower_http::compression::Compression;
use tower_http::compression::predicate::{NotForContentType, Predicate, SizeAbove};
use tower_http::decompression::RequestDecompression;
use tower_http::normalize_path::NormalizePath;

use crate::http::error;

/// The codings that a request may use, as a 415 response names them (RFC 9110 §12.5.3).
const TAKEN: HeaderValue = HeaderValue::from_static("gzip, deflate, br");

/// GET routes whose responses are compressed: lists that can be long and contain neither keys,
/// tokens, nonces, envelopes nor signed URLs.
const COMPRESSED: [&str; 9] = [
    paths::DELIVERIES,
    paths::EARNINGS,
    paths::EVENTS,
    paths::FIND_TASKS,
    paths::LEDGER,
    paths::SEARCH_OPERATORS,
    paths::TASKS,
    paths::TASK_DELIVERIES,
    paths::TASK_EVENTS,
];

/// Minimum size in bytes of a response that is compressed.
const WORTH_IT_BYTES: u16 = 1024;

/// Marks a response that may be compressed.
#[derive(Clone, Copy, Debug)]
struct Compressed;

/// Marks the response if it may be compressed.
pub async fn mark_compressible(
    template: Option<MatchedPath>,
    request: Request,
    next: Next,
) -> Response {
    let is_get = request.method() == Method::GET;
    let mut response = next.run(request).await;
    let listed = |template: MatchedPath| COMPRESSED.contains(&template.as_str());
    if is_get && template.is_some_and(listed) {
        response.extensions_mut().insert(Compressed);
    }
    response
}

fn is_marked(_: StatusCode, _: Version, _: &HeaderMap, extensions: &Extensions) -> bool {
    extensions.get::<Compressed>().is_some()
}

/// Refuses a body in an unknown coding, which was not decompressed: 415 with the known codings.
#[expect(
    clippy::result_large_err,
    reason = "tower-http takes the response itself"
)]
pub fn refuse_unknown(request: &mut Request) -> Result<(), Response> {
    let codings = request.headers().get_all(header::CONTENT_ENCODING);
    let is_plain = |value: &HeaderValue| value.is_empty() || value == "identity";
    if codings.iter().all(is_plain) {
        return Ok(());
    }
    let taken = [(header::ACCEPT_ENCODING, TAKEN)];
    Err((taken, error::unsupported_content_coding()).into_response())
}

/// Wraps the router in the layers that must run before routing: content codings, and removal of
/// slashes at the end of the path.
pub fn before_routing(surface: Router) -> Router {
    let surface = NormalizePath::trim_trailing_slash(surface);
    let surface = RequestDecompression::new(surface).pass_through_unaccepted(true);
    let worth_it = SizeAbove::new(WORTH_IT_BYTES).and(NotForContentType::SSE);
    let surface = Compression::new(surface)
        .quality(CompressionLevel::Fastest)
        .compress_when(worth_it.and(is_marked));
    Router::new().fallback_service(surface)
}
