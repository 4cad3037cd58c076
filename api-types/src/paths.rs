//! URL paths of the API: for each path a template for the router, and for a path with an id a
//! function for clients. No other module spells a path of the API.

use crate::id::{
    AgentId, ApprovalId, DeliveryId, DisputeId, KeyId, OperatorId, PasskeyId, PayoutId, SessionId,
    TaskId, UploadId,
};

macro_rules! templates {
    ($($(#[$doc:meta])* $name:ident = $path:literal;)*) => {$(
        $(#[$doc])*
        pub const $name: &str = concat!("/api/v1", $path);
    )*};
}

templates! {
    /// POST registers an agent.
    REGISTER_AGENT = "/agents/register";
    /// POST creates a key. GET lists the active keys.
    KEYS = "/agents/keys";
    /// GET returns the agent's profile. PATCH changes it.
    ME = "/agents/me";
    /// GET confirms an e-mail address by the token of a mailed link.
    VERIFY_EMAIL = "/agents/verify-email";
    /// POST mails another verification link.
    RESEND_VERIFICATION = "/agents/resend-verification";
    /// GET lists requests that need a person's decision.
    APPROVALS = "/agents/approvals";
    /// GET returns one approval. POST decides on it.
    APPROVAL = "/agents/approvals/{id}";
    /// PATCH changes a key. DELETE revokes it.
    KEY = "/agents/keys/{id}";
    /// GET returns the deposit and escrow balances.
    BALANCE = "/agents/balance";
    /// POST reports a USDC deposit.
    DEPOSIT_USDC = "/agents/deposit/usdc";
    /// GET lists every change of the deposit balance.
    LEDGER = "/agents/ledger";
    /// POST starts a payment by card or bank transfer.
    PAY_IN = "/agents/deposit";
    /// GET and POST return the state of such a payment.
    PAY_IN_STATUS = "/agents/deposit/status";
    /// POST receives the payment provider's notices.
    PAYMENT_WEBHOOK = "/webhooks/dlocal";
    /// POST creates a task. GET lists the agent's tasks.
    TASKS = "/tasks";
    /// GET returns one task.
    TASK = "/tasks/{id}";
    /// POST cancels the task, with a full refund.
    CANCEL_TASK = "/tasks/{id}/cancel";
    /// POST approves or rejects the proof.
    VERIFY_TASK = "/tasks/{id}/verify";
    /// POST approves the operator's estimate.
    APPROVE_ESTIMATE = "/tasks/{id}/estimate/approve";
    /// POST rejects the operator's estimate.
    REJECT_ESTIMATE = "/tasks/{id}/estimate/reject";
    /// POST requests a revision of the proof, once.
    REQUEST_REVISION = "/tasks/{id}/request-revision";
    /// POST disputes a completed task, within the hold.
    OPEN_DISPUTE = "/tasks/{id}/dispute";
    /// POST rates the operator.
    RATE_OPERATOR = "/tasks/{id}/rate";
    /// POST sends a message to the operator. GET lists all messages.
    MESSAGES = "/tasks/{id}/messages";
    /// POST and GET return the sealed credential.
    RETRIEVE_CREDENTIAL = "/tasks/{id}/retrieve-credential";
    /// GET returns the events of all the agent's tasks, as a list or a stream.
    EVENTS = "/events";
    /// GET returns the events of one task, as a list or a stream.
    TASK_EVENTS = "/tasks/{id}/events";
    /// GET lists the deliveries to the agent's callbacks.
    DELIVERIES = "/deliveries";
    /// GET lists the deliveries of one task.
    TASK_DELIVERIES = "/tasks/{id}/deliveries";
    /// POST sends a delivery again.
    REDELIVER = "/deliveries/{id}/redeliver";
    /// GET lists the ways to sign in.
    SIGN_IN_METHODS = "/auth/methods";
    /// POST mails a sign-in code.
    SIGN_IN_CODE = "/auth/code";
    /// POST exchanges a sign-in code for a session.
    VERIFY_CODE = "/auth/code/verify";
    /// POST returns the options of a new passkey.
    PASSKEY_OPTIONS = "/auth/passkeys/options";
    /// POST adds a passkey. GET lists the person's passkeys.
    PASSKEYS = "/auth/passkeys";
    /// DELETE removes a passkey.
    PASSKEY = "/auth/passkeys/{id}";
    /// POST returns the options of a sign-in by a passkey.
    SIGN_IN_BY_PASSKEY_OPTIONS = "/auth/passkey/options";
    /// POST exchanges an assertion of a passkey for a session.
    SIGN_IN_BY_PASSKEY = "/auth/passkey";
    /// POST mails a code that confirms an operator's address.
    EMAIL_CODE = "/auth/email/code";
    /// POST confirms an operator's address by a code.
    CONFIRM_EMAIL = "/auth/email/confirm";
    /// POST renews a session by its refresh cookie.
    REFRESH = "/auth/refresh";
    /// POST ends the session of the refresh cookie.
    SIGN_OUT = "/auth/sign-out";
    /// GET lists the sessions of the person.
    SESSIONS = "/auth/sessions";
    /// DELETE ends one session.
    SESSION = "/auth/sessions/{id}";
    /// POST registers an operator.
    REGISTER_OPERATOR = "/operator/register";
    /// GET lists operators near a place.
    SEARCH_OPERATORS = "/operators/search";
    /// GET returns the operator's profile. PATCH changes it.
    OPERATOR_PROFILE = "/operator/profile";
    /// GET lists tasks that the operator may accept.
    FIND_TASKS = "/operator/tasks";
    /// GET lists tasks that the operator accepted.
    MY_TASKS = "/operator/tasks/mine";
    /// GET returns one task.
    OPERATOR_TASK = "/operator/tasks/{id}";
    /// POST accepts the task, optionally with an estimate.
    ACCEPT_TASK = "/operator/tasks/{id}/accept";
    /// POST accepts the task with an estimate.
    GIVE_ESTIMATE = "/operator/tasks/{id}/estimate";
    /// POST starts the work.
    START_TASK = "/operator/tasks/{id}/start";
    /// POST withdraws the operator from the task.
    WITHDRAW = "/operator/tasks/{id}/withdraw";
    /// POST rates the agent.
    RATE_AGENT = "/operator/tasks/{id}/rate";
    /// POST sends a message to the agent. GET lists all messages.
    OPERATOR_MESSAGES = "/operator/tasks/{id}/messages";
    /// POST submits the proof.
    SUBMIT_PROOF = "/operator/tasks/{id}/submit";
    /// POST uploads a file of a proof.
    UPLOAD = "/operator/upload";
    /// GET returns a proof file, for a signed URL.
    FILE = "/files/{id}";
    /// GET returns the operator's earnings.
    EARNINGS = "/operator/earnings";
    /// POST requests a payout of available earnings.
    PAYOUT = "/operator/payout";
    /// GET returns the state of a payout.
    PAYOUT_STATUS = "/operator/payout/status/{id}";
    /// POST receives an identity provider's signed decision.
    KYC_WEBHOOK = "/webhooks/kyc";
    /// GET lists operators, as the host sees them.
    ADMIN_OPERATORS = "/admin/operators";
    /// GET returns one operator.
    ADMIN_OPERATOR = "/admin/operators/{id}";
    /// POST decides on an operator's identity.
    DECIDE_KYC = "/admin/operators/{id}/kyc";
    /// GET lists agents, as the host sees them.
    ADMIN_AGENTS = "/admin/agents";
    /// GET returns one agent.
    ADMIN_AGENT = "/admin/agents/{id}";
    /// GET lists all disputes.
    ADMIN_DISPUTES = "/admin/disputes";
    /// GET returns one dispute.
    ADMIN_DISPUTE = "/admin/disputes/{id}";
    /// POST resolves a dispute.
    RESOLVE_DISPUTE = "/admin/disputes/{id}/resolve";
    /// GET lists which task types are accepted. PUT switches some of them.
    TASK_TYPE_SWITCHES = "/admin/task-types";
    /// GET checks the ledger by recomputing every balance.
    CHECK_LEDGER = "/admin/ledger/check";
    /// GET lists the deliveries to the callbacks of all agents.
    ADMIN_DELIVERIES = "/admin/deliveries";
    /// POST sends a delivery again.
    ADMIN_REDELIVER = "/admin/deliveries/{id}/redeliver";
    /// GET lists jobs that failed permanently.
    FAILED_JOBS = "/admin/jobs";
    /// POST runs a failed job again.
    RETRY_JOB = "/admin/jobs/{id}/retry";
    /// GET lists the entries of the audit log.
    AUDIT = "/admin/audit";
}

macro_rules! paths_by_id {
    ($($(#[$doc:meta])* $name:ident($id:ident: $type:ty) = $template:ident;)*) => {$(
        $(#[$doc])*
        pub fn $name($id: $type) -> String {
            $template.replace("{id}", &$id.to_string())
        }
    )*};
}

paths_by_id! {
    /// Returns the path [`KEY`] of one key.
    key(id: KeyId) = KEY;
    /// Returns the path [`APPROVAL`] of one request.
    approval(id: ApprovalId) = APPROVAL;
    /// Returns the path [`TASK`] of one task.
    task(id: TaskId) = TASK;
    /// Returns the path [`CANCEL_TASK`] of one task.
    cancel_task(id: TaskId) = CANCEL_TASK;
    /// Returns the path [`VERIFY_TASK`] of one task.
    verify_task(id: TaskId) = VERIFY_TASK;
    /// Returns the path [`APPROVE_ESTIMATE`] of one task.
    approve_estimate(id: TaskId) = APPROVE_ESTIMATE;
    /// Returns the path [`REJECT_ESTIMATE`] of one task.
    reject_estimate(id: TaskId) = REJECT_ESTIMATE;
    /// Returns the path [`REQUEST_REVISION`] of one task.
    request_revision(id: TaskId) = REQUEST_REVISION;
    /// Returns the path [`OPEN_DISPUTE`] of one task.
    open_dispute(id: TaskId) = OPEN_DISPUTE;
    /// Returns the path [`RATE_OPERATOR`] of one task.
    rate_operator(id: TaskId) = RATE_OPERATOR;
    /// Returns the path [`MESSAGES`] of one task.
    messages(id: TaskId) = MESSAGES;
    /// Returns the path [`RETRIEVE_CREDENTIAL`] of one task.
    retrieve_credential(id: TaskId) = RETRIEVE_CREDENTIAL;
    /// Returns the path [`TASK_EVENTS`] of one task.
    task_events(id: TaskId) = TASK_EVENTS;
    /// Returns the path [`TASK_DELIVERIES`] of one task.
    task_deliveries(id: TaskId) = TASK_DELIVERIES;
    /// Returns the path [`REDELIVER`] of one delivery.
    redeliver(id: DeliveryId) = REDELIVER;
    /// Returns the path [`OPERATOR_TASK`] of one task.
    operator_task(id: TaskId) = OPERATOR_TASK;
    /// Returns the path [`ACCEPT_TASK`] of one task.
    accept_task(id: TaskId) = ACCEPT_TASK;
    /// Returns the path [`GIVE_ESTIMATE`] of one task.
    give_estimate(id: TaskId) = GIVE_ESTIMATE;
    /// Returns the path [`START_TASK`] of one task.
    start_task(id: TaskId) = START_TASK;
    /// Returns the path [`WITHDRAW`] of one task.
    withdraw(id: TaskId) = WITHDRAW;
    /// Returns the path [`RATE_AGENT`] of one task.
    rate_agent(id: TaskId) = RATE_AGENT;
    /// Returns the path [`OPERATOR_MESSAGES`] of one task.
    operator_messages(id: TaskId) = OPERATOR_MESSAGES;
    /// Returns the path [`SUBMIT_PROOF`] of one task.
    submit_proof(id: TaskId) = SUBMIT_PROOF;
    /// Returns the path [`PAYOUT_STATUS`] of one payout.
    payout_status(id: PayoutId) = PAYOUT_STATUS;
    /// Returns the path [`ADMIN_OPERATOR`] of one operator.
    admin_operator(id: OperatorId) = ADMIN_OPERATOR;
    /// Returns the path [`DECIDE_KYC`] of one operator.
    decide_kyc(id: OperatorId) = DECIDE_KYC;
    /// Returns the path [`ADMIN_AGENT`] of one agent.
    admin_agent(id: AgentId) = ADMIN_AGENT;
    /// Returns the path [`ADMIN_DISPUTE`] of one dispute.
    admin_dispute(id: DisputeId) = ADMIN_DISPUTE;
    /// Returns the path [`RESOLVE_DISPUTE`] of one dispute.
    resolve_dispute(id: DisputeId) = RESOLVE_DISPUTE;
    /// Returns the path [`ADMIN_REDELIVER`] of one delivery.
    admin_redeliver(id: DeliveryId) = ADMIN_REDELIVER;
    /// Returns the path [`RETRY_JOB`] of one job.
    retry_job(id: &str) = RETRY_JOB;
    /// Returns the path [`SESSION`] of one session.
    session(id: SessionId) = SESSION;
    /// Returns the path [`PASSKEY`] of one passkey.
    passkey(id: PasskeyId) = PASSKEY;
    /// Returns the path [`FILE`] of one upload.
    file(id: UploadId) = FILE;
}
