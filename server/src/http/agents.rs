//! Agents: registration, keys, balance (contract §3).

use api_types::{
    AgentId, KeyId, Timestamp,
    agent::{
        AgentBalance, ApiKeyItem, CreateKey, CreatedKey, Currency, KeyList, RegisterAgent,
        RegisteredAgent, RevokedKey, SandboxInfo, Tier,
    },
    error::ErrorBody,
    paths,
};
use axum::{
    Json,
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
    response::Response,
};

use super::{
    auth::{self, AgentAuth},
    body::Posted,
    error::{self, ApiError, checked},
    idempotency::once,
};
use crate::{
    app::App,
    domain::{account, ledger::Account, secret::ApiKey},
    store::{agents, agents::StoredKey, ledger},
};

/// Active keys of an agent at most (contract §3).
const KEYS_MAX: usize = 20;

/// Register an agent. The answer holds its first API key, shown this once.
#[utoipa::path(post, path = paths::REGISTER_AGENT, tag = "agents", request_body = RegisterAgent,
    params(("X-Admin-Key" = Option<String>, Header,
        description = "On servers that do not let everyone register")),
    responses((status = 201, body = RegisteredAgent), (status = 400, body = ErrorBody),
        (status = 401, body = ErrorBody), (status = 409, body = ErrorBody)))]
pub async fn register_agent(
    State(app): State<App>,
    headers: HeaderMap,
    posted: Posted,
) -> Result<Response, ApiError> {
    auth::may_register_agents(&app, &headers)?;
    let stated = checked(account::parse_agent(&posted.body))?;
    let now = app.clock.now();
    let id = AgentId::new(now, app.entropy.u128());
    let (key, stored) = new_key(&app, "default", now)?;
    let limits = app.config.tiers.of(Tier::Sandbox);
    once(
        &app,
        // Nobody has an account yet: two strangers may use one key.
        posted.once(format!("register {}", stated.email)),
        StatusCode::CREATED,
        move |tx| {
            if !agents::insert(tx, id, &stated, now)? {
                return Err(error::agent_exists());
            }
            agents::insert_key(tx, id, &stored, &key.hash())?;
            Ok(RegisteredAgent {
                agent_id: id,
                api_key: Some(key.reveal().to_owned()),
                message: "Save this API key - it won't be shown again.".to_owned(),
                tier: Tier::Sandbox,
                verification_required: true,
                sandbox_info: SandboxInfo {
                    what: "Your agent begins in the SANDBOX tier, with small tasks only."
                        .to_owned(),
                    why: "Operators are people: strangers begin small.".to_owned(),
                    how_to_upgrade: "Deposit $50 or more to reach the STANDARD tier.".to_owned(),
                    limits,
                },
            })
        },
    )
    .await
}

fn new_key(app: &App, name: &str, now: Timestamp) -> Result<(ApiKey, StoredKey), ApiError> {
    let mut random = [0; 96];
    app.entropy.fill(&mut random);
    let key = ApiKey::from_random(&random)
        .ok_or_else(|| ApiError::accident("the random source gave too few fair bytes for a key"))?;
    let stored = StoredKey {
        id: KeyId::new(now, app.entropy.u128()),
        name: name.to_owned(),
        prefix: key.prefix(),
        created_at: now,
        last_used_at: None,
    };
    Ok((key, stored))
}

/// Make a further API key, shown this once. An agent has at most 20.
#[utoipa::path(post, path = paths::KEYS, tag = "agents", request_body = Option<CreateKey>,
    security(("agent_key" = []), ("agent_bearer" = [])),
    responses((status = 201, body = CreatedKey), (status = 400, body = ErrorBody),
        (status = 401, body = ErrorBody)))]
pub async fn create_key(
    State(app): State<App>,
    agent: AgentAuth,
    posted: Posted,
) -> Result<Response, ApiError> {
    let stated = checked(account::parse_key(&posted.body))?;
    let now = app.clock.now();
    let (key, stored) = new_key(&app, stated.name.as_deref().unwrap_or("key"), now)?;
    once(
        &app,
        posted.once(agent.id),
        StatusCode::CREATED,
        move |tx| {
            if agents::keys(tx, agent.id)?.len() >= KEYS_MAX {
                return Err(error::too_many_keys(KEYS_MAX));
            }
            agents::insert_key(tx, agent.id, &stored, &key.hash())?;
            Ok(CreatedKey {
                id: stored.id,
                api_key: Some(key.reveal().to_owned()),
                key_prefix: stored.prefix.clone(),
                name: stored.name.clone(),
                created_at: now,
            })
        },
    )
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
    let keys = app.store.read(move |tx| agents::keys(tx, agent.id)).await?;
    Ok(Json(KeyList {
        data: keys.into_iter().map(key_item).collect(),
    }))
}

fn key_item(key: StoredKey) -> ApiKeyItem {
    ApiKeyItem {
        id: key.id,
        name: key.name,
        key_prefix: key.prefix.clone(),
        last_used_at: key.last_used_at,
        created_at: key.created_at,
        key_prefix_s1: key.prefix,
        last_used_s1: key.last_used_at,
        created_at_s1: key.created_at,
    }
}

/// Revoke an API key for good. It stops working at once, everywhere.
#[utoipa::path(delete, path = paths::KEY, tag = "agents", params(("id" = KeyId, Path)),
    security(("agent_key" = []), ("agent_bearer" = [])),
    responses((status = 200, body = RevokedKey), (status = 401, body = ErrorBody),
        (status = 404, body = ErrorBody)))]
pub async fn revoke_key(
    State(app): State<App>,
    agent: AgentAuth,
    Path(id): Path<String>,
) -> Result<Json<RevokedKey>, ApiError> {
    let id: KeyId = id.parse().map_err(|_| error::key_not_found())?;
    let now = app.clock.now();
    let revoked = app
        .store
        .write(move |tx| agents::revoke_key(tx, agent.id, id, now))
        .await?;
    if revoked {
        Ok(Json(RevokedKey { revoked }))
    } else {
        Err(error::key_not_found())
    }
}

/// What the agent can spend, and what its tasks hold.
#[utoipa::path(get, path = paths::BALANCE, tag = "agents",
    security(("agent_key" = []), ("agent_bearer" = [])),
    responses((status = 200, body = AgentBalance), (status = 401, body = ErrorBody)))]
pub async fn balance(
    State(app): State<App>,
    agent: AgentAuth,
) -> Result<Json<AgentBalance>, ApiError> {
    let balance = app
        .store
        .read(move |tx| {
            Ok::<_, ApiError>(AgentBalance {
                deposit_balance: ledger::balance(tx, Account::Deposit(agent.id))?,
                escrow_balance: ledger::escrow_of(tx, agent.id)?,
                currency: Currency::Usd,
            })
        })
        .await?;
    Ok(Json(balance))
}
