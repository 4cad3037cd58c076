//! Tasks: what an agent posts, and what each side sees of it (contract §4, S1).

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

/// Characters of a title at most.
pub const TITLE_CHARS_MAX: usize = 200;
/// Characters of a description, and of digital instructions, at most.
pub const DESCRIPTION_CHARS_MAX: usize = 10_000;
/// Characters of an address at most.
pub const ADDRESS_CHARS_MAX: usize = 500;
/// Proof requirements of a task at most.
pub const REQUIREMENTS_MAX: usize = 20;
/// Characters of one proof requirement at most.
pub const REQUIREMENT_CHARS_MAX: usize = 500;

/// Bytes of a result schema at most, as compact JSON: 16 KiB.
pub const RESULT_SCHEMA_BYTES_MAX: usize = 16 * 1024;
/// Bytes of a typed result at most, as compact JSON: 64 KiB.
pub const RESULT_BYTES_MAX: usize = 64 * 1024;

names! {
    /// Where a task stands. It changes by moves only; the server's table of moves has them all.
    #[derive(Hash)]
    pub enum Status {
        /// Open for operators.
        Pending = "PENDING",
        /// An operator asked for more time than was given; the agent decides.
        EstimatePending = "ESTIMATE_PENDING",
        /// Claimed by an operator.
        Accepted = "ACCEPTED",
        /// Being worked on.
        InProgress = "IN_PROGRESS",
        /// Proof was sent; the Guardian looks at it.
        Submitted = "SUBMITTED",
        /// The Guardian approved; passed through on the way to COMPLETED, never rested in.
        Verified = "VERIFIED",
        /// Done and paid.
        Completed = "COMPLETED",
        /// The Guardian could not tell; the agent looks for itself.
        ManualReview = "MANUAL_REVIEW",
        /// Rejected; the money stays in escrow.
        Disputed = "DISPUTED",
        /// Called off and refunded.
        Cancelled = "CANCELLED",
    }
}

names! {
    /// What kind of work a task is (contract §4, the table of types).
    #[derive(Hash)]
    pub enum TaskType {
        /// Look whether something is so.
        Verification = "VERIFICATION",
        /// Bring something somewhere.
        Delivery = "DELIVERY",
        /// Take photos of something.
        Photo = "PHOTO",
        /// Look at something thoroughly.
        Inspection = "INSPECTION",
        /// Solve a captcha.
        CaptchaSolving = "CAPTCHA_SOLVING",
        /// Fill in a form.
        FormFilling = "FORM_FILLING",
        /// Do something in a browser.
        BrowserInteraction = "BROWSER_INTERACTION" | "BROWSER_NAVIGATION",
        /// Judge some content.
        ContentReview = "CONTENT_REVIEW",
        /// Compare data with the world.
        DataValidation = "DATA_VALIDATION",
        /// Make an account and hand over its access.
        AccountCreation = "ACCOUNT_CREATION",
        /// Get an API key and hand it over.
        ApiKeyProcurement = "API_KEY_PROCUREMENT",
        /// Receive a code by phone and hand it over.
        PhoneVerification = "PHONE_VERIFICATION",
        /// Set up a subscription and hand over its access.
        SubscriptionSetup = "SUBSCRIPTION_SETUP",
    }
}

names! {
    /// Where a kind of work takes place.
    pub enum TaskDomain {
        /// Somewhere in the world.
        Physical = "PHYSICAL",
        /// On any device.
        Digital = "DIGITAL",
        /// On any device, ending in a secret that only the agent can open.
        Credential = "CREDENTIAL",
    }
}

names! {
    /// Which events a callback is told (contract §7).
    pub enum WebhookStyle {
        /// The Guardian's decisions and submitted estimates.
        Humanops = "humanops",
        /// One `task.status_changed` for each move.
        Humcli = "humcli",
        /// Every event.
        All = "all",
    }
}

names! {
    /// How a simulated task turns out.
    pub enum SandboxOutcome {
        /// The Guardian approves the synthetic proof.
        Approve = "approve",
        /// The Guardian cannot tell; a revised proof it approves.
        ManualReview = "manual_review",
        /// The Guardian rejects it; a revised proof it approves.
        Reject = "reject",
        /// Nobody accepts the task, and it expires at its deadline.
        Expire = "expire",
    }
}

