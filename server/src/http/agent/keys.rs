//! API keys: create, list, change, revoke (contract §3).
//!
//! A key with a spending policy can only revoke itself. Otherwise it could create a key that may
//! spend more, or revoke the keys that supervise it.

use api_types::{
    KeyId, Timestamp,
    error::ErrorBody,
    key::{ChangeKey, CreateKey, CreatedKey, KeyItem, KeyList, RevokedKey},
    paths,
};
use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
    response::Response,
};

use crate::http::error::{self, ApiError, checked};
use crate::http::extract::auth::AgentAuth;
use crate::http::extract::body::JsonBody;
use crate::http::idempotency::once;
use crate::{
    app::App,
    domain::{delegation, secret::ApiKey},
    store::{Tx, agents, keys, keys::StoredKey},
};

/// Maximum number of active keys of an agent (contract §3).
const KEYS_MAX: usize = 20;

/// Creates a key without a policy. Returns it with its row, which lacks only the hash.
///
/// # Errors
/// 500 if the random source fails.
pub(in crate::http) fn new_key(
    app: &App,
    name: String,
    now: Timestamp,
) -> Result<(ApiKey, StoredKey), ApiError> {
    let mut random = [0; 96];
    app.entropy.fill(&mut random);
    let key = ApiKey::from_random(&random)
        .ok_or_else(|| ApiError::accident("the random source gave too few fair bytes for a key"))?;
    let stored = StoredKey {
        id: KeyId::new(now, app.entropy.u128()),
        name,
        prefix: key.prefix(),
        created_at: now,
        last_used_at: None,
        dialect: None,
        policy: None,
    };
    Ok((key, stored))
}

/// Fails if the key has a spending policy. Must run in the transaction whose outcome it guards,
/// because the policy may have been set since the request was authenticated.
///
/// # Errors
/// 403 if the key has a policy, 401 if it was revoked meanwhile.
pub(in crate::http) fn may_manage(tx: &mut Tx<'_>, agent: &AgentAuth) -> Result<(), ApiError> {
    match keys::policy(tx, agent.key_id)? {
        Some(None) => Ok(()),
        Some(Some(_)) => Err(error::key_manages_nothing()),
        None => Err(error::unauthorized_agent()),
    }
}

/// Create a further API key, which is shown only this once. An agent has at most 20.
///
/// With a `policy` the key is limited from the start. Only a key without a policy creates keys.
#[utoipa::path(post, path = paths::KEYS, tag = "agents", request_body = Option<CreateKey>,
    security(("agent_key" = []), ("agent_bearer" = [])),
    responses((status = 201, body = CreatedKey), (status = 400, body = ErrorBody),
        (status = 401, body = ErrorBody), (status = 403, body = ErrorBody)))]
pub async fn create_key(
    State(app): State<App>,
    agent: AgentAuth,
    posted: JsonBody,
) -> Result<Response, ApiError> {
    let stated = checked(delegation::parse_key(&posted.body))?;
    let now = app.clock.now();
    let name = stated.name.unwrap_or_else(|| "key".to_owned());
    let (key, mut stored) = new_key(&app, name, now)?;
    (stored.dialect, stored.policy) = (stated.dialect, stated.policy);
    let once_key = posted.once(agent.id);
    once(&app, once_key, StatusCode::CREATED, move |tx| {
        // Locked, so that the count holds until the key is inserted.
        agents::lock_row(tx, agent.id)?;
        may_manage(tx, &agent)?;
        if keys::of_agent(tx, agent.id)?.len() >= KEYS_MAX {
            return Err(error::too_many_keys(KEYS_MAX));
        }
        keys::insert(tx, agent.id, &stored, &key.hash())?;
        Ok(CreatedKey {
            id: stored.id,
            api_key: Some(key.reveal().to_owned()),
            key_prefix: stored.prefix.clone(),
            name: stored.name.clone(),
            policy: stored.policy.clone(),
            created_at: now,
        })
    })
    .await
}

/// List the active API keys, oldest first, without their secrets.
#[utoipa::path(get, path = paths::KEYS, tag = "agents",
    security(("agent_key" = []), ("agent_bearer" = [])),
    responses((status = 200, body = KeyList), (status = 401, body = ErrorBody)))]
