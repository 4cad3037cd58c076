//! Every request of the app, a method per endpoint; nothing else fetches.
//!
//! [`Client`] is signed out and can only register and sign in. That yields a [`Session`], and only
//! a session has a [`SessionClient`] for everything else.

use std::{cell::Cell, rc::Rc, time::Duration};

use api_types::{
    OperatorId, TaskId,
    error::ErrorBody,
    estimate::GiveEstimate,
    operator::{Earnings, OperatorProfile, RegisterOperator, RegisteredOperator},
    page::{LIMIT_MAX, Page},
    paths,
    proof::{SubmitProof, Upload},
    task::OperatorTaskView,
};
use gloo_net::http::{Request, RequestBuilder};
use js_sys::Promise;
use leptos::prelude::{TimeoutHandle, set_timeout_with_handle};
use serde::{Serialize, de::DeserializeOwned};
use wasm_bindgen::{JsCast as _, JsValue, closure::Closure};
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortSignal, Blob, FormData, ProgressEvent, XmlHttpRequest};

use crate::session::Session;

/// After this long without an answer the server counts as unreachable.
const ANSWER_MS_MAX: u32 = 20_000;

/// A file of 15 MiB over a bad mobile network takes minutes, but some of it leaves all the time: an
/// upload of which nothing has moved for so long has lost its connection.
const STALLED_AFTER: Duration = Duration::from_secs(45);

/// Seconds, as this API writes it (RFC 9110 §10.2.3).
const RETRY_AFTER: &str = "Retry-After";

/// Why a request has no good answer.
#[derive(Clone, Debug)]
pub(crate) enum ClientError {
    /// No answer came: no network, or no server.
    Unreachable,
    /// The server refused, and says why; and after how many seconds it may be asked again, if it
    /// named a time.
    Refused(ErrorBody, Option<u32>),
    /// Something answered that does not speak this API; its HTTP status.
    Unexpected(u16),
}

impl ClientError {
    /// Whether the same request may succeed later, unchanged.
    pub(crate) fn is_retryable(&self) -> bool {
        match self {
            Self::Unreachable => true,
            Self::Refused(body, _) => body.retryable,
            Self::Unexpected(status) => *status >= 500,
        }
    }

    /// For how many seconds the server asked to be left alone.
    pub(crate) fn retry_after(&self) -> Option<u32> {
        match self {
            Self::Refused(_, seconds) => *seconds,
            Self::Unreachable | Self::Unexpected(_) => None,
        }
    }
}

/// A page of tasks.
type Tasks = Result<Page<OperatorTaskView>, ClientError>;

/// The API for somebody who is not signed in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Client;

impl Client {
    /// A new operator. `once` is one key for all tries of one form.
    pub(crate) async fn register_operator(
        self,
        operator: &RegisterOperator,
        once: &str,
    ) -> Result<RegisteredOperator, ClientError> {
        let request = Request::post(paths::REGISTER_OPERATOR).header("Idempotency-Key", once);
        parsed(&post(request, json(operator)?).await?)
    }

    /// Signs in by an operator's id, which the server confirms.
    pub(crate) async fn sign_in(self, operator_id: OperatorId) -> Result<Session, ClientError> {
        let session = Session {
            operator_id,
            name: String::new(),
        };
        let profile = session.client().operator_profile().await?;
        Ok(Session {
            name: profile.name,
            ..session
        })
    }
}

/// The API for the operator of one session.
#[derive(Clone, Debug)]
pub(crate) struct SessionClient {
    session: Session,
}

impl SessionClient {
    /// For [`Session::client`] alone.
    pub(crate) fn new(session: Session) -> Self {
        Self { session }
    }

    /// Whose requests these are.
    pub(crate) fn operator_id(&self) -> OperatorId {
        self.session.operator_id
    }

    /// Who I am.
    pub(crate) async fn operator_profile(&self) -> Result<OperatorProfile, ClientError> {
        self.load(paths::OPERATOR_PROFILE).await
    }

