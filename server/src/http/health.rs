//! Health: whether the process runs, and whether it could serve now. No secrets, no numbers.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;

/// The process runs.
#[derive(Debug, Serialize, ToSchema)]
pub struct Alive {
    /// `ok`.
    status: &'static str,
}

/// What a request needs, and whether it is there.
#[derive(Debug, Serialize, ToSchema)]
pub struct Ready {
    /// `ok` or `unavailable`.
    status: &'static str,
    /// `ok` or `unavailable`.
    database: &'static str,
    /// `ok` or `behind`: then `humanops migrate` is needed.
    schema: &'static str,
    /// `ok` or `unavailable`.
    files: &'static str,
}

/// The process runs.
#[utoipa::path(get, path = "/healthz", tag = "health", responses((status = 200, body = Alive)))]
pub async fn healthz() -> Json<Alive> {
    Json(Alive { status: "ok" })
}

/// Database, schema and files can be used.
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
