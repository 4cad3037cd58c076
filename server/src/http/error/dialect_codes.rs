//! The names and statuses of error codes in the dialects (contract §8).

use api_types::error::{Dialect, ErrorCode};
use axum::http::StatusCode;

use super::ApiError;

/// Returns the status of a refusal in a dialect.
pub fn status(dialect: Dialect, error: &ApiError) -> StatusCode {
    let table = match dialect {
        Dialect::Humanops | Dialect::Humcli => None,
        Dialect::Nonhumans => nonhumans(error.code).1,
        Dialect::Remno => remno(error.code).1,
    };
    table.unwrap_or_else(|| error.status())
}

/// Returns Nonhumans' name for a code, and its status where that is not the code's own. A code that
/// Nonhumans does not have keeps our name.
pub(in crate::http) fn nonhumans(code: ErrorCode) -> (&'static str, Option<StatusCode>) {
    match code {
        ErrorCode::Validation
        | ErrorCode::SchemaValidationFailed
        | ErrorCode::RuleViolation
        | ErrorCode::LimitExceeded
        | ErrorCode::IdempotencyMismatch => {
            ("validation_error", Some(StatusCode::UNPROCESSABLE_ENTITY))
        }
        ErrorCode::Unauthorized => ("unauthorized", None),
        ErrorCode::Forbidden
        | ErrorCode::KycRequired
        | ErrorCode::DelegationExceeded
        | ErrorCode::HumanApprovalRequired => ("forbidden", None),
        ErrorCode::NotFound => ("not_found", None),
        ErrorCode::InsufficientFunds => ("insufficient_funds", None),
        // Nonhumans has no code for a resource that existed and is gone.
        ErrorCode::AlreadyExists
        | ErrorCode::InvalidState
        | ErrorCode::Expired
        | ErrorCode::IdempotencyConflict => ("conflict", Some(StatusCode::CONFLICT)),
        ErrorCode::RateLimited => ("rate_limited", None),
        // The only 503 that Nonhumans has; its clients wait and retry.
        ErrorCode::Unavailable => ("agent_offline", None),
        ErrorCode::Internal => ("internal_error", None),
        ErrorCode::MethodNotAllowed
        | ErrorCode::TooLarge
        | ErrorCode::UnsupportedMediaType
        | ErrorCode::NotImplemented => (code.as_str(), None),
    }
}

/// Returns Remno's name for a code, and its status where that is not the code's own. A code that
/// Remno does not have keeps our name, in Remno's spelling.
pub(in crate::http) fn remno(code: ErrorCode) -> (&'static str, Option<StatusCode>) {
    match code {
        // Remno uses 422 for idempotency keys only.
        ErrorCode::Validation | ErrorCode::RuleViolation => {
            ("VALIDATION_ERROR", Some(StatusCode::BAD_REQUEST))
        }
        ErrorCode::SchemaValidationFailed => {
            ("SCHEMA_VALIDATION_FAILED", Some(StatusCode::BAD_REQUEST))
        }
        ErrorCode::Unauthorized => ("UNAUTHORIZED", None),
        ErrorCode::Forbidden | ErrorCode::KycRequired => ("FORBIDDEN", None),
        ErrorCode::NotFound => ("NOT_FOUND", None),
        ErrorCode::InsufficientFunds => ("INSUFFICIENT_FUNDS", None),
        ErrorCode::DelegationExceeded => ("DELEGATION_EXCEEDED", None),
        ErrorCode::HumanApprovalRequired => ("HUMAN_APPROVAL_REQUIRED", None),
        ErrorCode::LimitExceeded => ("LIMIT_EXCEEDED", Some(StatusCode::BAD_REQUEST)),
        ErrorCode::RateLimited => ("RATE_LIMITED", None),
        ErrorCode::InvalidState | ErrorCode::Expired => {
            ("INVALID_STATE_TRANSITION", Some(StatusCode::CONFLICT))
        }
        ErrorCode::AlreadyExists => ("ALREADY_EXISTS", Some(StatusCode::CONFLICT)),
        ErrorCode::IdempotencyConflict => ("IDEMPOTENCY_CONFLICT", None),
        ErrorCode::IdempotencyMismatch => ("IDEMPOTENCY_MISMATCH", None),
        ErrorCode::Internal => ("INTERNAL_ERROR", None),
        ErrorCode::MethodNotAllowed => ("METHOD_NOT_ALLOWED", None),
        ErrorCode::TooLarge => ("TOO_LARGE", None),
        ErrorCode::UnsupportedMediaType => ("UNSUPPORTED_MEDIA_TYPE", None),
        ErrorCode::NotImplemented => ("NOT_IMPLEMENTED", None),
        ErrorCode::Unavailable => ("UNAVAILABLE", None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_the_status_that_remno_prints_beside_its_name() {
        let printed = [
            ("VALIDATION_ERROR", 400),
            ("UNAUTHORIZED", 401),
            ("FORBIDDEN", 403),
            ("NOT_FOUND", 404),
            ("INSUFFICIENT_FUNDS", 402),
            ("DELEGATION_EXCEEDED", 403),
            ("HUMAN_APPROVAL_REQUIRED", 403),
            ("LIMIT_EXCEEDED", 400),
            ("RATE_LIMITED", 429),
            ("INVALID_STATE_TRANSITION", 409),
            ("IDEMPOTENCY_CONFLICT", 409),
            ("IDEMPOTENCY_MISMATCH", 422),
            ("SCHEMA_VALIDATION_FAILED", 400),
            ("INTERNAL_ERROR", 500),
        ];
        for (name, stated) in printed {
            let codes = ErrorCode::ALL
                .into_iter()
                .filter(|code| remno(*code).0 == name);
            let statuses: Vec<_> = codes
                .map(|code| status(Dialect::Remno, &ApiError::new(code, "")).as_u16())
                .collect();
            assert!(!statuses.is_empty(), "{name} stands for nothing");
            assert!(statuses.iter().all(|status| *status == stated), "{name}");
        }
    }

    #[test]
    fn every_code_has_the_status_that_nonhumans_prints_beside_its_name() {
        let printed = [
            ("unauthorized", 401),
            ("forbidden", 403),
            ("not_found", 404),
            ("validation_error", 422),
            ("rate_limited", 429),
            ("insufficient_funds", 402),
            ("agent_offline", 503),
            ("internal_error", 500),
            ("conflict", 409),
        ];
        for (name, stated) in printed {
            let codes = ErrorCode::ALL
                .into_iter()
                .filter(|code| nonhumans(*code).0 == name);
            let statuses: Vec<_> = codes
                .map(|code| status(Dialect::Nonhumans, &ApiError::new(code, "")).as_u16())
                .collect();
            assert!(!statuses.is_empty(), "{name} stands for nothing");
            assert!(statuses.iter().all(|status| *status == stated), "{name}");
        }
    }

    #[test]
    fn what_humcli_calls_not_found_is_a_conflict_to_those_who_have_a_word_for_it() {
        let error = ApiError::new(ErrorCode::InvalidState, "").answered(StatusCode::NOT_FOUND);
        assert_eq!(status(Dialect::Humcli, &error), StatusCode::NOT_FOUND);
        assert_eq!(status(Dialect::Nonhumans, &error), StatusCode::CONFLICT);
        assert_eq!(status(Dialect::Remno, &error), StatusCode::CONFLICT);
    }
}
