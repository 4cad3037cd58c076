//! Every request of the app, a method per endpoint; nothing else fetches.
//!
//! [`Client`] is signed out and can only register and sign in. That yields a [`Session`], and only
//! a session has a [`SessionClient`] for everything else.
//!
//! A status proves nothing: the sign-in page of a Wi-Fi answers 200 to everything. An answer is the
//! server's only if it parses as the type that the endpoint promises and names what was asked
//! about, and a refusal only if it is an [`ErrorBody`]. Redirects are not followed, because the API
//! has none.

use std::{cell::Cell, rc::Rc, time::Duration};

use api_types::{
    OperatorId, TaskId,
    error::{ErrorBody, ErrorCode},
    estimate::GiveEstimate,
    operator::{Earnings, OperatorProfile, RegisterOperator, RegisteredOperator},
    page::{LIMIT_MAX, Page},
    paths,
    proof::{ProofReceipt, SubmitProof, Upload},
    task::{AcceptedTask, MovedTask, OperatorTaskView, Status},
};
use gloo_net::http::{Request, RequestBuilder};
use js_sys::Promise;
use leptos::prelude::{TimeoutHandle, set_timeout_with_handle};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use wasm_bindgen::{JsCast as _, JsValue, closure::Closure};
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortSignal, Blob, FormData, ProgressEvent, RequestRedirect, XmlHttpRequest};

use crate::session::Session;

/// After this long without an answer the server counts as unreachable.
const ANSWER_MS_MAX: u32 = 20_000;

/// A file of 15 MiB over a bad mobile network takes minutes, but some of it leaves all the time: an
/// upload of which nothing has moved for so long has lost its connection.
const STALLED_AFTER: Duration = Duration::from_secs(45);

/// Seconds, as this API writes it (RFC 9110 §10.2.3).
const RETRY_AFTER: &str = "Retry-After";

/// Why a request has no good answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum ClientError {
    /// No answer came: no network, or no server.
    Unreachable,
    /// Something other than the server answered, such as the sign-in page of a Wi-Fi or a proxy;
    /// its HTTP status. The server was not reached.
    Intercepted(u16),
    /// The server refused, and says why; and after how many seconds it may be asked again, if it
    /// named a time.
    Refused(ErrorBody, Option<u32>),
    /// This browser cannot make the request, because it lost what was to be sent.
    Lost,
}

impl ClientError {
    /// Whether the same request may succeed later, unchanged; perhaps after a new sign-in.
    pub(crate) fn is_retryable(&self) -> bool {
        match self {
            Self::Unreachable | Self::Intercepted(_) => true,
            Self::Refused(body, _) => body.retryable || body.code == ErrorCode::Unauthorized,
            Self::Lost => false,
        }
    }

