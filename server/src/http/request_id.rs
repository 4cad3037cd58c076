//! The request id: in every response, in every error body, and in every log line of the request.

use std::future::Future;

use api_types::RequestId;
use axum::http::{HeaderMap, HeaderName};

use crate::app::App;

/// The header of requests and responses (contract §1).
pub const HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// Maximum length of a caller's own id in characters.
const CHARS_MAX: usize = 64;

tokio::task_local! {
    static CURRENT: String;
}

/// Runs the future of a request under its id.
pub async fn scope<F: Future>(id: String, request: F) -> F::Output {
    CURRENT.scope(id, request).await
}

/// Returns the id of the current request; empty outside of one.
pub fn current() -> String {
    CURRENT.try_with(Clone::clone).unwrap_or_default()
}

/// Returns the caller's id if it is safe to repeat, else a new one.
pub fn of(app: &App, headers: &HeaderMap) -> String {
    headers
        .get(HEADER)
        .and_then(|value| value.to_str().ok())
        .filter(|id| is_safe(id))
        .map_or_else(
            || RequestId::new(app.clock.now(), app.entropy.u128()).to_string(),
            str::to_owned,
        )
}

fn is_safe(id: &str) -> bool {
    let safe = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    (1..=CHARS_MAX).contains(&id.len()) && id.bytes().all(safe)
}
