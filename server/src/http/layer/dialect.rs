//! The four shapes in which a response can be written, and problem details in addition (contract
//! §8).
//!
//! Handlers do not know about this. They return a refusal as an [`ApiError`] in the extensions of
//! the response, a success as JSON; this layer writes both. The dialect is the one that the
//! request's `X-Api-Dialect` names, else the setting of its key, else humanops. A request that is
//! refused before its key was read, as by the rate limiter, uses the setting that the key had when
//! this process last authenticated it.
//!
//! Only JSON under `/api/` is ever changed: files, streams and the app pass unchanged.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use api_types::error::{Dialect, Fault};
use axum::body::{self, Body, HttpBody};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use crate::app::App;
use crate::domain::secret;
use crate::http::context;
use crate::http::error;
use crate::http::error::api_error::ApiError;
use crate::http::error::dialect_codes::{nonhumans, remno, status};
use crate::http::extract::auth;

/// The request header that names a dialect.
pub const HEADER: HeaderName = HeaderName::from_static("x-api-dialect");

/// Maximum length in bytes of a path that problem details repeat. No path of this API is longer.
const INSTANCE_BYTES_MAX: usize = 1024;

/// The media type of problem details (RFC 9457).
const PROBLEM: &str = "application/problem+json";

/// Maximum number of keys whose dialect is remembered.
const REMEMBERED_MAX: usize = 10_000;

/// The dialect settings of keys when they were last authenticated, by the hash of the key.
#[derive(Clone, Default)]
pub struct DialectCache(Arc<Mutex<HashMap<String, Dialect>>>);

impl DialectCache {
    /// Returns the dialect of a key: as read by this request, else as remembered.
    fn dialect(&self, key: &str, read: Option<Option<Dialect>>) -> Option<Dialect> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match read {
            None => return known.get(key).copied(),
            Some(None) => drop(known.remove(key)),
            Some(Some(dialect)) if known.get(key) != Some(&dialect) => {
                if known.len() >= REMEMBERED_MAX {
                    known.clear();
                }
                known.insert(key.to_owned(), dialect);
            }
            Some(Some(_)) => {}
        }
        read.flatten()
    }
}

/// The form of the response that a request asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
struct RequestedDialect {
    dialect: Option<Dialect>,
    /// The hash of the key that the request carries.
    key: Option<String>,
    as_problem: bool,
    path: String,
}

impl RequestedDialect {
    fn of(request: &Request) -> Self {
        let headers = request.headers();
        Self {
            dialect: stated(headers).ok().flatten(),
            key: auth::agent_key(headers).map(secret::hash),
            as_problem: accepts_problems(headers),
            path: request.uri().path().to_owned(),
        }
    }
}

/// Returns the dialect that the header names, if it is sent.
///
/// # Errors
/// 400 for an unknown name.
pub fn stated(headers: &HeaderMap) -> Result<Option<Dialect>, ApiError> {
    let Some(name) = headers.get(HEADER) else {
        return Ok(None);
    };
    let dialect = name
        .to_str()
        .ok()
        .and_then(|name| Dialect::parse(name.trim()));
    dialect.map(Some).ok_or_else(|| {
        let names = Dialect::ALL.map(Dialect::as_str).join(", ");
        let must = format!("must be one of {names}");
        error::validation(vec![error::fault("X-Api-Dialect", must)])
    })
}

/// Returns whether `Accept` names problem details. A weight of zero refuses them (RFC 9110
/// §12.5.1).
fn accepts_problems(headers: &HeaderMap) -> bool {
    let stated = headers.get_all(header::ACCEPT).iter();
    let mut ranges = stated
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','));
    ranges.any(|range| {
        let (name, parameters) = range.split_once(';').unwrap_or((range, ""));
        let parameters = parameters.to_ascii_lowercase().replace(' ', "");
        let weight = parameters.split(';').find_map(|one| one.strip_prefix("q="));
        let refused = weight.is_some_and(|weight| weight.parse() == Ok(0.0_f32));
        name.trim().eq_ignore_ascii_case(PROBLEM) && !refused
    })
}

