//! The check of the ledger, as a report.

use api_types::{MicroUsd, host::LedgerReport};

use crate::store::{StoreError, Tx, ledger};

/// Recomputes every balance from its transfers, and checks for money where there must be none.
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
