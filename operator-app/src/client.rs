//! HTTP client of the app: one method for each endpoint. No other module makes requests.
//!
//! [`Client`] needs no session and can only register and sign in. Signing in yields a [`Session`],
//! and a [`SessionClient`], which has all other endpoints, is created from a session only.
//!
//! `response.rs` decides which responses are the server's. Redirects are not followed, because the
//! API has none.

use std::{cell::Cell, rc::Rc, time::Duration};

use api_types::{
    OperatorId, TaskId,
    estimate::GiveEstimate,
    operator::{Earnings, OperatorProfile, RegisterOperator, RegisteredOperator},
    page::{LIMIT_MAX, Page},
    paths,
    proof::{ProofReceipt, SubmitProof, Upload},
    status::{MovedTask, Status},
    task::{AcceptedTask, OperatorTaskView},
};
use gloo_net::http::{Request, RequestBuilder};
use js_sys::Promise;
use leptos::prelude::{TimeoutHandle, set_timeout_with_handle};
use serde::{Serialize, de::DeserializeOwned};
use wasm_bindgen::{JsCast as _, JsValue, closure::Closure};
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortSignal, Blob, FormData, ProgressEvent, RequestRedirect, XmlHttpRequest};

use crate::{
    response::{ClientError, RawResponse},
    session::Session,
};

/// Timeout of a request in milliseconds; the server then counts as unreachable.
const REQUEST_TIMEOUT_MS: u32 = 20_000;

/// Timeout of an upload without progress. A file of 15 MiB takes minutes on a bad mobile network,
/// but it makes progress all the time; without progress for this long, the connection is lost.
const UPLOAD_STALL_TIMEOUT: Duration = Duration::from_secs(45);

/// The header with a number of seconds, the only form that this API uses (RFC 9110 §10.2.3).
const RETRY_AFTER: &str = "Retry-After";

/// The result of loading a page of tasks.
type TaskPageResult = Result<Page<OperatorTaskView>, ClientError>;

/// The API without a session.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Client;

impl Client {
    /// Registers an operator. All attempts to send the same form have the same `idempotency_key`.
    pub(crate) async fn register_operator(
        self,
        operator: &RegisterOperator,
        idempotency_key: &str,
    ) -> Result<RegisteredOperator, ClientError> {
        let request =
            Request::post(paths::REGISTER_OPERATOR).header("Idempotency-Key", idempotency_key);
        post(request, json(operator)?).await?.parse(|_| true)
    }

