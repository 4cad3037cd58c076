//! Host routes for the two records that are never changed: a check of the ledger, and the audit
//! log.

use api_types::{
    error::ErrorBody,
    host::{AuditEntry, LedgerReport},
    page::Page,
    paths,
};
use axum::{Json, extract::State};

use crate::admin;
use crate::app::App;
use crate::http::error::ApiError;
use crate::http::extract::page::Parameters;
use crate::http::host::HostAuth;
use crate::store::audit;

/// Recompute every balance from its transfers. This reads the whole ledger.
#[utoipa::path(get, path = paths::CHECK_LEDGER, tag = "host", security(("admin_key" = [])),
    responses((status = 200, body = LedgerReport), (status = 403, body = ErrorBody)))]
pub async fn check_ledger(
    State(app): State<App>,
    _host: HostAuth,
) -> Result<Json<LedgerReport>, ApiError> {
    Ok(Json(app.store.read(admin::check_ledger).await?))
}

/// List the actions of the host, newest first, optionally only those on one subject.
#[utoipa::path(get, path = paths::AUDIT, tag = "host",
    params(("subject" = Option<String>, Query, description = "An id, or a task type"),
        ("limit" = Option<u32>, Query), ("offset" = Option<u32>, Query),
        ("cursor" = Option<String>, Query)),
    security(("admin_key" = [])),
    responses((status = 200, body = Page<AuditEntry>), (status = 400, body = ErrorBody),
        (status = 403, body = ErrorBody)))]
pub async fn audit_log(
    State(app): State<App>,
    _host: HostAuth,
    mut query: Parameters,
) -> Result<Json<Page<AuditEntry>>, ApiError> {
    let page = query.page();
    let subject = query.searched("subject");
    query.finish()?;
    let window = page.window()?;
    let found = app
        .store
        .read(move |tx| audit::list(tx, subject.as_deref(), window))
        .await?;
    Ok(Json(page.of(found.rows, found.total, |one| {
        one.audit_id.to_string()
    })))
}
