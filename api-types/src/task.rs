//! Tasks: what an agent posts, and what agent and operator see of a task (contract §4, S1).

use serde::{Deserialize, Serialize};
use serde_json::{Value, value::RawValue};

use crate::{
    AgentId, MicroUsd, OperatorId, TaskId, Timestamp,
    agent::Tier,
    dispute::Resolution,
    error::ErrorCode,
    estimate::Estimate,
    event::TaskEvent,
    guardian::GuardianResult,
    message::Message,
    names::names,
    proof::{ProofType, ProofView},
};

/// Maximum number of characters in a title.
pub const TITLE_CHARS_MAX: usize = 200;
/// Maximum number of characters in a description, and in digital instructions.
pub const DESCRIPTION_CHARS_MAX: usize = 10_000;
/// Maximum number of characters in an address.
pub const ADDRESS_CHARS_MAX: usize = 500;
/// Maximum number of proof requirements of a task.
pub const REQUIREMENTS_MAX: usize = 20;
/// Maximum number of characters in a proof requirement.
pub const REQUIREMENT_CHARS_MAX: usize = 500;

/// Maximum size of a result schema in bytes of compact JSON: 16 KiB.
pub const RESULT_SCHEMA_BYTES_MAX: usize = 16 * 1024;
/// Maximum size of a typed result in bytes of compact JSON: 64 KiB.
pub const RESULT_BYTES_MAX: usize = 64 * 1024;

names! {
    /// The status of a task. Only a move changes it, and the server has one table of all moves.
    #[derive(Hash)]
    pub enum Status {
        /// The task is open for operators.
        Pending = "PENDING",
        /// An operator accepted with an estimate, and the agent has not decided on it yet.
        EstimatePending = "ESTIMATE_PENDING",
        /// An operator has claimed the task.
        Accepted = "ACCEPTED",
        /// The operator is working on it.
        InProgress = "IN_PROGRESS",
        /// Proof was submitted; the Guardian reviews it.
        Submitted = "SUBMITTED",
        /// The Guardian approved. A task passes through this status to COMPLETED and never stays in
        /// it.
        Verified = "VERIFIED",
        /// The task is done and paid.
        Completed = "COMPLETED",
        /// The Guardian was not certain; the agent reviews the proof.
        ManualReview = "MANUAL_REVIEW",
        /// The proof was rejected or the payment disputed; the money stays in escrow.
        Disputed = "DISPUTED",
        /// The task was cancelled and refunded.
        Cancelled = "CANCELLED",
    }
}

names! {
    /// The kind of work that a task asks for.
    #[derive(Hash)]
    pub enum TaskType {
        /// Check whether something is so.
        Verification = "VERIFICATION",
        /// Bring something somewhere.
        Delivery = "DELIVERY",
        /// Take photos of something.
        Photo = "PHOTO",
        /// Examine something thoroughly.
        Inspection = "INSPECTION",
        /// Solve a captcha.
        CaptchaSolving = "CAPTCHA_SOLVING",
        /// Fill in a form.
        FormFilling = "FORM_FILLING",
        /// Do something in a browser.
        BrowserInteraction = "BROWSER_INTERACTION" | "BROWSER_NAVIGATION",
        /// Judge some content.
        ContentReview = "CONTENT_REVIEW",
        /// Compare data with reality.
        DataValidation = "DATA_VALIDATION",
        /// Create an account and submit its credentials.
        AccountCreation = "ACCOUNT_CREATION",
        /// Obtain an API key and submit it.
        ApiKeyProcurement = "API_KEY_PROCUREMENT",
        /// Receive a code by phone and submit it.
        PhoneVerification = "PHONE_VERIFICATION",
        /// Set up a subscription and submit its credentials.
        SubscriptionSetup = "SUBSCRIPTION_SETUP",
    }
}

names! {
    /// Where work of a type takes place.
    pub enum TaskDomain {
        /// At a place in the world.
        Physical = "PHYSICAL",
        /// On any device.
        Digital = "DIGITAL",
        /// On any device, with a secret as the result that only the agent can open.
        Credential = "CREDENTIAL",
    }
}

names! {
    /// Which events are sent to a callback.
    pub enum WebhookStyle {
        /// The Guardian's decisions and submitted estimates.
        Humanops = "humanops",
        /// One `task.status_changed` for each move.
        Humcli = "humcli",
        /// Every event of the task.
        All = "all",
    }
}