    /// Signs in with an operator id, which is checked by loading the profile.
    pub(crate) async fn sign_in(self, operator_id: OperatorId) -> Result<Session, ClientError> {
        let session = Session {
            operator_id,
            name: String::new(),
        };
        let profile = SessionClient::new(session.clone())
            .operator_profile()
            .await?;
        Ok(Session {
            name: profile.name,
            ..session
        })
    }
}

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
        let posted = self.post_file(id, file, progress).await;
        let answer = posted.map_err(|_| ClientError::Unreachable)?;
        answer.parse(|upload: &Upload| upload.size == byte_count(file.size()))
    }

    /// Posts the file with `XMLHttpRequest`, because `fetch` reports no upload progress. Status 0
    /// means that the connection broke. The name of the file stays on the phone, because it may
    /// reveal more than the picture.
    async fn post_file(
        &self,
        id: TaskId,
        file: &Blob,
        progress: impl Fn(u64, u64) + 'static,
    ) -> Result<RawResponse, JsValue> {
        let form = FormData::new()?;
        form.append_with_str("task_id", &id.to_string())?;
        form.append_with_blob_and_filename("file", file, "proof")?;

        let request = XmlHttpRequest::new()?;
        request.open("POST", paths::UPLOAD)?;
        let (name, value) = self.session.header();
        request.set_request_header(name, &value)?;
        let watchdog = Watchdog::start(&request);
        let progressed = watchdog.clone();
        let on_progress = Closure::<dyn Fn(ProgressEvent)>::new(move |event: ProgressEvent| {
            progressed.reset();
            progress(byte_count(event.loaded()), byte_count(event.total()));
        });
        request
            .upload()?
            .set_onprogress(Some(on_progress.as_ref().unchecked_ref()));
        let done = Promise::new(&mut |resolve, _| request.set_onloadend(Some(&resolve)));
        request.send_with_opt_form_data(Some(&form))?;
        let done = JsFuture::from(done).await;
        watchdog.stop();
        done?;
        // The closure must live exactly as long as the request.
        drop(on_progress);
        Ok(RawResponse {
            status: request.status()?,
            text: request.response_text()?.unwrap_or_default(),
            retry_after: request.get_response_header(RETRY_AFTER)?,
        })
    }

    async fn load<T: DeserializeOwned>(
        &self,
        path: &str,
        matches_request: impl Fn(&T) -> bool,
    ) -> Result<T, ClientError> {
        // Another operator may have taken tasks of this list, so it must not come from a cache.
        let request = self
            .authenticated(Request::get(path))
            .cache(web_sys::RequestCache::NoStore);
        let signal = AbortSignal::timeout_with_u32(REQUEST_TIMEOUT_MS);
        let request = request
            .redirect(RequestRedirect::Error)
            .abort_signal(Some(&signal));
        send(request.build()).await?.parse(matches_request)
    }

    async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: String,
        matches_request: impl Fn(&T) -> bool,
    ) -> Result<T, ClientError> {
        let request = self.authenticated(Request::post(path));
        post(request, body).await?.parse(matches_request)
    }

    fn authenticated(&self, request: RequestBuilder) -> RequestBuilder {
        let (name, value) = self.session.header();
        request.header(name, &value)
    }
}

/// Aborts a request that makes no progress for [`UPLOAD_STALL_TIMEOUT`].
#[derive(Clone)]
struct Watchdog {
    request: XmlHttpRequest,
    timer: Rc<Cell<Option<TimeoutHandle>>>,
}

impl Watchdog {
    fn start(request: &XmlHttpRequest) -> Self {
        let watchdog = Self {
            request: request.clone(),
            timer: Rc::default(),
        };
        watchdog.reset();
        watchdog
    }

    /// Restarts the timer after progress.
    fn reset(&self) {
        self.stop();
        let request = self.request.clone();
        let abort = move || drop(request.abort());
        self.timer
            .set(set_timeout_with_handle(abort, UPLOAD_STALL_TIMEOUT).ok());
    }

    fn stop(&self) {
        if let Some(timer) = self.timer.take() {
            timer.clear();
        }
    }
}

async fn post(request: RequestBuilder, body: String) -> Result<RawResponse, ClientError> {
    let signal = AbortSignal::timeout_with_u32(REQUEST_TIMEOUT_MS);
    let request = request
        .redirect(RequestRedirect::Error)
        .abort_signal(Some(&signal))
        .header("Content-Type", "application/json");
    send(request.body(body)).await
}

async fn send(request: Result<Request, gloo_net::Error>) -> Result<RawResponse, ClientError> {
    let request = request.map_err(|_| ClientError::Lost)?;
    let response = request.send().await.map_err(|_| ClientError::Unreachable)?;
    Ok(RawResponse {
        status: response.status(),
        text: response
            .text()
            .await
            .map_err(|_| ClientError::Unreachable)?,
        retry_after: response.headers().get(RETRY_AFTER),
    })
}

fn json(body: &impl Serialize) -> Result<String, ClientError> {
    serde_json::to_string(body).map_err(|_| ClientError::Lost)
}

/// Returns the path of a list with its query. A cursor consists of characters that need no escaping
/// in a URL.
fn list_path(path: &str, after: Option<&str>) -> String {
    let after = after.map_or_else(String::new, |cursor| format!("&cursor={cursor}"));
    format!("{path}?limit={LIMIT_MAX}{after}")
}

fn byte_count(bytes: f64) -> u64 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a count of bytes is a whole number from 0 to 2^53"
    )]
    let count = bytes as u64;
    count
}
