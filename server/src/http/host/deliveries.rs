//! Host routes for webhook deliveries of all agents: list them, and send one again.

use api_types::{
    DeliveryId,
    error::ErrorBody,
    event::{Delivery, DeliveryState},
    page::Page,
    paths,
};
use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
    response::Response,
};

use crate::admin;
use crate::app::App;
use crate::domain::fields::no_fields;
use crate::http::agent::deliveries;
use crate::http::error::{self, ApiError, checked};
use crate::http::extract::body::JsonBody;
use crate::http::extract::page::Parameters;
use crate::http::host::{ACCOUNT, HostAuth};
use crate::http::idempotency::once;

/// List the webhook deliveries of all agents, newest first.
#[utoipa::path(get, path = paths::ADMIN_DELIVERIES, tag = "host",
    params(("state" = Option<DeliveryState>, Query), ("limit" = Option<u32>, Query),
        ("offset" = Option<u32>, Query), ("cursor" = Option<String>, Query)),
    security(("admin_key" = [])),
    responses((status = 200, body = Page<Delivery>), (status = 400, body = ErrorBody),
        (status = 403, body = ErrorBody)))]
pub async fn admin_deliveries(
    State(app): State<App>,
    _host: HostAuth,
    query: Parameters,
) -> Result<Json<Page<Delivery>>, ApiError> {
    deliveries::list(&app, None, None, query).await
}

/// Send a delivery of any agent again, in whatever state it is, under the same `webhook-id`.
#[utoipa::path(post, path = paths::ADMIN_REDELIVER, tag = "host",
    params(("id" = DeliveryId, Path)), security(("admin_key" = [])),
    responses((status = 200, body = Delivery), (status = 400, body = ErrorBody),
        (status = 403, body = ErrorBody), (status = 404, body = ErrorBody)))]
pub async fn admin_redeliver(
    State(app): State<App>,
    host: HostAuth,
    Path(id): Path<String>,
    posted: JsonBody,
) -> Result<Response, ApiError> {
    let id: DeliveryId = id.parse().map_err(|_| error::host_finds_no("delivery"))?;
    checked(no_fields(&posted.body))?;
    let actor = host.actor(&app);
    once(&app, posted.once(ACCOUNT), StatusCode::OK, move |tx| {
        Ok(admin::redeliver(tx, id, &actor)?)
    })
    .await
}
