//! Deposits (contract §3, S1).

use serde::{Deserialize, Serialize};

use crate::{MicroUsd, Timestamp, TransactionId, names::names};

/// The smallest and the largest deposit (S1).
pub const DEPOSIT_MIN: MicroUsd = MicroUsd::usd(5);
/// See [`DEPOSIT_MIN`].
pub const DEPOSIT_MAX: MicroUsd = MicroUsd::usd(10_000);

/// POST /agents/deposit/usdc.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct DepositUsdc {
    /// The transaction on Base, `0x` and 64 hexadecimal digits; reported once.
    #[cfg_attr(feature = "openapi", schema(pattern = "^0x[0-9a-fA-F]{64}$"))]
    pub tx_hash: String,
    /// $5 to $10 000, at most six decimals; a number or a decimal string.
    #[cfg_attr(feature = "openapi", schema(value_type = crate::money::StatedUsd))]
    pub amount_usdc: MicroUsd,
    /// Only `base`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chain: Option<String>,
}

/// The answer to POST /agents/deposit/usdc.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Deposit {
    /// This deposit.
    pub transaction_id: TransactionId,
    /// What was credited.
    pub amount_usd: MicroUsd,
    /// `confirmed` once the money can be spent.
    pub status: String,
    /// `base`.
    pub chain: String,
    /// The same in words.
    pub message: String,
}

names! {
    /// How money is paid in without a chain.
    pub enum PaymentMethod {
        /// By card.
        Card = "card",
        /// By a transfer from a bank.
        BankTransfer = "bank_transfer",
    }
}

names! {
    /// How a payment by card or bank stands.
    pub enum PaymentStatus {
        /// The payer has not paid yet, or the provider does not know yet.
        Pending = "pending",
        /// Paid, and credited.
        Completed = "completed",
        /// Refused, or not paid in time.
        Failed = "failed",
        /// Called off by the payer.
        Cancelled = "cancelled",
    }
}

/// POST /agents/deposit.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct PayIn {
    /// $5 to $10 000, at most two decimals; a number or a decimal string.
    #[cfg_attr(feature = "openapi", schema(value_type = crate::money::StatedUsd))]
    pub amount_usd: MicroUsd,
    /// How it is paid.
    pub payment_method: PaymentMethod,
    /// Where the payer's browser goes afterwards; https.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(example = "https://example.com/paid"))]
    pub return_url: Option<String>,
}

/// The answer to POST /agents/deposit.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PaidIn {
    /// The deposit.
    pub transaction_id: TransactionId,
    /// The same, as GET /agents/deposit/status takes it.
    pub payment_id: TransactionId,
    /// How much.
    pub amount_usd: MicroUsd,
    /// How it stands.
    pub status: PaymentStatus,
    /// The same in words.
    pub message: String,
    /// Where the payer pays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redirect_url: Option<String>,
}

/// POST /agents/deposit/status.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct AskPayment {
    /// The `payment_id`, which is also the `transaction_id`, of an earlier answer.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 100))]
    pub payment_id: String,
}

/// GET and POST /agents/deposit/status.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PaymentView {
    /// As asked for.
    pub payment_id: TransactionId,
    /// How it stands.
    pub status: PaymentStatus,
    /// How much.
    pub amount_usd: MicroUsd,
    /// How it is paid.
    pub payment_method: PaymentMethod,
    /// Where the payer pays, while the payment is pending.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redirect_url: Option<String>,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When it was completed, failed or cancelled.
    pub settled_at: Option<Timestamp>,
}

/// POST /webhooks/dlocal: the provider's payment object, of which these fields are read.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PaymentNotice {
    /// `PAID` or `COMPLETED` credit the agent; `PENDING`, `REJECTED`, `EXPIRED` and `CANCELLED`
    /// are written down; others change nothing.
    #[cfg_attr(feature = "openapi", schema(example = "PAID"))]
    pub status: String,
    /// As it was given to the provider.
    pub order_id: String,
    /// What was paid, which must be what was agreed.
    #[cfg_attr(feature = "openapi", schema(value_type = crate::money::StatedUsd))]
    pub amount: MicroUsd,
    /// `USD`, if it is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currency: Option<String>,
}

/// The answer to a notice: how the payment stands now.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NoticeTaken {
    /// Which payment.
    pub order_id: String,
    /// How it stands.
    pub status: PaymentStatus,
}
