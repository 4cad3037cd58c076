//! `JsonBody`: the JSON body of a POST, read within a size and a time limit, with the parts of its
//! idempotency key.
//!
//! Validation of the fields is left to each endpoint.

use std::{fmt::Display, time::Duration};

use axum::body::{Body, BodyDataStream, Bytes};
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, header};
use futures_util::StreamExt;
use serde_json::Value;

use crate::app::App;
use crate::http::error::{self, ApiError};
use crate::http::idempotency::{self, OnceKey};

/// Maximum size of a JSON body in bytes: 1 MiB, sixteen times the largest envelope (contract §5).
pub const JSON_BYTES_MAX: usize = 1024 * 1024;

/// Maximum time for a JSON body to arrive.
const ARRIVES_WITHIN: Duration = Duration::from_secs(30);

/// A JSON body. An empty body is `null`.
#[derive(Clone, Debug)]
pub struct JsonBody {
    /// The parsed body, not validated.
    pub body: Value,
    key: Option<String>,
    path: String,
    digest: String,
}

impl JsonBody {
    /// Returns the idempotency key of this request, scoped to `account`.
    pub fn once(&self, account: impl Display) -> OnceKey {
        OnceKey::new(self.key.clone(), account, &self.path, self.digest.clone())
    }
}

impl FromRequest<App> for JsonBody {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &App) -> Result<Self, ApiError> {
        let (parts, body) = request.into_parts();
        let key = idempotency::key_of(&parts.headers)?;
        let bytes = read(&parts.headers, body).await?;
        if !bytes.is_empty() && !is_json(&parts.headers) {
            return Err(error::unsupported_media_type(
                "The body must be JSON. Send Content-Type: application/json.",
            ));
        }
        Ok(Self {
            digest: match &key {
                Some(_) => idempotency::digest(&bytes),
                None => String::new(),
            },
            body: parse(&bytes)?,
            path: parts.uri.path().to_owned(),
            key,
        })
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let Some(content_type) = headers.get(header::CONTENT_TYPE) else {
        return false;
    };
    let essence = content_type.to_str().unwrap_or_default();
    let essence = essence.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("application/json")
        || essence.to_ascii_lowercase().ends_with("+json")
}

/// Reads a body within the size and time limits of a JSON body.
///
/// # Errors
/// 413 if it is too large, 400 if it breaks off or is too slow.
pub(in crate::http) async fn read(headers: &HeaderMap, body: Body) -> Result<Bytes, ApiError> {
    let mut stream = body.into_data_stream();
    let stated = stated_length(headers);
    if stated.is_some_and(|length| length > JSON_BYTES_MAX as u64) {
        return Err(error::too_large(JSON_BYTES_MAX as u64));
    }
    let arrived = tokio::time::timeout(ARRIVES_WITHIN, collect(&mut stream)).await;
    match arrived {
        Ok(Ok(Some(bytes))) => Ok(bytes),
        Ok(Ok(None)) => Err(error::too_large(JSON_BYTES_MAX as u64)),
        Ok(Err(_)) => Err(error::malformed(
            "The body broke off before its end, or is not in its Content-Encoding.",
        )),
        Err(_) => Err(error::malformed(
            "The body did not arrive within 30 seconds.",
        )),
    }
}

/// Collects the whole body, or returns `None` if it is larger than the limit.
async fn collect(stream: &mut BodyDataStream) -> Result<Option<Bytes>, axum::Error> {
    let mut first = Bytes::new();
    let mut whole = Vec::new();
    while let Some(chunk) = stream.next().await {
        let chunk = chunk?;
        if first.len() + whole.len() + chunk.len() > JSON_BYTES_MAX {
            return Ok(None);
        }
        // Most bodies are one chunk and are not copied.
        if first.is_empty() && whole.is_empty() {
            first = chunk;
        } else {
            whole.extend_from_slice(&std::mem::take(&mut first));
            whole.extend_from_slice(&chunk);
        }
    }
    Ok(Some(if whole.is_empty() {
        first
    } else {
        whole.into()
    }))
}

/// Returns the length that the request states.
pub fn stated_length(headers: &HeaderMap) -> Option<u64> {
    headers
        .get(header::CONTENT_LENGTH)?
        .to_str()
        .ok()?
        .parse()
        .ok()
}

/// Parses a body as JSON; an empty body is `null`. The byte order mark that some programs write
/// before a text is ignored (RFC 8259 §8.1).
///
/// # Errors
/// 400 that names the position at which the JSON is invalid.
pub(in crate::http) fn parse(bytes: &[u8]) -> Result<Value, ApiError> {
    let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
    if bytes.is_empty() {
        return Ok(Value::Null);
    }
    serde_json::from_slice(bytes).map_err(|fault| {
        let problem = match fault.classify() {
            serde_json::error::Category::Eof => "it ends too early",
            _ => "it is not valid there",
        };
        error::malformed(format!(
            "The body is not JSON: {problem}, at line {}, column {}.",
            fault.line(),
            fault.column()
        ))
    })
}
