//! Idempotency keys: a request that is retried with the same key takes effect once (contract §8).
//!
//! The response is stored by the transaction whose outcome it reports, so a retry after a crash at
//! any point gets the same response. Secrets are removed from the stored response.

use std::fmt::Display;

use api_types::error::{ErrorBody, ErrorCode};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::error::{self, ApiError};
use crate::app::App;
use crate::domain::secret::hex;
use crate::store::idempotency::{self as kept, IdempotentRequest, KeptAnswer, KeyLookup};
use crate::store::{StoreError, Tx};

/// Maximum length of a key in characters (contract §8).
pub const KEY_CHARS_MAX: usize = 255;

/// Maximum size in bytes of a stored response that can also be read again: 16 KiB.
const KEPT_BYTES_MAX: usize = 16 * 1024;

/// Fields of a response that are shown once and never stored.
const SECRET_FIELDS: [&str; 1] = ["api_key"];

/// The idempotency key of a request with its scope; empty if the request has no `Idempotency-Key`.
#[derive(Clone, Debug)]
pub struct OnceKey(Option<IdempotentRequest>);

impl OnceKey {
    /// Creates the key of a request by `account` to `path` with the digest of its body.
    pub fn new(key: Option<String>, account: impl Display, path: &str, digest: String) -> Self {
        Self(key.map(|key| IdempotentRequest {
            scope: format!("{account} {path}"),
            key,
            digest,
        }))
    }

    /// Returns a digest of the scoped key, and the digest of the body, for work of the request that
    /// cannot be done in one write. Returns `None` without an `Idempotency-Key`.
    pub fn identity(&self) -> Option<(String, String)> {
        let request = self.0.as_ref()?;
        let key = digest(format!("{}\n{}", request.scope, request.key).as_bytes());
        Some((key, request.digest.clone()))
    }
}

/// Returns the request's `Idempotency-Key`, if it has one.
///
/// # Errors
/// 400 if it is empty, too long or not printable ASCII.
pub fn key_of(headers: &HeaderMap) -> Result<Option<String>, ApiError> {
    let Some(value) = headers.get("idempotency-key") else {
        return Ok(None);
    };
    value
        .to_str()
        .ok()
        .filter(|key| (1..=KEY_CHARS_MAX).contains(&key.len()))
        .filter(|key| key.bytes().all(|byte| (0x20..0x7f).contains(&byte)))
        .map(|key| Some(key.to_owned()))
        .ok_or_else(|| {
            let problem = "must be 1 to 255 printable ASCII characters";
            error::validation(vec![error::fault("Idempotency-Key", problem)])
        })
}

