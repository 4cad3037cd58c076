//! Views of a task for each side. The available actions come from the table of moves.

use api_types::{
    MicroUsd, Timestamp, UploadId,
    event::{TaskEvent, WebhookStyle},
    message::Message,
    new_task::CreatedTask,
    operator::OperatorSummary,
    place::Location,
    proof::ProofView,
    status::Action,
    task::{OperatorTaskView, TaskItem, TaskView},
    task_type::TaskDomain,
};
use crypto_wasm::AgentPublicKey;
use serde::Serialize;
use serde_json::{Value, value::RawValue};

use crate::http::task_details::{TaskDetails, operator_among, operators_of};
use crate::{
    app::App,
    domain::{
        moves::Actor,
        new_task::{MinimumRating, NewTask},
        result_schema::ResultSchema,
        sandbox,
        task::Task,
        task_type,
    },
    store::{
        StoreError, Tx,
        proofs::{StoredEvidence, StoredProof},
    },
};

/// Returns the entries of an agent's list of tasks.
pub fn items(tx: &mut Tx<'_>, tasks: Vec<Task>) -> Result<Vec<TaskItem>, StoreError> {
    let operators = operators_of(tx, &tasks)?;
    let listed = tasks.into_iter().map(|task| {
        let operator = operator_among(&operators, &task);
        item(task, operator)
    });
    Ok(listed.collect())
}

/// Returns the response to a posted task.
pub fn created(task: &Task) -> CreatedTask {
    CreatedTask {
        task_id: task.id,
        status: task.status,
        reward_usd: task.stated.reward,
        platform_fee: task.fee,
        total_escrow: task.total(),
        deadline: task.stated.deadline,
        created_at: task.at.created,
        agent_key_fingerprint: fingerprint(task),
        sandbox: task.stated.sandbox,
        sandbox_notice: sandbox_notice(&task.stated),
    }
}

/// Returns the notice that every view of a simulated task shows (contract §3).
pub fn sandbox_notice(stated: &NewTask) -> Option<String> {
    stated.sandbox.then(|| sandbox::NOTICE.to_owned())
}

/// A response about a task, with a mark if the task is simulated.
#[derive(Debug, Serialize)]
pub struct WithSandboxNotice<T> {
    #[serde(flatten)]
    answer: T,
    #[serde(skip_serializing_if = "Option::is_none")]
    sandbox: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sandbox_notice: Option<String>,
}

/// Adds the mark of a simulated task to a response.
pub fn marked<T>(task: &Task, answer: T) -> WithSandboxNotice<T> {
    WithSandboxNotice {
        answer,
        sandbox: task.stated.sandbox.then_some(true),
        sandbox_notice: sandbox_notice(&task.stated),
    }
}

/// Returns a row of the agent's list.
fn item(task: Task, operator: Option<OperatorSummary>) -> TaskItem {
    TaskItem {
        sandbox: task.stated.sandbox,
        sandbox_notice: sandbox_notice(&task.stated),
        task_id: task.id,
        title: task.stated.title,
        status: task.status,
        task_type: task.stated.task_type,
        reward_usd: task.stated.reward,
        operator,
        operator_id: task.operator_id,
        external_id: task.stated.external_id,
        created_at: task.at.created,
        deadline: task.stated.deadline,
    }
}

/// The latest messages and events of a task.
pub struct TaskHistory {
    /// The latest messages, oldest first.
    pub messages: Vec<Message>,
    /// The latest events, oldest first.
    pub events: Vec<TaskEvent>,
}

/// Returns the whole task, for its agent.
pub fn for_agent(
    app: &App,
    details: TaskDetails,
    history: TaskHistory,
    now: Timestamp,
) -> TaskView {
    let actions = details.actions(Actor::Agent, now);
    let TaskDetails {
        task,
        proof,
        operator,
        ..
    } = details;
    let agent_key_fingerprint = fingerprint(&task);
    let result = proof.as_ref().and_then(|proof| proof.result.clone());
    let stated = task.stated;
    TaskView {
        sandbox: stated.sandbox,
        sandbox_notice: sandbox_notice(&stated),
        task_id: task.id,
        status: task.status,
        task_type: stated.task_type,
        task_domain: task_type::rules(stated.task_type).domain,
        proof_type: stated.proof_type,
        location: place(stated.task_type, stated.location),
        digital_instructions: stated.digital_instructions,
        reward_usd: stated.reward,
        platform_fee_usd: task.fee,
        deadline: stated.deadline,
        proof_requirements: stated.proof_requirements,
        min_operator_rating: stated.rating_min.map(MinimumRating::stars),
        result_schema: stated.result_schema.map(ResultSchema::into_value),
        result,
        webhook_style: stated.webhook_style.unwrap_or(WebhookStyle::Humanops),
        proof: proof.map(|proof| proof_view(app, proof, now)),
        guardian_result: task.guardian_result,
        rejection: task.rejection,
        estimate: task.estimate,
        require_estimate: stated.estimate.required,
        auto_approve_estimate_minutes: stated.estimate.approved_within_minutes,
        revision: task.revision,
        resolution: task.resolution,
        messages: history.messages,
        events: history.events,
        operator,
        agent_public_key: stated.agent_public_key,
        agent_key_fingerprint,
        callback_url: stated.callback_url,
        external_id: stated.external_id,
        actions,
        accepted_at: task.at.accepted,
        submitted_at: task.at.submitted,
        verified_at: task.at.verified,
        completed_at: task.at.completed,
        cancelled_at: task.at.cancelled,
        cancel_reason: task.cancel_reason,
        due_at: task.due,
        created_at: task.at.created,
        title: stated.title,
        description: stated.description,
    }
}

