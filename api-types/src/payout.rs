//! Payouts of an operator's earnings.

use serde::{Deserialize, Serialize};

use crate::{
    bounds::bounds, id::PayoutId, money::MicroUsd, operator::Earnings, strings::string_enum,
    time::Timestamp,
};

/// Minimum amount of a payout.
pub const PAYOUT_MIN: MicroUsd = MicroUsd::usd(10);

/// Maximum number of characters in the id of a Payoneer account.
pub const PAYEE_ID_CHARS_MAX: usize = 100;

string_enum! {
    /// How a payout is sent.
    pub enum PayoutMethod {
        /// The payout goes to a Payoneer account.
        Payoneer = "payoneer",
        /// The payout goes to a wallet, as USDC on Base.
        Usdc = "usdc",
    }
}

string_enum! {
    /// The state of a payout.
    pub enum PayoutStatus {
        /// The payout is on its way; the money is in neither balance.
        Pending = "pending",
        /// The payout has arrived.
        Completed = "completed",
        /// The payout did not arrive, and the money is available again.
        Failed = "failed",
    }
}

/// The request body of POST /operator/payout: `payoneer_payee_id`, or `method: "usdc"` with a
/// wallet.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct RequestPayout {
    /// $10 or more with at most two decimals (six for USDC), as a number or a decimal string.
    #[cfg_attr(feature = "openapi", schema(value_type = crate::money::UsdInput))]
    pub amount_usd: MicroUsd,
    /// How the payout is sent; `payoneer` by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<PayoutMethod>,
    /// The id of the Payoneer account, 1 to 100 characters; optional in test mode.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(example = "payee_123"))]
    pub payoneer_payee_id: Option<String>,
    /// The wallet's address: `0x` and 40 hexadecimal digits. In mixed case, their EIP-55 checksum
    /// must be valid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(pattern = "^0x[0-9a-fA-F]{40}$"))]
    pub wallet_address: Option<String>,
    /// The chain; only `base` is accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chain: Option<String>,
}

bounds! {
    RequestPayout {
        payoneer_payee_id: Chars(1..=PAYEE_ID_CHARS_MAX),
    }
}

/// The response to POST /operator/payout.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RequestedPayout {
    /// The payout in its current state.
    #[serde(flatten)]
    pub payout: PayoutView,
    /// The state as a sentence.
    pub message: String,
}

/// The response to GET /operator/payout/status/:id, and a row of `recent_payouts`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PayoutView {
    /// The id of the payout.
    pub payout_id: PayoutId,
    /// The state of the payout.
    pub status: PayoutStatus,
    /// Amount of the payout in US dollars.
    pub amount_usd: MicroUsd,
    /// How the payout is sent.
    pub method: PayoutMethod,
    /// When the payout was requested.
    pub created_at: Timestamp,
    /// When the payout arrived or failed; null until then.
    pub settled_at: Option<Timestamp>,
}

/// The response to GET /operator/earnings. A client that shows no payouts can read it as
/// [`Earnings`].
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EarningsAndPayouts {
    /// The balances and the latest completed tasks.
    #[serde(flatten)]
    pub earnings: Earnings,
    /// The part of `paid_out` in US dollars that is still on its way.
    pub paying_out: MicroUsd,
    /// The latest payouts, newest first, at most 20.
    pub recent_payouts: Vec<PayoutView>,
}