/// A place. Its numbers are kept and given back as the agent wrote them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Location {
    /// Degrees, −90 to 90.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(minimum = -90, maximum = 90))]
    pub lat: Option<f64>,
    /// Degrees, −180 to 180.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(minimum = -180, maximum = 180))]
    pub lng: Option<f64>,
    /// At most 500 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(max_length = 500))]
    pub address: Option<String>,
}

/// POST /tasks. `reward_usd` may be a number or a decimal string of at most two decimals.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct CreateTask {
    /// 1 to 200 characters.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 200))]
    pub title: String,
    /// 1 to 10 000 characters.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 10_000))]
    pub description: String,
    /// Required for PHYSICAL tasks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<Location>,
    /// $10 to the smallest of $10 000, the type's and the tier's maximum.
    #[cfg_attr(feature = "openapi", schema(value_type = crate::money::StatedUsd))]
    pub reward_usd: MicroUsd,
    /// 10 minutes to 90 days ahead.
    pub deadline: Timestamp,
    /// 1 to 20, each of 1 to 500 characters.
    #[cfg_attr(feature = "openapi", schema(min_items = 1, max_items = 20))]
    pub proof_requirements: Vec<String>,
    /// The kind of work.
    pub task_type: TaskType,
    /// Follows from the type; DIGITAL is also taken for credential types.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task_domain: Option<TaskDomain>,
    /// The type's default if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proof_type: Option<ProofType>,
    /// At most 10 000 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(max_length = 10_000))]
    pub digital_instructions: Option<String>,
    /// A public https address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(format = "uri"))]
    pub callback_url: Option<String>,
    /// 16 to 256 characters; never returned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(min_length = 16, max_length = 256))]
    pub callback_secret: Option<String>,
    /// Required for the credential types.
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
    /// 1 to 5 with at most two decimals: operators who are rated lower, or by nobody yet, neither
    /// see the task nor can accept it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 5))]
    pub min_operator_rating: Option<f64>,
    /// JSON Schema of a typed `result` that the operator submits beside the proof: an object of at
    /// most 16 KiB, of draft 2020-12 unless it names 2019-09 or 7. References lead to places in
    /// itself and never in a circle, nothing is fetched, and `format` is not checked. At most 1 000
    /// subschemas, 64 levels deep, and 32 patterns of at most 512 bytes
    /// each. Not for the
    /// credential types.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    pub result_schema: Option<Value>,
    /// Which events `callback_url` is told; `humanops` if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub webhook_style: Option<WebhookStyle>,
    /// Simulate the task: a synthetic operator does it in seconds, no money moves, and nobody sees
    /// it. Agents of the tier SANDBOX get no other; on any tier the header `X-Sandbox: true` asks
    /// for the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sandbox: Option<bool>,
    /// How a simulated task turns out; `approve` if left out. Only for simulated tasks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sandbox_outcome: Option<SandboxOutcome>,
    /// Validate and quote only: nothing is created and the answer is 200.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dry_run: Option<bool>,
    /// Whether an operator must say how long it will take, for the agent to decide.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub require_estimate: Option<bool>,
    /// Estimates up to this many minutes are approved at once; 1 to 129 600.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 129_600))]
    pub auto_approve_estimate_minutes: Option<u32>,
}

/// The answer to POST /tasks.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CreatedTask {
    /// The new task.
    pub task_id: TaskId,
    /// `PENDING`.
    pub status: Status,
    /// What the operator gets.
    pub reward_usd: MicroUsd,
    /// What the platform gets.
    pub platform_fee: MicroUsd,
    /// Their sum, now in escrow.
    pub total_escrow: MicroUsd,
    /// As given, in UTC.
    pub deadline: Timestamp,
    /// When.
    pub created_at: Timestamp,
    /// Of `agent_public_key`, for comparing with what the operator sees.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent_key_fingerprint: Option<String>,
    /// Whether it is simulated; left out if it is not.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub sandbox: bool,
    /// What that means, if it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sandbox_notice: Option<String>,
}

