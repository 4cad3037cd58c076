//! Deposits (contract §3, S1).

use serde::{Deserialize, Serialize};

use crate::{MicroUsd, TransactionId};

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
    pub tx_hash: String,
    /// $5 to $10 000, at most six decimals; a number or a decimal string.
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
