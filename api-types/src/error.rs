//! Errors on the wire: a code that programs branch on, a sentence that people read (contract §8).

use serde::{Deserialize, Serialize};

use crate::{ApprovalId, names::names};

names! {
    /// Why a request was refused. Programs branch on this, never on the sentence.
    #[derive(Hash)]
    pub enum ErrorCode {
        /// The body, a parameter or a header is not as documented; `details` names the faults.
        Validation = "validation",
        /// The typed result does not satisfy the schema of its task; `details` names the faults.
        SchemaValidationFailed = "schema_validation_failed",
        /// No valid key, session or identity.
        Unauthorized = "unauthorized",
        /// Known, but not allowed.
        Forbidden = "forbidden",
        /// More than the key may spend; see its policy.
        DelegationExceeded = "delegation_exceeded",
        /// A person must approve this first; the answer names the approval.
        HumanApprovalRequired = "human_approval_required",
        /// The operator's identity was not approved yet.
        KycRequired = "kyc_required",
        /// It does not exist, or is another's.
        NotFound = "not_found",
        /// Another method is needed.
        MethodNotAllowed = "method_not_allowed",
        /// The deposit balance is too low.
        InsufficientFunds = "insufficient_funds",
        /// E-mail or transaction hash exists already.
        AlreadyExists = "already_exists",
        /// Not possible in the task's status.
        InvalidState = "invalid_state",
        /// The deadline has passed.
        Expired = "expired",
        /// Understood, but against a rule, such as the tier's limit.
        RuleViolation = "rule_violation",
        /// A bounded resource is used up.
        LimitExceeded = "limit_exceeded",
        /// The body is larger than the endpoint takes.
        TooLarge = "too_large",
        /// The body's content type is not one that the endpoint takes.
        UnsupportedMediaType = "unsupported_media_type",
        /// A request with this idempotency key is being carried out now.
        IdempotencyConflict = "idempotency_conflict",
        /// This idempotency key was used with another body.
        IdempotencyMismatch = "idempotency_mismatch",
        /// Too many requests.
        RateLimited = "rate_limited",
        /// Offered by the API, not set up on this server.
        NotImplemented = "not_implemented",
        /// The server cannot answer now; try again.
        Unavailable = "unavailable",
        /// A fault of the server.
        Internal = "internal",
    }
}

names! {
    /// The shape that errors have on the wire (contract §8).
    #[derive(Hash)]
    pub enum Dialect {
        /// S1's, and the default.
        Humanops = "humanops",
        /// S0's: the same body.
        Humcli = "humcli",
        /// S3's.
        Nonhumans = "nonhumans",
        /// S4's, which wraps successes too.
        Remno = "remno",
    }
}

/// The body of an error in the default dialect, humanops.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
    /// The faults of a request that failed validation: at most 50, then how many more there are.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub details: Vec<Fault>,
    /// What a person must approve before the same request goes through.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval_id: Option<ApprovalId>,
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
