//! HTTP client of the app: one method for each endpoint. No other module makes requests.
//!
//! [`Client`] needs no session: it signs in, registers and signs out. Signing in yields a
//! [`Session`]. A [`SessionClient`], which has all other endpoints, is created from a session only.
//!
//! `response.rs` decides which responses are the server's.

mod account;
mod issuer;
mod renewal;
mod transport;

use api_types::{
    OperatorId, PasskeyId, SessionId, TaskId,
    estimate::GiveEstimate,
    operator::{Earnings, OperatorProfile},
    page::{LIMIT_MAX, Page},
    passkey::{AddedPasskey, PasskeyCreationOptions, PasskeyList, RemovedPasskey},
    paths,
    proof::{ProofReceipt, SubmitProof, Upload},
    session::{CodeSent, ConfirmEmail, ConfirmedEmail, EndedSession, SessionList},
    status::{MovedTask, Status},
    task::{AcceptedTask, OperatorTaskView},
};
use gloo_net::http::Request;
use serde::de::DeserializeOwned;
use serde_json::Value;
use web_sys::Blob;

use crate::{
    response::ClientError,
    session::{self, Session},
};
pub(crate) use account::Client;
use renewal::bearer_of;
use transport::{AUTHORIZATION, byte_count, json, post, post_file, send_empty};

/// The result of loading a page of tasks.
type TaskPageResult = Result<Page<OperatorTaskView>, ClientError>;

/// The API for the operator of a session.
#[derive(Clone, Debug)]
pub(crate) struct SessionClient {
    session: Session,
}

impl SessionClient {
    /// Creates the client of a session.
    pub(crate) fn new(session: Session) -> Self {
        Self { session }
    }

    /// Signs in to an account, which is checked by loading the profile.
    pub(crate) async fn sign_in(operator_id: OperatorId) -> Result<Session, ClientError> {
        let session = Session {
            operator_id,
            name: String::new(),
            at_issuer: session::is_from_issuer(),
        };
        let profile = Self::new(session.clone()).operator_profile().await?;
        Ok(Session {
            name: profile.name,
            ..session
        })
    }

    /// Returns whether the operator signs in at an OpenID Connect issuer.
    pub(crate) fn is_at_issuer(&self) -> bool {
        self.session.at_issuer
    }

    /// Returns the id of the signed-in operator.
    pub(crate) fn operator_id(&self) -> OperatorId {
        self.session.operator_id
    }

    /// Loads the operator's own profile.
    pub(crate) async fn operator_profile(&self) -> Result<OperatorProfile, ClientError> {
        let is_mine = |profile: &OperatorProfile| profile.operator_id == self.operator_id();
        self.load(paths::OPERATOR_PROFILE, is_mine).await
    }

    /// Loads a page of the tasks that may be accepted. `after` is the cursor of the page before.
    pub(crate) async fn find_tasks(&self, after: Option<&str>) -> TaskPageResult {
        self.load(&list_path(paths::FIND_TASKS, after), |_| true)
            .await
    }

    /// Loads a page of the tasks that the operator accepted. `after` is the cursor of the page
    /// before.
    pub(crate) async fn my_tasks(&self, after: Option<&str>) -> TaskPageResult {
        self.load(&list_path(paths::MY_TASKS, after), |_| true)
            .await
    }

    /// Loads one task by its id.
    pub(crate) async fn operator_task(&self, id: TaskId) -> Result<OperatorTaskView, ClientError> {
        let is_it = |task: &OperatorTaskView| task.task_id == id;
        self.load(&paths::operator_task(id), is_it).await
    }

    /// Claims a task. The response is dropped, because it adds nothing to the task itself.
    pub(crate) async fn accept_task(&self, id: TaskId) -> Result<(), ClientError> {
        self.claim(id, &paths::accept_task(id), "{}".to_owned())
            .await
    }

    /// Claims a task with an estimate, which the agent approves or rejects.
    pub(crate) async fn give_estimate(
        &self,
        id: TaskId,
        estimate: &GiveEstimate,
    ) -> Result<(), ClientError> {
        self.claim(id, &paths::give_estimate(id), json(estimate)?)
            .await
    }

    async fn claim(&self, id: TaskId, path: &str, body: String) -> Result<(), ClientError> {
        let is_claimed = |claimed: &AcceptedTask| {
            let status = claimed.status;
            claimed.task_id == id && matches!(status, Status::Accepted | Status::EstimatePending)
        };
        self.post(path, body, is_claimed).await.map(drop)
    }

    /// Withdraws from a task, so that other operators can claim it.
    pub(crate) async fn withdraw(&self, id: TaskId) -> Result<(), ClientError> {
        let is_it = |moved: &MovedTask| moved.task_id == id;
        let path = paths::withdraw(id);
        self.post(&path, "{}".to_owned(), is_it).await.map(drop)
    }

