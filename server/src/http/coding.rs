//! Content codings (RFC 9110 §8.4): bodies that came compressed, and answers that go out so.
//!
//! What is decoded passes the limits of its endpoint like a body that came plain. An answer is
//! compressed if its caller asks for it, if it is worth it, and if it stands in the list below:
//! where a secret stands beside text that somebody else chose, the length of the compressed answer
//! would tell the secret little by little (BREACH).

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

/// The codings that a request may use, as a refusal names them (RFC 9110 §12.5.3).
const TAKEN: HeaderValue = HeaderValue::from_static("gzip, deflate, br");

/// Answers that are compressed: lists that can be long and carry neither keys, tokens, nonces,
/// envelopes nor signed addresses.
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

/// Bytes of an answer from which on compressing it is worth the work.
const WORTH_IT_BYTES: u16 = 1024;

/// The mark of an answer that may be compressed.
#[derive(Clone, Copy, Debug)]
struct Compressed;

/// Marks the answer to a request at this path template if it may be compressed.
pub fn mark(method: &Method, template: &str, response: &mut Response) {
    if method == Method::GET && COMPRESSED.contains(&template) {
        response.extensions_mut().insert(Compressed);
    }
}

fn is_marked(_: StatusCode, _: Version, _: &HeaderMap, extensions: &Extensions) -> bool {
    extensions.get::<Compressed>().is_some()
}

/// Refuses a body in a coding that was not decoded because it is not known: 415, with those that
/// are.
pub fn refusal(request: &Request) -> Option<Response> {
    let codings = request.headers().get_all(header::CONTENT_ENCODING);
    let is_plain = |value: &HeaderValue| value.is_empty() || value == "identity";
    let taken = [(header::ACCEPT_ENCODING, TAKEN)];
    (!codings.iter().all(is_plain))
        .then(|| (taken, error::unsupported_content_coding()).into_response())
}

/// The surface behind everything that reads or changes a request before it is routed: codings, and
/// a slash at the end of a path, which means nothing.
pub fn around(surface: Router) -> Router {
    let surface = NormalizePath::trim_trailing_slash(surface);
    let surface = RequestDecompression::new(surface).pass_through_unaccepted(true);
    let worth_it = SizeAbove::new(WORTH_IT_BYTES).and(NotForContentType::SSE);
    let surface = Compression::new(surface)
        .quality(CompressionLevel::Fastest)
        .compress_when(worth_it.and(is_marked));
    Router::new().fallback_service(surface)
}
