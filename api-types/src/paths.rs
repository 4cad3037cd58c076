//! Every URL, once: a template for the router and a function for the clients.

use crate::{
    AgentId, ApprovalId, DeliveryId, DisputeId, KeyId, OperatorId, PayoutId, TaskId, UploadId,
};

macro_rules! fixed {
    ($($(#[$doc:meta])* $name:ident = $path:literal;)*) => {$(
        $(#[$doc])*
        pub const $name: &str = concat!("/api/v1", $path);
    )*};
}

fixed! {
    /// POST: a new agent.
    REGISTER_AGENT = "/agents/register";
    /// POST: a further key. GET: the active ones.
    KEYS = "/agents/keys";
    /// GET: who I am. PATCH: change it.
    ME = "/agents/me";
    /// GET: the link of a mail, with its token.
    VERIFY_EMAIL = "/agents/verify-email";
    /// POST: another mail with a link.
    RESEND_VERIFICATION = "/agents/resend-verification";
    /// GET: requests that a person is asked about.
    APPROVALS = "/agents/approvals";
    /// GET: one of them. POST: decide it.
    APPROVAL = "/agents/approvals/{id}";
    /// PATCH: change a key. DELETE: revoke it.
    KEY = "/agents/keys/{id}";
    /// GET: what can be spent and what is held.
    BALANCE = "/agents/balance";
    /// POST: report a USDC deposit.
    DEPOSIT_USDC = "/agents/deposit/usdc";
    /// GET: every change of what can be spent.
    LEDGER = "/agents/ledger";
    /// POST: pay in by card or bank.
    PAY_IN = "/agents/deposit";
    /// GET and POST: how such a payment stands.
    PAY_IN_STATUS = "/agents/deposit/status";
    /// POST: the payment provider's notices.
    DLOCAL_NOTICE = "/webhooks/dlocal";
    /// POST: a new task. GET: the agent's tasks.
    TASKS = "/tasks";
    /// GET: one task.
    TASK = "/tasks/{id}";
    /// POST: cancel it, with a full refund.
    CANCEL_TASK = "/tasks/{id}/cancel";
    /// POST: the agent's own verdict on a proof.
    VERIFY_TASK = "/tasks/{id}/verify";
    /// POST: take the operator's estimate.
    APPROVE_ESTIMATE = "/tasks/{id}/estimate/approve";
    /// POST: refuse it.
    REJECT_ESTIMATE = "/tasks/{id}/estimate/reject";
    /// POST: ask for a better proof, once.
    REQUEST_REVISION = "/tasks/{id}/request-revision";
    /// POST: object to what was paid, within the hold.
    OPEN_DISPUTE = "/tasks/{id}/dispute";
    /// POST: say how the operator was.
    RATE_OPERATOR = "/tasks/{id}/rate";
    /// POST: write to the operator. GET: all messages.
    MESSAGES = "/tasks/{id}/messages";
    /// POST and GET: the sealed credential.
    RETRIEVE_CREDENTIAL = "/tasks/{id}/retrieve-credential";
    /// GET: what happened to all the agent's tasks, as a list or a stream.
    EVENTS = "/events";
    /// GET: the same of one task.
    TASK_EVENTS = "/tasks/{id}/events";
    /// GET: what was sent to the agent's callbacks.
    DELIVERIES = "/deliveries";
    /// GET: the same of one task.
    TASK_DELIVERIES = "/tasks/{id}/deliveries";
    /// POST: send it again.
    REDELIVER = "/deliveries/{id}/redeliver";
    /// POST: a new operator.
    REGISTER_OPERATOR = "/operator/register";
    /// GET: operators near a place.
    SEARCH_OPERATORS = "/operators/search";
    /// GET: who I am; PATCH: change it.
    OPERATOR_PROFILE = "/operator/profile";
    /// GET: tasks that may be accepted.
    FIND_TASKS = "/operator/tasks";
    /// GET: tasks that I accepted.
    MY_TASKS = "/operator/tasks/mine";
    /// GET: one task.
    OPERATOR_TASK = "/operator/tasks/{id}";
    /// POST: claim it.
    ACCEPT_TASK = "/operator/tasks/{id}/accept";
    /// POST: claim it with an estimate.
    GIVE_ESTIMATE = "/operator/tasks/{id}/estimate";
    /// POST: begin.
    START_TASK = "/operator/tasks/{id}/start";
    /// POST: give it back.
    WITHDRAW = "/operator/tasks/{id}/withdraw";
    /// POST: say how the agent was.
    RATE_AGENT = "/operator/tasks/{id}/rate";
    /// POST: write to the agent. GET: all messages.
    OPERATOR_MESSAGES = "/operator/tasks/{id}/messages";
    /// POST: send the proof.
    SUBMIT_PROOF = "/operator/tasks/{id}/submit";
    /// POST: send a file of a proof.
    UPLOAD = "/operator/upload";
    /// GET: a proof file, with a signature.
    FILE = "/files/{id}";
    /// GET: what I earned.
    EARNINGS = "/operator/earnings";
    /// POST: have available earnings paid out.
    PAYOUT = "/operator/payout";
    /// GET: how a payout stands.
    PAYOUT_STATUS = "/operator/payout/status/{id}";
    /// POST: what an identity provider found, signed.
    KYC_WEBHOOK = "/webhooks/kyc";
    /// GET: operators, as the host sees them.
    ADMIN_OPERATORS = "/admin/operators";
    /// GET: one operator.
    ADMIN_OPERATOR = "/admin/operators/{id}";
    /// POST: decide about an operator's identity.
    DECIDE_KYC = "/admin/operators/{id}/kyc";
    /// GET: agents, as the host sees them.
    ADMIN_AGENTS = "/admin/agents";
    /// GET: one agent.
    ADMIN_AGENT = "/admin/agents/{id}";
    /// GET: disputes.
    ADMIN_DISPUTES = "/admin/disputes";
    /// GET: one dispute.
    ADMIN_DISPUTE = "/admin/disputes/{id}";
    /// POST: the host's last word.
    RESOLVE_DISPUTE = "/admin/disputes/{id}/resolve";
    /// GET: which task types are taken. PUT: switch some.
    TASK_TYPE_SWITCHES = "/admin/task-types";
    /// GET: the books, recomputed.
    CHECK_LEDGER = "/admin/ledger/check";
    /// GET: what was sent to the callbacks of all agents.
    ADMIN_DELIVERIES = "/admin/deliveries";
    /// POST: send it again.
    ADMIN_REDELIVER = "/admin/deliveries/{id}/redeliver";
    /// GET: jobs that failed for good.
    FAILED_JOBS = "/admin/jobs";
    /// POST: let one run again.
    RETRY_JOB = "/admin/jobs/{id}/retry";
    /// GET: what was done in the host's name.
    AUDIT = "/admin/audit";
}

macro_rules! by_id {
    ($($(#[$doc:meta])* $name:ident($id:ident: $type:ty) = $template:ident;)*) => {$(
        $(#[$doc])*
        pub fn $name($id: $type) -> String {
            $template.replace("{id}", &$id.to_string())
        }
    )*};
}

by_id! {
    /// [`KEY`] of one key.
    key(id: KeyId) = KEY;
    /// [`APPROVAL`] of one request.
    approval(id: ApprovalId) = APPROVAL;
    /// [`TASK`] of one task.
    task(id: TaskId) = TASK;
    /// [`CANCEL_TASK`] of one task.
    cancel_task(id: TaskId) = CANCEL_TASK;
    /// [`VERIFY_TASK`] of one task.
    verify_task(id: TaskId) = VERIFY_TASK;
    /// [`APPROVE_ESTIMATE`] of one task.
    approve_estimate(id: TaskId) = APPROVE_ESTIMATE;
    /// [`REJECT_ESTIMATE`] of one task.
    reject_estimate(id: TaskId) = REJECT_ESTIMATE;
    /// [`REQUEST_REVISION`] of one task.
    request_revision(id: TaskId) = REQUEST_REVISION;
    /// [`OPEN_DISPUTE`] of one task.
    open_dispute(id: TaskId) = OPEN_DISPUTE;
    /// [`RATE_OPERATOR`] of one task.
    rate_operator(id: TaskId) = RATE_OPERATOR;
    /// [`MESSAGES`] of one task.
    messages(id: TaskId) = MESSAGES;
    /// [`RETRIEVE_CREDENTIAL`] of one task.
    retrieve_credential(id: TaskId) = RETRIEVE_CREDENTIAL;
    /// [`TASK_EVENTS`] of one task.
    task_events(id: TaskId) = TASK_EVENTS;
    /// [`TASK_DELIVERIES`] of one task.
    task_deliveries(id: TaskId) = TASK_DELIVERIES;
    /// [`REDELIVER`] of one delivery.
    redeliver(id: DeliveryId) = REDELIVER;
    /// [`OPERATOR_TASK`] of one task.
    operator_task(id: TaskId) = OPERATOR_TASK;
    /// [`ACCEPT_TASK`] of one task.
    accept_task(id: TaskId) = ACCEPT_TASK;
    /// [`GIVE_ESTIMATE`] of one task.
    give_estimate(id: TaskId) = GIVE_ESTIMATE;
    /// [`START_TASK`] of one task.
    start_task(id: TaskId) = START_TASK;
    /// [`WITHDRAW`] of one task.
    withdraw(id: TaskId) = WITHDRAW;
    /// [`RATE_AGENT`] of one task.
    rate_agent(id: TaskId) = RATE_AGENT;
    /// [`OPERATOR_MESSAGES`] of one task.
    operator_messages(id: TaskId) = OPERATOR_MESSAGES;
    /// [`SUBMIT_PROOF`] of one task.
    submit_proof(id: TaskId) = SUBMIT_PROOF;
    /// [`PAYOUT_STATUS`] of one payout.
    payout_status(id: PayoutId) = PAYOUT_STATUS;
    /// [`ADMIN_OPERATOR`] of one operator.
    admin_operator(id: OperatorId) = ADMIN_OPERATOR;
    /// [`DECIDE_KYC`] of one operator.
    decide_kyc(id: OperatorId) = DECIDE_KYC;
    /// [`ADMIN_AGENT`] of one agent.
    admin_agent(id: AgentId) = ADMIN_AGENT;
    /// [`ADMIN_DISPUTE`] of one dispute.
    admin_dispute(id: DisputeId) = ADMIN_DISPUTE;
    /// [`RESOLVE_DISPUTE`] of one dispute.
    resolve_dispute(id: DisputeId) = RESOLVE_DISPUTE;
    /// [`ADMIN_REDELIVER`] of one delivery.
    admin_redeliver(id: DeliveryId) = ADMIN_REDELIVER;
    /// [`RETRY_JOB`] of one job.
    retry_job(id: &str) = RETRY_JOB;
    /// [`FILE`] of one upload.
    file(id: UploadId) = FILE;
}
