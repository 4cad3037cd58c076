//! Every URL, once: a template for the router and a function for the clients.

use crate::{KeyId, TaskId, UploadId};

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
    /// DELETE: revoke a key.
    KEY = "/agents/keys/{id}";
    /// GET: what can be spent and what is held.
    BALANCE = "/agents/balance";
    /// POST: report a USDC deposit.
    DEPOSIT_USDC = "/agents/deposit/usdc";
    /// POST: a new task. GET: the agent's tasks.
    TASKS = "/tasks";
    /// GET: one task.
    TASK = "/tasks/{id}";
    /// POST: cancel it, with a full refund.
    CANCEL_TASK = "/tasks/{id}/cancel";
    /// POST: the agent's own verdict on a proof.
    VERIFY_TASK = "/tasks/{id}/verify";
    /// POST and GET: the sealed credential.
    RETRIEVE_CREDENTIAL = "/tasks/{id}/retrieve-credential";
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
    /// POST: send the proof.
    SUBMIT_PROOF = "/operator/tasks/{id}/submit";
    /// POST: send a file of a proof.
    UPLOAD = "/operator/upload";
    /// GET: a proof file, with a signature.
    FILE = "/files/{id}";
    /// GET: what I earned.
    EARNINGS = "/operator/earnings";
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
    /// [`TASK`] of one task.
    task(id: TaskId) = TASK;
    /// [`CANCEL_TASK`] of one task.
    cancel_task(id: TaskId) = CANCEL_TASK;
    /// [`VERIFY_TASK`] of one task.
    verify_task(id: TaskId) = VERIFY_TASK;
    /// [`RETRIEVE_CREDENTIAL`] of one task.
    retrieve_credential(id: TaskId) = RETRIEVE_CREDENTIAL;
    /// [`OPERATOR_TASK`] of one task.
    operator_task(id: TaskId) = OPERATOR_TASK;
    /// [`ACCEPT_TASK`] of one task.
    accept_task(id: TaskId) = ACCEPT_TASK;
    /// [`SUBMIT_PROOF`] of one task.
    submit_proof(id: TaskId) = SUBMIT_PROOF;
    /// [`FILE`] of one upload.
    file(id: UploadId) = FILE;
}
