//! Who calls: `AgentAuth` by API key, `OperatorAuth` by the development header, `HostAuth` by the
//! host's key (contract §2).
//!
//! A handler that takes one of these is not entered without it. What a caller may do to which
//! task is not decided here.

use api_types::operator::KycStatus;
use api_types::task::TaskType;
use api_types::{
    AgentId, KeyId, OperatorId, Timestamp, agent::AgentSettings, agent::Tier, key::KeyPolicy,
};
use axum::extract::FromRequestParts;
use axum::http::{HeaderMap, header, request::Parts};
use subtle::ConstantTimeEq;

use super::dialect;
use super::error::{self, ApiError};
use crate::admin::key_fingerprint;
use crate::app::App;
use crate::config::{Registration, Secret};
use crate::domain::{sandbox, secret};
use crate::store::{keys, operators};

/// The agent that calls.
#[derive(Clone, Debug)]
pub struct AgentAuth {
    /// Its account.
    pub id: AgentId,
    /// The key it calls with.
    pub key_id: KeyId,
    /// What it may do, by how well it is known.
    pub tier: Tier,
    /// What the key may spend; none for a key that may do everything.
    pub policy: Option<KeyPolicy>,
    /// What holds for requests that leave it out.
    pub settings: AgentSettings,
}

impl FromRequestParts<App> for AgentAuth {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let key = agent_key(&parts.headers).ok_or_else(error::unauthorized_agent)?;
        let hash = secret::hash(key);
        let now = app.clock.now();
        let agent = app
            .store
            .read(move |tx| keys::authenticate(tx, &hash, now).map_err(ApiError::from))
            .await?
            .ok_or_else(error::unauthorized_agent)?;
        dialect::set_by_key(agent.dialect);
        if agent.key_use_is_stale {
            write_down_use(app, agent.key_id, now).await;
        }
        Ok(Self {
            id: agent.id,
            key_id: agent.key_id,
            tier: agent.tier,
            policy: agent.policy,
            settings: agent.settings,
        })
    }
}

/// Keeps `lastUsed`. The request is good without it.
async fn write_down_use(app: &App, key_id: KeyId, now: Timestamp) {
    let written = app
        .store
        .write(move |tx| keys::touch(tx, key_id, now))
        .await;
    if let Err(error) = written {
        tracing::warn!(%error, "the use of a key was not written down");
    }
}

/// The key, from `X-API-Key` or, where that is not sent, as a bearer token.
pub fn agent_key(headers: &HeaderMap) -> Option<&str> {
    let key = match headers.get("x-api-key") {
        Some(key) => key.to_str().ok()?.trim(),
        None => bearer(headers)?,
    };
    key.starts_with(secret::KEY_PREFIX).then_some(key)
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// The operator that calls.
#[derive(Clone, Debug)]
pub struct OperatorAuth {
    /// Their account.
    pub id: OperatorId,
    /// Whether they may accept tasks.
    pub kyc: KycStatus,
    /// What they do; empty means everything.
    pub skills: Vec<TaskType>,
}

impl FromRequestParts<App> for OperatorAuth {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let allowed = app.config.allow_dev_operator_id_header;
        let id: OperatorId = (parts.headers.get("x-operator-id").filter(|_| allowed))
            .and_then(|value| value.to_str().ok()?.parse().ok())
            // The sandbox's operator is nobody who could call.
            .filter(|id| *id != sandbox::operator())
            .ok_or_else(error::unauthorized_operator)?;
        let operator = app
            .store
            .read(move |tx| operators::get(tx, id).map_err(ApiError::from))
            .await?
            .ok_or_else(error::unauthorized_operator)?;
        Ok(Self {
            id: operator.id,
            kyc: operator.kyc_status,
            skills: operator.skills,
        })
    }
}

/// Who decides approvals: an agent's key, or the host.
#[derive(Clone, Debug)]
pub enum Approver {
    /// A key; whether it may decide is still to be asked.
    Agent(AgentAuth),
    /// Whoever runs the platform.
    Host(HostAuth),
}

impl FromRequestParts<App> for Approver {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        if !parts.headers.contains_key("x-admin-key") {
            let agent = AgentAuth::from_request_parts(parts, app).await?;
            return Ok(Self::Agent(agent));
        }
        host_of(app, &parts.headers).map(Self::Host)
    }
}

/// Permission to register an agent: everyone has it, or only who sends the host's key, as the
/// server is set up (contract §3). An extractor, so that it is asked before a body is read.
#[derive(Clone, Copy, Debug)]
pub struct MayRegister;

impl FromRequestParts<App> for MayRegister {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        match app.config.registration {
            Registration::Open => Ok(Self),
            Registration::AdminKey => host_of(app, &parts.headers).map(|_| Self),
        }
    }
}

/// The host of this server.
#[derive(Clone, Debug)]
pub struct HostAuth {
    /// What its key is known by in the record of what it did.
    pub who: String,
}

impl FromRequestParts<App> for HostAuth {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        host_of(app, &parts.headers)
    }
}

/// Who sends the host's key. Without an ADMIN_KEY nobody does. What is compared is hashed first,
/// so that not even a key's length can be measured.
fn host_of(app: &App, headers: &HeaderMap) -> Result<HostAuth, ApiError> {
    let sent = headers.get("x-admin-key");
    let hash = |key: &[u8]| <sha2::Sha256 as sha2::Digest>::digest(key);
    let genuine = |key: &&Secret| {
        let sent = sent.map_or(&b""[..], |key| key.as_bytes());
        bool::from(hash(key.expose().as_bytes()).ct_eq(&hash(sent)))
    };
    let key = app.config.admin_key.as_ref().filter(genuine);
    let key = key.ok_or_else(error::host_only)?;
    Ok(HostAuth {
        who: key_fingerprint(key.expose()),
    })
}
