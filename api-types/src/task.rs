//! Tasks: what an agent posts, and what each side sees of it (contract §4, S1).

use serde::{Deserialize, Serialize};

use crate::{
    AgentId, MicroUsd, OperatorId, TaskId, Timestamp,
    guardian::GuardianResult,
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

/// Where a task stands. It changes by moves only; the server's table of moves has them all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Status {
    /// Open for operators.
    Pending,
    /// An operator asked for more time than was given; the agent decides.
    EstimatePending,
    /// Claimed by an operator.
    Accepted,
    /// Being worked on.
    InProgress,
    /// Proof was sent; the Guardian looks at it.
    Submitted,
    /// The Guardian approved; passed through on the way to COMPLETED, never rested in.
    Verified,
    /// Done and paid.
    Completed,
    /// The Guardian could not tell; the agent looks for itself.
    ManualReview,
    /// Rejected; the money stays in escrow.
    Disputed,
    /// Called off and refunded.
    Cancelled,
}

impl Status {
    /// Every status, in the order of a task's life.
    pub const ALL: [Self; 10] = [
        Self::Pending,
        Self::EstimatePending,
        Self::Accepted,
        Self::InProgress,
        Self::Submitted,
        Self::Verified,
        Self::Completed,
        Self::ManualReview,
        Self::Disputed,
        Self::Cancelled,
    ];

    /// The status's name on the wire and in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "PENDING",
            Self::EstimatePending => "ESTIMATE_PENDING",
            Self::Accepted => "ACCEPTED",
            Self::InProgress => "IN_PROGRESS",
            Self::Submitted => "SUBMITTED",
            Self::Verified => "VERIFIED",
            Self::Completed => "COMPLETED",
            Self::ManualReview => "MANUAL_REVIEW",
            Self::Disputed => "DISPUTED",
            Self::Cancelled => "CANCELLED",
        }
    }

    /// The status of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == name)
    }
}

/// What kind of work a task is (contract §4, the table of types).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum TaskType {
    /// Look whether something is so.
    Verification,
    /// Bring something somewhere.
    Delivery,
    /// Take photos of something.
    Photo,
    /// Look at something thoroughly.
    Inspection,
    /// Solve a captcha.
    CaptchaSolving,
    /// Fill in a form.
    FormFilling,
    /// Do something in a browser.
    #[serde(alias = "BROWSER_NAVIGATION")]
    BrowserInteraction,
    /// Judge some content.
    ContentReview,
    /// Compare data with the world.
    DataValidation,
    /// Make an account and hand over its access.
    AccountCreation,
    /// Get an API key and hand it over.
    ApiKeyProcurement,
    /// Receive a code by phone and hand it over.
    PhoneVerification,
    /// Set up a subscription and hand over its access.
    SubscriptionSetup,
}

impl TaskType {
    /// Every type, in the contract's order.
    pub const ALL: [Self; 13] = [
        Self::Verification,
        Self::Delivery,
        Self::Photo,
        Self::Inspection,
        Self::CaptchaSolving,
        Self::FormFilling,
        Self::BrowserInteraction,
        Self::ContentReview,
        Self::DataValidation,
        Self::AccountCreation,
        Self::ApiKeyProcurement,
        Self::PhoneVerification,
        Self::SubscriptionSetup,
    ];

    /// The type's name on the wire and in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Verification => "VERIFICATION",
            Self::Delivery => "DELIVERY",
            Self::Photo => "PHOTO",
            Self::Inspection => "INSPECTION",
            Self::CaptchaSolving => "CAPTCHA_SOLVING",
            Self::FormFilling => "FORM_FILLING",
            Self::BrowserInteraction => "BROWSER_INTERACTION",
            Self::ContentReview => "CONTENT_REVIEW",
            Self::DataValidation => "DATA_VALIDATION",
            Self::AccountCreation => "ACCOUNT_CREATION",
            Self::ApiKeyProcurement => "API_KEY_PROCUREMENT",
            Self::PhoneVerification => "PHONE_VERIFICATION",
            Self::SubscriptionSetup => "SUBSCRIPTION_SETUP",
        }
    }

    /// The type of that name; `BROWSER_NAVIGATION` is an alias.
    pub fn parse(name: &str) -> Option<Self> {
        if name == "BROWSER_NAVIGATION" {
            return Some(Self::BrowserInteraction);
        }
        Self::ALL
            .into_iter()
            .find(|task_type| task_type.as_str() == name)
    }
}

/// Where a kind of work takes place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum TaskDomain {
    /// Somewhere in the world.
    Physical,
    /// On any device.
    Digital,
    /// On any device, ending in a secret that only the agent can open.
    Credential,
}

impl TaskDomain {
    /// The domain's name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Physical => "PHYSICAL",
            Self::Digital => "DIGITAL",
            Self::Credential => "CREDENTIAL",
        }
    }
}

/// A place. Its numbers are kept and given back as the agent wrote them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Location {
    /// Degrees, −90 to 90.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lat: Option<f64>,
    /// Degrees, −180 to 180.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lng: Option<f64>,
    /// At most 500 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
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
    pub digital_instructions: Option<String>,
    /// A public https address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub callback_url: Option<String>,
    /// 16 to 256 characters; never returned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub callback_secret: Option<String>,
    /// A P-256 public key in any usual form; required for the credential types.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent_public_key: Option<String>,
    /// The agent's own name for the task, at most 200 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
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
    /// The proof, once submitted.
    pub proof: Option<ProofView>,
    /// What the Guardian said of it.
    pub guardian_result: Option<GuardianResult>,
    /// Why the agent rejected it, if it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rejection: Option<Rejection>,
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
    /// When it was posted.
    pub created_at: Timestamp,
}

/// A move that is open to the caller, by the name of its endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Claim the task.
    Accept,
    /// Send the proof.
    Submit,
    /// Judge the proof.
    Verify,
    /// Call the task off.
    Cancel,
    /// Fetch the sealed credential.
    RetrieveCredential,
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
    /// Instructions for digital work; only after the task was accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digital_instructions: Option<String>,
    /// What the operator gets; no fee is taken from it.
    pub reward_usd: MicroUsd,
    /// When it must be done.
    pub deadline: Timestamp,
    /// What the proof must show.
    pub proof_requirements: Vec<String>,
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
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AgentSummary {
    /// The agent.
    pub id: AgentId,
    /// Its name.
    pub name: String,
    /// Tasks that this agent had completed and paid.
    pub completed_tasks: u64,
}

/// The answer to POST /operator/tasks/:id/accept.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AcceptedTask {
    /// The task.
    pub task_id: TaskId,
    /// `ACCEPTED`.
    pub status: Status,
    /// When.
    pub accepted_at: Timestamp,
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

/// An agent's own verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum VerifyDecision {
    /// The operator is paid.
    Approve,
    /// The task is disputed.
    Reject,
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
