//! Human approvals of requests by keys with a spending policy: list, read, decide (contract §3).

use api_types::{
    ApprovalId,
    approval::{ApprovalView, DecideApproval},
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

use crate::http::agent::keys::may_manage;
use crate::http::error::{self, ApiError, checked};
use crate::http::extract::auth::{AgentAuth, Approver, actor};
use crate::http::extract::body::JsonBody;
use crate::http::extract::page::PageQuery;
use crate::http::idempotency::once_or_read;
use crate::{
    app::App,
    domain::delegation::{self, APPROVAL_LASTS, Approval},
    store::{Tx, approvals},
};

/// List the approvals that the agent's keys requested, newest first.
#[utoipa::path(get, path = paths::APPROVALS, tag = "agents",
    params(("limit" = Option<u32>, Query), ("offset" = Option<u32>, Query),
        ("cursor" = Option<String>, Query)),
    security(("agent_key" = []), ("agent_bearer" = [])),
    responses((status = 200, body = Page<ApprovalView>), (status = 400, body = ErrorBody),
        (status = 401, body = ErrorBody)))]
pub async fn list_approvals(
    State(app): State<App>,
    agent: AgentAuth,
    page: PageQuery,
) -> Result<Json<Page<ApprovalView>>, ApiError> {
    let window = page.window()?;
    let now = app.clock.now();
    let found = app
        .store
        .read(move |tx| approvals::of_agent(tx, agent.id, window))
        .await?;
    let views = found.rows.into_iter().map(|(approval, mut view)| {
        view.status = approval.status(now);
        view
    });
    let id_of = |view: &ApprovalView| view.approval_id.to_string();
    Ok(Json(page.of(views.collect(), found.total, id_of)))
}

/// Read one approval. The host can read any of them with `X-Admin-Key`.
#[utoipa::path(get, path = paths::APPROVAL, tag = "agents", params(("id" = ApprovalId, Path)),
    security(("agent_key" = []), ("agent_bearer" = [])),
    responses((status = 200, body = ApprovalView), (status = 401, body = ErrorBody),
        (status = 404, body = ErrorBody)))]
pub async fn get_approval(
    State(app): State<App>,
    approver: Approver,
    Path(id): Path<String>,
) -> Result<Json<ApprovalView>, ApiError> {
    let id: ApprovalId = id.parse().map_err(|_| error::approval_not_found())?;
    let now = app.clock.now();
    let view = app
        .store
        .read(move |tx| {
            let (approval, mut view) = seen_by(tx, &approver, id)?;
            view.status = approval.status(now);
            Ok::<_, ApiError>(view)
        })
        .await?;
    Ok(Json(view))
}

fn seen_by(
    tx: &mut Tx<'_>,
    approver: &Approver,
    id: ApprovalId,
) -> Result<(Approval, ApprovalView), ApiError> {
    let found = approvals::get(tx, id)?.filter(|(agent_id, ..)| match approver {
        Approver::Agent(agent) => agent.id == *agent_id,
        Approver::Host(_) => true,
    });
    let (_, approval, view) = found.ok_or_else(error::approval_not_found)?;
    Ok((approval, view))
}

/// Decide whether a request may go through, once and within 24 hours.
///
/// The decision is made by another key of the agent that has no policy, or by the host with
/// `X-Admin-Key`. After a rejection the same request is refused for 24 hours.
#[utoipa::path(post, path = paths::APPROVAL, tag = "agents", params(("id" = ApprovalId, Path)),
    request_body = DecideApproval,
    security(("agent_key" = []), ("agent_bearer" = [])),
    responses((status = 200, body = ApprovalView), (status = 400, body = ErrorBody),
        (status = 401, body = ErrorBody), (status = 403, body = ErrorBody),
        (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
pub async fn decide_approval(
    State(app): State<App>,
    approver: Approver,
    Path(id): Path<String>,
    posted: JsonBody,
) -> Result<Response, ApiError> {
    let stated = checked(delegation::parse_decision(&posted.body))?;
    let id: ApprovalId = id.parse().map_err(|_| error::approval_not_found())?;
    let now = app.clock.now();
    let account = match &approver {
        Approver::Agent(agent) => agent.id.to_string(),
        Approver::Host(_) => "host".to_owned(),
    };
    let host = match &approver {
        Approver::Agent(_) => None,
        Approver::Host(host) => Some(actor(&app, host.who.clone())),
    };
    let reader = approver.clone();
    let read = move |tx: &mut Tx<'_>| seen_by(tx, &reader, id).map(|(_, view)| view);
    // The view repeats the request to be approved, which its agent can make large.
    let decide = move |tx: &mut Tx<'_>| {
        let (approval, view) = seen_by(tx, &approver, id)?;
        let key = match &approver {
            Approver::Agent(agent) => {
                may_manage(tx, agent)?;
                Some(agent.key_id)
            }
            Approver::Host(_) => None,
        };
        let decided = approval.decide(stated.decision, key, now)?;
        if decided == approval.status(now) {
            return Ok(view);
        }
        let until = now.after(APPROVAL_LASTS);
        approvals::decide(tx, id, decided, key, now, until)?;
        if let Some(host) = &host {
            host.write_down(tx, 0, "decide_approval", id, decided.as_str())?;
        }
        seen_by(tx, &approver, id).map(|(_, view)| view)
    };
    once_or_read(&app, posted.once(account), StatusCode::OK, decide, read).await
}
