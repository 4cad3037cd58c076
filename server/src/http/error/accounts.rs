//! Errors about callers: accounts, keys, spending policies and approvals, and identities.

use api_types::error::ErrorCode;
use api_types::{ApprovalId, MicroUsd};
use axum::http::StatusCode;

use super::{ApiError, ApprovalNeed, malformed, whole};
use crate::domain::delegation::{DecisionRefusal, PolicyViolation};

/// The API key is missing or invalid.
pub fn unauthorized_agent() -> ApiError {
    ApiError::new(
        ErrorCode::Unauthorized,
        "Missing or invalid API key. Send your key as X-API-Key: ho_live_…, or as \
         Authorization: Bearer ho_live_….",
    )
}

/// The operator's access token is missing or invalid.
pub fn unauthorized_operator() -> ApiError {
    ApiError::new(
        ErrorCode::Unauthorized,
        "Missing or invalid access token. Sign in, and send it as Authorization: Bearer ….",
    )
}

/// The development header does not name an operator.
pub fn unknown_operator_id() -> ApiError {
    ApiError::new(
        ErrorCode::Unauthorized,
        "No operator has this id. Send X-Operator-Id: op_…, or an access token as Authorization: \
         Bearer ….",
    )
}

/// The host's key is missing or invalid. The reference responds with 403 in this case.
pub fn host_only() -> ApiError {
    ApiError::new(
        ErrorCode::Forbidden,
        "Missing or invalid host key. Send it as X-Admin-Key.",
    )
}

/// The host named something that does not exist.
pub fn host_finds_no(noun: &str) -> ApiError {
    ApiError::new(ErrorCode::NotFound, format!("There is no such {noun}."))
}

/// A message of a counterparty has no valid signature.
pub fn unsigned() -> ApiError {
    ApiError::new(
        ErrorCode::Unauthorized,
        "Missing or wrong X-Signature. Send the HMAC-SHA256 of the raw body, in hexadecimal.",
    )
}

/// No identity provider is configured.
pub fn no_kyc_provider() -> ApiError {
    let message = "No identity provider is set up on this server (KYC_WEBHOOK_SECRET).";
    ApiError::new(ErrorCode::NotImplemented, message)
}

/// An agent with this e-mail address already exists (message of HumCLI).
pub fn agent_exists() -> ApiError {
    ApiError::new(
        ErrorCode::AlreadyExists,
        "An agent with this email already exists",
    )
}

/// The account of the key does not exist (message of HumCLI).
pub fn agent_not_found() -> ApiError {
    ApiError::new(ErrorCode::NotFound, "Agent not found")
}

/// An operator with this e-mail address already exists (message of HumCLI).
pub fn operator_exists() -> ApiError {
    ApiError::new(
        ErrorCode::AlreadyExists,
        "An operator with this email already exists",
    )
}

/// The agent has no active key with this id (message of HumCLI).
pub fn key_not_found() -> ApiError {
    ApiError::new(ErrorCode::NotFound, "API key not found")
}

/// The account already has the maximum number of keys (contract §3).
pub fn too_many_keys(most: usize) -> ApiError {
    let message = format!("An agent has at most {most} active keys. Revoke one first.");
    ApiError::new(ErrorCode::LimitExceeded, message).answered(StatusCode::BAD_REQUEST)
}

/// The change would leave the agent no key without a policy.
pub fn last_free_key() -> ApiError {
    let message = "One key must stay without a policy, or nobody could change any of them. Make \
                   another key first.";
    ApiError::new(ErrorCode::RuleViolation, message)
}

/// A key with a policy tried to manage the account (contract §3).
pub fn key_manages_nothing() -> ApiError {
    let message = "This key has a policy of what it may spend, and such keys do not manage keys, \
                   approvals or the account. Use a key without a policy.";
    ApiError::new(ErrorCode::Forbidden, message)
}

