//! Content codings (RFC 9110 §8.4): decompresses request bodies and compresses responses.
//!
//! A decompressed body has to pass the same limits of its endpoint as a plain body. A response is
//! compressed if the client accepts it, if it is large enough, and if its path is in the list
//! below: where a secret is sent together with text that somebody else chose, the length of the
//! compressed response would leak the secret little by little (BREACH).

use api_types::paths;
use axum::Router;
use axum::extract::Request;
use axum::http::{Extensions, HeaderMap, HeaderValue, Method, StatusCode, Version, header};
use axum::response::{IntoResponse, Response};
use tower_http::CompressionLevel;
use tower_http::compression::Compression;
use tower_http::compression::predicate::{NotForContentType, Predicate, SizeAbove};
use tower_http::decompression::RequestDecompression;
use tower_http::normalize_path::NormalizePath;

use super::error;

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

/// Marks the response to a request at this path template if it may be compressed.
pub fn mark(method: &Method, template: &str, response: &mut Response) {
    if method == Method::GET && COMPRESSED.contains(&template) {
        response.extensions_mut().insert(Compressed);
    }
}

fn is_marked(_: StatusCode, _: Version, _: &HeaderMap, extensions: &Extensions) -> bool {
    extensions.get::<Compressed>().is_some()
}

/// Refuses a body in an unknown coding, which was not decompressed: 415 with the known codings.
pub fn refusal(request: &Request) -> Option<Response> {
    let codings = request.headers().get_all(header::CONTENT_ENCODING);
    let is_plain = |value: &HeaderValue| value.is_empty() || value == "identity";
    let taken = [(header::ACCEPT_ENCODING, TAKEN)];
    (!codings.iter().all(is_plain))
        .then(|| (taken, error::unsupported_content_coding()).into_response())
}

/// Wraps the router in the layers that must run before routing: content codings, and removal of
/// slashes at the end of the path.
pub fn around(surface: Router) -> Router {
    let surface = NormalizePath::trim_trailing_slash(surface);
    let surface = RequestDecompression::new(surface).pass_through_unaccepted(true);
    let worth_it = SizeAbove::new(WORTH_IT_BYTES).and(NotForContentType::SSE);
    let surface = Compression::new(surface)
        .quality(CompressionLevel::Fastest)
        .compress_when(worth_it.and(is_marked));
    Router::new().fallback_service(surface)
}
