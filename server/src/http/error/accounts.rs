//! Who calls: accounts, keys, what a key's policy leaves to a person, and identities.

use api_types::error::ErrorCode;
use api_types::{ApprovalId, MicroUsd};
use axum::http::StatusCode;

use super::{ApiError, ApprovalNeed, malformed, whole};
use crate::config::NO_OPERATOR_SIGN_IN;
use crate::domain::delegation::{Beyond, DecisionRefusal};

/// No agent's key, or none that is valid.
pub fn unauthorized_agent() -> ApiError {
    ApiError::new(
        ErrorCode::Unauthorized,
        "Missing or invalid API key. Send your key as X-API-Key: ho_live_…, or as \
         Authorization: Bearer ho_live_….",
    )
}

/// No operator's identity.
pub fn unauthorized_operator() -> ApiError {
    ApiError::new(
        ErrorCode::Unauthorized,
        "Missing or invalid operator identity. Send the operator's id as X-Operator-Id: op_…; \
         this works on servers that run with ALLOW_DEV_OPERATOR_ID_HEADER=true.",
    )
}

/// Nobody can sign in as an operator here, so an account would be of no use.
pub fn no_operator_sign_in() -> ApiError {
    ApiError::new(ErrorCode::NotImplemented, NO_OPERATOR_SIGN_IN)
}

/// The host's key is needed; S1 gives 403 to whoever lacks it.
pub fn host_only() -> ApiError {
    ApiError::new(
        ErrorCode::Forbidden,
        "Missing or invalid host key. Send it as X-Admin-Key.",
    )
}

/// The host asked for something that is not there.
pub fn host_finds_no(noun: &str) -> ApiError {
    ApiError::new(ErrorCode::NotFound, format!("There is no such {noun}."))
}

/// A message of a counterparty without its signature.
pub fn unsigned() -> ApiError {
    ApiError::new(
        ErrorCode::Unauthorized,
        "Missing or wrong X-Signature. Send the HMAC-SHA256 of the raw body, in hexadecimal.",
    )
}

/// No identity provider was set up.
pub fn no_kyc_provider() -> ApiError {
    let message = "No identity provider is set up on this server (KYC_WEBHOOK_SECRET).";
    ApiError::new(ErrorCode::NotImplemented, message)
}

/// An agent's e-mail has an account (S0).
pub fn agent_exists() -> ApiError {
    ApiError::new(
        ErrorCode::AlreadyExists,
        "An agent with this email already exists",
    )
}

/// The account of a key is not there (S0).
pub fn agent_not_found() -> ApiError {
    ApiError::new(ErrorCode::NotFound, "Agent not found")
}

/// An operator's e-mail has an account (S0).
pub fn operator_exists() -> ApiError {
    ApiError::new(
        ErrorCode::AlreadyExists,
        "An operator with this email already exists",
    )
}

/// No such active key of this agent (S0).
pub fn key_not_found() -> ApiError {
    ApiError::new(ErrorCode::NotFound, "API key not found")
}

/// The account has as many keys as it may have (contract §3).
pub fn too_many_keys(most: usize) -> ApiError {
    let message = format!("An agent has at most {most} active keys. Revoke one first.");
    ApiError::new(ErrorCode::LimitExceeded, message).answered(StatusCode::BAD_REQUEST)
}

/// Every key of the agent would have a policy.
pub fn last_free_key() -> ApiError {
    let message = "One key must stay without a policy, or nobody could change any of them. Make \
                   another key first.";
    ApiError::new(ErrorCode::RuleViolation, message)
}

/// A key with a policy wants to manage the account (contract §3).
pub fn key_manages_nothing() -> ApiError {
    let message = "This key has a policy of what it may spend, and such keys do not manage keys, \
                   approvals or the account. Use a key without a policy.";
    ApiError::new(ErrorCode::Forbidden, message)
}

/// The agent's address was proved before (S0).
pub fn email_already_verified() -> ApiError {
    ApiError::new(ErrorCode::InvalidState, "Email already verified")
        .answered(StatusCode::BAD_REQUEST)
}

/// No link has this token.
pub fn link_unknown() -> ApiError {
    malformed(
        "This link is not one of ours, or not the whole of it. Copy it from the mail as it stands \
         there, or ask for another mail with POST /agents/resend-verification.",
    )
}

/// The link is older than a day.
pub fn link_expired() -> ApiError {
    let message = "This link is older than 24 hours. Ask for another mail with POST \
                   /agents/resend-verification.";
    ApiError::new(ErrorCode::Expired, message)
}

/// Another mail was asked for too soon.
pub fn mail_too_soon(seconds: u32) -> ApiError {
    let message = format!(
        "A mail was sent a moment ago. Look for it, in the spam folder too, or ask again in \
         {seconds} seconds."
    );
    ApiError::new(ErrorCode::RateLimited, message).retry_after(seconds)
}

/// No such approval for this caller.
pub fn approval_not_found() -> ApiError {
    ApiError::new(ErrorCode::NotFound, "Approval not found")
}

/// The agent has asked as much as it may at the same time.
pub fn too_many_approvals(most: u64) -> ApiError {
    let message = format!(
        "{most} requests of this agent wait for a person's approval already. Decide some of them \
         first: GET /agents/approvals lists them."
    );
    ApiError::new(ErrorCode::LimitExceeded, message)
}

/// A person must approve the request; the question was asked.
pub fn approval_asked(id: ApprovalId) -> ApiError {
    let message = format!(
        "A person must approve this first. Have {id} approved with POST /agents/approvals/{id}, \
         then send the same request again."
    );
    let mut error = ApiError::new(ErrorCode::HumanApprovalRequired, message);
    error.approval = Some(Box::new(ApprovalNeed::Asked(id)));
    error
}

/// A person must approve the request; the question is still to be asked.
pub fn approval_needed(total: MicroUsd) -> ApiError {
    let message = "A person must approve this first.";
    let mut error = ApiError::new(ErrorCode::HumanApprovalRequired, message);
    error.approval = Some(Box::new(ApprovalNeed::ToBeAsked { total }));
    error
}

/// A person said no to this very request.
pub fn approval_rejected(id: ApprovalId) -> ApiError {
    let message = format!("A person has rejected this request ({id}).");
    ApiError::new(ErrorCode::DelegationExceeded, message)
}

/// The operator's identity was not approved yet (S0).
pub fn kyc_required() -> ApiError {
    ApiError::new(
        ErrorCode::KycRequired,
        "KYC verification required before accepting tasks",
    )
}

impl From<Beyond> for ApiError {
    fn from(beyond: Beyond) -> Self {
        let limit = match beyond {
            Beyond::TaskType(task_type) => {
                format!("post {} tasks", task_type.as_str())
            }
            Beyond::Task { most } => {
                format!("spend more than ${} on one task", whole(most))
            }
            Beyond::Day { most } => {
                format!("spend more than ${} in a UTC day", whole(most))
            }
            Beyond::Approval { above } => {
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
