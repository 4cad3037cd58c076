//! Money that comes in and goes out.

use api_types::error::ErrorCode;

use super::ApiError;

/// The agent cannot pay for its task (S0).
pub fn insufficient_balance() -> ApiError {
    let message = "Insufficient balance for escrow";
    ApiError::new(ErrorCode::InsufficientFunds, message)
}

/// The transaction was reported before (S0).
pub fn transaction_processed() -> ApiError {
    ApiError::new(ErrorCode::AlreadyExists, "Transaction already processed")
}

/// USDC deposits need the chain, which this version does not reach.
pub fn no_chain() -> ApiError {
    ApiError::new(
        ErrorCode::NotImplemented,
        "This server cannot read the chain yet, so it takes no USDC deposits. Pay in by card or \
         bank at POST /api/v1/agents/deposit, where it is set up.",
    )
}

/// No payment provider is set up (contract §3).
pub fn no_payment_provider() -> ApiError {
    ApiError::new(
        ErrorCode::NotImplemented,
        "This server has no payment provider, so it takes no deposits by card or bank.",
    )
}

/// Money goes out by the chain, which this version does not reach.
pub fn no_payouts() -> ApiError {
    ApiError::new(
        ErrorCode::NotImplemented,
        "This server cannot pay out yet. Your earnings stay available.",
    )
}

/// The payment provider does not answer; the same request may be sent again.
pub fn provider_unreachable(cause: String) -> ApiError {
    let mut error = ApiError::new(
        ErrorCode::Unavailable,
        "The payment provider cannot be reached now. Try again in a minute.",
    )
    .retry_after(60);
    error.accident = Some(cause);
    error
}

/// The payment provider does not open this payment.
pub fn payment_refused() -> ApiError {
    ApiError::new(
        ErrorCode::RuleViolation,
        "The payment provider refused this payment. Try another method or amount.",
    )
}

/// No such payment of this agent.
pub fn payment_not_found() -> ApiError {
    ApiError::new(ErrorCode::NotFound, "Payment not found")
}

/// A notice without a signature, or with a wrong one.
pub fn wrong_signature() -> ApiError {
    ApiError::new(ErrorCode::Unauthorized, "Invalid signature")
}

/// A notice about an order that was never placed.
pub fn order_not_found() -> ApiError {
    ApiError::new(ErrorCode::NotFound, "Order not found")
}

/// A notice about another amount or currency than was agreed.
pub fn other_amount() -> ApiError {
    ApiError::new(
        ErrorCode::RuleViolation,
        "The amount or its currency is not that of the order. Nothing was credited.",
    )
}

/// Less is available than is to be paid out (S0).
pub fn insufficient_available() -> ApiError {
    ApiError::new(
        ErrorCode::InsufficientFunds,
        "Insufficient available balance",
    )
}

/// No such payout of this operator (S0).
pub fn payout_not_found() -> ApiError {
    ApiError::new(ErrorCode::NotFound, "Payout not found")
}
