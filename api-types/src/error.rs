//! Errors on the wire: a code for programs and a sentence for people.

use serde::{Deserialize, Serialize};

use crate::{id::ApprovalId, strings::string_enum};

string_enum! {
    /// Why a request was refused. Programs branch on this code, never on the sentence.
    #[derive(Hash)]
    pub enum ErrorCode {
        /// The body, a parameter or a header is not as documented; `details` lists the faults.
        Validation = "validation",
        /// The typed result does not satisfy the task's schema; `details` lists the faults.
        SchemaValidationFailed = "schema_validation_failed",
        /// The request has no valid key, session or identity.
        Unauthorized = "unauthorized",
        /// The caller is known, but not allowed to do this.
        Forbidden = "forbidden",
        /// The amount is more than the key's policy allows.
        DelegationExceeded = "delegation_exceeded",
        /// A person must approve this request first; the response names the approval.
        HumanApprovalRequired = "human_approval_required",
        /// The operator's identity has not been approved yet.
        KycRequired = "kyc_required",
        /// The resource does not exist or belongs to another account.
        NotFound = "not_found",
        /// The endpoint does not support this method.
        MethodNotAllowed = "method_not_allowed",
        /// The deposit balance is too low.
        InsufficientFunds = "insufficient_funds",
        /// The e-mail address or transaction hash is already registered.
        AlreadyExists = "already_exists",
        /// The task's status does not allow this.
        InvalidState = "invalid_state",
        /// The deadline has passed.
        Expired = "expired",
        /// The request is valid but breaks a rule, such as the tier's limit.
        RuleViolation = "rule_violation",
        /// A bounded resource is used up.
        LimitExceeded = "limit_exceeded",
        /// The body is larger than the endpoint accepts.
        TooLarge = "too_large",
        /// The endpoint does not accept the body's content type.
        UnsupportedMediaType = "unsupported_media_type",
        /// A request with this idempotency key is still in progress.
        IdempotencyConflict = "idempotency_conflict",
        /// This idempotency key was used with another body.
        IdempotencyMismatch = "idempotency_mismatch",
        /// The caller made too many requests.
        RateLimited = "rate_limited",
        /// The API has this function, but this server is not set up for it.
        NotImplemented = "not_implemented",
        /// The server cannot respond now; try again later.
        Unavailable = "unavailable",
        /// The server failed unexpectedly.
        Internal = "internal",
    }
}

string_enum! {
    /// The shape of errors on the wire.
    #[derive(Hash)]
    pub enum Dialect {
        /// The default shape: a flat object with sentence, code and request id.
        Humanops = "humanops",
        /// The same shape as `humanops`.
        Humcli = "humcli",
        /// A nested error object, as in the Nonhumans API.
        Nonhumans = "nonhumans",
        /// An envelope around errors and successes, as in the Remno API.
        Remno = "remno",
    }
}

/// The body of an error in the default dialect, `humanops`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ErrorBody {
    /// A sentence that says what to do.
    pub error: String,
    /// The error code, for programs.
    pub code: ErrorCode,
    /// The request id that is also in the server's log: `req_…`, or the caller's own
    /// `X-Request-Id`.
    pub request_id: String,
    /// Whether the same request may succeed later.
    pub retryable: bool,
    /// The faults of an invalid request: at most 50, followed by the number of the others.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub details: Vec<Fault>,
    /// The approval that a person must give before the same request is accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval_id: Option<ApprovalId>,
}

/// One fault of a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Fault {
    /// The path of the field, such as `location.lat` or `proof_requirements[2]`; empty for the body
    /// as a whole.
    pub field: String,
    /// What is wrong with the field, and what it should be.
    pub message: String,
}
