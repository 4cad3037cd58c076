//! `/docs/errors`: the meaning of each error code and what to do about it. The `type` of problem
//! details (RFC 9457 §3.1.1) links to the section of its code.

use api_types::error::ErrorCode;
use axum::{
    http::header,
    response::{Html, IntoResponse, Response},
};

use super::{ApiError, title};

/// Serves GET /docs/errors.
pub(in crate::http) async fn page() -> Response {
    let sections: String = ErrorCode::ALL.into_iter().map(section).collect();
    let head = "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
        <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
        <title>Errors · HumanOps API</title>\
        <link rel=\"icon\" href=\"/icons/icon.svg\">\
        <link rel=\"stylesheet\" href=\"/docs/errors.css\"></head><body><main>\
        <h1>Errors</h1><p>Every refusal has one of these codes. Branch on the code, never on the \
        sentence next to it; <code>retryable</code> says whether the same request may succeed \
        later. All operations: <a href=\"/docs\">/docs</a>.</p>";
    Html(format!("{head}{sections}</main></body></html>")).into_response()
}

/// Serves GET /docs/errors.css.
pub(in crate::http) async fn style() -> Response {
    let kind = [(header::CONTENT_TYPE, "text/css; charset=utf-8")];
    (kind, include_str!("../../../docs/errors.css")).into_response()
}

fn section(code: ErrorCode) -> String {
    let error = ApiError::new(code, "");
    let name = code.as_str();
    let again = if error.is_retryable() {
        ", worth trying again"
    } else {
        ""
    };
    format!(
        "<section id=\"{name}\"><h2>{name}</h2><p class=\"status\">{title}, as a rule HTTP \
         {status}{again}</p><p>{meaning}</p></section>",
        title = title(name),
        status = error.status().as_u16(),
        meaning = meaning(code),
    )
}

const fn meaning(code: ErrorCode) -> &'static str {
    match code {
        ErrorCode::Validation => {
            "The body, a parameter or a header is not as documented. The first 50 faults are named \
             with their fields, the others counted: correct them all, and send it again."
        }
        ErrorCode::SchemaValidationFailed => {
            "The typed result does not satisfy the schema of its task. The first 50 faults are \
             named with their places in the result, the others counted."
        }
        ErrorCode::Unauthorized => "There is no valid key, session or identity with the request.",
        ErrorCode::Forbidden => "The caller is known, and may not do this.",
        ErrorCode::DelegationExceeded => {
            "The key has a policy of what it may spend, and this is more. Another key, or whoever \
             manages this one, can help."
        }
        ErrorCode::HumanApprovalRequired => {
            "A person must approve the request first. The answer names the approval; once it is \
             given, the same request goes through, once."
        }
        ErrorCode::KycRequired => "The operator's identity has not been approved yet.",
        ErrorCode::NotFound => "It does not exist, or it is somebody else's.",
        ErrorCode::MethodNotAllowed => "The path takes other methods: the Allow header has them.",
        ErrorCode::InsufficientFunds => {
            "The deposit balance does not cover the reward and the fee. Make a deposit."
        }
        ErrorCode::AlreadyExists => "An account, a transaction or a name of this kind is there.",
        ErrorCode::InvalidState => {
            "The move is not possible in the task's status, or somebody came first. Read the task: \
             its actions say what is possible now."
        }
        ErrorCode::Expired => "The deadline has passed.",
        ErrorCode::RuleViolation => {
            "The request was understood and is against a rule, such as a limit of the tier."
        }
        ErrorCode::LimitExceeded => "Something bounded is used up; the sentence says what.",
        ErrorCode::TooLarge => "The body is larger than this endpoint takes.",
        ErrorCode::UnsupportedMediaType => "The endpoint takes another content type.",
        ErrorCode::IdempotencyConflict => {
            "A request with this idempotency key is being carried out. Ask again in a moment."
        }
        ErrorCode::IdempotencyMismatch => {
            "This idempotency key was used with another body. Each new request needs a new key."
        }
        ErrorCode::RateLimited => {
            "Too many requests in this minute. Retry-After says for how long to wait."
        }
        ErrorCode::NotImplemented => "The API has this, and this server is not set up for it.",
        ErrorCode::Unavailable => {
            "The server cannot answer now, and nothing was changed. Retry-After says when to try."
        }
        ErrorCode::Internal => {
            "The server made a mistake. The request id finds it in the server's log."
        }
    }
}