/// The answer to POST /tasks with `dry_run`: what the task would cost, what stands against it, and
/// how many people could take it. Nothing was created.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Quote {
    /// `true`.
    pub dry_run: bool,
    /// Whether it is simulated; left out if it is not.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub sandbox: bool,
    /// What that means, if it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sandbox_notice: Option<String>,
    /// Whether the same request without `dry_run` would create the task now.
    pub would_be_created: bool,
    /// Every reason why it would not, in the words of its refusal; empty if it would.
    pub obstacles: Vec<Obstacle>,
    /// The kind of work.
    pub task_type: TaskType,
    /// Where that takes place.
    pub task_domain: TaskDomain,
    /// What kind of proof would be asked for.
    pub proof_type: ProofType,
    /// What the operator would get.
    pub reward_usd: MicroUsd,
    /// What the platform would get.
    pub platform_fee: MicroUsd,
    /// Per cent of the reward by the agent's spending in thirty days; there is a least fee beside.
    pub fee_percent: f64,
    /// What would go into escrow: both.
    pub total_escrow: MicroUsd,
    /// What the agent can spend.
    pub balance: MicroUsd,
    /// Whether that suffices.
    pub sufficient_balance: bool,
    /// What the agent's tier leaves it today.
    pub tier_headroom: TierHeadroom,
    /// Approved operators who do such tasks and are rated well enough; of a task with a place,
    /// those within 50 km and those who did not say where they work. Counted up to 1 000 of each.
    pub eligible_operators: u64,
    /// As given, in UTC.
    pub deadline: Timestamp,
}

/// One reason why a task would not be created.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Obstacle {
    /// The code of the refusal.
    pub code: ErrorCode,
    /// Its sentence.
    pub message: String,
}

/// What a tier leaves its agent until the end of the UTC day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TierHeadroom {
    /// The tier.
    pub tier: Tier,
    /// The largest reward of one task.
    pub max_task_usd: MicroUsd,
    /// Tasks in a day.
    pub max_daily_tasks: u32,
    /// How many are left today.
    pub tasks_left_today: u32,
    /// Rewards and fees in a day.
    pub max_daily_usd: MicroUsd,
    /// How much of them is left today.
    pub usd_left_today: MicroUsd,
}

/// One of the agent's tasks in a list.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TaskItem {
    /// The task.
    pub task_id: TaskId,
    /// Its title.
    pub title: String,
    /// Where it stands.
    pub status: Status,
    /// The kind of work.
    pub task_type: TaskType,
    /// What the operator gets.
    pub reward_usd: MicroUsd,
    /// Who claimed it.
    pub operator: Option<OperatorSummary>,
    /// The same by id.
    pub operator_id: Option<OperatorId>,
    /// The agent's own name for the task.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
    /// When it was posted.
    pub created_at: Timestamp,
    /// When it must be done.
    pub deadline: Timestamp,
    /// Whether it is simulated; left out if it is not.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub sandbox: bool,
    /// What that means, if it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sandbox_notice: Option<String>,
}

/// What agents see of an operator.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OperatorSummary {
    /// The operator.
    pub id: OperatorId,
    /// Shortened: "Jane D.".
    pub name: String,
    /// Mean of the agents' stars, if any were given.
    pub rating: Option<f32>,
}