/// The state of the layer. Cheap to clone.
#[derive(Clone)]
pub struct Dialects {
    app: App,
    cache: DialectCache,
}

impl Dialects {
    /// Creates the state without any remembered key.
    pub fn new(app: App) -> Self {
        Self {
            app,
            cache: DialectCache::default(),
        }
    }
}

/// Runs the request, and writes its response in the dialect and form that it asks for.
pub async fn layer(State(dialects): State<Dialects>, request: Request, next: Next) -> Response {
    let requested = RequestedDialect::of(&request);
    let response = next.run(request).await;
    let read = context::key_dialect();
    let set = (requested.key.as_deref()).and_then(|key| dialects.cache.dialect(key, read));
    let dialect = requested.dialect.or(set).unwrap_or(Dialect::Humanops);
    write_down(&dialects.app, &requested, dialect, response).await
}

/// Refuses a request that names an unknown dialect: 400.
#[expect(
    clippy::result_large_err,
    reason = "tower-http takes the response itself"
)]
pub fn refuse_unknown(request: &mut Request) -> Result<(), Response> {
    let stated = stated(request.headers());
    stated.map(drop).map_err(ApiError::into_response)
}

async fn write_down(
    app: &App,
    requested: &RequestedDialect,
    dialect: Dialect,
    mut response: Response,
) -> Response {
    if let Some(error) = response.extensions_mut().remove::<ApiError>() {
        return refused(app, requested, dialect, &error, response);
    }
    if dialect == Dialect::Remno && is_ours(requested, &response) {
        return wrapped(app, response)
            .await
            .unwrap_or_else(|error| refused(app, requested, dialect, &error, Response::default()));
    }
    response
}

fn refused(
    app: &App,
    requested: &RequestedDialect,
    dialect: Dialect,
    error: &ApiError,
    mut response: Response,
) -> Response {
    if let Some(cause) = &error.accident {
        tracing::error!(cause, "a request failed");
    } else {
        let (code, faults) = (error.code.as_str(), error.faults.count());
        tracing::debug!(code, faults, "a request was refused");
    }
    let status = status(dialect, error);
    let (content_type, body) = if requested.as_problem {
        (PROBLEM, problem(app, &requested.path, status, error))
    } else {
        ("application/json", body(app, dialect, error))
    };
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.remove(header::CONTENT_LENGTH);
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    *response.body_mut() = Body::from(body.to_string());
    response
}

fn body(app: &App, dialect: Dialect, error: &ApiError) -> Value {
    match dialect {
        Dialect::Humanops | Dialect::Humcli => json!(error.body()),
        Dialect::Nonhumans => {
            let mut inner = Map::new();
            inner.insert("code".to_owned(), json!(nonhumans(error.code).0));
            inner.insert("message".to_owned(), json!(error.message));
            inner.insert("request_id".to_owned(), json!(context::request_id()));
            if !error.faults.is_empty() {
                inner.insert("details".to_owned(), json!(error.faults.details()));
            }
            if let Some(id) = error.approval_id() {
                inner.insert("approval_id".to_owned(), json!(id));
            }
            json!({ "error": inner })
        }
        Dialect::Remno => {
            json!({"data": null, "meta": meta(app), "errors": errors_of_remno(error)})
        }
    }
}

/// Remno lists one error for each faulty field.
fn errors_of_remno(error: &ApiError) -> Vec<Value> {
    let code = remno(error.code).0;
    if let Some(id) = error.approval_id() {
        return vec![json!({"code": code, "message": error.message, "approval_id": id})];
    }
    if error.faults.is_empty() {
        return vec![json!({"code": code, "message": error.message})];
    }
    let faults = error.faults.details();
    (faults.iter())
        .map(|Fault { field, message }| match field.as_str() {
            "" => json!({"code": code, "message": message}),
            _ => json!({"code": code, "message": said_of(field, message), "field": field}),
        })
        .collect()
}

