//! `ApiError`: a refusal or a failure in neutral form, before it is written in a dialect.
//!
//! A refusal concerns only the caller and is not logged. A server fault is logged once, by
//! `dialect.rs`, with the request id that the caller was given, and its response contains no
//! internals. The messages are in `error/`.

use std::borrow::Cow;

use api_types::error::{ErrorBody, ErrorCode};
use api_types::{ApprovalId, MicroUsd};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::domain::faults::Faults;
use crate::http::context;

/// The reason why a request failed.
#[derive(Clone, Debug)]
pub struct ApiError {
    /// The error code for programs. The status follows from it.
    pub code: ErrorCode,
    /// A sentence for people that says what to do.
    pub message: Cow<'static, str>,
    /// The faults of a request that failed validation; empty otherwise.
    pub faults: Faults,
    /// Seconds after which a retry makes sense, if any.
    pub retry_after_seconds: Option<u32>,
    /// The cause of a server fault. It is logged and never sent to the caller.
    pub accident: Option<String>,
    /// The approval that the request needs, if that is why it was refused. Boxed, because few
    /// errors have one.
    pub approval: Option<Box<ApprovalNeed>>,
    /// A status other than the code's own, where a reference promises one.
    pub answered_with: Option<StatusCode>,
}

/// The state of the human approval that a request needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ApprovalNeed {
    /// No approval was requested yet.
    ToBeAsked {
        /// The reward and the fee of the task together.
        total: MicroUsd,
    },
    /// The approval with this id waits for a decision.
    Asked(ApprovalId),
}

impl ApiError {
    /// Creates an error with its code and message.
    pub fn new(code: ErrorCode, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            code,
            message: message.into(),
            faults: Faults::default(),
            retry_after_seconds: None,
            accident: None,
            approval: None,
            answered_with: None,
        }
    }

    /// Creates an internal server error. `cause` is logged and never sent.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "the shape that map_err takes"
    )]
    pub fn accident<E: ToString>(cause: E) -> Self {
        let mut error = Self::new(
            ErrorCode::Internal,
            "The server failed. Try again; if it stays so, report the request_id.",
        );
        error.accident = Some(cause.to_string());
        error
    }

    /// Returns the status in the dialects humanops and humcli: the code's own, unless a reference
    /// promises another.
    pub fn status(&self) -> StatusCode {
        if let Some(status) = self.answered_with {
            return status;
        }
        match self.code {
            ErrorCode::Validation | ErrorCode::SchemaValidationFailed => StatusCode::BAD_REQUEST,
            ErrorCode::Unauthorized => StatusCode::UNAUTHORIZED,
            ErrorCode::InsufficientFunds => StatusCode::PAYMENT_REQUIRED,
            ErrorCode::Forbidden
            | ErrorCode::KycRequired
            | ErrorCode::DelegationExceeded
            | ErrorCode::HumanApprovalRequired => StatusCode::FORBIDDEN,
            ErrorCode::NotFound => StatusCode::NOT_FOUND,
            ErrorCode::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            ErrorCode::AlreadyExists | ErrorCode::InvalidState | ErrorCode::IdempotencyConflict => {
                StatusCode::CONFLICT
            }
            ErrorCode::Expired => StatusCode::GONE,
            ErrorCode::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            ErrorCode::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            ErrorCode::RuleViolation
            | ErrorCode::LimitExceeded
            | ErrorCode::IdempotencyMismatch => StatusCode::UNPROCESSABLE_ENTITY,
            ErrorCode::RateLimited => StatusCode::TOO_MANY_REQUESTS,
            ErrorCode::NotImplemented => StatusCode::NOT_IMPLEMENTED,
            ErrorCode::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            ErrorCode::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// Returns the neutral form: the body in the dialect humanops.
    pub fn body(&self) -> ErrorBody {
        ErrorBody {
            error: self.message.clone().into_owned(),
            code: self.code,
            request_id: context::request_id(),
            retryable: self.is_retryable(),
            details: self.faults.details(),
            approval_id: self.approval_id(),
        }
    }

    /// Returns the id of the approval that the request waits for, if it waits for one.
    pub fn approval_id(&self) -> Option<ApprovalId> {
        match self.approval.as_deref() {
            Some(ApprovalNeed::Asked(id)) => Some(*id),
            Some(ApprovalNeed::ToBeAsked { .. }) | None => None,
        }
    }

    /// Returns whether the same request may succeed later.
    pub fn is_retryable(&self) -> bool {
        matches!(
            self.code,
            ErrorCode::IdempotencyConflict
                | ErrorCode::RateLimited
                | ErrorCode::Unavailable
                | ErrorCode::Internal
        )
    }

    /// Restores the error from a stored body and status, so that it can be sent again.
    pub fn from_body(status: StatusCode, body: ErrorBody) -> Self {
        let mut error = Self::new(body.code, body.error);
        error.answered_with = Some(status);
        error.faults = Faults::of_details(body.details);
        error.approval = (body.approval_id).map(|id| Box::new(ApprovalNeed::Asked(id)));
        error
    }

    /// Replaces the status by one that a reference promises.
    pub(in crate::http) fn answered(mut self, status: StatusCode) -> Self {
        self.answered_with = Some(status);
        self
    }

    /// Sets after how many seconds a retry makes sense.
    pub(in crate::http) fn retry_after(mut self, seconds: u32) -> Self {
        self.retry_after_seconds = Some(seconds);
        self
    }
}

/// Sets the status and the headers. The middleware in `dialect.rs` writes the body.
impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(seconds) = self.retry_after_seconds {
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        if self.code == ErrorCode::Unauthorized {
            // RFC 9110 §11.6.1: a 401 names the authentication scheme.
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response.extensions_mut().insert(self);
        response
    }
}