/// The whole task, as its agent sees it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TaskView {
    /// The task.
    pub task_id: TaskId,
    /// Its title.
    pub title: String,
    /// Its description.
    pub description: String,
    /// Where it stands.
    pub status: Status,
    /// The kind of work.
    pub task_type: TaskType,
    /// Where that takes place.
    pub task_domain: TaskDomain,
    /// What kind of proof is asked for.
    pub proof_type: ProofType,
    /// The place, if it has one.
    pub location: Option<Location>,
    /// Instructions for digital work.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digital_instructions: Option<String>,
    /// What the operator gets.
    pub reward_usd: MicroUsd,
    /// What the platform gets.
    pub platform_fee_usd: MicroUsd,
    /// When it must be done.
    pub deadline: Timestamp,
    /// What the proof must show.
    pub proof_requirements: Vec<String>,
    /// The least rating of an operator who may accept it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_operator_rating: Option<f64>,
    /// What the typed result must satisfy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    pub result_schema: Option<Value>,
    /// The typed result of the latest proof.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Value>))]
    pub result: Option<Value>,
    /// Which events the callback is told.
    pub webhook_style: WebhookStyle,
    /// The proof, once submitted.
    pub proof: Option<ProofView>,
    /// What the Guardian said of it.
    pub guardian_result: Option<GuardianResult>,
    /// Why the agent rejected it, if it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rejection: Option<Rejection>,
    /// How long the operator said that it will take.
    pub estimate: Option<Estimate>,
    /// Whether an operator must say so.
    pub require_estimate: bool,
    /// Estimates up to this many minutes are approved at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auto_approve_estimate_minutes: Option<u32>,
    /// What the agent asked to be done better.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<Revision>,
    /// How the host decided a dispute.
    pub resolution: Option<Resolution>,
    /// The latest messages, oldest first, at most 100.
    pub messages: Vec<Message>,
    /// The latest events, oldest first, at most 100.
    pub events: Vec<TaskEvent>,
    /// Who claimed it.
    pub operator: Option<OperatorSummary>,
    /// The key that credentials are sealed to, as it came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent_public_key: Option<String>,
    /// Its fingerprint, for comparing with what the operator sees.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent_key_fingerprint: Option<String>,
    /// Where news go.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub callback_url: Option<String>,
    /// The agent's own name for the task.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
    /// The moves open to the agent now.
    pub actions: Vec<Action>,
    /// When it was claimed.
    pub accepted_at: Option<Timestamp>,
    /// When proof was sent.
    pub submitted_at: Option<Timestamp>,
    /// When the proof was found good.
    pub verified_at: Option<Timestamp>,
    /// When it was done and paid.
    pub completed_at: Option<Timestamp>,
    /// When it was called off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cancelled_at: Option<Timestamp>,
    /// Why it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cancel_reason: Option<CancelReason>,
    /// When the clock moves the task on, if nobody does before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_at: Option<Timestamp>,
    /// When it was posted.
    pub created_at: Timestamp,
    /// Whether it is simulated; left out if it is not.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub sandbox: bool,
    /// What that means, if it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sandbox_notice: Option<String>,
}

names! {
    /// Why a task was called off.
    pub enum CancelReason {
        /// The agent did.
        Agent = "CANCELLED_BY_AGENT",
        /// Nobody did it in time.
        Expired = "EXPIRED",
        /// The host found for the agent.
        Refunded = "DISPUTE_REFUNDED",
    }
}

names! {
    /// A move that is open to the caller, by the name of its endpoint.
    #[derive(Hash)]
    pub enum Action {
        /// Claim the task.
        Accept = "accept",
        /// Claim it with an estimate.
        Estimate = "estimate",
        /// Take the estimate.
        ApproveEstimate = "approve_estimate",
        /// Refuse the estimate.
        RejectEstimate = "reject_estimate",
        /// Give the task back.
        Withdraw = "withdraw",
        /// Begin.
        Start = "start",
        /// Send the proof.
        Submit = "submit",
        /// Judge the proof.
        Verify = "verify",
        /// Ask for a better proof, once.
        RequestRevision = "request_revision",
        /// Call the task off.
        Cancel = "cancel",
        /// Object to what was paid, within the hold.
        Dispute = "dispute",
        /// Write to the other side.
        Message = "message",
        /// Say how it was.
        Rate = "rate",
        /// Fetch the sealed credential.
        RetrieveCredential = "retrieve_credential",
    }
}

/// A task, as an operator sees it: in the list of open ones, among the claimed ones, and alone.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OperatorTaskView {
    /// The task.
    pub task_id: TaskId,
    /// Its title.
    pub title: String,
    /// Its description.
    pub description: String,
    /// Where it stands.
    pub status: Status,
    /// The kind of work.
    pub task_type: TaskType,
    /// Where that takes place.
    pub task_domain: TaskDomain,
    /// What kind of proof is asked for.
    pub proof_type: ProofType,
    /// The place; its address only after the task was accepted.
    pub location: Option<Location>,
    /// How far away it is, if the search said from where, in kilometres to a tenth. It is measured
    /// to what `location` shows before the task was accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub distance_km: Option<f64>,
    /// Instructions for digital work; only after the task was accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digital_instructions: Option<String>,
    /// What the operator gets; no fee is taken from it.
    pub reward_usd: MicroUsd,
    /// When it must be done.
    pub deadline: Timestamp,
    /// What the proof must show.
    pub proof_requirements: Vec<String>,
    /// What the typed result must satisfy, if one is asked for beside the proof.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    pub result_schema: Option<Box<RawValue>>,
    /// The operator's own typed result, once submitted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Value>))]
    pub result: Option<Box<RawValue>>,
    /// Who posted it.
    pub agent: AgentSummary,
    /// The key that a credential is sealed to, as the agent gave it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent_public_key: Option<String>,
    /// Its fingerprint as the server computes it; the app computes its own and compares.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent_key_fingerprint: Option<String>,
    /// The moves open to the operator now.
    pub actions: Vec<Action>,
    /// The operator's own proof, once submitted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proof: Option<ProofView>,
    /// What the Guardian said of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guardian_result: Option<GuardianResult>,
    /// Why the agent rejected it, if it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rejection: Option<Rejection>,
    /// What the operator estimated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub estimate: Option<Estimate>,
    /// What the agent asked to be done better, and until when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<Revision>,
    /// How the host decided a dispute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolution: Option<Resolution>,
    /// Why the task was called off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cancel_reason: Option<CancelReason>,
    /// When the clock moves the task on, if nobody does before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_at: Option<Timestamp>,
    /// When it was claimed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accepted_at: Option<Timestamp>,
    /// When proof was sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub submitted_at: Option<Timestamp>,
    /// When it was done and paid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completed_at: Option<Timestamp>,
    /// When the hold ends and the reward can be paid out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub available_at: Option<Timestamp>,
    /// When it was posted.
    pub created_at: Timestamp,
}

