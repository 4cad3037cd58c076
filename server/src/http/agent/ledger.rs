//! The ledger of an agent (contract §3).

use api_types::{error::ErrorBody, ledger::LedgerEntry, page::Page, paths};
use axum::{Json, extract::State};

use crate::http::error::ApiError;
use crate::http::extract::auth::AgentAuth;
use crate::http::extract::page::PageQuery;
use crate::{app::App, store::entries};

/// List every change of the agent's balance, oldest first. The amounts add up to the balance.
#[utoipa::path(get, path = paths::LEDGER, tag = "agents",
    params(("limit" = Option<u32>, Query), ("offset" = Option<u32>, Query),
        ("cursor" = Option<String>, Query)),
    security(("agent_key" = []), ("agent_bearer" = [])),
    responses((status = 200, body = Page<LedgerEntry>), (status = 400, body = ErrorBody),
        (status = 401, body = ErrorBody)))]
pub async fn agent_ledger(
    State(app): State<App>,
    agent: AgentAuth,
    page: PageQuery,
) -> Result<Json<Page<LedgerEntry>>, ApiError> {
    let window = page.window()?;
    let found = app
        .store
        .read(move |tx| entries::of_agent(tx, agent.id, window))
        .await?;
    let numbered = page.of(found.rows, found.total, |(nth, _)| nth.to_string());
    Ok(Json(Page {
        data: numbered.data.into_iter().map(|(_, entry)| entry).collect(),
        pagination: numbered.pagination,
    }))
}
