//! The sentences: every refusal's code and wire string, each under a name that says when it is
//! given. Here those of any request, beside it those of its subject. What a refusal is, and the
//! shapes it takes on the wire, is said in `api_error.rs` and `dialect.rs`.

mod accounts;
mod money;
mod tasks;

use api_types::MicroUsd;
use api_types::error::{ErrorCode, Fault};
use axum::http::StatusCode;

pub use super::api_error::{ApiError, ApprovalNeed};
use crate::domain::faults::Faults;
use crate::domain::fields::Parsed;
pub use crate::domain::fields::fault;
use crate::seats::NoSeat;
pub use accounts::*;
pub use money::*;
pub use tasks::*;

/// Every fault of a request at once. The sentence repeats the first, and counts the others.
pub fn validation(faults: impl Into<Faults>) -> ApiError {
    let faults = faults.into();
    let first = faults.listed().next().map(sentence_of);
    let first = first.unwrap_or_else(|| "The request is not as documented.".to_owned());
    let listed = faults.listed().count().saturating_sub(1);
    let sentence = match faults.count().saturating_sub(1) {
        0 => first,
        others if others == listed => format!("{first} ({others} more in details.)"),
        others => format!("{first} ({others} more, {listed} of them in details.)"),
    };
    let mut error = ApiError::new(ErrorCode::Validation, sentence);
    error.faults = faults;
    error
}

fn sentence_of(fault: &Fault) -> String {
    let stop = if fault.message.ends_with('.') {
        ""
    } else {
        "."
    };
    if fault.field.is_empty() {
        format!("{}{stop}", fault.message)
    } else {
        format!("{}: {}{stop}", fault.field, fault.message)
    }
}

/// Every fault of a typed result against the schema of its task.
pub fn result_unfit(faults: Faults) -> ApiError {
    let mut error = validation(faults);
    error.code = ErrorCode::SchemaValidationFailed;
    error
}

/// One fault of the request as a whole.
pub fn malformed(message: impl Into<String>) -> ApiError {
    validation(vec![fault("", message)])
}

/// No such path.
pub fn no_such_path() -> ApiError {
    ApiError::new(
        ErrorCode::NotFound,
        "No such path. /openapi.json lists what this server offers.",
    )
}

/// The path is there, with other methods.
pub fn method_not_allowed() -> ApiError {
    ApiError::new(
        ErrorCode::MethodNotAllowed,
        "This path does not take that method. The Allow header lists those it takes.",
    )
}

/// No such file, or its address has expired.
pub fn file_not_found() -> ApiError {
    ApiError::new(
        ErrorCode::NotFound,
        "File not found, or its address has expired. Fetch the task again for a fresh address.",
    )
}

/// No such delivery to this agent's callbacks.
pub fn delivery_not_found() -> ApiError {
    ApiError::new(ErrorCode::NotFound, "Delivery not found")
}

/// No more streams are opened now.
pub fn no_seat(why: NoSeat) -> ApiError {
    match why {
        NoSeat::OfAgent => ApiError::new(
            ErrorCode::RateLimited,
            "Your agent has as many event streams open as it may have. Close one first.",
        )
        .retry_after(5),
        NoSeat::AtAll => unavailable(),
    }
}

/// The body is larger than the endpoint takes.
pub fn too_large(bytes_max: u64) -> ApiError {
    ApiError::new(
        ErrorCode::TooLarge,
        format!(
            "The body is too large: at most {bytes_max} bytes ({} MiB) are taken here.",
            bytes_max / (1024 * 1024)
        ),
    )
}

/// The address is longer than any that this server makes or takes.
pub fn address_too_long(bytes_max: usize) -> ApiError {
    let message = format!("The address is too long: at most {bytes_max} bytes are taken.");
    ApiError::new(ErrorCode::TooLarge, message).answered(StatusCode::URI_TOO_LONG)
}

/// The headers are larger than any request of ours needs.
pub fn headers_too_large(bytes_max: usize) -> ApiError {
    let message = format!("The headers are too large: at most {bytes_max} bytes are taken.");
    let status = StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE;
    ApiError::new(ErrorCode::TooLarge, message).answered(status)
}

/// The client has no more requests at this path in this minute.
pub fn rate_limited(most: u32, seconds: u32) -> ApiError {
    let message = format!(
        "Too many requests: at most {most} a minute are taken here. Try again in {seconds} s."
    );
    ApiError::new(ErrorCode::RateLimited, message).retry_after(seconds)
}

/// The body's content type is not one that the endpoint takes.
pub fn unsupported_media_type(message: &'static str) -> ApiError {
    ApiError::new(ErrorCode::UnsupportedMediaType, message)
}

/// The body is coded in a way that the server cannot decode.
pub fn unsupported_content_coding() -> ApiError {
    unsupported_media_type(
        "This Content-Encoding is not known. Send the body plain, or as gzip, deflate or br.",
    )
}

/// The idempotency key was used with another body.
pub fn idempotency_mismatch() -> ApiError {
    ApiError::new(
        ErrorCode::IdempotencyMismatch,
        "This Idempotency-Key was used with another body. Use a new key for a new request.",
    )
}

/// A request with this idempotency key is being carried out now.
pub fn idempotency_in_flight() -> ApiError {
    ApiError::new(
        ErrorCode::IdempotencyConflict,
        "A request with this Idempotency-Key is being carried out now. Send it again shortly.",
    )
    .retry_after(1)
}

/// The server cannot answer now.
pub fn unavailable() -> ApiError {
    ApiError::new(
        ErrorCode::Unavailable,
        "The server cannot answer this now. Try again in a second.",
    )
    .retry_after(1)
}

/// A parameter that must be there is not.
pub fn missing(field: &str) -> ApiError {
    validation(vec![fault(field, "is required")])
}

/// A cursor of another list.
pub fn foreign_cursor() -> ApiError {
    validation(vec![fault("cursor", "is not of this list")])
}

/// What was read of a body, or all of its faults.
///
/// # Errors
/// 400 with all of them.
pub fn checked<T>(parsed: Parsed<T>) -> Result<T, ApiError> {
    parsed.map_err(validation)
}

/// An amount as S0 prints it in sentences: whole dollars without decimals.
fn whole(amount: MicroUsd) -> String {
    let text = amount.to_string();
    text.strip_suffix(".00").map_or(text.clone(), str::to_owned)
}
