//! Sets the security headers of every response.

use axum::http::{HeaderName, HeaderValue, header};
use axum::response::Response;

/// The conventions of ux.md: no inline or third-party content, WebAssembly allowed, no framing, and
/// only those device permissions that a proof needs.
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

/// Adds the headers that the response does not have. A proof file sets a stricter policy of its
/// own.
pub fn add(mut response: Response) -> Response {
    let headers = response.headers_mut();
    for (name, value) in SECURITY_HEADERS {
        headers.entry(name).or_insert(value);
    }
    response
}
