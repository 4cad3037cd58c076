//! Agents: registration, profile, settings, balance (contract §3, S1). Keys are `key.rs`.

use serde::{Deserialize, Serialize};

use crate::{
    AgentId, MicroUsd, Timestamp, error::Dialect, key::KeyItem, names::names, task::WebhookStyle,
};

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

/// GET /agents/me.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AgentProfile {
    /// The account.
    pub agent_id: AgentId,
    /// Its name, as operators see it.
    pub name: String,
    /// Where its owner reads mail.
    pub email: String,
    /// When the link in a mail to that address was opened; null until then.
    pub email_verified_at: Option<Timestamp>,
    /// Who it works for.
    pub company: Option<String>,
    /// What it may do, by how well it is known.
    pub tier: Tier,
    /// The tier's limits.
    pub limits: TierLimits,
    /// What of them is used today.
    pub today: TodaysUse,
    /// The wallet that deposits may come from; null while none is verified.
    pub wallet: Option<AgentWallet>,
    /// What holds for tasks that leave it out.
    pub settings: AgentSettings,
    /// The key of this request.
    pub key: KeyItem,
    /// When it was registered.
    pub created_at: Timestamp,
}

/// What an agent used of its tier's limits in this UTC day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TodaysUse {
    /// Tasks that were posted.
    pub tasks: u32,
    /// Tasks that may still be posted.
    pub tasks_left: u32,
    /// Rewards and fees of tasks that were not cancelled.
    pub spent_usd: MicroUsd,
    /// What may still be spent.
    pub spend_left_usd: MicroUsd,
    /// When the day ends: midnight UTC.
    pub resets_at: Timestamp,
}

/// A wallet that an agent proved to be its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AgentWallet {
    /// Its address.
    pub address: String,
    /// `base`.
    pub chain: String,
    /// When the proof was given.
    pub verified_at: Timestamp,
}

/// What holds for an agent where a request leaves it out; null is the platform's own default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct AgentSettings {
    /// The dialect of errors, for keys that have none of their own.
    pub dialect: Option<Dialect>,
    /// Which events a task's callback is told of.
    pub webhook_style: Option<WebhookStyle>,
    /// Estimates up to so many minutes are approved at once.
    #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 129_600))]
    pub auto_approve_estimate_minutes: Option<u32>,
}

/// PATCH /agents/me. What is left out stays; null removes where it may be absent.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ChangeAgent {
    /// 1 to 100 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 100))]
    pub name: Option<String>,
    /// At most 200 characters.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(max_length = 200))]
    pub company: Option<String>,
    /// The settings to change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settings: Option<AgentSettings>,
}

/// GET /agents/verify-email.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct VerifiedEmail {
    /// The account.
    pub agent_id: AgentId,
    /// Always true.
    pub verified: bool,
    /// What the agent may do now.
    pub tier: Tier,
    /// The same in words.
    pub message: String,
}

/// POST /agents/resend-verification.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ResentVerification {
    /// Always true: a mail is on its way.
    pub sent: bool,
    /// Where to.
    pub email: String,
    /// The same in words.
    pub message: String,
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
