//! Every request of the app, a method per endpoint; nothing else fetches.
//!
//! [`Client`] is signed out and can only register and sign in. That yields a [`Session`], and only
//! a session has a [`SessionClient`] for everything else.

use api_types::{
    OperatorId, TaskId,
    error::ErrorBody,
    operator::{Earnings, OperatorProfile, RegisterOperator, RegisteredOperator},
    page::{LIMIT_MAX, Page},
    paths,
    proof::{SubmitProof, Upload},
    task::OperatorTaskView,
};
use gloo_net::http::{Request, RequestBuilder};
use js_sys::Promise;
use serde::{Serialize, de::DeserializeOwned};
use wasm_bindgen::{JsCast as _, JsValue, closure::Closure};
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortSignal, Blob, FormData, ProgressEvent, XmlHttpRequest};

use crate::session::Session;

/// After this long without an answer the server counts as unreachable.
const ANSWER_MS_MAX: u32 = 20_000;

/// A file of 15 MiB over a bad mobile network takes minutes; a dead connection does not take more.
const UPLOAD_MS_MAX: u32 = 10 * 60 * 1000;

/// Why a request has no good answer.
#[derive(Clone, Debug)]
pub(crate) enum ClientError {
    /// No answer came: no network, or no server.
    Unreachable,
    /// The server refused, and says why.
    Refused(ErrorBody),
    /// Something answered that does not speak this API; its HTTP status.
    Unexpected(u16),
}

impl ClientError {
    /// Whether the same request may succeed later, unchanged.
    pub(crate) fn is_retryable(&self) -> bool {
        match self {
            Self::Unreachable => true,
            Self::Refused(body) => body.retryable,
            Self::Unexpected(status) => *status >= 500,
        }
    }
}

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

    /// Tasks that may be accepted.
    pub(crate) async fn find_tasks(&self) -> Result<Page<OperatorTaskView>, ClientError> {
        self.load(&format!("{}?limit={LIMIT_MAX}", paths::FIND_TASKS))
            .await
    }

    /// Tasks that I accepted.
    pub(crate) async fn my_tasks(&self) -> Result<Page<OperatorTaskView>, ClientError> {
        self.load(&format!("{}?limit={LIMIT_MAX}", paths::MY_TASKS))
            .await
    }

    /// One task.
    pub(crate) async fn operator_task(&self, id: TaskId) -> Result<OperatorTaskView, ClientError> {
        self.load(&paths::operator_task(id)).await
    }

    /// Claims a task. The answer says nothing that the task itself does not.
    pub(crate) async fn accept_task(&self, id: TaskId) -> Result<(), ClientError> {
        let request = self.signed(Request::post(&paths::accept_task(id)));
        post(request, "{}".to_owned()).await.map(drop)
    }

    /// Sends a proof; its `submission_id` makes repeating harmless. Without an `Idempotency-Key`,
    /// under which a refusal would be repeated too.
    pub(crate) async fn submit_proof(
        &self,
        id: TaskId,
        proof: &SubmitProof,
    ) -> Result<(), ClientError> {
        let request = self.signed(Request::post(&paths::submit_proof(id)));
        post(request, json(proof)?).await.map(drop)
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
        let (status, text) = posted.map_err(|_| ClientError::Unreachable)?;
        parsed(&accepted(status, text)?)
    }

    /// By `XMLHttpRequest`, because `fetch` does not say how much has been sent. A status of 0 is
    /// a connection that broke. The file's own name stays on the phone: it may tell more than the
    /// picture.
    async fn post_file(
        &self,
        id: TaskId,
        file: &Blob,
        progress: impl Fn(u64, u64) + 'static,
    ) -> Result<(u16, String), JsValue> {
        let form = FormData::new()?;
        form.append_with_str("task_id", &id.to_string())?;
        form.append_with_blob_and_filename("file", file, "proof")?;

        let request = XmlHttpRequest::new()?;
        request.open("POST", paths::UPLOAD)?;
        request.set_timeout(UPLOAD_MS_MAX);
        let (name, value) = self.session.header();
        request.set_request_header(name, &value)?;
        let on_progress = Closure::<dyn Fn(ProgressEvent)>::new(move |event: ProgressEvent| {
            progress(whole(event.loaded()), whole(event.total()));
        });
        request
            .upload()?
            .set_onprogress(Some(on_progress.as_ref().unchecked_ref()));
        let done = Promise::new(&mut |resolve, _| request.set_onloadend(Some(&resolve)));
        request.send_with_opt_form_data(Some(&form))?;
        JsFuture::from(done).await?;
        // The closure must outlive the request, and no longer.
        drop(on_progress);
        Ok((
            request.status()?,
            request.response_text()?.unwrap_or_default(),
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

    fn signed(&self, request: RequestBuilder) -> RequestBuilder {
        let (name, value) = self.session.header();
        request.header(name, &value)
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
    accepted(response.status(), text)
}

fn accepted(status: u16, text: String) -> Result<String, ClientError> {
    match status {
        0 => Err(ClientError::Unreachable),
        200..300 => Ok(text),
        _ => Err(serde_json::from_str(&text)
            .map_or_else(|_| ClientError::Unexpected(status), ClientError::Refused)),
    }
}

fn parsed<T: DeserializeOwned>(text: &str) -> Result<T, ClientError> {
    serde_json::from_str(text).map_err(|_| ClientError::Unexpected(200))
}

fn json(body: &impl Serialize) -> Result<String, ClientError> {
    serde_json::to_string(body).map_err(|_| ClientError::Unexpected(0))
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