/// What operators see of an agent: software, posting for somebody.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AgentSummary {
    /// The agent.
    pub id: AgentId,
    /// Its name.
    pub name: String,
    /// Tasks that this agent had completed and paid.
    pub completed_tasks: u64,
    /// Mean of the operators' stars, if any were given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rating: Option<f32>,
}

/// The answer to POST /operator/tasks/:id/accept.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AcceptedTask {
    /// The task.
    pub task_id: TaskId,
    /// `ACCEPTED`; `ESTIMATE_PENDING` while the agent decides on an estimate.
    pub status: Status,
    /// When; none while the agent decides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accepted_at: Option<Timestamp>,
    /// The estimate, in one number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub estimate_minutes: Option<u32>,
}

/// The answer to a move that has no more to say than where the task stands now.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MovedTask {
    /// The task.
    pub task_id: TaskId,
    /// Where it stands now.
    pub status: Status,
}

/// The answer to POST /tasks/:id/cancel.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CancelledTask {
    /// The task.
    pub task_id: TaskId,
    /// `CANCELLED`.
    pub status: Status,
    /// Reward and fee, back in the deposit balance.
    pub refunded_usd: MicroUsd,
}

names! {
    /// An agent's own verdict.
    pub enum VerifyDecision {
        /// The operator is paid.
        Approve = "APPROVE",
        /// The task is disputed.
        Reject = "REJECT",
    }
}

/// POST /tasks/:id/verify.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct VerifyTask {
    /// The verdict.
    pub decision: VerifyDecision,
    /// Why, at most 1 000 characters; shown to the operator.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Which of the task's requirements are not met, in its own words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unmet_requirements: Option<Vec<String>>,
}

/// Why an agent rejected a proof.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Rejection {
    /// In the agent's words, if it gave any.
    pub reason: Option<String>,
    /// The requirements that it found unmet, in the task's own words.
    pub unmet_requirements: Vec<String>,
    /// When.
    pub rejected_at: Timestamp,
}

/// POST /tasks/:id/request-revision.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct RequestRevision {
    /// What to do better, 1 to 1 000 characters; the operator reads it.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 1000))]
    pub reason: String,
    /// Which of the task's requirements are not met, in its own words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unmet_requirements: Option<Vec<String>>,
}

/// What an agent asked to be done better.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Revision {
    /// In the agent's words.
    pub reason: String,
    /// The requirements that it found unmet, in the task's own words.
    pub unmet_requirements: Vec<String>,
    /// When.
    pub requested_at: Timestamp,
    /// Until when a new proof may be sent; after it the task is disputed.
    pub resubmit_by: Timestamp,
}

/// The answer to POST /tasks/:id/request-revision.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RequestedRevision {
    /// The task.
    pub task_id: TaskId,
    /// `IN_PROGRESS`.
    pub status: Status,
    /// Until when a new proof may be sent.
    pub resubmit_by: Timestamp,
}

/// The answer to POST /tasks/:id/verify.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct VerifiedTask {
    /// The task.
    pub task_id: TaskId,
    /// `COMPLETED` or `DISPUTED`.
    pub status: Status,
    /// The same in words.
    pub message: String,
}
