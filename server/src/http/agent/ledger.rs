//! The ledger of an agent (contract §3).

use api_types::{error::ErrorBody, ledger::LedgerEntry, page::Page, paths};
use axum::{Json, extract::State};

use crate::http::error::ApiError;
use crate::http::extract::auth::AgentAuth;
use crate::http::extract::page::PageQuery;
use crate::{
    app::App,
    store::{entries, entries::EntryRange},
};

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
    let span = span(&page)?;
    let found = (app.store).read(move |tx| entries::of_agent(tx, agent.id, span));
    let (rows, total) = found.await.map_err(ApiError::from)?;
    let numbered = page.of(rows, total, |(nth, _)| nth.to_string());
    Ok(Json(Page {
        data: numbered.data.into_iter().map(|(_, entry)| entry).collect(),
        pagination: numbered.pagination,
    }))
}

fn span(page: &PageQuery) -> Result<EntryRange, ApiError> {
    Ok(EntryRange {
        limit: page.limit,
        offset: page.offset,
        after: page.after()?.unwrap_or(0),
    })
}
