//! The context of the current request: its id, which is in every response, error body and log line,
//! and the dialect setting of the key that authenticated it.
//!
//! It is task-local, so that a handler and an error need not pass it on. `layer/request_id.rs`
//! opens it.

use std::cell::Cell;
use std::future::Future;

use api_types::error::Dialect;

tokio::task_local! {
    static CURRENT: Context;
}

struct Context {
    request_id: String,
    /// The dialect setting of the key, once the key was read.
    key_dialect: Cell<Option<Option<Dialect>>>,
}

/// Runs the future of a request in a context with this id.
pub async fn scope<F: Future>(request_id: String, request: F) -> F::Output {
    let context = Context {
        request_id,
        key_dialect: Cell::new(None),
    };
    CURRENT.scope(context, request).await
}

/// Returns the id of the current request; empty outside of one.
pub fn request_id() -> String {
    let id = CURRENT.try_with(|current| current.request_id.clone());
    id.unwrap_or_default()
}

/// Records the dialect setting of the key that authenticated the current request.
pub fn set_key_dialect(dialect: Option<Dialect>) {
    // Outside of a request there is no response to write.
    let _ = CURRENT.try_with(|current| current.key_dialect.set(Some(dialect)));
}

/// Returns the dialect setting of the current request's key, or `None` if no key was read.
pub fn key_dialect() -> Option<Option<Dialect>> {
    let read = CURRENT.try_with(|current| current.key_dialect.get());
    read.unwrap_or_default()
}
