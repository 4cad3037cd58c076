//! Agents: registration, keys, balance (contract §3, S1).

use serde::{Deserialize, Serialize};

use crate::{AgentId, KeyId, MicroUsd, Timestamp, names::names};

/// Characters in an agent's, operator's or key's name at most.
pub const NAME_CHARS_MAX: usize = 100;

/// Characters in a company's name at most.
pub const COMPANY_CHARS_MAX: usize = 200;

names! {
    /// What an agent may do, by how well it is known (contract §3).
    #[derive(PartialOrd, Ord)]
    pub enum Tier {
        /// On registration.
        Sandbox = "SANDBOX",
        /// By e-mail.
        Verified = "VERIFIED",
        /// By deposits of $50 or more.
        Standard = "STANDARD",
    }
}

/// POST /agents/register.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct RegisterAgent {
    /// 1 to 100 characters.
    #[cfg_attr(
        feature = "openapi",
        schema(min_length = 1, max_length = 100, example = "my-agent")
    )]
    pub name: String,
    /// Where the agent's owner reads mail; one account each.
    #[cfg_attr(
        feature = "openapi",
        schema(format = "email", example = "agent@example.com")
    )]
    pub email: String,
    /// At most 200 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(max_length = 200))]
    pub company: Option<String>,
}

/// The answer to POST /agents/register.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RegisteredAgent {
    /// The new account.
    pub agent_id: AgentId,
    /// Shown this once; left out when the answer is repeated for an idempotency key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api_key: Option<String>,
    /// What to do with the key.
    pub message: String,
    /// What the agent may do now.
    pub tier: Tier,
    /// Whether a mailed link must be followed for the next tier.
    pub verification_required: bool,
    /// What the first tier is.
    pub sandbox_info: SandboxInfo,
}

/// What the sandbox tier is, and how to leave it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SandboxInfo {
    /// What happens to tasks.
    pub what: String,
    /// Why.
    pub why: String,
    /// What to do for the next tier.
    pub how_to_upgrade: String,
    /// The numbers.
    pub limits: TierLimits,
}

/// A tier's limits; camel case as the contract prints them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct TierLimits {
    /// Tasks in a UTC day.
    pub max_daily_tasks: u32,
    /// Reward of one task, in US dollars.
    pub max_task_value: MicroUsd,
    /// Rewards and fees in a UTC day, in US dollars.
    pub max_daily_spend: MicroUsd,
}

/// POST /agents/keys.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct CreateKey {
    /// A label of 1 to 100 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(max_length = 100, example = "ci-pipeline"))]
    pub name: Option<String>,
}

/// The answer to POST /agents/keys.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CreatedKey {
    /// The key's id, for revoking it.
    pub id: KeyId,
    /// Shown this once; left out when the answer is repeated for an idempotency key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api_key: Option<String>,
    /// What is shown of the key from now on.
    pub key_prefix: String,
    /// Its label.
    pub name: String,
    /// When it was made.
    pub created_at: Timestamp,
}

/// GET /agents/keys. S1 and the contract spell three fields differently; both are served.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct KeyList {
    /// Active keys, oldest first.
    pub data: Vec<ApiKeyItem>,
}

/// One active key, without its secret.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ApiKeyItem {
    /// For revoking it.
    pub id: KeyId,
    /// Its label.
    pub name: String,
    /// `ho_live_`, twelve characters and two dots.
    pub key_prefix: String,
    /// When a request last used it.
    pub last_used_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
    /// `key_prefix`, as S1 spells it.
    #[serde(rename = "keyPrefix")]
    pub key_prefix_s1: String,
    /// `last_used_at`, as S1 spells it.
    #[serde(rename = "lastUsed")]
    pub last_used_s1: Option<Timestamp>,
    /// `created_at`, as S1 spells it.
    #[serde(rename = "createdAt")]
    pub created_at_s1: Timestamp,
}

/// The answer to DELETE /agents/keys/:id.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RevokedKey {
    /// Always true.
    pub revoked: bool,
}

/// GET /agents/balance.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AgentBalance {
    /// What can be spent.
    pub deposit_balance: MicroUsd,
    /// What tasks hold.
    pub escrow_balance: MicroUsd,
    /// Always `USD`.
    #[cfg_attr(feature = "openapi", schema(value_type = String, example = "USD"))]
    pub currency: Currency,
}

names! {
    /// The one currency of this API.
    pub enum Currency {
        /// US dollars.
        Usd = "USD",
    }
}