/// Prints a field's fault as Remno does: "email is required". A message that is a whole sentence
/// stays unchanged.
fn said_of(field: &str, message: &str) -> String {
    let goes_on = ["is ", "must "]
        .iter()
        .any(|verb| message.starts_with(verb));
    match goes_on {
        true => format!("{field} {message}"),
        false => message.to_owned(),
    }
}

fn meta(app: &App) -> Value {
    json!({"requestId": context::request_id(), "timestamp": app.clock.now()})
}

/// Returns the problem details (RFC 9457 §3): the five standard members and our extensions (§3.2).
fn problem(app: &App, path: &str, status: StatusCode, error: &ApiError) -> Value {
    let origin = app.config.public_url.as_deref().unwrap_or_default();
    let code = error.code.as_str();
    let errors: Vec<_> = (error.faults.details().iter())
        .map(|fault| json!({"field": fault.field, "detail": fault.message}))
        .collect();
    let mut problem = json!({
        "type": format!("{origin}/docs/errors#{code}"),
        "title": error::title(code),
        "status": status.as_u16(),
        "detail": error.message,
        "code": code,
        "request_id": context::request_id(),
        "errors": errors,
    });
    if let Some(members) = problem.as_object_mut() {
        if path.len() <= INSTANCE_BYTES_MAX {
            members.insert("instance".to_owned(), json!(path));
        }
        if let Some(id) = error.approval_id() {
            members.insert("approval_id".to_owned(), json!(id));
        }
    }
    problem
}

/// Returns whether a response is a successful JSON response of the API that is whole in memory.
fn is_ours(requested: &RequestedDialect, response: &Response) -> bool {
    requested.path.starts_with("/api/")
        && response.status().is_success()
        && response.headers().get(header::CONTENT_TYPE)
            == Some(&HeaderValue::from_static("application/json"))
        && response.body().size_hint().exact().is_some()
}

/// The outer members of every list: its rows, and everything else about them.
#[derive(Deserialize)]
struct ListBody<'a> {
    #[serde(borrow)]
    data: &'a RawValue,
    pagination: Option<&'a RawValue>,
}

/// Wraps a success in Remno's envelope. The rows of a list become its data, and the pagination part
/// of its meta. The printed JSON is copied as it is, so that money keeps its digits.
async fn wrapped(app: &App, response: Response) -> Result<Response, ApiError> {
    let (mut parts, body) = response.into_parts();
    let bytes = body::to_bytes(body, usize::MAX).await;
    let bytes = bytes.map_err(ApiError::accident)?;
    let whole: &RawValue = serde_json::from_slice(&bytes).map_err(ApiError::accident)?;
    let listed: Option<ListBody<'_>> = serde_json::from_slice(&bytes).ok();
    let (data, pagination) = match listed {
        Some(list) => (list.data, list.pagination),
        None => (whole, None),
    };
    let meta = meta(app).to_string();
    let meta = match pagination {
        Some(pagination) => {
            let open = meta.strip_suffix('}').unwrap_or(&meta);
            format!("{open},\"pagination\":{pagination}}}")
        }
        None => meta,
    };
    let text = format!("{{\"data\":{data},\"meta\":{meta},\"errors\":[]}}");
    parts.headers.remove(header::CONTENT_LENGTH);
    Ok(Response::from_parts(parts, Body::from(text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn problems_are_accepted_where_they_are_named_and_not_refused() {
        for (stated, taken) in [
            ("application/problem+json", true),
            ("application/json, Application/Problem+JSON;q=0.5", true),
            ("application/problem+json; q=0.000", false),
            ("application/json", false),
            ("*/*", false),
        ] {
            let headers =
                HeaderMap::from_iter([(header::ACCEPT, HeaderValue::from_static(stated))]);
            assert_eq!(accepts_problems(&headers), taken, "{stated}");
        }
    }
}
