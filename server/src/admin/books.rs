//! The books, recomputed, as a report.

use api_types::{MicroUsd, host::LedgerReport};

use crate::store::{StoreError, Tx, ledger};

/// Recomputes every balance from its transfers, and looks for money where none may be.
///
/// # Errors
/// Those of the store.
pub fn check_ledger(tx: &mut Tx<'_>) -> Result<LedgerReport, StoreError> {
    let found = ledger::check(tx)?;
    Ok(LedgerReport {
        ok: found.faults.is_empty() && found.sum == MicroUsd::ZERO,
        accounts: found.accounts,
        transfers: found.transfers,
        sum_usd: found.sum,
        platform_usd: found.platform,
        faults: found.faults,
    })
}
