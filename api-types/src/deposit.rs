//! Deposits by USDC, card and bank transfer.

use serde::{Deserialize, Serialize};

use crate::{
    bounds::bounds,
    id::TransactionId,
    money::MicroUsd,
    strings::{URL_CHARS_MAX, string_enum},
    time::Timestamp,
};

/// Minimum amount of a deposit.
pub const DEPOSIT_MIN: MicroUsd = MicroUsd::usd(5);
/// Maximum amount of a deposit.
pub const DEPOSIT_MAX: MicroUsd = MicroUsd::usd(10_000);

/// Maximum number of characters in a `payment_id`; longer ones are refused before they are looked
/// up.
pub const PAYMENT_ID_CHARS_MAX: usize = 100;

/// The request body of POST /agents/deposit/usdc.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct DepositUsdc {
    /// The hash of the transaction on Base, `0x` and 64 hexadecimal digits. Each one is credited
    /// once.
    #[cfg_attr(feature = "openapi", schema(pattern = "^0x[0-9a-fA-F]{64}$"))]
    pub tx_hash: String,
    /// $5 to $10 000 with at most six decimals, as a number or a decimal string.
    #[cfg_attr(feature = "openapi", schema(value_type = crate::money::UsdInput))]
    pub amount_usdc: MicroUsd,
    /// The chain; only `base` is accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chain: Option<String>,
}

/// The response to POST /agents/deposit/usdc.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Deposit {
    /// The id of the deposit.
    pub transaction_id: TransactionId,
    /// Amount in US dollars that is credited to the agent.
    pub amount_usd: MicroUsd,
    /// `confirmed` once the money can be spent.
    pub status: String,
    /// The chain, always `base`.
    pub chain: String,
    /// The result as a sentence.
    pub message: String,
}

string_enum! {
    /// How money is paid in other than by USDC.
    pub enum PaymentMethod {
        /// The payer pays by card.
        Card = "card",
        /// The payer pays by bank transfer.
        BankTransfer = "bank_transfer",
    }
}

string_enum! {
    /// The state of a payment by card or bank transfer.
    pub enum PaymentStatus {
        /// The payer has not paid yet, or the provider has not reported it yet.
        Pending = "pending",
        /// The payment arrived and was credited to the agent.
        Completed = "completed",
        /// The payment was refused, or was not made in time.
        Failed = "failed",
        /// The payer cancelled the payment.
        Cancelled = "cancelled",
    }
}

/// The request body of POST /agents/deposit.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct PayIn {
    /// $5 to $10 000 with at most two decimals, as a number or a decimal string.
    #[cfg_attr(feature = "openapi", schema(value_type = crate::money::UsdInput))]
    pub amount_usd: MicroUsd,
    /// How the amount is paid.
    pub payment_method: PaymentMethod,
    /// The https URL that the payer's browser is sent to afterwards, at most 2 000 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(example = "https://example.com/paid"))]
    pub return_url: Option<String>,
}

bounds! {
    PayIn {
        return_url: Chars(1..=URL_CHARS_MAX),
    }
}

/// The response to POST /agents/deposit.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = PaidIn))]
pub struct StartedPayIn {
    /// The id of the deposit.
    pub transaction_id: TransactionId,
    /// The same id, under the name that GET /agents/deposit/status takes.
    pub payment_id: TransactionId,
    /// Amount of the payment in US dollars.
    pub amount_usd: MicroUsd,
    /// The state of the payment.
    pub status: PaymentStatus,
    /// The state as a sentence.
    pub message: String,
    /// The URL where the payer pays; left out if there is nothing to pay.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redirect_url: Option<String>,
}

/// The request body of POST /agents/deposit/status.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = AskPayment))]
#[serde(deny_unknown_fields)]
pub struct PaymentStatusRequest {
    /// The `payment_id` of an earlier response, which equals its `transaction_id`; 1 to 100
    /// characters.
    pub payment_id: String,
}

bounds! {
    PaymentStatusRequest {
        payment_id: Chars(1..=PAYMENT_ID_CHARS_MAX),
    }
}

/// The response to GET and POST /agents/deposit/status.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PaymentView {
    /// The id from the request.
    pub payment_id: TransactionId,
    /// The state of the payment.
    pub status: PaymentStatus,
    /// Amount of the payment in US dollars.
    pub amount_usd: MicroUsd,
    /// How the amount is paid.
    pub payment_method: PaymentMethod,
    /// The URL where the payer pays, while the payment is pending.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redirect_url: Option<String>,
    /// When the payment was requested.
    pub created_at: Timestamp,
    /// When the payment was completed, failed or cancelled; null while it is pending.
    pub settled_at: Option<Timestamp>,
}

/// The request body of POST /webhooks/dlocal: the fields of the provider's payment object that the
/// server reads.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = PaymentNotice))]
pub struct PaymentWebhook {
    /// `PAID` and `COMPLETED` credit the agent; `PENDING`, `REJECTED`, `EXPIRED` and `CANCELLED`
    /// are recorded; other values change nothing.
    #[cfg_attr(feature = "openapi", schema(example = "PAID"))]
    pub status: String,
    /// The order id that the server gave to the provider.
    pub order_id: String,
    /// Amount paid in US dollars, which must equal the agreed amount.
    #[cfg_attr(feature = "openapi", schema(value_type = crate::money::UsdInput))]
    pub amount: MicroUsd,
    /// The currency; must be `USD` if it is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currency: Option<String>,
}

/// The response to a payment notice, with the payment's current state.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = NoticeTaken))]
pub struct PaymentWebhookResponse {
    /// The order id of the payment.
    pub order_id: String,
    /// The state of the payment.
    pub status: PaymentStatus,
}