names! {
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

/// A place. Its numbers are stored and returned as the agent wrote them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Location {
    /// Latitude in degrees, −90 to 90.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(minimum = -90, maximum = 90))]
    pub lat: Option<f64>,
    /// Longitude in degrees, −180 to 180.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(minimum = -180, maximum = 180))]
    pub lng: Option<f64>,
    /// The address, at most 500 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(max_length = 500))]
    pub address: Option<String>,
}

/// The request body of POST /tasks. `reward_usd` is a number or a decimal string with at most two
/// decimals.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct CreateTask {
    /// The title, 1 to 200 characters.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 200))]
    pub title: String,
    /// The description, 1 to 10 000 characters.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 10_000))]
    pub description: String,
    /// The place of the work; required for PHYSICAL tasks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<Location>,
    /// $10 up to the smallest of $10 000, the maximum of the type and the maximum of the tier.
    #[cfg_attr(feature = "openapi", schema(value_type = crate::money::StatedUsd))]
    pub reward_usd: MicroUsd,
    /// The deadline, 10 minutes to 90 days ahead.
    pub deadline: Timestamp,
    /// What the proof must show: 1 to 20 requirements of 1 to 500 characters each.
    #[cfg_attr(feature = "openapi", schema(min_items = 1, max_items = 20))]
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
    #[cfg_attr(feature = "openapi", schema(max_length = 10_000))]
    pub digital_instructions: Option<String>,
    /// The public https URL that events are sent to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(format = "uri"))]
    pub callback_url: Option<String>,
    /// The secret that signs webhooks, 16 to 256 characters; never returned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(min_length = 16, max_length = 256))]
    pub callback_secret: Option<String>,
    /// The public key that credentials are sealed to; required for the credential types.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(
        feature = "openapi",
        schema(value_type = Option<crate::credential::StatedPublicKey>)
    )]
    pub agent_public_key: Option<String>,
    /// The agent's own name for the task, at most 200 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 200))]
    pub external_id: Option<String>,
    /// The lowest rating of an eligible operator, 1 to 5 with at most two decimals. Operators with
    /// a lower rating or none neither see the task nor can accept it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 5))]
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
    #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 129_600))]
    pub auto_approve_estimate_minutes: Option<u32>,
}

/// The response to POST /tasks.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CreatedTask {
    /// The id of the new task.
    pub task_id: TaskId,
    /// The status of the new task, `PENDING`.
    pub status: Status,
    /// Amount that the operator gets.
    pub reward_usd: MicroUsd,
    /// Amount that the platform gets.
    pub platform_fee: MicroUsd,
    /// Sum of reward and fee, now in escrow.
    pub total_escrow: MicroUsd,
    /// The given deadline, in UTC.
    pub deadline: Timestamp,
    /// When the task was created.
    pub created_at: Timestamp,
    /// The fingerprint of `agent_public_key`, to compare with the one that the operator sees.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent_key_fingerprint: Option<String>,
    /// Whether the task is simulated; left out if it is not.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub sandbox: bool,
    /// An explanation of the simulation; left out if the task is not simulated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sandbox_notice: Option<String>,
}

/// The response to POST /tasks with `dry_run`: the cost of the task, the obstacles to creating it,
/// and the number of operators who could accept it. Nothing is created.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Quote {
    /// Always `true` in this response.
    pub dry_run: bool,
    /// Whether the task would be simulated; left out if not.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub sandbox: bool,
    /// An explanation of the simulation; left out if the task would not be simulated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sandbox_notice: Option<String>,
    /// Whether the same request without `dry_run` would create the task now.
    pub would_be_created: bool,
    /// All reasons against creating the task, as its refusals would state them; empty if it would
    /// be created.
    pub obstacles: Vec<Obstacle>,
    /// The kind of work.
    pub task_type: TaskType,
    /// The domain of the type.
    pub task_domain: TaskDomain,
    /// The kind of proof that the task would ask for.
    pub proof_type: ProofType,
    /// Amount that the operator would get.
    pub reward_usd: MicroUsd,
    /// Amount that the platform would get.
    pub platform_fee: MicroUsd,
    /// The fee in per cent of the reward, by the agent's spending in the last 30 days. In addition,
    /// there is a minimum fee.
    pub fee_percent: f64,
    /// Sum of reward and fee, which would go into escrow.
    pub total_escrow: MicroUsd,
    /// Amount that the agent can spend.
    pub balance: MicroUsd,
    /// Whether the balance covers `total_escrow`.
    pub sufficient_balance: bool,
    /// What remains of the tier's limits today.
    pub tier_headroom: TierHeadroom,
    /// Number of approved operators who do such tasks and have the required rating. For a task with
    /// a place, these are operators within 50 km and operators who gave no position, each counted
    /// up to 1 000.
    pub eligible_operators: u64,
    /// The given deadline, in UTC.
    pub deadline: Timestamp,
}

