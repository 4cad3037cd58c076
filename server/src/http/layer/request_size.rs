//! Size limits of a request's URL and headers. Larger requests are refused here, in the caller's
//! dialect, and so are paths that are not valid UTF-8. Far larger ones are not even read
//! (`connections/`).

use axum::extract::Request;
use axum::response::{IntoResponse, Response};

use crate::http::error::{self, ApiError};

/// Maximum length of a URL in bytes. RFC 9110 §4.1 asks for 8000.
const ADDRESS_BYTES_MAX: usize = 8 * 1024;

/// Maximum size of all headers in bytes, names and values.
const HEADER_BYTES_MAX: usize = 32 * 1024;

/// Refuses a request whose URL or headers are too large, or whose path is not valid UTF-8: 414 for
/// its URL, 404 for its path, 431 for its headers.
#[expect(
    clippy::result_large_err,
    reason = "tower-http takes the response itself"
)]
pub fn refuse_large(request: &mut Request) -> Result<(), Response> {
    check(request).map_err(ApiError::into_response)
}

fn check(request: &Request) -> Result<(), ApiError> {
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
