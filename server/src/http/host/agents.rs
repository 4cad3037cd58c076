//! Host routes that list and read agents.

use api_types::{AgentId, error::ErrorBody, host::AgentRecord, page::Page, paths};
use axum::{
    Json,
    extract::{Path, State},
};

use crate::app::App;
use crate::http::error::{self, ApiError};
use crate::http::extract::page::Parameters;
use crate::http::host::HostAuth;
use crate::store::accounts;

/// List agents, newest first, optionally filtered by a part of the name or the e-mail address.
#[utoipa::path(get, path = paths::ADMIN_AGENTS, tag = "host",
    params(("q" = Option<String>, Query, description = "A part of the name or the e-mail"),
        ("limit" = Option<u32>, Query), ("offset" = Option<u32>, Query),
        ("cursor" = Option<String>, Query)),
    security(("admin_key" = [])),
    responses((status = 200, body = Page<AgentRecord>), (status = 400, body = ErrorBody),
        (status = 403, body = ErrorBody)))]
pub async fn admin_agents(
    State(app): State<App>,
    _host: HostAuth,
    mut query: Parameters,
) -> Result<Json<Page<AgentRecord>>, ApiError> {
    let page = query.page();
    let search = query.searched("q");
    query.finish()?;
    let window = page.window()?;
    let found = app
        .store
        .read(move |tx| accounts::agents(tx, search.as_deref(), window))
        .await?;
    Ok(Json(page.of(found.rows, found.total, |one| {
        one.agent_id.to_string()
    })))
}

/// Read one agent.
#[utoipa::path(get, path = paths::ADMIN_AGENT, tag = "host", params(("id" = AgentId, Path)),
    security(("admin_key" = [])),
    responses((status = 200, body = AgentRecord), (status = 403, body = ErrorBody),
        (status = 404, body = ErrorBody)))]
pub async fn admin_agent(
    State(app): State<App>,
    _host: HostAuth,
    Path(id): Path<String>,
) -> Result<Json<AgentRecord>, ApiError> {
    let missing = || error::host_finds_no("agent");
    let id: AgentId = id.parse().map_err(|_| missing())?;
    let found = app.store.read(move |tx| accounts::agent(tx, id)).await?;
    found.map(Json).ok_or_else(missing)
}
