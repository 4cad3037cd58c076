//! Gives each request an id: the caller's own if it is safe to repeat, else a new one.

use api_types::RequestId;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;

use crate::app::App;
use crate::http::context;

/// The header of requests and responses (contract §1).
pub const HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// Maximum length of a caller's own id in characters.
const CHARS_MAX: usize = 64;

/// Runs the request in a context with its id, and repeats the id in the response.
pub async fn layer(State(app): State<App>, request: Request, next: Next) -> Response {
    let id = stated(request.headers())
        .unwrap_or_else(|| RequestId::new(app.clock.now(), app.entropy.u128()).to_string());
    let header = HeaderValue::from_str(&id);
    let mut response = context::scope(id, next.run(request)).await;
    if let Ok(header) = header {
        response.headers_mut().insert(HEADER, header);
    }
    response
}

/// Returns the caller's own id if it is safe to repeat.
fn stated(headers: &HeaderMap) -> Option<String> {
    let id = headers.get(HEADER)?.to_str().ok()?;
    is_safe(id).then(|| id.to_owned())
}

fn is_safe(id: &str) -> bool {
    let safe = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    (1..=CHARS_MAX).contains(&id.len()) && id.bytes().all(safe)
}