/// The agent's e-mail address is already verified (message of HumCLI).
pub fn email_already_verified() -> ApiError {
    ApiError::new(ErrorCode::InvalidState, "Email already verified")
        .answered(StatusCode::BAD_REQUEST)
}

/// No verification link has this token.
pub fn link_unknown() -> ApiError {
    malformed(
        "This link is not one of ours, or not the whole of it. Copy it from the mail as it stands \
         there, or ask for another mail with POST /agents/resend-verification.",
    )
}

/// The verification link is older than 24 hours.
pub fn link_expired() -> ApiError {
    let message = "This link is older than 24 hours. Ask for another mail with POST \
                   /agents/resend-verification.";
    ApiError::new(ErrorCode::Expired, message)
}

/// Another verification mail was requested too soon.
pub fn mail_too_soon(seconds: u32) -> ApiError {
    let message = format!(
        "A mail was sent a moment ago. Look for it, in the spam folder too, or ask again in \
         {seconds} seconds."
    );
    ApiError::new(ErrorCode::RateLimited, message).retry_after(seconds)
}

/// The caller has no approval with this id.
pub fn approval_not_found() -> ApiError {
    ApiError::new(ErrorCode::NotFound, "Approval not found")
}

/// The agent already has the maximum number of pending approvals.
pub fn too_many_approvals(most: u64) -> ApiError {
    let message = format!(
        "{most} requests of this agent wait for a person's approval already. Decide some of them \
         first: GET /agents/approvals lists them."
    );
    ApiError::new(ErrorCode::LimitExceeded, message)
}

/// A person must approve the request. The approval was requested.
pub fn approval_asked(id: ApprovalId) -> ApiError {
    let message = format!(
        "A person must approve this first. Have {id} approved with POST /agents/approvals/{id}, \
         then send the same request again."
    );
    let mut error = ApiError::new(ErrorCode::HumanApprovalRequired, message);
    error.approval = Some(Box::new(ApprovalNeed::Asked(id)));
    error
}

/// A person must approve the request. The approval is not requested yet.
pub fn approval_needed(total: MicroUsd) -> ApiError {
    let message = "A person must approve this first.";
    let mut error = ApiError::new(ErrorCode::HumanApprovalRequired, message);
    error.approval = Some(Box::new(ApprovalNeed::ToBeAsked { total }));
    error
}

/// A person rejected this very request.
pub fn approval_rejected(id: ApprovalId) -> ApiError {
    let message = format!("A person has rejected this request ({id}).");
    ApiError::new(ErrorCode::DelegationExceeded, message)
}

/// The operator's identity is not approved yet (message of HumCLI).
pub fn kyc_required() -> ApiError {
    ApiError::new(
        ErrorCode::KycRequired,
        "KYC verification required before accepting tasks",
    )
}

impl From<PolicyViolation> for ApiError {
    fn from(beyond: PolicyViolation) -> Self {
        let limit = match beyond {
            PolicyViolation::TaskType(task_type) => {
                format!("post {} tasks", task_type.as_str())
            }
            PolicyViolation::Task { most } => {
                format!("spend more than ${} on one task", whole(most))
            }
            PolicyViolation::Day { most } => {
                format!("spend more than ${} in a UTC day", whole(most))
            }
            PolicyViolation::Approval { above } => {
                format!("spend more than ${} without approval", whole(above))
            }
        };
        let message = format!("The policy of this key does not let it {limit}, the fee included.");
        Self::new(ErrorCode::DelegationExceeded, message)
    }
}

impl From<DecisionRefusal> for ApiError {
    fn from(refusal: DecisionRefusal) -> Self {
        match refusal {
            DecisionRefusal::OwnRequest => Self::new(
                ErrorCode::Forbidden,
                "A key cannot decide what it asked for itself. Use another key.",
            ),
            DecisionRefusal::NotWaiting(status) => Self::new(
                ErrorCode::InvalidState,
                format!(
                    "This approval is {} and cannot be decided.",
                    status.as_str()
                ),
            ),
        }
    }
}