/// Returns the digest by which two bodies are compared.
pub fn digest(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// Runs `f` in a write and responds with `status`, or repeats the response to the first request
/// with this key. Refusals are stored as well, except those that a retry may overcome.
///
/// # Errors
/// Those of `f`; 422 if the key was used with another body; 409 while its first request is in
/// progress.
pub async fn once<T>(
    app: &App,
    key: OnceKey,
    status: StatusCode,
    f: impl Fn(&mut Tx<'_>) -> Result<T, ApiError> + Send + 'static,
) -> Result<Response, ApiError>
where
    T: Serialize + Send + 'static,
{
    run(
        app,
        key,
        status,
        f,
        None::<fn(&mut Tx<'_>) -> Result<T, ApiError>>,
    )
    .await
}

/// Runs [`once`] for a response that its caller can make large. If it is larger than
/// `KEPT_BYTES_MAX`, only the status is stored, and a repeated request gets the current state from
/// `read`.
///
/// # Errors
/// Those of `f` and `read`; 422 if the key was used with another body; 409 while its first request
/// is in progress.
pub async fn once_or_read<T>(
    app: &App,
    key: OnceKey,
    status: StatusCode,
    f: impl Fn(&mut Tx<'_>) -> Result<T, ApiError> + Send + 'static,
    read: impl Fn(&mut Tx<'_>) -> Result<T, ApiError> + Send + 'static,
) -> Result<Response, ApiError>
where
    T: Serialize + Send + 'static,
{
    run(app, key, status, f, Some(read)).await
}

async fn run<T>(
    app: &App,
    key: OnceKey,
    status: StatusCode,
    f: impl Fn(&mut Tx<'_>) -> Result<T, ApiError> + Send + 'static,
    read: Option<impl Fn(&mut Tx<'_>) -> Result<T, ApiError> + Send + 'static>,
) -> Result<Response, ApiError>
where
    T: Serialize + Send + 'static,
{
    let kept_bytes_max = read.as_ref().map_or(usize::MAX, |_| KEPT_BYTES_MAX);
    let OnceKey(Some(request)) = key else {
        let answer = app.store.write(f).await?;
        app.wake();
        return Ok((status, axum::Json(answer)).into_response());
    };
    let now = app.clock.now();
    let outcome = app
        .store
        .write(move |tx| {
            let lookup = kept::begin(tx, &request, now).map_err(|error| match error {
                // PostgreSQL waits one second for the first request's row lock, and no longer.
                StoreError::Busy => error::idempotency_in_flight(),
                other => other.into(),
            })?;
            match lookup {
                KeyLookup::Answered(answer) if answer.digest != request.digest => {
                    Err(error::idempotency_mismatch())
                }
                KeyLookup::Answered(mut answer) => {
                    if let Some(read) = read.as_ref().filter(|_| answer.body.is_empty()) {
                        answer.body = printed(&read(tx)?)?;
                    }
                    Ok(OperationResult::Repeated(answer))
                }
                KeyLookup::First => first(tx, &request, status, kept_bytes_max, &f),
            }
        })
        .await?;
    app.wake();
    outcome.answer()
}

/// Repeats the stored response of a request that is now refused only because time has passed, for
/// example because its deadline is too near by now. Without a stored response, `refusal` is
/// returned.
///
/// # Errors
/// `refusal`; 422 if the key was used with another body.
pub async fn unless_answered(
    app: &App,
    key: OnceKey,
    refusal: ApiError,
) -> Result<Response, ApiError> {
    let OnceKey(Some(request)) = key else {
        return Err(refusal);
    };
    let (now, digest) = (app.clock.now(), request.digest.clone());
    let kept = app
        .store
        .read(move |tx| kept::find(tx, &request, now))
        .await?;
    match kept {
        Some(answer) if answer.digest == digest => repeat(answer),
        Some(_) => Err(error::idempotency_mismatch()),
        None => Err(refusal),
    }
}

enum OperationResult {
    First(StatusCode, String),
    Refused(ApiError),
    Repeated(KeptAnswer),
}

fn first<T: Serialize>(
    tx: &mut Tx<'_>,
    request: &IdempotentRequest,
    status: StatusCode,
    kept_bytes_max: usize,
    f: &impl Fn(&mut Tx<'_>) -> Result<T, ApiError>,
) -> Result<OperationResult, ApiError> {
    match tx.savepoint(|tx| f(tx)) {
        Ok(answer) => {
            let text = printed(&answer)?;
            let kept = match text.len() <= kept_bytes_max {
                true => without_secrets(&text)?,
                false => String::new(),
            };
            kept::keep(tx, request, status.as_u16(), &kept)?;
            Ok(OperationResult::First(status, text))
        }
        Err(refusal) if is_final(&refusal) => {
            let text = printed(&refusal.kept_body())?;
            kept::keep(tx, request, refusal.status().as_u16(), &text)?;
            Ok(OperationResult::Refused(refusal))
        }
        Err(passing) => Err(passing),
    }
}

fn printed(answer: &impl Serialize) -> Result<String, ApiError> {
    serde_json::to_string(answer).map_err(ApiError::accident)
}

/// Returns whether the same request would be refused again.
fn is_final(refusal: &ApiError) -> bool {
    refusal.status().is_client_error()
        && !matches!(
            refusal.code,
            ErrorCode::Unauthorized
                | ErrorCode::RateLimited
                | ErrorCode::IdempotencyConflict
                // The same request succeeds once a person has approved it.
                | ErrorCode::HumanApprovalRequired
        )
}

fn without_secrets(text: &str) -> Result<String, ApiError> {
    let mut value: serde_json::Value = serde_json::from_str(text).map_err(ApiError::accident)?;
    let Some(fields) = value.as_object_mut() else {
        return Ok(text.to_owned());
    };
    let shown = fields.len();
    fields.retain(|field, _| !SECRET_FIELDS.contains(&field.as_str()));
    Ok(if fields.len() == shown {
        text.to_owned()
    } else {
        value.to_string()
    })
}

impl OperationResult {
    fn answer(self) -> Result<Response, ApiError> {
        match self {
            Self::First(status, text) => Ok(json(status, text)),
            Self::Refused(refusal) => Err(refusal),
            Self::Repeated(answer) => repeat(answer),
        }
    }
}

fn repeat(answer: KeptAnswer) -> Result<Response, ApiError> {
    let status = StatusCode::from_u16(answer.status).map_err(ApiError::accident)?;
    let mut response = if status.is_success() {
        json(status, answer.body)
    } else {
        // The refusal is the stored one, but the request id is this request's own.
        let body: ErrorBody = serde_json::from_str(&answer.body).map_err(ApiError::accident)?;
        ApiError::from_body(status, body).into_response()
    };
    let replayed = HeaderValue::from_static("true");
    response
        .headers_mut()
        .insert("idempotent-replayed", replayed);
    Ok(response)
}

fn json(status: StatusCode, text: String) -> Response {
    let content_type = HeaderValue::from_static("application/json");
    (status, [(header::CONTENT_TYPE, content_type)], text).into_response()
}