    /// Submits a proof; its `submission_id` makes retries harmless. The request has no
    /// `Idempotency-Key`, because a refusal would be replayed under it.
    pub(crate) async fn submit_proof(
        &self,
        id: TaskId,
        proof: &SubmitProof,
    ) -> Result<(), ClientError> {
        let is_receipt =
            |receipt: &ProofReceipt| receipt.task_id == id && receipt.status == Status::Submitted;
        let path = paths::submit_proof(id);
        self.post(&path, json(proof)?, is_receipt).await.map(drop)
    }

    /// Requests a code that confirms the operator's address.
    pub(crate) async fn request_confirmation(&self) -> Result<(), ClientError> {
        let sent = self.post(paths::EMAIL_CODE, "{}".to_owned(), |sent: &CodeSent| {
            sent.sent
        });
        sent.await.map(drop)
    }

    /// Confirms the operator's address by a code.
    pub(crate) async fn confirm_email(&self, code: String) -> Result<ConfirmedEmail, ClientError> {
        let body = json(&ConfirmEmail { code })?;
        self.post(paths::CONFIRM_EMAIL, body, |_| true).await
    }

    /// Loads the sessions of the operator, one for each device.
    pub(crate) async fn sessions(&self) -> Result<SessionList, ClientError> {
        self.load(paths::SESSIONS, |_| true).await
    }

    /// Ends a session of the operator.
    pub(crate) async fn end_session(&self, id: SessionId) -> Result<(), ClientError> {
        let path = paths::session(id);
        let ended = self.delete(&path, |ended: &EndedSession| ended.ended);
        ended.await.map(drop)
    }

    /// Loads the passkeys of the operator.
    pub(crate) async fn passkeys(&self) -> Result<PasskeyList, ClientError> {
        self.load(paths::PASSKEYS, |_| true).await
    }

    /// Requests the options of a new passkey.
    pub(crate) async fn new_passkey_options(&self) -> Result<Value, ClientError> {
        let options = self.post(paths::PASSKEY_OPTIONS, "{}".to_owned(), |_| true);
        let PasskeyCreationOptions(options) = options.await?;
        Ok(options)
    }

    /// Adds a passkey that the browser created.
    pub(crate) async fn add_passkey(&self, credential: String) -> Result<(), ClientError> {
        let added = self.post(paths::PASSKEYS, credential, |_: &AddedPasskey| true);
        added.await.map(drop)
    }

    /// Removes a passkey.
    pub(crate) async fn remove_passkey(&self, id: PasskeyId) -> Result<(), ClientError> {
        let path = paths::passkey(id);
        let removed = self.delete(&path, |removed: &RemovedPasskey| removed.removed);
        removed.await.map(drop)
    }

    /// Loads the operator's earnings.
    pub(crate) async fn earnings(&self) -> Result<Earnings, ClientError> {
        self.load(paths::EARNINGS, |_| true).await
    }

    /// Uploads a file of a proof. Uploading the same bytes again returns the same upload.
    /// `progress` is called with the number of bytes sent and their total.
    pub(crate) async fn upload(
        &self,
        id: TaskId,
        file: &Blob,
        progress: impl Fn(u64, u64) + 'static,
    ) -> Result<Upload, ClientError> {
        let posted = post_file(&self.bearer().await?, id, file, progress).await;
        let answer = posted.map_err(|_| ClientError::Unreachable)?;
        let is_it = |upload: &Upload| upload.size == byte_count(file.size());
        forget_refused(answer.parse(is_it))
    }

    async fn bearer(&self) -> Result<String, ClientError> {
        bearer_of(self.operator_id()).await
    }

    async fn load<T: DeserializeOwned>(
        &self,
        path: &str,
        matches_request: impl Fn(&T) -> bool,
    ) -> Result<T, ClientError> {
        let request = Request::get(path).header(AUTHORIZATION, &self.bearer().await?);
        forget_refused(send_empty(request).await?.parse(matches_request))
    }

    async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: String,
        matches_request: impl Fn(&T) -> bool,
    ) -> Result<T, ClientError> {
        let request = Request::post(path).header(AUTHORIZATION, &self.bearer().await?);
        forget_refused(post(request, body).await?.parse(matches_request))
    }

    async fn delete<T: DeserializeOwned>(
        &self,
        path: &str,
        matches_request: impl Fn(&T) -> bool,
    ) -> Result<T, ClientError> {
        let request = Request::delete(path).header(AUTHORIZATION, &self.bearer().await?);
        forget_refused(send_empty(request).await?.parse(matches_request))
    }
}

/// Forgets the access token if the server refused it, so that the next request renews it.
fn forget_refused<T>(answer: Result<T, ClientError>) -> Result<T, ClientError> {
    if answer.as_ref().is_err_and(ClientError::is_unauthorized) {
        session::forget_token();
    }
    answer
}

/// Returns the path of a list with its query. A cursor consists of characters that need no escaping
/// in a URL.
fn list_path(path: &str, after: Option<&str>) -> String {
    let after = after.map_or_else(String::new, |cursor| format!("&cursor={cursor}"));
    format!("{path}?limit={LIMIT_MAX}{after}")
}
