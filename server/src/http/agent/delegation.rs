//! Checks whether a key may post a task, and requests human approval where the key's policy needs
//! it (contract §3). The policy's decision is made in `domain/delegation.rs`.

use std::sync::Arc;

use api_types::{ApprovalId, MicroUsd, Timestamp, approval::ApprovalStatus, key::KeyPolicy};
use serde_json::Value;

use crate::http::error::{self, ApiError, ApprovalNeed};
use crate::http::extract::auth::AgentAuth;
use crate::http::idempotency;
use crate::{
    app::App,
    domain::{
        delegation::{self, APPROVAL_LASTS, APPROVALS_WAITING_MAX, PolicyViolation, Spending},
        new_task::NewTask,
        pricing,
        task::Task,
    },
    store::{
        StoreError, Tx, agents,
        approvals::{self, NewApproval},
        keys,
    },
};

/// Fields of a task that are never shown again.
const SECRET_FIELDS: [&str; 1] = ["callback_secret"];

/// A posted request, which is recognised when it is sent again.
#[derive(Clone, Debug)]
pub struct PostedRequest {
    body: Arc<Value>,
    at: Timestamp,
}

impl PostedRequest {
    /// Creates the request with this body.
    pub fn of(body: &Value, at: Timestamp) -> Self {
        Self {
            body: Arc::new(body.clone()),
            at,
        }
    }

    /// Returns the digest that identifies the request. It depends neither on the order of fields
    /// and the spacing nor on `dry_run`.
    fn digest(&self) -> String {
        let mut sorted = (*self.body).clone();
        if let Some(fields) = sorted.as_object_mut() {
            fields.remove("dry_run");
        }
        sorted.sort_all_objects();
        idempotency::digest(sorted.to_string().as_bytes())
    }

    /// Returns the request as a person may see it, without secret fields.
    fn shown(&self) -> String {
        let mut shown = (*self.body).clone();
        if let Some(fields) = shown.as_object_mut() {
            fields.retain(|field, _| !SECRET_FIELDS.contains(&field.as_str()));
        }
        shown.to_string()
    }
}

/// Checks whether the key may post this task. Must run in the transaction that posts it. If the
/// policy needs an approval and there is one, this uses it up.
///
/// # Errors
/// 403 that says which rule of the policy is violated, 401 if the key was revoked meanwhile.
pub fn may_post(
    tx: &mut Tx<'_>,
    agent: &AgentAuth,
    request: &PostedRequest,
    task: &Task,
) -> Result<(), ApiError> {
    // Read again, because the policy may have changed since the request was authenticated.
    let policy = keys::policy(tx, agent.key_id)?.ok_or_else(error::unauthorized_agent)?;
    // A simulated task moves no money.
    if policy.is_none() || task.stated.sandbox {
        return Ok(());
    }
    let policy = keys::lock_row(tx, agent.key_id)?.ok_or_else(error::unauthorized_agent)?;
    let total = task.total();
    match judged(
        tx,
        agent,
        &policy.unwrap_or_default(),
        &task.stated,
        total,
        request.at,
    )? {
        Ok(()) => Ok(()),
        Err(PolicyViolation::Approval { .. }) => {
            let id = approved(tx, agent, request, total)??;
            Ok(approvals::consume(tx, id, task.id, request.at)?)
        }
        Err(beyond) => Err(beyond.into()),
    }
}

/// Returns the id of the approval of this very request, or the error if there is none.
fn approved(
    tx: &mut Tx<'_>,
    agent: &AgentAuth,
    request: &PostedRequest,
    total: MicroUsd,
) -> Result<Result<ApprovalId, ApiError>, StoreError> {
    let open = approvals::find_open(tx, agent.key_id, &request.digest())?;
    let status = open.map(|open| (open.id, open.status(request.at)));
    Ok(match status {
        Some((id, ApprovalStatus::Approved)) => Ok(id),
        Some((id, ApprovalStatus::Rejected)) => Err(error::approval_rejected(id)),
        _ => Err(error::approval_needed(total)),
    })
}

/// Returns the reason why the key's policy refuses a task that is only quoted, if it does.
pub fn obstacle(
    tx: &mut Tx<'_>,
    agent: &AgentAuth,
    stated: &NewTask,
    total: MicroUsd,
    request: &PostedRequest,
) -> Result<Option<ApiError>, StoreError> {
    let policy = keys::policy(tx, agent.key_id)?.flatten();
    let Some(policy) = policy.filter(|_| !stated.sandbox) else {
        return Ok(None);
    };
    Ok(
        match judged(tx, agent, &policy, stated, total, request.at)? {
            Ok(()) => None,
            Err(PolicyViolation::Approval { .. }) => approved(tx, agent, request, total)?.err(),
            Err(beyond) => Some(beyond.into()),
        },
    )
}

/// Applies a policy to a task, given what its key spent today.
fn judged(
    tx: &mut Tx<'_>,
    agent: &AgentAuth,
    policy: &KeyPolicy,
    stated: &NewTask,
    total: MicroUsd,
    now: Timestamp,
) -> Result<Result<(), PolicyViolation>, StoreError> {
    let spending = Spending {
        task_type: stated.task_type,
        total,
        spent_today: keys::spent_since(tx, agent.id, agent.key_id, day_of(now))?,
    };
    Ok(delegation::allowed(policy, spending))
}

/// Returns the first moment of the UTC day.
fn day_of(now: Timestamp) -> Timestamp {
    let millis = now.as_millis();
    let since_midnight = millis.rem_euclid(pricing::DAY_MILLIS);
    Timestamp::from_millis(millis - since_midnight).unwrap_or(now)
}

/// Requests human approval if `refusal` says that it is needed, and returns the error for the
/// response. The approval is inserted by a write of its own, because the refused one is rolled
/// back. The same request leads to the same approval.
pub async fn ask(app: &App, requester: (AgentAuth, PostedRequest), refusal: ApiError) -> ApiError {
    let Some(ApprovalNeed::ToBeAsked { total }) = refusal.approval.as_deref().copied() else {
        return refusal;
    };
    let (agent, request) = requester;
    let id = ApprovalId::new(request.at, app.entropy.u128());
    let question = question(id, &agent, &request, total);
    let written = app
        .store
        .write(move |tx| {
            // Locked, so that the count holds until the approval is inserted.
            agents::lock_row(tx, question.agent_id)?;
            approvals::expire(tx, question.agent_id, question.at)?;
            if let Some(open) = approvals::find_open(tx, question.key_id, &question.digest)? {
                return Ok(open.id);
            }
            if approvals::count_pending(tx, question.agent_id)? >= APPROVALS_WAITING_MAX {
                return Err(error::too_many_approvals(APPROVALS_WAITING_MAX));
            }
            approvals::insert(tx, &question)?;
            Ok(question.id)
        })
        .await;
    match written {
        Ok(id) => error::approval_asked(id),
        Err(failed) => failed,
    }
}

fn question(
    id: ApprovalId,
    agent: &AgentAuth,
    request: &PostedRequest,
    total: MicroUsd,
) -> NewApproval {
    NewApproval {
        id,
        agent_id: agent.id,
        key_id: agent.key_id,
        digest: request.digest(),
        request: request.shown(),
        total,
        at: request.at,
        expires_at: request.at.after(APPROVAL_LASTS),
    }
}
