//! Errors about deposits, payments and payouts.

use api_types::error::ErrorCode;

use super::ApiError;

/// The agent's balance does not cover the task (message of HumCLI).
pub fn insufficient_balance() -> ApiError {
    let message = "Insufficient balance for escrow";
    ApiError::new(ErrorCode::InsufficientFunds, message)
}

/// The transaction was already reported (message of HumCLI).
pub fn transaction_processed() -> ApiError {
    ApiError::new(ErrorCode::AlreadyExists, "Transaction already processed")
}

/// USDC deposits need access to the blockchain, which this version does not have.
pub fn no_chain() -> ApiError {
    ApiError::new(
        ErrorCode::NotImplemented,
        "This server cannot read the chain yet, so it takes no USDC deposits. Pay in by card or \
         bank at POST /api/v1/agents/deposit, where it is set up.",
    )
}

/// No payment provider is configured (contract §3).
pub fn no_payment_provider() -> ApiError {
    ApiError::new(
        ErrorCode::NotImplemented,
        "This server has no payment provider, so it takes no deposits by card or bank.",
    )
}

/// Payouts need access to the blockchain, which this version does not have.
pub fn no_payouts() -> ApiError {
    ApiError::new(
        ErrorCode::NotImplemented,
        "This server cannot pay out yet. Your earnings stay available.",
    )
}

/// The payment provider does not answer. The same request may be sent again.
pub fn provider_unreachable(cause: String) -> ApiError {
    let mut error = ApiError::new(
        ErrorCode::Unavailable,
        "The payment provider cannot be reached now. Try again in a minute.",
    )
    .retry_after(60);
    error.accident = Some(cause);
    error
}

/// The payment provider refused to create this payment.
pub fn payment_refused() -> ApiError {
    ApiError::new(
        ErrorCode::RuleViolation,
        "The payment provider refused this payment. Try another method or amount.",
    )
}

/// The agent has no payment with this id.
pub fn payment_not_found() -> ApiError {
    ApiError::new(ErrorCode::NotFound, "Payment not found")
}

/// The provider's notice has no signature, or a wrong one.
pub fn wrong_signature() -> ApiError {
    ApiError::new(ErrorCode::Unauthorized, "Invalid signature")
}

/// The provider's notice names an order that does not exist.
pub fn order_not_found() -> ApiError {
    ApiError::new(ErrorCode::NotFound, "Order not found")
}

/// The provider's notice states another amount or currency than the order.
pub fn other_amount() -> ApiError {
    ApiError::new(
        ErrorCode::RuleViolation,
        "The amount or its currency is not that of the order. Nothing was credited.",
    )
}

/// The available earnings are less than the requested payout (message of HumCLI).
pub fn insufficient_available() -> ApiError {
    ApiError::new(
        ErrorCode::InsufficientFunds,
        "Insufficient available balance",
    )
}

/// The operator has no payout with this id (message of HumCLI).
pub fn payout_not_found() -> ApiError {
    ApiError::new(ErrorCode::NotFound, "Payout not found")
}