/// One reason why the task would not be created.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Obstacle {
    /// The error code of the refusal.
    pub code: ErrorCode,
    /// The sentence of the refusal.
    pub message: String,
}

/// What remains of a tier's limits until the end of the UTC day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TierHeadroom {
    /// The agent's trust level.
    pub tier: Tier,
    /// Maximum reward of one task.
    pub max_task_usd: MicroUsd,
    /// Maximum number of tasks in a UTC day.
    pub max_daily_tasks: u32,
    /// Number of tasks that may still be posted today.
    pub tasks_left_today: u32,
    /// Maximum sum of rewards and fees in a UTC day.
    pub max_daily_usd: MicroUsd,
    /// Amount that may still be spent today.
    pub usd_left_today: MicroUsd,
}

/// One of the agent's tasks in a list.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TaskItem {
    /// The id of the task.
    pub task_id: TaskId,
    /// The title of the task.
    pub title: String,
    /// The status of the task.
    pub status: Status,
    /// The kind of work.
    pub task_type: TaskType,
    /// Amount that the operator gets.
    pub reward_usd: MicroUsd,
    /// The operator who claimed the task.
    pub operator: Option<OperatorSummary>,
    /// The id of the operator who claimed the task.
    pub operator_id: Option<OperatorId>,
    /// The agent's own name for the task.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
    /// When the task was posted.
    pub created_at: Timestamp,
    /// When the task must be done.
    pub deadline: Timestamp,
    /// Whether the task is simulated; left out if it is not.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub sandbox: bool,
    /// An explanation of the simulation; left out if the task is not simulated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sandbox_notice: Option<String>,
}

/// An operator, as agents see them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OperatorSummary {
    /// The id of the operator.
    pub id: OperatorId,
    /// The operator's name, shortened as in "Jane D.".
    pub name: String,
    /// Mean of the agents' stars; null while there are none.
    pub rating: Option<f32>,
}

/// A task in full, as its agent sees it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TaskView {
    /// The id of the task.
    pub task_id: TaskId,
    /// The title of the task.
    pub title: String,
    /// The description of the task.
    pub description: String,
    /// The status of the task.
    pub status: Status,
    /// The kind of work.
    pub task_type: TaskType,
    /// The domain of the type.
    pub task_domain: TaskDomain,
    /// The kind of proof that the task asks for.
    pub proof_type: ProofType,
    /// The place of the work, if there is one.
    pub location: Option<Location>,
    /// Instructions for digital work.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digital_instructions: Option<String>,
    /// Amount that the operator gets.
    pub reward_usd: MicroUsd,
    /// Amount that the platform gets.
    pub platform_fee_usd: MicroUsd,
    /// When the task must be done.
    pub deadline: Timestamp,
    /// What the proof must show.
    pub proof_requirements: Vec<String>,
    /// The lowest rating of an operator who may accept the task.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_operator_rating: Option<f64>,
    /// The schema that the typed result must satisfy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    pub result_schema: Option<Value>,
    /// The typed result of the latest proof.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Value>))]
    pub result: Option<Value>,
    /// Which events are sent to the callback.
    pub webhook_style: WebhookStyle,
    /// The latest proof, once submitted.
    pub proof: Option<ProofView>,
    /// The Guardian's result for that proof.
    pub guardian_result: Option<GuardianResult>,
    /// The agent's rejection of the proof, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rejection: Option<Rejection>,
    /// The operator's estimate for the task.
    pub estimate: Option<Estimate>,
    /// Whether an operator must give an estimate.
    pub require_estimate: bool,
    /// Estimates up to this many minutes are approved at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auto_approve_estimate_minutes: Option<u32>,
    /// The revision that the agent requested.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<Revision>,
    /// The host's resolution of a dispute.
    pub resolution: Option<Resolution>,
    /// The latest messages, oldest first, at most 100.
    pub messages: Vec<Message>,
    /// The latest events, oldest first, at most 100.
    pub events: Vec<TaskEvent>,
    /// The operator who claimed the task.
    pub operator: Option<OperatorSummary>,
    /// The public key that credentials are sealed to, in the form given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent_public_key: Option<String>,
    /// The fingerprint of that key, to compare with the one that the operator sees.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent_key_fingerprint: Option<String>,
    /// The URL that events are sent to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub callback_url: Option<String>,
    /// The agent's own name for the task.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
    /// The moves that the agent can make now.
    pub actions: Vec<Action>,
    /// When an operator accepted the task.
    pub accepted_at: Option<Timestamp>,
    /// When the proof was submitted.
    pub submitted_at: Option<Timestamp>,
    /// When the proof was approved.
    pub verified_at: Option<Timestamp>,
    /// When the task was done and paid.
    pub completed_at: Option<Timestamp>,
    /// When the task was cancelled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cancelled_at: Option<Timestamp>,
    /// Why the task was cancelled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cancel_reason: Option<CancelReason>,
    /// When the clock makes the next move, unless another actor moves the task before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_at: Option<Timestamp>,
    /// When the task was posted.
    pub created_at: Timestamp,
    /// Whether the task is simulated; left out if it is not.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub sandbox: bool,
    /// An explanation of the simulation; left out if the task is not simulated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sandbox_notice: Option<String>,
}