pub async fn list_keys(
    State(app): State<App>,
    agent: AgentAuth,
) -> Result<Json<KeyList>, ApiError> {
    let keys = (app.store)
        .read(move |tx| keys::of_agent(tx, agent.id))
        .await?;
    Ok(Json(KeyList {
        data: keys.into_iter().map(key_item).collect(),
    }))
}

/// Returns a key as it is shown, with both spellings of its fields.
pub(in crate::http) fn key_item(key: StoredKey) -> KeyItem {
    KeyItem {
        id: key.id,
        name: key.name,
        key_prefix: key.prefix.clone(),
        last_used_at: key.last_used_at,
        created_at: key.created_at,
        dialect: key.dialect,
        policy: key.policy,
        key_prefix_camel: key.prefix,
        last_used_camel: key.last_used_at,
        created_at_camel: key.created_at,
    }
}

/// Change a key's name, its dialect of errors, or its spending policy.
///
/// A new policy replaces the previous one; null removes it. Only a key without a policy changes
/// keys, and at least one such key must remain.
#[utoipa::path(patch, path = paths::KEY, tag = "agents", params(("id" = KeyId, Path)),
    request_body = ChangeKey,
    security(("agent_key" = []), ("agent_bearer" = [])),
    responses((status = 200, body = KeyItem), (status = 400, body = ErrorBody),
        (status = 401, body = ErrorBody), (status = 403, body = ErrorBody),
        (status = 404, body = ErrorBody), (status = 422, body = ErrorBody)))]
pub async fn change_key(
    State(app): State<App>,
    agent: AgentAuth,
    Path(id): Path<String>,
    posted: JsonBody,
) -> Result<Json<KeyItem>, ApiError> {
    let change = checked(delegation::parse_key_change(&posted.body))?;
    let id: KeyId = id.parse().map_err(|_| error::key_not_found())?;
    let changed = app
        .store
        .write(move |tx| {
            // Locked, so that two keys cannot limit each other at the same time.
            agents::lock_row(tx, agent.id)?;
            may_manage(tx, &agent)?;
            let (mut key, others_free) = key_among_others(tx, &agent, id)?;
            if matches!(change.policy, Some(Some(_))) && !others_free {
                return Err(error::last_free_key());
            }
            key.name = change.name.clone().unwrap_or(key.name);
            key.dialect = change.dialect.unwrap_or(key.dialect);
            key.policy = change.policy.clone().unwrap_or(key.policy);
            keys::update(tx, &key)?;
            Ok::<_, ApiError>(key)
        })
        .await?;
    Ok(Json(key_item(changed)))
}

/// Revoke an API key permanently. It stops working at once, everywhere.
///
/// A key with a policy can only revoke itself. The last key without a policy cannot be revoked:
/// create another one first.
#[utoipa::path(delete, path = paths::KEY, tag = "agents", params(("id" = KeyId, Path)),
    security(("agent_key" = []), ("agent_bearer" = [])),
    responses((status = 200, body = RevokedKey), (status = 401, body = ErrorBody),
        (status = 403, body = ErrorBody), (status = 404, body = ErrorBody),
        (status = 422, body = ErrorBody)))]
pub async fn revoke_key(
    State(app): State<App>,
    agent: AgentAuth,
    Path(id): Path<String>,
) -> Result<Json<RevokedKey>, ApiError> {
    let id: KeyId = id.parse().map_err(|_| error::key_not_found())?;
    let now = app.clock.now();
    let revoked = app
        .store
        .write(move |tx| {
            agents::lock_row(tx, agent.id)?;
            if id != agent.key_id {
                may_manage(tx, &agent)?;
            }
            let (key, others_free) = key_among_others(tx, &agent, id)?;
            if key.policy.is_none() && !others_free {
                return Err(error::last_free_key());
            }
            Ok(keys::revoke(tx, agent.id, id, now)?)
        })
        .await?;
    Ok(Json(RevokedKey { revoked }))
}

/// Returns an active key of the agent, and whether another key has no policy. One such key must
/// remain, to change the others and to access the money.
fn key_among_others(
    tx: &mut Tx<'_>,
    agent: &AgentAuth,
    id: KeyId,
) -> Result<(StoredKey, bool), ApiError> {
    let (mut this, others): (Vec<_>, Vec<_>) = keys::of_agent(tx, agent.id)?
        .into_iter()
        .partition(|key| key.id == id);
    let key = this.pop().ok_or_else(error::key_not_found)?;
    Ok((key, others.iter().any(|key| key.policy.is_none())))
}
