//! Payouts: what an operator earned, on its way out (contract §6, S1).

use serde::{Deserialize, Serialize};

use crate::{MicroUsd, PayoutId, Timestamp, names::names, operator::Earnings};

/// The smallest payout (S1).
pub const PAYOUT_MIN: MicroUsd = MicroUsd::usd(10);

names! {
    /// By which way money goes out.
    pub enum PayoutMethod {
        /// To a Payoneer account.
        Payoneer = "payoneer",
        /// USDC on Base, to a wallet.
        Usdc = "usdc",
    }
}

names! {
    /// What became of a payout.
    pub enum PayoutStatus {
        /// On its way; the money is in neither balance.
        Pending = "pending",
        /// It arrived.
        Completed = "completed",
        /// It did not, and the money is available again.
        Failed = "failed",
    }
}

/// POST /operator/payout: `payoneer_payee_id`, or `method: "usdc"` with a wallet.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct RequestPayout {
    /// $10 or more; at most two decimals, six for USDC. A number or a decimal string.
    #[cfg_attr(feature = "openapi", schema(value_type = crate::money::StatedUsd))]
    pub amount_usd: MicroUsd,
    /// `payoneer` unless it says otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<PayoutMethod>,
    /// The Payoneer account, at most 100 characters; may be left out in test mode.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(example = "payee_123"))]
    pub payoneer_payee_id: Option<String>,
    /// The wallet: `0x` and 40 hexadecimal digits; in mixed case their EIP-55 checksum must hold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(pattern = "^0x[0-9a-fA-F]{40}$"))]
    pub wallet_address: Option<String>,
    /// Only `base`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chain: Option<String>,
}

/// The answer to POST /operator/payout.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RequestedPayout {
    /// The payout, and how it stands.
    #[serde(flatten)]
    pub payout: PayoutView,
    /// The same in words.
    pub message: String,
}

/// GET /operator/payout/status/:id, and one row of the earnings.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PayoutView {
    /// Its id.
    pub payout_id: PayoutId,
    /// What became of it.
    pub status: PayoutStatus,
    /// How much.
    pub amount_usd: MicroUsd,
    /// By which way.
    pub method: PayoutMethod,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When it arrived or failed.
    pub settled_at: Option<Timestamp>,
}

/// GET /operator/earnings. Who does not show payouts reads it as [`Earnings`].
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EarningsAndPayouts {
    /// The numbers and the latest tasks.
    #[serde(flatten)]
    pub earnings: Earnings,
    /// The part of `paid_out` that is on its way.
    pub paying_out: MicroUsd,
    /// The latest payouts, newest first, at most 20.
    pub recent_payouts: Vec<PayoutView>,
}
