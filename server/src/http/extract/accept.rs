//! Reads the `Accept` header.

use axum::http::{HeaderMap, header};

/// Returns whether the client wants a page: browsers name HTML in `Accept`, programs do not.
pub fn wants_page(headers: &HeaderMap) -> bool {
    let accepted = headers
        .get(header::ACCEPT)
        .and_then(|accept| accept.to_str().ok());
    accepted.is_some_and(|accept| accept.to_ascii_lowercase().contains("text/html"))
}
