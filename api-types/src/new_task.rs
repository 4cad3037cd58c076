//! The request and the response of POST /tasks.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    bounds::bounds,
    estimate::ESTIMATE_MINUTES_MAX,
    event::WebhookStyle,
    id::TaskId,
    message::{STARS_MAX, STARS_MIN},
    money::MicroUsd,
    place::Location,
    proof::ProofType,
    status::Status,
    strings::{URL_CHARS_MAX, string_enum},
    task_type::{TaskDomain, TaskType},
    time::Timestamp,
};

/// Maximum number of characters in a title.
pub const TITLE_CHARS_MAX: usize = 200;

/// Maximum number of characters in a description, and in digital instructions.
pub const DESCRIPTION_CHARS_MAX: usize = 10_000;

/// Maximum number of proof requirements of a task.
pub const REQUIREMENTS_MAX: usize = 20;

/// Maximum number of characters in a proof requirement.
pub const REQUIREMENT_CHARS_MAX: usize = 500;

/// Minimum number of characters in a callback's secret.
pub const CALLBACK_SECRET_CHARS_MIN: usize = 16;

/// Maximum number of characters in a callback's secret.
pub const CALLBACK_SECRET_CHARS_MAX: usize = 256;

/// Maximum number of characters in the agent's own name for a task.
pub const EXTERNAL_ID_CHARS_MAX: usize = 200;

/// Maximum size of a result schema in bytes of compact JSON: 16 KiB.
pub const RESULT_SCHEMA_BYTES_MAX: usize = 16 * 1024;

/// The request body of POST /tasks. `reward_usd` is a number or a decimal string with at most two
/// decimals.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct CreateTask {
    /// The title, 1 to 200 characters.
    pub title: String,
    /// The description, 1 to 10 000 characters.
    pub description: String,
    /// The place of the work; required for PHYSICAL tasks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<Location>,
    /// $10 up to the smallest of $10 000, the maximum of the type and the maximum of the tier.
    #[cfg_attr(feature = "openapi", schema(value_type = crate::money::UsdInput))]
    pub reward_usd: MicroUsd,
    /// The deadline, 10 minutes to 90 days ahead.
    pub deadline: Timestamp,
    /// What the proof must show: 1 to 20 requirements of 1 to 500 characters each.
    pub proof_requirements: Vec<String>,
    /// The kind of work.
    pub task_type: TaskType,
    /// The domain, which follows from the type; credential types also accept DIGITAL.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task_domain: Option<TaskDomain>,
    /// The kind of proof; the type's default if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proof_type: Option<ProofType>,
    /// Instructions for digital work, at most 10 000 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digital_instructions: Option<String>,
    /// The public https URL that events are sent to, at most 2 000 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(format = "uri"))]
    pub callback_url: Option<String>,
    /// The secret that signs webhooks, 16 to 256 characters; never returned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub callback_secret: Option<String>,
    /// The public key that credentials are sealed to; required for the credential types.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(
        feature = "openapi",
        schema(value_type = Option<crate::credential::PublicKeyInput>)
    )]
    pub agent_public_key: Option<String>,
    /// The agent's own name for the task, 1 to 200 characters; GET /tasks can filter by it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
    /// The lowest rating of an eligible operator, 1 to 5 with at most two decimals. Operators with
    /// a lower rating or none neither see the task nor can accept it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_operator_rating: Option<f64>,
    /// JSON Schema of a typed `result` that the operator submits in addition to the proof: an
    /// object of at most 16 KiB, of draft 2020-12 unless it names 2019-09 or 7. References must
    /// point into the schema itself and must not form a cycle; nothing is fetched, and `format` is
    /// not checked. At most 1 000 subschemas, 64 levels deep, and 32 patterns of at most 512 bytes
    /// each. Not allowed for the credential types.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    pub result_schema: Option<Value>,
    /// Which events are sent to `callback_url`; `humanops` by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub webhook_style: Option<WebhookStyle>,
    /// Whether the task is simulated: a synthetic operator does it in seconds, no money moves, and
    /// no real operator sees it. All tasks of agents in the SANDBOX tier are simulated; in every
    /// tier the header `X-Sandbox: true` has the same effect.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sandbox: Option<bool>,
    /// The outcome of a simulated task; `approve` by default. Only for simulated tasks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sandbox_outcome: Option<SandboxOutcome>,
    /// Whether to only validate and quote: nothing is created, and the response has status 200.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dry_run: Option<bool>,
    /// Whether an operator must give an estimate, which the agent approves or rejects.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub require_estimate: Option<bool>,
    /// Estimates up to this many minutes are approved at once; 1 to 129 600.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auto_approve_estimate_minutes: Option<u32>,
}

bounds! {
    CreateTask {
        title: Chars(1..=TITLE_CHARS_MAX),
        description: Chars(1..=DESCRIPTION_CHARS_MAX),
        proof_requirements: Strings(1..=REQUIREMENTS_MAX, 1..=REQUIREMENT_CHARS_MAX),
        digital_instructions: Chars(0..=DESCRIPTION_CHARS_MAX),
        callback_url: Chars(1..=URL_CHARS_MAX),
        callback_secret: Chars(CALLBACK_SECRET_CHARS_MIN..=CALLBACK_SECRET_CHARS_MAX),
        external_id: Chars(1..=EXTERNAL_ID_CHARS_MAX),
        min_operator_rating: Integer(STARS_MIN..=STARS_MAX),
        auto_approve_estimate_minutes: Integer(1..=ESTIMATE_MINUTES_MAX),
    }
}

string_enum! {
    /// The outcome of a simulated task.
    pub enum SandboxOutcome {
        /// The Guardian approves the synthetic proof.
        Approve = "approve",
        /// The Guardian asks for a manual review; it approves a revised proof.
        ManualReview = "manual_review",
        /// The Guardian rejects the proof; it approves a revised one.
        Reject = "reject",
        /// No operator accepts the task, and it expires at its deadline.
        Expire = "expire",
    }
}

/// The response to POST /tasks.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CreatedTask {
    /// The id of the new task.
    pub task_id: TaskId,
    /// The status of the new task, `PENDING`.
    pub status: Status,
    /// Amount in US dollars that the operator gets.
    pub reward_usd: MicroUsd,
    /// Amount in US dollars that the platform gets.
    pub platform_fee: MicroUsd,
    /// Sum of reward and fee in US dollars, now in escrow.
    pub total_escrow: MicroUsd,
    /// The given deadline, in UTC.
    pub deadline: Timestamp,
    /// When the task was created.
    pub created_at: Timestamp,
    /// The fingerprint of `agent_public_key`, to compare with the one that the operator sees; left
    /// out if the task has no key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent_key_fingerprint: Option<String>,
    /// Whether the task is simulated; left out if it is not.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub sandbox: bool,
    /// An explanation of the simulation; left out if the task is not simulated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sandbox_notice: Option<String>,
}
