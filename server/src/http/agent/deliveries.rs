//! Webhook deliveries of an agent, attempt by attempt, and sending one again (contract §7).

use api_types::{
    AgentId, DeliveryId, TaskId,
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

use crate::http::agent::tasks;
use crate::http::error::{self, ApiError, checked};
use crate::http::extract::auth::AgentAuth;
use crate::http::extract::body::JsonBody;
use crate::http::extract::page::{PageQuery, Parameters};
use crate::http::idempotency::once_or_read;
use crate::{
    app::App,
    domain::fields::no_fields,
    store::{
        Tx,
        deliveries::{self, DeliveryFilter},
    },
};

/// List the deliveries to the agent's callbacks, newest first.
#[utoipa::path(get, path = paths::DELIVERIES, tag = "events",
    params(("state" = Option<DeliveryState>, Query), ("limit" = Option<u32>, Query),
        ("offset" = Option<u32>, Query), ("cursor" = Option<String>, Query)),
    security(("agent_key" = []), ("agent_bearer" = [])),
    responses((status = 200, body = Page<Delivery>), (status = 400, body = ErrorBody),
        (status = 401, body = ErrorBody)))]
pub async fn list_deliveries(
    State(app): State<App>,
    agent: AgentAuth,
    query: Parameters,
) -> Result<Json<Page<Delivery>>, ApiError> {
    list(&app, Some(agent.id), None, query).await
}

/// List the deliveries to one task's callback, newest first.
#[utoipa::path(get, path = paths::TASK_DELIVERIES, tag = "events",
    params(("id" = TaskId, Path), ("state" = Option<DeliveryState>, Query),
        ("limit" = Option<u32>, Query), ("offset" = Option<u32>, Query),
        ("cursor" = Option<String>, Query)),
    security(("agent_key" = []), ("agent_bearer" = [])),
    responses((status = 200, body = Page<Delivery>), (status = 400, body = ErrorBody),
        (status = 401, body = ErrorBody), (status = 404, body = ErrorBody)))]
pub async fn list_task_deliveries(
    State(app): State<App>,
    agent: AgentAuth,
    Path(id): Path<String>,
    query: Parameters,
) -> Result<Json<Page<Delivery>>, ApiError> {
    let id = tasks::task_id(&id)?;
    app.store
        .read(move |tx| tasks::owned(tx, agent.id, id)?.ok_or_else(error::task_not_found))
        .await?;
    list(&app, Some(agent.id), Some(id), query).await
}

/// Returns a page of deliveries, of one agent or, for the host, of all.
///
/// # Errors
/// 400 for an invalid parameter or a cursor of another list.
pub(in crate::http) async fn list(
    app: &App,
    agent_id: Option<AgentId>,
    task_id: Option<TaskId>,
    mut query: Parameters,
) -> Result<Json<Page<Delivery>>, ApiError> {
    let page: PageQuery = query.page();
    let states = "must be PENDING, DELIVERED, FAILED or DISABLED";
    let state = query.read("state", states, DeliveryState::parse);
    query.finish()?;
    let filter = DeliveryFilter {
        agent_id,
        task_id,
        state,
    };
    let window = page.window()?;
    let found = app
        .store
        .read(move |tx| deliveries::list(tx, filter, window).map_err(ApiError::from))
        .await?;
    Ok(Json(page.of(found.rows, found.total, |delivery| {
        delivery.id.to_string()
    })))
}

/// Send a delivery again, in whatever state it is, under the same `webhook-id`.
///
/// Its retry schedule starts again. A callback that was disabled by 410 is enabled again when the
/// delivery arrives.
#[utoipa::path(post, path = paths::REDELIVER, tag = "events", params(("id" = DeliveryId, Path)),
    security(("agent_key" = []), ("agent_bearer" = [])),
    responses((status = 200, body = Delivery), (status = 400, body = ErrorBody),
        (status = 401, body = ErrorBody), (status = 404, body = ErrorBody)))]
pub async fn redeliver(
    State(app): State<App>,
    agent: AgentAuth,
    Path(id): Path<String>,
    posted: JsonBody,
) -> Result<Response, ApiError> {
    let id: DeliveryId = id.parse().map_err(|_| error::delivery_not_found())?;
    checked(no_fields(&posted.body))?;
    let now = app.clock.now();
    let redeliver = move |tx: &mut Tx<'_>| {
        let delivery = deliveries::redeliver(tx, Some(agent.id), id, now)?;
        delivery.ok_or_else(error::delivery_not_found)
    };
    // The view lists every attempt, and each redelivery adds some.
    let read = move |tx: &mut Tx<'_>| {
        let found = deliveries::get(tx, agent.id, id)?;
        found.ok_or_else(error::delivery_not_found)
    };
    once_or_read(&app, posted.once(agent.id), StatusCode::OK, redeliver, read).await
}