/// Returns a task, for an operator. Details that only the operator who does the task needs, such as
/// the exact address and the instructions, stay hidden until it is accepted. `may_claim` says
/// whether this operator could claim it, if it is open.
pub fn for_operator(
    app: &App,
    details: TaskDetails,
    now: Timestamp,
    may_claim: bool,
) -> OperatorTaskView {
    let mut actions = details.actions(Actor::Operator, now);
    if !may_claim {
        actions.retain(|action| !matches!(action, Action::Accept | Action::Estimate));
    }
    let TaskDetails {
        task, proof, agent, ..
    } = details;
    let available_at = task.available_at();
    let agent_key_fingerprint = fingerprint(&task);
    let result = proof.as_ref().and_then(|proof| raw(proof.result.as_ref()?));
    // With an estimate the task is not accepted yet, and could be given back at no cost.
    let accepted = task.at.accepted.is_some();
    let stated = task.stated;
    let shown = match accepted {
        true => stated.location,
        false => stated.location.as_ref().and_then(coarse),
    };
    let location = place(stated.task_type, shown);
    OperatorTaskView {
        task_id: task.id,
        status: task.status,
        task_type: stated.task_type,
        task_domain: task_type::rules(stated.task_type).domain,
        proof_type: stated.proof_type,
        location,
        distance_km: None,
        digital_instructions: stated.digital_instructions.filter(|_| accepted),
        reward_usd: stated.reward,
        deadline: stated.deadline,
        proof_requirements: stated.proof_requirements,
        result_schema: stated.result_schema.and_then(|one| raw(one.as_value())),
        result,
        agent,
        agent_public_key: stated.agent_public_key,
        agent_key_fingerprint,
        actions,
        proof: proof.map(|proof| proof_view(app, proof, now)),
        guardian_result: task.guardian_result,
        rejection: task.rejection,
        estimate: task.estimate,
        revision: task.revision,
        resolution: task.resolution,
        cancel_reason: task.cancel_reason,
        due_at: task.due,
        accepted_at: task.at.accepted,
        submitted_at: task.at.submitted,
        completed_at: task.at.completed,
        available_at,
        created_at: task.at.created,
        title: stated.title,
        description: stated.description,
    }
}

/// Converts JSON that the app passes on without reading it.
fn raw(value: &Value) -> Option<Box<RawValue>> {
    RawValue::from_string(value.to_string()).ok()
}

/// The reference prints "Remote/Digital" as the location of a task that needs none.
fn place(task_type: api_types::task_type::TaskType, stated: Option<Location>) -> Option<Location> {
    let remote = || {
        let address = Some("Remote/Digital".to_owned());
        let physical = task_type::rules(task_type).domain == TaskDomain::Physical;
        (!physical).then_some(Location {
            lat: None,
            lng: None,
            address,
        })
    };
    stated.or_else(remote)
}

/// Rounds a location to its area: a hundredth of a degree is about a kilometre.
fn coarse(location: &Location) -> Option<Location> {
    let round = |degrees: f64| (degrees * 100.0).round() / 100.0;
    let area = Location {
        lat: location.lat.map(round),
        lng: location.lng.map(round),
        address: None,
    };
    (area != Location::default()).then_some(area)
}

fn fingerprint(task: &Task) -> Option<String> {
    let key = task.stated.agent_public_key.as_deref()?;
    AgentPublicKey::parse(key)
        .ok()
        .map(|key| key.fingerprint().groups())
}

fn proof_view(app: &App, proof: StoredProof, now: Timestamp) -> ProofView {
    let mut view = ProofView {
        photos: Vec::new(),
        artifacts: Vec::new(),
        confirmation_text: None,
        reference_url: None,
        has_credential: false,
        notes: proof.notes,
        submitted_at: proof.submitted_at,
    };
    let signed = |uploads: &[UploadId]| {
        uploads
            .iter()
            .map(|id| app.signed_upload_url(*id, now))
            .collect::<Vec<_>>()
    };
    match proof.evidence {
        StoredEvidence::Pictures { uploads } => view.photos = signed(&uploads),
        StoredEvidence::Files { uploads } => view.artifacts = signed(&uploads),
        StoredEvidence::Confirmation {
            text,
            reference_url,
        } => {
            view.confirmation_text = Some(text);
            view.reference_url = reference_url;
        }
        StoredEvidence::Credential => view.has_credential = true,
    }
    view
}

/// Adds amounts. Each is far below the maximum, and so is their sum.
pub fn sum(amounts: impl IntoIterator<Item = MicroUsd>) -> MicroUsd {
    amounts.into_iter().fold(MicroUsd::ZERO, |sum, amount| {
        sum.checked_add(amount).unwrap_or(sum)
    })
}
