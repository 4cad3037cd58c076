//! `ApiError`: what a refusal is, before anyone knows in which dialect it will be answered.
//!
//! A refusal is for the caller and is not logged. An accident is logged once, by `dialect.rs`, with
//! the request id that the caller was given, and answered without internals. The sentences
//! themselves stand in `error/`.

use std::borrow::Cow;

use api_types::error::{ErrorBody, ErrorCode};
use api_types::{ApprovalId, MicroUsd};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::{error, request_id};
use crate::domain::faults::Faults;
use crate::store::StoreError;

/// Why a request was not carried out.
#[derive(Clone, Debug)]
pub struct ApiError {
    /// For programs; the status follows from it.
    pub code: ErrorCode,
    /// A sentence that says what to do.
    pub message: Cow<'static, str>,
    /// The faults of a request that failed validation.
    pub faults: Faults,
    /// When trying again makes sense.
    pub retry_after_seconds: Option<u32>,
    /// What the log is told and the caller is not.
    pub accident: Option<String>,
    /// What a person must be asked about, where that is why. Boxed, because few refusals have it.
    pub approval: Option<Box<ApprovalNeed>>,
    /// Another status than the code's own, where a reference promises one.
    pub answered_with: Option<StatusCode>,
}

/// How far the question to a person has come that a request needs answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ApprovalNeed {
    /// It is still to be asked, about so much money.
    ToBeAsked {
        /// Reward and fee.
        total: MicroUsd,
    },
    /// It waits for its answer.
    Asked(ApprovalId),
}

impl ApiError {
    /// A refusal with its sentence.
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

    /// A fault of the server: `cause` is logged, never answered.
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

    /// The status in the dialects humanops and humcli: the code's own, unless a reference promises
    /// another.
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

    /// The neutral form: the body in the dialect humanops.
    pub fn body(&self) -> ErrorBody {
        ErrorBody {
            error: self.message.clone().into_owned(),
            code: self.code,
            request_id: request_id::current(),
            retryable: self.is_retryable(),
            details: self.faults.details(),
            approval_id: self.approval_id(),
        }
    }

    /// What is kept of the refusal under an idempotency key: its body, without any name of a field
    /// that the caller made up.
    pub fn kept_body(&self) -> ErrorBody {
        if !self.faults.any_made_up() {
            return self.body();
        }
        let kept = error::validation(self.faults.clone().without_made_up());
        Self {
            message: kept.message,
            faults: kept.faults,
            ..self.clone()
        }
        .body()
    }

    /// What a person is asked about, where that is why.
    pub fn approval_id(&self) -> Option<ApprovalId> {
        match self.approval.as_deref() {
            Some(ApprovalNeed::Asked(id)) => Some(*id),
            Some(ApprovalNeed::ToBeAsked { .. }) | None => None,
        }
    }

    /// Whether the same request may succeed later.
    pub fn is_retryable(&self) -> bool {
        matches!(
            self.code,
            ErrorCode::IdempotencyConflict
                | ErrorCode::RateLimited
                | ErrorCode::Unavailable
                | ErrorCode::Internal
        )
    }

    /// The refusal that such a body tells of, for answering it a second time.
    pub fn from_body(status: StatusCode, body: ErrorBody) -> Self {
        let mut error = Self::new(body.code, body.error);
        error.answered_with = Some(status);
        error.faults = Faults::of_details(body.details);
        error.approval = (body.approval_id).map(|id| Box::new(ApprovalNeed::Asked(id)));
        error
    }

    /// The same, answered with the status that a reference promises for it.
    pub(super) fn answered(mut self, status: StatusCode) -> Self {
        self.answered_with = Some(status);
        self
    }

    /// The same, and when trying again makes sense.
    pub(super) fn retry_after(mut self, seconds: u32) -> Self {
        self.retry_after_seconds = Some(seconds);
        self
    }
}

/// Status, headers and the refusal itself; the layer of `dialect.rs` writes the body.
impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(seconds) = self.retry_after_seconds {
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        if self.code == ErrorCode::Unauthorized {
            // RFC 9110 §11.6.1: a 401 names the scheme.
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response.extensions_mut().insert(self);
        response
    }
}

/// Violations that a handler expects are mapped by it; what arrives here is an accident.
impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Busy | StoreError::Changed => error::unavailable(),
            StoreError::Unavailable(_) => Self {
                accident: Some(error.to_string()),
                ..error::unavailable()
            },
            error => Self::accident(error),
        }
    }
}