names! {
    /// Why a task was cancelled.
    pub enum CancelReason {
        /// The agent cancelled it.
        Agent = "CANCELLED_BY_AGENT",
        /// Nobody did it in time.
        Expired = "EXPIRED",
        /// The host resolved a dispute with a refund.
        Refunded = "DISPUTE_REFUNDED",
    }
}

names! {
    /// A move that the caller can make, by the name of its endpoint.
    #[derive(Hash)]
    pub enum Action {
        /// Accept the task.
        Accept = "accept",
        /// Accept the task with an estimate.
        Estimate = "estimate",
        /// Approve the estimate.
        ApproveEstimate = "approve_estimate",
        /// Reject the estimate.
        RejectEstimate = "reject_estimate",
        /// Withdraw from the task.
        Withdraw = "withdraw",
        /// Start the work.
        Start = "start",
        /// Submit the proof.
        Submit = "submit",
        /// Approve or reject the proof.
        Verify = "verify",
        /// Request a revision of the proof, once.
        RequestRevision = "request_revision",
        /// Cancel the task.
        Cancel = "cancel",
        /// Dispute the payment, within the hold.
        Dispute = "dispute",
        /// Send a message to the other side.
        Message = "message",
        /// Rate the other side.
        Rate = "rate",
        /// Retrieve the sealed credential.
        RetrieveCredential = "retrieve_credential",
    }
}

/// A task as an operator sees it: in the list of open tasks, in the list of claimed tasks, and by
/// itself.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OperatorTaskView {
    /// The id of the task.
    pub task_id: TaskId,
    /// The title of the task.
    pub title: String,
    /// The description of the task.
    pub description: String,
    /// The status of the task.
    pub status: Status,
    /// The kind of work.
    pub task_type: TaskType,
    /// The domain of the type.
    pub task_domain: TaskDomain,
    /// The kind of proof that the task asks for.
    pub proof_type: ProofType,
    /// The place of the work; its address is included only after the task was accepted.
    pub location: Option<Location>,
    /// Distance from the position of the search, in kilometres to a tenth; left out if the search
    /// had none. It is measured to the position that `location` shows before the task was accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub distance_km: Option<f64>,
    /// Instructions for digital work; included only after the task was accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digital_instructions: Option<String>,
    /// Amount that the operator gets; no fee is deducted from it.
    pub reward_usd: MicroUsd,
    /// When the task must be done.
    pub deadline: Timestamp,
    /// What the proof must show.
    pub proof_requirements: Vec<String>,
    /// The schema of a typed result that is submitted in addition to the proof, if the task has
    /// one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    pub result_schema: Option<Box<RawValue>>,
    /// The operator's own typed result, once submitted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Value>))]
    pub result: Option<Box<RawValue>>,
    /// The agent that posted the task.
    pub agent: AgentSummary,
    /// The public key that a credential is sealed to, in the form that the agent gave.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent_public_key: Option<String>,
    /// The fingerprint of that key as the server computes it; the app computes its own and
    /// compares.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent_key_fingerprint: Option<String>,
    /// The moves that the operator can make now.
    pub actions: Vec<Action>,
    /// The operator's own proof, once submitted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proof: Option<ProofView>,
    /// The Guardian's result for that proof.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guardian_result: Option<GuardianResult>,
    /// The agent's rejection of the proof, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rejection: Option<Rejection>,
    /// The operator's own estimate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub estimate: Option<Estimate>,
    /// The revision that the agent requested, with its deadline.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<Revision>,
    /// The host's resolution of a dispute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolution: Option<Resolution>,
    /// Why the task was cancelled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cancel_reason: Option<CancelReason>,
    /// When the clock makes the next move, unless another actor moves the task before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_at: Option<Timestamp>,
    /// When the operator accepted the task.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accepted_at: Option<Timestamp>,
    /// When the proof was submitted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub submitted_at: Option<Timestamp>,
    /// When the task was done and paid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completed_at: Option<Timestamp>,
    /// When the hold ends and the reward can be paid out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub available_at: Option<Timestamp>,
    /// When the task was posted.
    pub created_at: Timestamp,
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

