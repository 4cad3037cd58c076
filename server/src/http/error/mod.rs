//! The error messages: the code and wire string of every refusal, one function for each. A function
//! returns the error of the condition that its comment states.
//!
//! This file has the errors that any request can cause; its submodules have those of one subject.
//! The type is in `api_error.rs`, and its shapes on the wire are in `dialect.rs`.

mod accounts;
pub mod api_error;
pub mod dialect_codes;
mod money;
pub mod page;
mod sign_in;
mod tasks;

use api_types::MicroUsd;
use api_types::error::{ErrorBody, ErrorCode, Fault};
use axum::http::StatusCode;

use crate::store::StoreError;

use crate::domain::faults::Faults;
use crate::domain::fields::Parsed;
pub use crate::domain::fields::fault;
pub use accounts::*;
pub use api_error::{ApiError, ApprovalNeed};
pub use money::*;
pub use sign_in::*;
pub use tasks::*;

/// The request has faults, all of which are listed. The message repeats the first and counts the
/// rest.
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

/// The request as a whole has one fault.
pub fn malformed(message: impl Into<String>) -> ApiError {
    validation(vec![fault("", message)])
}

/// No route has this path.
pub fn no_such_path() -> ApiError {
    ApiError::new(
        ErrorCode::NotFound,
        "No such path. /openapi.json lists what this server offers.",
    )
}

/// The path exists, but not with this method.
pub fn method_not_allowed() -> ApiError {
    ApiError::new(
        ErrorCode::MethodNotAllowed,
        "This path does not take that method. The Allow header lists those it takes.",
    )
}

/// The file does not exist, or its signed URL has expired.
pub fn file_not_found() -> ApiError {
    ApiError::new(
        ErrorCode::NotFound,
        "File not found, or its address has expired. Fetch the task again for a fresh address.",
    )
}

/// The agent has no delivery with this id.
pub fn delivery_not_found() -> ApiError {
    ApiError::new(ErrorCode::NotFound, "Delivery not found")
}

/// The agent has as many open event streams as it may have.
pub fn too_many_streams() -> ApiError {
    ApiError::new(
        ErrorCode::RateLimited,
        "Your agent has as many event streams open as it may have. Close one first.",
    )
    .retry_after(5)
}

/// The body is larger than the endpoint accepts.
pub fn too_large(bytes_max: u64) -> ApiError {
    ApiError::new(
        ErrorCode::TooLarge,
        format!(
            "The body is too large: at most {bytes_max} bytes ({} MiB) are taken here.",
            bytes_max / (1024 * 1024)
        ),
    )
}

/// The URL is longer than any that this server creates or accepts.
pub fn address_too_long(bytes_max: usize) -> ApiError {
    let message = format!("The address is too long: at most {bytes_max} bytes are taken.");
    ApiError::new(ErrorCode::TooLarge, message).answered(StatusCode::URI_TOO_LONG)
}

/// The headers are larger than any request of this API needs.
pub fn headers_too_large(bytes_max: usize) -> ApiError {
    let message = format!("The headers are too large: at most {bytes_max} bytes are taken.");
    let status = StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE;
    ApiError::new(ErrorCode::TooLarge, message).answered(status)
}

/// The client has used up its requests to this path in this minute.
pub fn rate_limited(most: u32, seconds: u32) -> ApiError {
    let message = format!(
        "Too many requests: at most {most} a minute are taken here. Try again in {seconds} s."
    );
    ApiError::new(ErrorCode::RateLimited, message).retry_after(seconds)
}

/// The endpoint does not accept the body's content type.
pub fn unsupported_media_type(message: &'static str) -> ApiError {
    ApiError::new(ErrorCode::UnsupportedMediaType, message)
}

/// The server cannot decode the body's content coding.
pub fn unsupported_content_coding() -> ApiError {
    unsupported_media_type(
        "This Content-Encoding is not known. Send the body plain, or as gzip, deflate or br.",
    )
}

/// The idempotency key was used before with another body.
pub fn idempotency_mismatch() -> ApiError {
    ApiError::new(
        ErrorCode::IdempotencyMismatch,
        "This Idempotency-Key was used with another body. Use a new key for a new request.",
    )
}

/// A request with this idempotency key is still in progress.
pub fn idempotency_in_flight() -> ApiError {
    ApiError::new(
        ErrorCode::IdempotencyConflict,
        "A request with this Idempotency-Key is being carried out now. Send it again shortly.",
    )
    .retry_after(1)
}

/// The server cannot process the request now.
pub fn unavailable() -> ApiError {
    ApiError::new(
        ErrorCode::Unavailable,
        "The server cannot answer this now. Try again in a second.",
    )
    .retry_after(1)
}

/// A required parameter is missing.
pub fn missing(field: &str) -> ApiError {
    validation(vec![fault(field, "is required")])
}

/// The cursor belongs to another list.
pub fn foreign_cursor() -> ApiError {
    validation(vec![fault("cursor", "is not of this list")])
}

/// Returns the parsed value, or all faults as one error.
///
/// # Errors
/// 400 with all faults.
pub fn checked<T>(parsed: Parsed<T>) -> Result<T, ApiError> {
    parsed.map_err(validation)
}

/// Returns an amount as HumCLI prints it in messages: whole dollars without decimals.
fn whole(amount: MicroUsd) -> String {
    let text = amount.to_string();
    text.strip_suffix(".00").map_or(text.clone(), str::to_owned)
}

/// Returns the title of a code: `rule_violation` becomes "Rule violation".
pub(in crate::http) fn title(code: &str) -> String {
    let words = code.replace('_', " ");
    let mut letters = words.chars();
    letters
        .next()
        .map(|first| format!("{}{}", first.to_ascii_uppercase(), letters.as_str()))
        .unwrap_or_default()
}

/// Handlers map the constraint violations that they expect. Any other is a server fault.
impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Busy | StoreError::Changed => unavailable(),
            StoreError::Unavailable(_) => Self {
                accident: Some(error.to_string()),
                ..unavailable()
            },
            error => Self::accident(error),
        }
    }
}

impl ApiError {
    /// Returns the body that is stored under an idempotency key: without field names that the
    /// caller made up.
    pub fn kept_body(&self) -> ErrorBody {
        if !self.faults.any_made_up() {
            return self.body();
        }
        let kept = validation(self.faults.clone().without_made_up());
        Self {
            message: kept.message,
            faults: kept.faults,
            ..self.clone()
        }
        .body()
    }
}