    /// Tasks that may be accepted; those after the page with this cursor, if there is one.
    pub(crate) async fn find_tasks(&self, after: Option<&str>) -> Tasks {
        self.load(&one_page(paths::FIND_TASKS, after)).await
    }

    /// Tasks that I accepted, likewise.
    pub(crate) async fn my_tasks(&self, after: Option<&str>) -> Tasks {
        self.load(&one_page(paths::MY_TASKS, after)).await
    }

    /// One task.
    pub(crate) async fn operator_task(&self, id: TaskId) -> Result<OperatorTaskView, ClientError> {
        self.load(&paths::operator_task(id)).await
    }

    /// Claims a task. The answer says nothing that the task itself does not.
    pub(crate) async fn accept_task(&self, id: TaskId) -> Result<(), ClientError> {
        self.tell(&paths::accept_task(id), "{}".to_owned()).await
    }

    /// Claims a task with an estimate, for the agent to decide on.
    pub(crate) async fn give_estimate(
        &self,
        id: TaskId,
        estimate: &GiveEstimate,
    ) -> Result<(), ClientError> {
        self.tell(&paths::give_estimate(id), json(estimate)?).await
    }

    /// Gives a task back, for others to claim.
    pub(crate) async fn withdraw(&self, id: TaskId) -> Result<(), ClientError> {
        self.tell(&paths::withdraw(id), "{}".to_owned()).await
    }

    /// Sends a proof; its `submission_id` makes repeating harmless. Without an `Idempotency-Key`,
    /// under which a refusal would be repeated too.
    pub(crate) async fn submit_proof(
        &self,
        id: TaskId,
        proof: &SubmitProof,
    ) -> Result<(), ClientError> {
        self.tell(&paths::submit_proof(id), json(proof)?).await
    }

    /// What I earned.
    pub(crate) async fn earnings(&self) -> Result<Earnings, ClientError> {
        self.load(paths::EARNINGS).await
    }

    /// Sends a file of a proof. The same bytes again are answered with the same upload.
    /// `progress` hears how many bytes have left, out of how many.
    pub(crate) async fn upload(
        &self,
        id: TaskId,
        file: &Blob,
        progress: impl Fn(u64, u64) + 'static,
    ) -> Result<Upload, ClientError> {
        let posted = self.post_file(id, file, progress).await;
        let (status, text, wait) = posted.map_err(|_| ClientError::Unreachable)?;
        parsed(&accepted(status, text, wait.as_deref())?)
    }

    /// By `XMLHttpRequest`, because `fetch` does not say how much has been sent. A status of 0 is
    /// a connection that broke. The file's own name stays on the phone: it may tell more than the
    /// picture.
    async fn post_file(
        &self,
        id: TaskId,
        file: &Blob,
        progress: impl Fn(u64, u64) + 'static,
    ) -> Result<(u16, String, Option<String>), JsValue> {
        let form = FormData::new()?;
        form.append_with_str("task_id", &id.to_string())?;
        form.append_with_blob_and_filename("file", file, "proof")?;

        let request = XmlHttpRequest::new()?;
        request.open("POST", paths::UPLOAD)?;
        let (name, value) = self.session.header();
        request.set_request_header(name, &value)?;
        let stalled = Watchdog::over(&request);
        let moved = stalled.clone();
        let on_progress = Closure::<dyn Fn(ProgressEvent)>::new(move |event: ProgressEvent| {
            moved.moved();
            progress(whole(event.loaded()), whole(event.total()));
        });
        request
            .upload()?
            .set_onprogress(Some(on_progress.as_ref().unchecked_ref()));
        let done = Promise::new(&mut |resolve, _| request.set_onloadend(Some(&resolve)));
        request.send_with_opt_form_data(Some(&form))?;
        let done = JsFuture::from(done).await;
        stalled.rest();
        done?;
        // The closure must outlive the request, and no longer.
        drop(on_progress);
        Ok((
            request.status()?,
            request.response_text()?.unwrap_or_default(),
            request.get_response_header(RETRY_AFTER)?,
        ))
    }