    /// For how many seconds the server asked to be left alone.
    pub(crate) fn retry_after(&self) -> Option<u32> {
        match self {
            Self::Refused(_, seconds) => *seconds,
            Self::Unreachable | Self::Intercepted(_) | Self::Lost => None,
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
        post(request, json(operator)?).await?.parsed(|_| true)
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
        let is_mine = |profile: &OperatorProfile| profile.operator_id == self.operator_id();
        self.load(paths::OPERATOR_PROFILE, is_mine).await
    }

    /// Tasks that may be accepted; those after the page with this cursor, if there is one.
    pub(crate) async fn find_tasks(&self, after: Option<&str>) -> Tasks {
        self.load(&one_page(paths::FIND_TASKS, after), |_| true)
            .await
    }

    /// Tasks that I accepted, likewise.
    pub(crate) async fn my_tasks(&self, after: Option<&str>) -> Tasks {
        self.load(&one_page(paths::MY_TASKS, after), |_| true).await
    }

    /// One task.
    pub(crate) async fn operator_task(&self, id: TaskId) -> Result<OperatorTaskView, ClientError> {
        let is_it = |task: &OperatorTaskView| task.task_id == id;
        self.load(&paths::operator_task(id), is_it).await
    }

    /// Claims a task. The answer says nothing that the task itself does not.
    pub(crate) async fn accept_task(&self, id: TaskId) -> Result<(), ClientError> {
        self.claim(id, &paths::accept_task(id), "{}".to_owned())
            .await
    }

    /// Claims a task with an estimate, for the agent to decide on.
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

    /// Gives a task back, for others to claim.
    pub(crate) async fn withdraw(&self, id: TaskId) -> Result<(), ClientError> {
        let is_it = |moved: &MovedTask| moved.task_id == id;
        let path = paths::withdraw(id);
        self.post(&path, "{}".to_owned(), is_it).await.map(drop)
    }

    /// Sends a proof; its `submission_id` makes repeating harmless. Without an `Idempotency-Key`,
    /// under which a refusal would be repeated too.
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

    /// What I earned.
    pub(crate) async fn earnings(&self) -> Result<Earnings, ClientError> {
        self.load(paths::EARNINGS, |_| true).await
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
        let answer = posted.map_err(|_| ClientError::Unreachable)?;
        answer.parsed(|upload: &Upload| upload.size == whole(file.size()))
    }

    /// By `XMLHttpRequest`, because `fetch` does not say how much has been sent. A status of 0 is
    /// a connection that broke. The file's own name stays on the phone: it may tell more than the
    /// picture.
    async fn post_file(
        &self,
        id: TaskId,
        file: &Blob,
        progress: impl Fn(u64, u64) + 'static,
    ) -> Result<Reply, JsValue> {
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
        Ok(Reply {
            status: request.status()?,
            text: request.response_text()?.unwrap_or_default(),
            retry_after: request.get_response_header(RETRY_AFTER)?,
        })
    }

    async fn load<T: DeserializeOwned>(
        &self,
        path: &str,
        is_answer: impl Fn(&T) -> bool,
    ) -> Result<T, ClientError> {
        // A list that another operator may have emptied must not come out of a cache.
        let request = self
            .signed(Request::get(path))
            .cache(web_sys::RequestCache::NoStore);
        let signal = AbortSignal::timeout_with_u32(ANSWER_MS_MAX);
        let request = request
            .redirect(RequestRedirect::Error)
            .abort_signal(Some(&signal));
        answer(request.build()).await?.parsed(is_answer)
    }

    async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: String,
        is_answer: impl Fn(&T) -> bool,
    ) -> Result<T, ClientError> {
        let request = self.signed(Request::post(path));
        post(request, body).await?.parsed(is_answer)
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

async fn post(request: RequestBuilder, body: String) -> Result<Reply, ClientError> {
    let signal = AbortSignal::timeout_with_u32(ANSWER_MS_MAX);
    let request = request
        .redirect(RequestRedirect::Error)
        .abort_signal(Some(&signal))
        .header("Content-Type", "application/json");
    answer(request.body(body)).await
}

async fn answer(request: Result<Request, gloo_net::Error>) -> Result<Reply, ClientError> {
    let request = request.map_err(|_| ClientError::Lost)?;
    let response = request.send().await.map_err(|_| ClientError::Unreachable)?;
    Ok(Reply {
        status: response.status(),
        text: response
            .text()
            .await
            .map_err(|_| ClientError::Unreachable)?,
        retry_after: response.headers().get(RETRY_AFTER),
    })
}

/// What answered a request, which need not be the server.
struct Reply {
    /// 0 for a connection that broke.
    status: u16,
    text: String,
    retry_after: Option<String>,
}

impl Reply {
    /// Returns the good answer, if it is one of the server's: of the expected type, and about what
    /// was asked.
    fn parsed<T: DeserializeOwned>(self, is_answer: impl Fn(&T) -> bool) -> Result<T, ClientError> {
        let intercepted = ClientError::Intercepted(self.status);
        match self.status {
            0 => Err(ClientError::Unreachable),
            200..300 => serde_json::from_str(&self.text)
                .ok()
                .filter(is_answer)
                .ok_or(intercepted),
            _ => Err(
                serde_json::from_str(&self.text).map_or(intercepted, |body| {
                    let wait = self.retry_after.and_then(|seconds| seconds.parse().ok());
                    ClientError::Refused(body, wait)
                }),
            ),
        }
    }
}

fn json(body: &impl Serialize) -> Result<String, ClientError> {
    serde_json::to_string(body).map_err(|_| ClientError::Lost)
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

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, text: &str) -> Result<ProofReceipt, ClientError> {
        let reply = Reply {
            status,
            text: text.to_owned(),
            retry_after: None,
        };
        reply.parsed(|receipt: &ProofReceipt| receipt.status == Status::Submitted)
    }

    const RECEIPT: &str = r#"{"task_id":"task_01KB0000000000000000000000","status":"SUBMITTED",
        "submitted_at":"2026-02-05T12:00:00.000Z","message":"Received."}"#;

    #[test]
    fn only_a_receipt_is_a_receipt() {
        assert!(answer(200, RECEIPT).is_ok());
        for text in [
            "",
            "<html>Welcome</html>",
            "{}",
            "null",
            "{\"status\":\"ok\"}",
        ] {
            assert_eq!(
                answer(200, text).unwrap_err(),
                ClientError::Intercepted(200)
            );
        }
        let other = RECEIPT.replace("SUBMITTED", "ACCEPTED");
        assert_eq!(
            answer(200, &other).unwrap_err(),
            ClientError::Intercepted(200)
        );
        assert_eq!(answer(204, "").unwrap_err(), ClientError::Intercepted(204));
    }

    #[test]
    fn only_the_servers_own_refusal_is_final() {
        let refused =
            r#"{"error":"No.","code":"validation","request_id":"req_1","retryable":false}"#;
        assert!(!answer(400, refused).unwrap_err().is_retryable());
        for (status, text) in [
            (403, "<html>Sign in</html>"),
            (404, "{}"),
            (511, ""),
            (0, ""),
        ] {
            assert!(answer(status, text).unwrap_err().is_retryable());
        }
    }
}
