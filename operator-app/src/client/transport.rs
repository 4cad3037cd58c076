//! How requests are sent: with a timeout, without redirects, which the API does not have, and files
//! with their progress.

use std::{cell::Cell, rc::Rc, time::Duration};

use api_types::{TaskId, paths};
use gloo_net::http::{Request, RequestBuilder};
use js_sys::Promise;
use leptos::prelude::{TimeoutHandle, set_timeout_with_handle};
use serde::Serialize;
use wasm_bindgen::{JsCast as _, JsValue, closure::Closure};
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortSignal, Blob, FormData, ProgressEvent, RequestRedirect, XmlHttpRequest};

use crate::response::{ClientError, RawResponse};

/// Timeout of a request in milliseconds; the server then counts as unreachable.
const REQUEST_TIMEOUT_MS: u32 = 20_000;

/// Timeout of an upload without progress. A file of 15 MiB takes minutes on a bad mobile network,
/// but it makes progress all the time; without progress for this long, the connection is lost.
const UPLOAD_STALL_TIMEOUT: Duration = Duration::from_secs(45);

/// The header that carries the access token.
pub(super) const AUTHORIZATION: &str = "Authorization";

/// The header with a number of seconds, the only form that this API uses (RFC 9110 §10.2.3).
const RETRY_AFTER: &str = "Retry-After";

/// Sends a request without a body. Another operator may have taken tasks of a list, so no response
/// comes from a cache.
pub(super) async fn send_empty(request: RequestBuilder) -> Result<RawResponse, ClientError> {
    let signal = AbortSignal::timeout_with_u32(REQUEST_TIMEOUT_MS);
    let request = request
        .cache(web_sys::RequestCache::NoStore)
        .redirect(RequestRedirect::Error)
        .abort_signal(Some(&signal));
    send(request.build()).await
}

/// Sends a POST with a JSON body.
pub(super) async fn post(
    request: RequestBuilder,
    body: String,
) -> Result<RawResponse, ClientError> {
    send_body(request, body, "application/json").await
}

/// Sends a POST with a form to another server.
pub(super) async fn post_form(
    request: RequestBuilder,
    form: String,
) -> Result<RawResponse, ClientError> {
    send_body(request, form, "application/x-www-form-urlencoded").await
}

async fn send_body(
    request: RequestBuilder,
    body: String,
    content_type: &str,
) -> Result<RawResponse, ClientError> {
    let signal = AbortSignal::timeout_with_u32(REQUEST_TIMEOUT_MS);
    let request = request
        .redirect(RequestRedirect::Error)
        .abort_signal(Some(&signal))
        .header("Content-Type", content_type);
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

/// Returns a body as JSON.
pub(super) fn json(body: &impl Serialize) -> Result<String, ClientError> {
    serde_json::to_string(body).map_err(|_| ClientError::Lost)
}

/// Posts the file with `XMLHttpRequest`, because `fetch` reports no upload progress. Status 0
/// means that the connection broke. The name of the file stays on the phone, because it may
/// reveal more than the picture.
pub(super) async fn post_file(
    bearer: &str,
    id: TaskId,
    file: &Blob,
    progress: impl Fn(u64, u64) + 'static,
) -> Result<RawResponse, JsValue> {
    let form = FormData::new()?;
    form.append_with_str("task_id", &id.to_string())?;
    form.append_with_blob_and_filename("file", file, "proof")?;

    let request = XmlHttpRequest::new()?;
    request.open("POST", paths::UPLOAD)?;
    request.set_request_header(AUTHORIZATION, bearer)?;
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

/// Returns a number of bytes that the browser gave.
pub(super) fn byte_count(bytes: f64) -> u64 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a count of bytes is a whole number from 0 to 2^53"
    )]
    let count = bytes as u64;
    count
}
