//! Health checks: whether the process runs, and whether it can serve now. They reveal neither
//! secrets nor numbers.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;

/// The process is running.
#[derive(Debug, Serialize, ToSchema)]
pub struct Alive {
    /// Always the text `ok`.
    status: &'static str,
}

/// The dependencies of a request, each with its state.
#[derive(Debug, Serialize, ToSchema)]
pub struct Ready {
    /// `ok` or `unavailable`, of all dependencies together.
    status: &'static str,
    /// `ok` or `unavailable`, of the database.
    database: &'static str,
    /// `ok`, or `behind` if `humanops migrate` must be run.
    schema: &'static str,
    /// `ok` or `unavailable`, of the file storage.
    files: &'static str,
}

/// Check that the process runs.
#[utoipa::path(get, path = "/healthz", tag = "health", responses((status = 200, body = Alive)))]
pub async fn healthz() -> Json<Alive> {
    Json(Alive { status: "ok" })
}

/// Check that the database, its schema and the file storage can be used.
#[utoipa::path(get, path = "/readyz", tag = "health", responses(
    (status = 200, body = Ready, description = "Send requests here."),
    (status = 503, body = Ready, description = "Send them elsewhere for now."),
))]
pub async fn readyz(State(app): State<App>) -> Response {
    let word = |is_well| if is_well { "ok" } else { "unavailable" };
    let database = app.store.ping().await.is_ok();
    let pending = app.store.pending_migrations().await;
    let current = pending.is_ok_and(|pending| pending.is_empty());
    let files = app.files.ping().await.is_ok();
    let well = database && current && files;
    let ready = Ready {
        status: word(well),
        database: word(database),
        schema: if current { "ok" } else { "behind" },
        files: word(files),
    };
    let status = if well {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    (status, Json(ready)).into_response()
}
