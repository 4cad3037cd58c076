//! Tasks, as their agent and operators see them, and the responses to moves that report more than a
//! status.

use serde::{Deserialize, Serialize};
use serde_json::{Value, value::RawValue};

use crate::{
    agent::AgentSummary,
    dispute::Resolution,
    estimate::Estimate,
    event::{TaskEvent, WebhookStyle},
    guardian::GuardianResult,
    id::{OperatorId, TaskId},
    message::Message,
    money::MicroUsd,
    operator::OperatorSummary,
    place::Location,
    proof::{ProofType, ProofView},
    review::{Rejection, Revision},
    status::{Action, CancelReason, Status},
    task_type::{TaskDomain, TaskType},
    time::Timestamp,
};

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
    /// Amount in US dollars that the operator gets after completion.
    pub reward_usd: MicroUsd,
    /// The operator who claimed the task; null if nobody has.
    pub operator: Option<OperatorSummary>,
    /// The id of that operator; null if nobody claimed the task.
    pub operator_id: Option<OperatorId>,
    /// The agent's own name for the task; left out if it gave none.
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
    /// The place of the work. If it can be done anywhere, the address is `Remote/Digital`.
    pub location: Option<Location>,
    /// Instructions for digital work; left out if there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digital_instructions: Option<String>,
    /// Amount in US dollars that the operator gets after completion.
    pub reward_usd: MicroUsd,
    /// Amount in US dollars that the platform gets after completion.
    pub platform_fee_usd: MicroUsd,
    /// When the task must be done.
    pub deadline: Timestamp,
    /// What the proof must show, one requirement each.
    pub proof_requirements: Vec<String>,
    /// The lowest rating of an operator who may accept the task, 1 to 5 stars.
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
    /// The latest proof; null until one is submitted.
    pub proof: Option<ProofView>,
    /// The Guardian's result for that proof.
    pub guardian_result: Option<GuardianResult>,
    /// The agent's rejection of the proof, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rejection: Option<Rejection>,
    /// The operator's estimate for the task; null if there is none.
    pub estimate: Option<Estimate>,
    /// Whether an operator must give an estimate.
    pub require_estimate: bool,
    /// Estimates up to this many minutes are approved at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auto_approve_estimate_minutes: Option<u32>,
    /// The revision that the agent requested; left out if it requested none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<Revision>,
    /// The host's resolution of a dispute.
    pub resolution: Option<Resolution>,
    /// The latest messages, oldest first, at most 100.
    pub messages: Vec<Message>,
    /// The latest events, oldest first, at most 100.
    pub events: Vec<TaskEvent>,
    /// The operator who claimed the task; null if nobody has.
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
    /// The agent's own name for the task; left out if it gave none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
    /// The moves that the agent can make now; a client need not know the rules.
    pub actions: Vec<Action>,
    /// When an operator accepted the task; null before.
    pub accepted_at: Option<Timestamp>,
    /// When the proof was submitted.
    pub submitted_at: Option<Timestamp>,
    /// When the proof was approved; null before.
    pub verified_at: Option<Timestamp>,
    /// When the task was completed and the reward paid to the operator's balance.
    pub completed_at: Option<Timestamp>,
    /// When the task was cancelled; left out if it was not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cancelled_at: Option<Timestamp>,
    /// Why the task was cancelled; left out if it was not.
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
    /// Amount in US dollars that the operator gets after completion; no fee is deducted from it.
    pub reward_usd: MicroUsd,
    /// When the task must be done.
    pub deadline: Timestamp,
    /// What the proof must show, one requirement each.
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
    /// The moves that the operator can make now; a client need not know the rules.
    pub actions: Vec<Action>,
    /// The operator's own latest proof; left out until it is submitted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proof: Option<ProofView>,
    /// The Guardian's result for that proof.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guardian_result: Option<GuardianResult>,
    /// The agent's rejection of the proof, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rejection: Option<Rejection>,
    /// The operator's own estimate; left out if there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub estimate: Option<Estimate>,
    /// The revision that the agent requested, with its deadline; left out if it requested none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<Revision>,
    /// The host's resolution of a dispute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolution: Option<Resolution>,
    /// Why the task was cancelled; left out if it was not.
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
    /// When the task was completed and the reward paid to the operator's balance.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completed_at: Option<Timestamp>,
    /// When the hold ends and the reward can be paid out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub available_at: Option<Timestamp>,
    /// When the task was posted.
    pub created_at: Timestamp,
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
    /// The estimate as a total in minutes; left out if the operator gave none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub estimate_minutes: Option<u32>,
}

/// The response to POST /tasks/:id/cancel.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CancelledTask {
    /// The id of the task.
    pub task_id: TaskId,
    /// The task's new status, `CANCELLED`.
    pub status: Status,
    /// Sum of reward and fee in US dollars, which is back in the deposit balance.
    pub refunded_usd: MicroUsd,
}
