//! Retrieval of a sealed credential, for the task's agent only, once it is completed (contract §5).

use api_types::{TaskId, credential::RetrievedCredential, error::ErrorBody, paths, status::Status};
use axum::{
    Json,
    extract::{Path, State},
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};

use crate::http::agent::tasks::owned;
use crate::http::context;
use crate::http::error::{self, ApiError, checked};
use crate::http::extract::auth::AgentAuth;
use crate::http::extract::body::JsonBody;
use crate::http::extract::page::Parameters;
use crate::http::views;
use crate::{
    app::App,
    domain::{fields::no_fields, task_type},
    store::{
        Tx, credentials,
        credentials::{Access, StoredCredential},
    },
};

/// Retrieve the sealed credential of a completed task. Only your private key opens it.
#[utoipa::path(get, path = paths::RETRIEVE_CREDENTIAL, tag = "tasks",
    params(("id" = TaskId, Path),
        ("purge" = Option<bool>, Query, description = "Erase it after this answer, which cannot be \
         had again: open the credential first, and purge it then")),
    security(("agent_key" = []), ("agent_bearer" = [])),
    responses((status = 200, body = RetrievedCredential), (status = 401, body = ErrorBody),
        (status = 404, body = ErrorBody), (status = 410, body = ErrorBody)))]
pub async fn retrieve_credential(
    State(app): State<App>,
    agent: AgentAuth,
    Path(id): Path<String>,
    query: Parameters,
) -> Result<Response, ApiError> {
    retrieve(app, agent, &id, query).await
}

/// Retrieve the sealed credential of a completed task by POST, the same as by GET.
#[utoipa::path(post, path = paths::RETRIEVE_CREDENTIAL, tag = "tasks",
    operation_id = "post_retrieve_credential",
    params(("id" = TaskId, Path),
        ("purge" = Option<bool>, Query, description = "Erase it after this answer, which cannot be \
         had again: open the credential first, and purge it then")),
    security(("agent_key" = []), ("agent_bearer" = [])),
    responses((status = 200, body = RetrievedCredential), (status = 401, body = ErrorBody),
        (status = 404, body = ErrorBody), (status = 410, body = ErrorBody)))]
pub async fn post_retrieve_credential(
    State(app): State<App>,
    agent: AgentAuth,
    Path(id): Path<String>,
    query: Parameters,
    posted: JsonBody,
) -> Result<Response, ApiError> {
    checked(no_fields(&posted.body))?;
    retrieve(app, agent, &id, query).await
}

async fn retrieve(
    app: App,
    agent: AgentAuth,
    id: &str,
    mut query: Parameters,
) -> Result<Response, ApiError> {
    let purge = query.read("purge", "must be true or false", |text| text.parse().ok());
    query.finish()?;
    let id: TaskId = id.parse().map_err(|_| error::credential_not_found())?;
    let access = Access {
        at: app.clock.now(),
        key_id: agent.key_id,
        request_id: context::request_id(),
    };
    let retrieved = app
        .store
        .write(move |tx| {
            let task = owned(tx, agent.id, id)?
                .filter(|task| task_type::is_credential(task.stated.task_type))
                .ok_or_else(error::credential_not_found)?;
            if task.status != Status::Completed {
                return Err(error::credential_not_ready());
            }
            let taken = take_out(tx, id, &access, purge.unwrap_or(false))?;
            Ok::<_, ApiError>(views::marked(&task, taken))
        })
        .await?;
    let mut response = Json(retrieved).into_response();
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

fn take_out(
    tx: &mut Tx<'_>,
    task_id: TaskId,
    access: &Access,
    purge: bool,
) -> Result<RetrievedCredential, ApiError> {
    let kept = credentials::get(tx, task_id)?.ok_or_else(error::credential_not_found)?;
    let StoredCredential::Sealed(envelope) = kept else {
        return Err(error::credential_purged());
    };
    credentials::record_access(tx, task_id, access)?;
    if purge {
        credentials::purge(tx, task_id, access.at)?;
    }
    Ok(RetrievedCredential {
        task_id,
        encrypted_credential: *envelope,
    })
}