    async fn load<T: DeserializeOwned>(&self, path: &str) -> Result<T, ClientError> {
        // A list that another operator may have emptied must not come out of a cache.
        let request = self
            .signed(Request::get(path))
            .cache(web_sys::RequestCache::NoStore);
        let signal = AbortSignal::timeout_with_u32(ANSWER_MS_MAX);
        parsed(&answer(request.abort_signal(Some(&signal)).build()).await?)
    }

    /// Posts what is answered with nothing that the task itself does not say.
    async fn tell(&self, path: &str, body: String) -> Result<(), ClientError> {
        let request = self.signed(Request::post(path));
        post(request, body).await.map(drop)
    }

    fn signed(&self, request: RequestBuilder) -> RequestBuilder {
        let (name, value) = self.session.header();
        request.header(name, &value)
    }
}

/// Breaks a request off when nothing of it has moved for too long.
#[derive(Clone)]
struct Watchdog {
    request: XmlHttpRequest,
    timer: Rc<Cell<Option<TimeoutHandle>>>,
}

impl Watchdog {
    fn over(request: &XmlHttpRequest) -> Self {
        let watchdog = Self {
            request: request.clone(),
            timer: Rc::default(),
        };
        watchdog.moved();
        watchdog
    }

    /// Begins to wait anew.
    fn moved(&self) {
        self.rest();
        let request = self.request.clone();
        let abort = move || drop(request.abort());
        self.timer
            .set(set_timeout_with_handle(abort, STALLED_AFTER).ok());
    }

    fn rest(&self) {
        if let Some(timer) = self.timer.take() {
            timer.clear();
        }
    }
}

async fn post(request: RequestBuilder, body: String) -> Result<String, ClientError> {
    let signal = AbortSignal::timeout_with_u32(ANSWER_MS_MAX);
    let request = request
        .abort_signal(Some(&signal))
        .header("Content-Type", "application/json");
    answer(request.body(body)).await
}

/// The text of a good answer.
async fn answer(request: Result<Request, gloo_net::Error>) -> Result<String, ClientError> {
    let request = request.map_err(|_| ClientError::Unexpected(0))?;
    let response = request.send().await.map_err(|_| ClientError::Unreachable)?;
    let text = response
        .text()
        .await
        .map_err(|_| ClientError::Unreachable)?;
    let wait = response.headers().get(RETRY_AFTER);
    accepted(response.status(), text, wait.as_deref())
}

fn accepted(status: u16, text: String, wait: Option<&str>) -> Result<String, ClientError> {
    match status {
        0 => Err(ClientError::Unreachable),
        200..300 => Ok(text),
        _ => Err(serde_json::from_str(&text).map_or_else(
            |_| ClientError::Unexpected(status),
            |body| ClientError::Refused(body, wait.and_then(|seconds| seconds.parse().ok())),
        )),
    }
}

fn parsed<T: DeserializeOwned>(text: &str) -> Result<T, ClientError> {
    serde_json::from_str(text).map_err(|_| ClientError::Unexpected(200))
}

fn json(body: &impl Serialize) -> Result<String, ClientError> {
    serde_json::to_string(body).map_err(|_| ClientError::Unexpected(0))
}

/// A cursor is made of letters that an address takes as they are.
fn one_page(path: &str, after: Option<&str>) -> String {
    let after = after.map_or_else(String::new, |cursor| format!("&cursor={cursor}"));
    format!("{path}?limit={LIMIT_MAX}{after}")
}

fn whole(bytes: f64) -> u64 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a count of bytes is a whole number from 0 to 2^53"
    )]
    let count = bytes as u64;
    count
}
