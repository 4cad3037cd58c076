//! Extractors that authenticate the caller: `AgentAuth` by API key, `OperatorAuth` by an
//! access token or the development header, `HostAuth` by the host's key (contract §2).
//!
//! A handler that takes one of these does not run without it. Whether the caller may act on a
//! certain task is not decided here.

use api_types::operator::KycStatus;
use api_types::task_type::TaskType;
use api_types::{
    AgentId, KeyId, OperatorId, Timestamp, agent::AgentSettings, agent::Tier, key::KeyPolicy,
};
use axum::extract::FromRequestParts;
use axum::http::{HeaderMap, request::Parts};
use subtle::ConstantTimeEq;

use crate::admin::{ActorContext, key_fingerprint};
use crate::app::App;
use crate::config::{Registration, Secret};
use crate::domain::{sandbox, secret};
use crate::http::context;
use crate::http::error::{self, ApiError};
use crate::http::extract::session::{self, bearer};
use crate::store::{keys, operators};

/// The authenticated agent.
#[derive(Clone, Debug)]
pub struct AgentAuth {
    /// The agent's account.
    pub id: AgentId,
    /// The API key of this request.
    pub key_id: KeyId,
    /// The tier, which sets the agent's limits.
    pub tier: Tier,
    /// The spending policy of the key; `None` for a key without limits.
    pub policy: Option<KeyPolicy>,
    /// The agent's default values for fields that a request leaves out.
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
        context::set_key_dialect(agent.dialect);
        tracing::debug!(agent_id = %agent.id, key_id = %agent.key_id, "an agent was authenticated");
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

/// Records the key's `lastUsed`. A failure is logged and does not fail the request.
async fn write_down_use(app: &App, key_id: KeyId, now: Timestamp) {
    let written = app
        .store
        .write(move |tx| keys::record_use(tx, key_id, now))
        .await;
    if let Err(error) = written {
        tracing::warn!(%error, "the use of a key was not written down");
    }
}

/// Returns the API key from `X-API-Key` or, if that is not sent, from the bearer token.
pub fn agent_key(headers: &HeaderMap) -> Option<&str> {
    let key = match headers.get("x-api-key") {
        Some(key) => key.to_str().ok()?.trim(),
        None => bearer(headers)?,
    };
    key.starts_with(secret::KEY_PREFIX).then_some(key)
}

/// The authenticated operator.
#[derive(Clone, Debug)]
pub struct OperatorAuth {
    /// The operator's account.
    pub id: OperatorId,
    /// The KYC status, which decides whether the operator may accept tasks.
    pub kyc: KycStatus,
    /// Whether the operator has proven their e-mail address, which is needed to accept tasks.
    pub has_confirmed_email: bool,
    /// The task types that the operator works on; empty means all.
    pub skills: Vec<TaskType>,
}

impl FromRequestParts<App> for OperatorAuth {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let stated = parts.headers.get("x-operator-id");
        let Some(stated) = stated.filter(|_| app.config.allow_dev_operator_id_header) else {
            return signed_in(app, &parts.headers).await;
        };
        let stated = stated.to_str().ok();
        let id: OperatorId = stated
            .and_then(|id| id.parse().ok())
            // The sandbox's operator cannot make requests.
            .filter(|id| *id != sandbox::operator())
            .ok_or_else(error::unknown_operator_id)?;
        let operator = app
            .store
            .read(move |tx| operators::get(tx, id).map_err(ApiError::from))
            .await?
            .ok_or_else(error::unknown_operator_id)?;
        tracing::debug!(operator_id = %operator.id, "an operator was authenticated");
        Ok(Self {
            id: operator.id,
            kyc: operator.kyc_status,
            has_confirmed_email: operator.has_confirmed_email,
            skills: operator.skills,
        })
    }
}

/// Authenticates an operator by an access token.
async fn signed_in(app: &App, headers: &HeaderMap) -> Result<OperatorAuth, ApiError> {
    let person = session::authenticate(app, headers).await?;
    let person = person.ok_or_else(error::unauthorized_operator)?;
    let operator = person.operator().ok_or_else(error::not_registered)?;
    tracing::debug!(operator_id = %operator.id, "an operator was authenticated");
    Ok(OperatorAuth {
        id: operator.id,
        kyc: operator.kyc_status,
        has_confirmed_email: operator.has_confirmed_email,
        skills: operator.skills,
    })
}

impl OperatorAuth {
    /// Returns whether the operator may accept tasks at all.
    pub fn may_accept(&self) -> bool {
        self.kyc == KycStatus::Approved && self.has_confirmed_email
    }
}

/// The caller who decides an approval: an agent's key, or the host.
#[derive(Clone, Debug)]
pub enum Approver {
    /// An agent's key. Whether it may decide is checked later.
    Agent(AgentAuth),
    /// The host of this server.
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

/// Permission to register an agent. Depending on the configuration everyone has it, or only a
/// caller that sends the host's key (contract §3). An extractor, so that it is checked before a
/// body is read.
#[derive(Clone, Copy, Debug)]
pub struct RegistrationAuth;

impl FromRequestParts<App> for RegistrationAuth {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        match app.config.registration {
            Registration::Open => Ok(Self),
            Registration::AdminKey => host_of(app, &parts.headers).map(|_| Self),
        }
    }
}

/// The authenticated host of this server.
#[derive(Clone, Debug)]
pub struct HostAuth {
    /// The name under which the host's actions are written to the audit log.
    pub who: String,
}

impl FromRequestParts<App> for HostAuth {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        host_of(app, &parts.headers)
    }
}

/// Authenticates the host by its key. Without an ADMIN_KEY nobody is the host. Both keys are hashed
/// before the comparison, so that not even a key's length can be measured.
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

/// Returns who acts, in which request and at what time, for the audit log.
pub fn actor(app: &App, who: String) -> ActorContext {
    ActorContext {
        who,
        request_id: Some(context::request_id()),
        context: app.move_context(),
    }
}

impl HostAuth {
    /// Returns the host as the one who acts.
    pub fn actor(self, app: &App) -> ActorContext {
        actor(app, self.who)
    }
}
