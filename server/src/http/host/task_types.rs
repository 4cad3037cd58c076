//! Host routes that enable and disable task types.

use api_types::{error::ErrorBody, host::TaskTypeSwitches, paths};
use axum::{Json, extract::State, http::StatusCode, response::Response};

use crate::admin;
use crate::app::App;
use crate::domain::task_type;
use crate::http::error::{ApiError, checked};
use crate::http::extract::body::JsonBody;
use crate::http::host::{ACCOUNT, HostAuth};
use crate::http::idempotency::once;

/// List the task types, and for each whether new tasks of it are accepted.
#[utoipa::path(get, path = paths::TASK_TYPE_SWITCHES, tag = "host", security(("admin_key" = [])),
    responses((status = 200, body = TaskTypeSwitches), (status = 403, body = ErrorBody)))]
pub async fn task_type_switches(
    State(app): State<App>,
    _host: HostAuth,
) -> Result<Json<TaskTypeSwitches>, ApiError> {
    Ok(Json(app.store.read(admin::task_type_switches).await?))
}

/// Enable or disable task types. Types that are not named stay as they are.
///
/// Tasks that were posted before go on.
#[utoipa::path(put, path = paths::TASK_TYPE_SWITCHES, tag = "host",
    request_body = TaskTypeSwitches, security(("admin_key" = [])),
    responses((status = 200, body = TaskTypeSwitches), (status = 400, body = ErrorBody),
        (status = 403, body = ErrorBody)))]
pub async fn switch_task_types(
    State(app): State<App>,
    host: HostAuth,
    posted: JsonBody,
) -> Result<Response, ApiError> {
    let changes = checked(task_type::parse_switches(&posted.body))?;
    let actor = host.actor(&app);
    once(&app, posted.once(ACCOUNT), StatusCode::OK, move |tx| {
        Ok(admin::switch_task_types(tx, &changes, &actor)?)
    })
    .await
}
