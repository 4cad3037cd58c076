//! How large the head of a request may be: its address and its headers. Larger ones are refused
//! here, in the caller's dialect, and so are paths that are no text; what is larger by far is not
//! read at all (`connections.rs`).

use axum::extract::Request;
use axum::http::{HeaderMap, header};

use super::error::{self, ApiError};

/// Bytes of an address at most: RFC 9110 §4.1 asks for 8000.
const ADDRESS_BYTES_MAX: usize = 8 * 1024;

/// Bytes of all headers at most, names and values.
const HEADER_BYTES_MAX: usize = 32 * 1024;

/// Refuses a request whose head is too large, or whose path names nothing because it is no text.
///
/// # Errors
/// 414 for its address, 404 for its path, 431 for its headers.
pub fn checked(request: &Request) -> Result<(), ApiError> {
    let address = request.uri();
    let length = address.path().len() + address.query().map_or(0, str::len);
    if length > ADDRESS_BYTES_MAX {
        return Err(error::address_too_long(ADDRESS_BYTES_MAX));
    }
    let path = percent_encoding::percent_decode_str(address.path());
    if path.decode_utf8().is_err() {
        return Err(error::no_such_path());
    }
    let headers = request.headers().iter();
    let size: usize = headers
        .map(|(name, value)| name.as_str().len() + value.len())
        .sum();
    if size > HEADER_BYTES_MAX {
        return Err(error::headers_too_large(HEADER_BYTES_MAX));
    }
    Ok(())
}

/// Whether a page is asked for: a person's browser names HTML, programs do not.
pub fn wants_page(headers: &HeaderMap) -> bool {
    let accepted = headers
        .get(header::ACCEPT)
        .and_then(|accept| accept.to_str().ok());
    accepted.is_some_and(|accept| accept.to_ascii_lowercase().contains("text/html"))
}
