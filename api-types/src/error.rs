//! Errors on the wire: a code that programs branch on, a sentence that people read (contract §8).

use serde::{Deserialize, Serialize};

/// Why a request was refused. Programs branch on this, never on the sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    /// The body, a parameter or a header is not as documented; `details` names every fault.
    Validation,
    /// No valid key, session or identity.
    Unauthorized,
    /// Known, but not allowed.
    Forbidden,
    /// The operator's identity was not approved yet.
    KycRequired,
    /// It does not exist, or is another's.
    NotFound,
    /// Another method is needed.
    MethodNotAllowed,
    /// The deposit balance is too low.
    InsufficientFunds,
    /// E-mail or transaction hash exists already.
    AlreadyExists,
    /// Not possible in the task's status.
    InvalidState,
    /// The deadline has passed.
    Expired,
    /// Understood, but against a rule, such as the tier's limit.
    RuleViolation,
    /// A bounded resource is used up.
    LimitExceeded,
    /// The body is larger than the endpoint takes.
    TooLarge,
    /// The body's content type is not one that the endpoint takes.
    UnsupportedMediaType,
    /// A request with this idempotency key is being carried out now.
    IdempotencyConflict,
    /// This idempotency key was used with another body.
    IdempotencyMismatch,
    /// Too many requests.
    RateLimited,
    /// Offered by the API, not set up on this server.
    NotImplemented,
    /// The server cannot answer now; try again.
    Unavailable,
    /// A fault of the server.
    Internal,
}

/// The body of an error in the default dialect, humanops.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ErrorBody {
    /// A sentence that says what to do.
    pub error: String,
    /// For programs.
    pub code: ErrorCode,
    /// The same id is in the server's log: `req_…`, or the caller's own `X-Request-Id`.
    pub request_id: String,
    /// Whether the same request may succeed later.
    pub retryable: bool,
    /// Every fault of a request that failed validation.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub details: Vec<Fault>,
}

/// One fault of a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Fault {
    /// Where: `location.lat`, `proof_requirements[2]`; empty for the body as a whole.
    pub field: String,
    /// What is wrong with it, and what it should be.
    pub message: String,
}
