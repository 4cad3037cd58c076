//! Agents: registration, profile, settings, balance. Keys are in `key.rs`.

use serde::{Deserialize, Serialize};

use crate::{
    bounds::bounds,
    error::Dialect,
    estimate::ESTIMATE_MINUTES_MAX,
    event::WebhookStyle,
    id::AgentId,
    key::KeyItem,
    money::{Currency, MicroUsd},
    strings::string_enum,
    time::Timestamp,
};

/// Maximum number of characters in an agent's name.
pub const AGENT_NAME_CHARS_MAX: usize = 100;

/// Maximum number of characters in a company's name.
pub const COMPANY_CHARS_MAX: usize = 200;

string_enum! {
    /// The trust level of an agent, which sets its limits.
    #[derive(PartialOrd, Ord)]
    pub enum Tier {
        /// The tier on registration; tasks are simulated.
        Sandbox = "SANDBOX",
        /// The tier after the e-mail address is verified.
        Verified = "VERIFIED",
        /// The tier after deposits of $50 or more in total.
        Standard = "STANDARD",
    }
}

/// The request body of POST /agents/register.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct RegisterAgent {
    /// The agent's name, 1 to 100 characters; operators see it.
    #[cfg_attr(feature = "openapi", schema(example = "my-agent"))]
    pub name: String,
    /// The e-mail address of the agent's owner. One account per address.
    #[cfg_attr(
        feature = "openapi",
        schema(format = "email", example = "agent@example.com")
    )]
    pub email: String,
    /// The company that the agent works for, at most 200 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub company: Option<String>,
}

bounds! {
    RegisterAgent {
        name: Chars(1..=AGENT_NAME_CHARS_MAX),
        company: Chars(0..=COMPANY_CHARS_MAX),
    }
}

/// The response to POST /agents/register.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RegisteredAgent {
    /// The id of the new account.
    pub agent_id: AgentId,
    /// The API key. Shown only once, and left out of a replayed response for an idempotency key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api_key: Option<String>,
    /// A sentence that says to save the key.
    pub message: String,
    /// The tier of the new account.
    pub tier: Tier,
    /// Whether the next tier requires following a mailed link.
    pub verification_required: bool,
    /// A description of the sandbox tier.
    pub sandbox_info: SandboxInfo,
}

/// A description of the sandbox tier, and how to leave it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SandboxInfo {
    /// A sentence that says what happens to tasks in this tier.
    pub what: String,
    /// A sentence that says why the tier exists.
    pub why: String,
    /// A sentence that says how to reach the next tier.
    pub how_to_upgrade: String,
    /// The limits of the tier.
    pub limits: TierLimits,
}

/// The limits of a tier; the field names are camel case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct TierLimits {
    /// Maximum number of tasks in a UTC day.
    pub max_daily_tasks: u32,
    /// Maximum reward of one task, in US dollars.
    pub max_task_value: MicroUsd,
    /// Maximum sum of rewards and fees in a UTC day, in US dollars.
    pub max_daily_spend: MicroUsd,
}

/// The response to GET /agents/me.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AgentProfile {
    /// The id of the account.
    pub agent_id: AgentId,
    /// The agent's name, as operators see it.
    pub name: String,
    /// The e-mail address of the agent's owner.
    pub email: String,
    /// When the link mailed to that address was opened; null until then.
    pub email_verified_at: Option<Timestamp>,
    /// The company that the agent works for; null if none was given.
    pub company: Option<String>,
    /// The agent's trust level.
    pub tier: Tier,
    /// The limits of the tier.
    pub limits: TierLimits,
    /// How much of the limits is used today.
    pub today: TierUsage,
    /// The verified wallet that deposits must come from; null while none is verified.
    pub wallet: Option<AgentWallet>,
    /// Defaults for requests that leave these values out.
    pub settings: AgentSettings,
    /// The API key that made this request.
    pub key: KeyItem,
    /// When the account was registered.
    pub created_at: Timestamp,
}

/// How much of its tier's limits an agent has used in the current UTC day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = TodaysUse))]
pub struct TierUsage {
    /// Number of tasks posted today.
    pub tasks: u32,
    /// Number of tasks that may still be posted today.
    pub tasks_left: u32,
    /// Sum of rewards and fees of today's tasks in US dollars, without cancelled ones.
    pub spent_usd: MicroUsd,
    /// Amount in US dollars that may still be spent today.
    pub spend_left_usd: MicroUsd,
    /// When the UTC day ends: midnight UTC.
    pub resets_at: Timestamp,
}

/// A wallet whose ownership the agent has proved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AgentWallet {
    /// The wallet's address: `0x` and 40 hexadecimal digits.
    pub address: String,
    /// The chain; always `base`.
    pub chain: String,
    /// When the agent proved its ownership.
    pub verified_at: Timestamp,
}

/// An agent's defaults for values that a request leaves out; null means the platform's default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct AgentSettings {
    /// The error dialect for keys that set none of their own.
    pub dialect: Option<Dialect>,
    /// Which events are sent to the callback of a task.
    pub webhook_style: Option<WebhookStyle>,
    /// Estimates up to this many minutes, 1 to 129 600, are approved at once.
    pub auto_approve_estimate_minutes: Option<u32>,
}

bounds! {
    AgentSettings {
        auto_approve_estimate_minutes: Integer(1..=ESTIMATE_MINUTES_MAX),
    }
}

/// The request body of PATCH /agents/me. A field that is left out stays unchanged; null clears a
/// field that may be empty.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ChangeAgent {
    /// The agent's name, 1 to 100 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The company that the agent works for, at most 200 characters.
    #[serde(default)]
    pub company: Option<String>,
    /// The settings to change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settings: Option<AgentSettings>,
}

bounds! {
    ChangeAgent {
        name: Chars(1..=AGENT_NAME_CHARS_MAX),
        company: Chars(0..=COMPANY_CHARS_MAX),
    }
}

/// The response to GET /agents/verify-email.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct VerifiedEmail {
    /// The id of the account.
    pub agent_id: AgentId,
    /// Always `true` in this response.
    pub verified: bool,
    /// The agent's tier after the verification.
    pub tier: Tier,
    /// The result as a sentence.
    pub message: String,
}

/// The response to POST /agents/resend-verification.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ResentVerification {
    /// Always `true`: a mail with a link will be sent.
    pub sent: bool,
    /// The address that the mail is sent to.
    pub email: String,
    /// The result as a sentence.
    pub message: String,
}

/// The response to GET /agents/balance.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AgentBalance {
    /// Amount in US dollars that can be spent.
    pub deposit_balance: MicroUsd,
    /// Amount in US dollars that tasks hold in escrow.
    pub escrow_balance: MicroUsd,
    /// The currency, always `USD`.
    #[cfg_attr(feature = "openapi", schema(value_type = String, example = "USD"))]
    pub currency: Currency,
}

/// An agent, which is software that posts tasks for somebody, as operators see it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AgentSummary {
    /// The id of the agent.
    pub id: AgentId,
    /// The name of the agent.
    pub name: String,
    /// Number of this agent's tasks that were completed and paid.
    pub completed_tasks: u64,
    /// Mean of the operators' stars; left out while there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rating: Option<f32>,
}
