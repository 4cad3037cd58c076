//! The layers that every request passes. `http/mod.rs` stacks them in their order; each is one file
//! and knows nothing of the others. A layer that refuses a request answers with an `ApiError`,
//! which the dialect layer writes.

pub mod coding;
pub mod cors;
pub mod dialect;
pub mod rate_limit;
pub mod request_id;
pub mod request_size;
pub mod security_headers;
pub mod trace;

use std::any::Any;

use axum::response::{IntoResponse, Response};

use super::error::ApiError;

/// Answers a request whose handler panicked. The panic hook has already logged the panic's message.
pub fn answer_panic(_: Box<dyn Any + Send + 'static>) -> Response {
    ApiError::accident("its handler panicked").into_response()
}
