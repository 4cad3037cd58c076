//! Host routes that list, read and resolve disputes.

use api_types::{
    DisputeId,
    dispute::{Dispute, ResolveDispute},
    error::ErrorBody,
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
use crate::domain::dispute::Ruling;
use crate::http::error::{self, ApiError, checked};
use crate::http::extract::body::JsonBody;
use crate::http::extract::page::Parameters;
use crate::http::host::{ACCOUNT, HostAuth};
use crate::http::idempotency::once;
use crate::store::disputes::{self, DisputeState};

/// List disputes, newest first, optionally only the open or only the ended ones.
#[utoipa::path(get, path = paths::ADMIN_DISPUTES, tag = "host",
    params(("status" = Option<String>, Query, description = "`open` or `ended`"),
        ("limit" = Option<u32>, Query), ("offset" = Option<u32>, Query),
        ("cursor" = Option<String>, Query)),
    security(("admin_key" = [])),
    responses((status = 200, body = Page<Dispute>), (status = 400, body = ErrorBody),
        (status = 403, body = ErrorBody)))]
pub async fn admin_disputes(
    State(app): State<App>,
    _host: HostAuth,
    mut query: Parameters,
) -> Result<Json<Page<Dispute>>, ApiError> {
    let page = query.page();
    let state = query.read("status", "must be open or ended", |name| match name {
        "open" => Some(DisputeState::Open),
        "ended" => Some(DisputeState::Ended),
        _ => None,
    });
    query.finish()?;
    let window = page.window()?;
    let found = app
        .store
        .read(move |tx| disputes::list(tx, state, window))
        .await?;
    Ok(Json(page.of(found.rows, found.total, |one| {
        one.dispute_id.to_string()
    })))
}

/// Read one dispute.
#[utoipa::path(get, path = paths::ADMIN_DISPUTE, tag = "host", params(("id" = DisputeId, Path)),
    security(("admin_key" = [])),
    responses((status = 200, body = Dispute), (status = 403, body = ErrorBody),
        (status = 404, body = ErrorBody)))]
pub async fn admin_dispute(
    State(app): State<App>,
    _host: HostAuth,
    Path(id): Path<String>,
) -> Result<Json<Dispute>, ApiError> {
    let id = dispute_id(&id)?;
    let found = app.store.read(move |tx| disputes::get(tx, id)).await?;
    found
        .map(Json)
        .ok_or_else(|| error::host_finds_no("dispute"))
}

fn dispute_id(text: &str) -> Result<DisputeId, ApiError> {
    text.parse().map_err(|_| error::host_finds_no("dispute"))
}

/// Resolve a dispute.
///
/// RELEASE pays as an approval would, REFUND gives everything back, SPLIT gives the operator a part
/// of the reward and the platform the same part of its fee. The decision is final: the task cannot
/// be disputed again.
#[utoipa::path(post, path = paths::RESOLVE_DISPUTE, tag = "host",
    params(("id" = DisputeId, Path)), request_body = ResolveDispute,
    security(("admin_key" = [])),
    responses((status = 200, body = Dispute), (status = 400, body = ErrorBody),
        (status = 403, body = ErrorBody), (status = 404, body = ErrorBody),
        (status = 409, body = ErrorBody), (status = 422, body = ErrorBody)))]
pub async fn resolve_dispute(
    State(app): State<App>,
    host: HostAuth,
    Path(id): Path<String>,
    posted: JsonBody,
) -> Result<Response, ApiError> {
    let id = dispute_id(&id)?;
    let ruling = checked(Ruling::parse(&posted.body))?;
    let actor = host.actor(&app);
    once(&app, posted.once(ACCOUNT), StatusCode::OK, move |tx| {
        Ok(admin::resolve_dispute(tx, id, &ruling, &actor)?)
    })
    .await
}