/// The response to POST /operator/tasks/:id/accept.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AcceptedTask {
    /// The id of the task.
    pub task_id: TaskId,
    /// `ACCEPTED`, or `ESTIMATE_PENDING` while the agent decides on an estimate.
    pub status: Status,
    /// When the task was accepted; left out while the agent decides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accepted_at: Option<Timestamp>,
    /// The estimate as a total in minutes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub estimate_minutes: Option<u32>,
}

/// The response to a move that reports only the new status.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MovedTask {
    /// The id of the task.
    pub task_id: TaskId,
    /// The task's new status.
    pub status: Status,
}

/// The response to POST /tasks/:id/cancel.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CancelledTask {
    /// The id of the task.
    pub task_id: TaskId,
    /// The task's new status, `CANCELLED`.
    pub status: Status,
    /// Reward and fee, back in the deposit balance.
    pub refunded_usd: MicroUsd,
}

names! {
    /// An agent's decision on a proof.
    pub enum VerifyDecision {
        /// The proof is approved and the operator is paid.
        Approve = "APPROVE",
        /// The proof is rejected and the task is disputed.
        Reject = "REJECT",
    }
}

/// The request body of POST /tasks/:id/verify.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct VerifyTask {
    /// The decision on the proof.
    pub decision: VerifyDecision,
    /// The reason, at most 1 000 characters; the operator can read it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The task's requirements that are not met, in the task's own wording.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unmet_requirements: Option<Vec<String>>,
}

/// An agent's rejection of a proof.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Rejection {
    /// The agent's reason, if it gave one.
    pub reason: Option<String>,
    /// The requirements that the agent found unmet, in the task's own wording.
    pub unmet_requirements: Vec<String>,
    /// When the agent rejected the proof.
    pub rejected_at: Timestamp,
}

/// The request body of POST /tasks/:id/request-revision.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct RequestRevision {
    /// What to improve, 1 to 1 000 characters; the operator can read it.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 1000))]
    pub reason: String,
    /// The task's requirements that are not met, in the task's own wording.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unmet_requirements: Option<Vec<String>>,
}

/// An agent's request to improve a proof.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Revision {
    /// What to improve, in the agent's words.
    pub reason: String,
    /// The requirements that the agent found unmet, in the task's own wording.
    pub unmet_requirements: Vec<String>,
    /// When the agent requested the revision.
    pub requested_at: Timestamp,
    /// The deadline for a revised proof; after it the task is disputed.
    pub resubmit_by: Timestamp,
}

/// The response to POST /tasks/:id/request-revision.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RequestedRevision {
    /// The id of the task.
    pub task_id: TaskId,
    /// The task's new status, `IN_PROGRESS`.
    pub status: Status,
    /// The deadline for a revised proof.
    pub resubmit_by: Timestamp,
}

/// The response to POST /tasks/:id/verify.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct VerifiedTask {
    /// The id of the task.
    pub task_id: TaskId,
    /// The task's new status, `COMPLETED` or `DISPUTED`.
    pub status: Status,
    /// The result as a sentence.
    pub message: String,
}
