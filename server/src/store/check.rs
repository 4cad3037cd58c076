//! The checks of `humanops check-ledger`. They only read, and repair nothing.

use api_types::MicroUsd;

use super::{StoreError, Tx, params};
use crate::domain::ledger::Account;

/// The result of `humanops check-ledger`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerCheck {
    /// Number of accounts with a balance row.
    pub accounts: i64,
    /// Number of all transfers.
    pub transfers: i64,
    /// The sum of all balances, `world` and `platform` included; zero when the books are right.
    pub sum: MicroUsd,
    /// The platform's earnings so far.
    pub platform: MicroUsd,
    /// Every fault, in words; empty when the books are right.
    pub faults: Vec<String>,
}

/// Recomputes every balance from the transfers, and searches for everything that correct books
/// never contain: money below zero, in the escrow of a task that ended, or in a payout that is
/// settled; deposits that were not credited exactly once; ledgers with a gap. Returns database
/// errors as [`StoreError`].
pub fn check(tx: &mut Tx<'_>) -> Result<LedgerCheck, StoreError> {
    tx.take_time()?;
    let mut faults = wrong_balances(tx)?;
    faults.extend(held_after_the_end(tx)?);
    faults.extend(held_by_nobody(tx)?);
    faults.extend(wrong_payouts(tx)?);
    faults.extend(wrong_deposits(tx)?);
    faults.extend(broken_ledgers(tx)?);
    let balances = count(
        tx,
        "SELECT CAST(COALESCE(SUM(balance_micros), 0) AS BIGINT) AS n FROM account",
    )?;
    let world = sum_of_transfers(tx, Account::World)?;
    let platform = sum_of_transfers(tx, Account::Platform)?;
    let sum = i128::from(balances) + i128::from(world) + i128::from(platform);
    if sum != 0 {
        faults.push(format!(
            "all balances sum to {sum} micro-dollars instead of zero"
        ));
    }
    let sum = i64::try_from(sum).ok().and_then(MicroUsd::from_micros);
    Ok(LedgerCheck {
        accounts: count(tx, "SELECT COUNT(*) AS n FROM account")?,
        transfers: count(tx, "SELECT COUNT(*) AS n FROM transfer")?,
        sum: sum.unwrap_or(MicroUsd::ZERO),
        platform: MicroUsd::from_micros(platform).unwrap_or(MicroUsd::ZERO),
        faults,
    })
}

/// Returns the balance of an account without a row: the sum of its transfers.
fn sum_of_transfers(tx: &mut Tx<'_>, account: Account) -> Result<i64, StoreError> {
    let row = tx.first(
        "SELECT CAST(COALESCE(SUM(CASE WHEN credit_account = $1 THEN amount_micros
                                       ELSE -amount_micros END), 0) AS BIGINT) AS n
         FROM transfer WHERE credit_account = $1 OR debit_account = $1",
        &params![account.to_string()],
    )?;
    row.map_or(Ok(0), |row| row.get("n"))
}

fn wrong_balances(tx: &mut Tx<'_>) -> Result<Vec<String>, StoreError> {
    let rows = tx.query(
        "WITH movement AS (
             SELECT credit_account AS id, amount_micros AS micros FROM transfer
             UNION ALL
             SELECT debit_account, -amount_micros FROM transfer
         ), expected AS (
             SELECT id, CAST(SUM(micros) AS BIGINT) AS micros FROM movement
             WHERE id NOT IN ('world', 'platform') GROUP BY id
         )
         SELECT expected.id AS id, expected.micros AS expected, account.balance_micros AS kept
         FROM expected LEFT JOIN account ON account.id = expected.id
         WHERE account.id IS NULL OR account.balance_micros <> expected.micros
         UNION ALL
         SELECT account.id, 0, account.balance_micros FROM account
         WHERE account.balance_micros <> 0
           AND NOT EXISTS (SELECT 1 FROM expected WHERE expected.id = account.id)",
        &[],
    )?;
    rows.iter()
        .map(|row| {
            let kept: Option<i64> = row.get("kept")?;
            let (id, expected): (String, i64) = (row.get("id")?, row.get("expected")?);
            let kept = kept.map_or_else(|| "no row".to_owned(), |micros| format!("{micros}"));
            Ok(format!(
                "{id} has the balance {kept}, but its transfers sum to {expected} micro-dollars"
            ))
        })
        .collect()
}

/// Returns what a query finds, each row as a sentence of its `what` and its `micros`.
fn faults(tx: &mut Tx<'_>, sql: &str) -> Result<Vec<String>, StoreError> {
    let rows = tx.query(sql, &[])?;
    rows.iter()
        .map(|row| {
            let (what, micros): (String, i64) = (row.get("what")?, row.get("micros")?);
            Ok(format!("{what} {micros} micro-dollars"))
        })
        .collect()
}

fn held_after_the_end(tx: &mut Tx<'_>) -> Result<Vec<String>, StoreError> {
    faults(
        tx,
        "SELECT task.id || ' is ' || task.status || ' and holds' AS what,
                account.balance_micros AS micros
         FROM task JOIN account ON account.id = 'escrow:' || task.id
         WHERE task.status IN ('COMPLETED', 'CANCELLED') AND account.balance_micros <> 0
         UNION ALL
         SELECT payout.id || ' is ' || payout.status || ' and holds', account.balance_micros
         FROM payout JOIN account ON account.id = 'payout:' || payout.id
         WHERE payout.status <> 'pending' AND account.balance_micros <> 0",
    )
}

/// Finds accounts below zero, and those of a task, a payout, an agent or an operator that does not
/// exist. Each owner is looked up by its id, which is cut out of the account's id: otherwise every
/// account would be compared with every task.
fn held_by_nobody(tx: &mut Tx<'_>) -> Result<Vec<String>, StoreError> {
    faults(
        tx,
        "SELECT account.id || ' holds' AS what, account.balance_micros AS micros
         FROM account WHERE account.balance_micros < 0
         UNION ALL
         SELECT account.id || ' belongs to nobody and holds', account.balance_micros
         FROM account
         WHERE account.balance_micros <> 0
           AND NOT EXISTS (SELECT 1 FROM agent WHERE account.id = 'deposit:' || agent.id
               AND agent.id = SUBSTR(account.id, 9))
           AND NOT EXISTS (SELECT 1 FROM task WHERE account.id = 'escrow:' || task.id
               AND task.id = SUBSTR(account.id, 8))
           AND NOT EXISTS (SELECT 1 FROM payout WHERE account.id = 'payout:' || payout.id
               AND payout.id = SUBSTR(account.id, 8))
           AND NOT EXISTS (SELECT 1 FROM operator
               WHERE account.id IN ('pending:' || operator.id, 'available:' || operator.id)
               AND operator.id IN (SUBSTR(account.id, 9), SUBSTR(account.id, 11)))",
    )
}

/// Finds payouts on their way that hold another amount than their own.
fn wrong_payouts(tx: &mut Tx<'_>) -> Result<Vec<String>, StoreError> {
    faults(
        tx,
        "SELECT payout.id || ' is pending and its account does not hold its amount of' AS what,
                payout.amount_micros AS micros
         FROM payout LEFT JOIN account ON account.id = 'payout:' || payout.id
         WHERE payout.status = 'pending'
           AND (account.id IS NULL OR account.balance_micros <> payout.amount_micros)",
    )
}

/// Finds agents whose credited sum differs from the sum of their deposits, or from the sum that
/// their tier is based on.
fn wrong_deposits(tx: &mut Tx<'_>) -> Result<Vec<String>, StoreError> {
    faults(
        tx,
        "WITH paid AS (
             SELECT agent_id, amount_micros AS micros FROM deposit WHERE status = 'confirmed'
             UNION ALL
             SELECT agent_id, amount_micros FROM fiat_payment WHERE status = 'completed'
         ), expected AS (
             SELECT agent_id, CAST(SUM(micros) AS BIGINT) AS micros FROM paid GROUP BY agent_id
         ), credited AS (
             SELECT agent_id, CAST(SUM(amount_micros) AS BIGINT) AS micros FROM transfer
             WHERE code = 'deposit' GROUP BY agent_id
         )
         SELECT agent.id || ' has deposits that do not sum to its credits of' AS what,
                COALESCE(credited.micros, 0) AS micros
         FROM agent LEFT JOIN expected ON expected.agent_id = agent.id
             LEFT JOIN credited ON credited.agent_id = agent.id
         WHERE COALESCE(expected.micros, 0) <> COALESCE(credited.micros, 0)
            OR agent.deposited_micros <> COALESCE(credited.micros, 0)",
    )
}

/// Finds agents whose ledger has a gap, or ends with another balance than the account's.
fn broken_ledgers(tx: &mut Tx<'_>) -> Result<Vec<String>, StoreError> {
    faults(
        tx,
        "WITH ledger AS (
             SELECT agent_id, COUNT(*) AS entries, MAX(agent_nth) AS latest FROM transfer
             WHERE agent_nth IS NOT NULL GROUP BY agent_id
         )
         SELECT agent.id || ' has a ledger that does not end with its balance of' AS what,
                account.balance_micros AS micros
         FROM agent JOIN account ON account.id = 'deposit:' || agent.id
             LEFT JOIN ledger ON ledger.agent_id = agent.id
             LEFT JOIN transfer ON transfer.agent_id = agent.id
                 AND transfer.agent_nth = account.entries
         WHERE ledger.agent_id IS NULL OR ledger.entries <> account.entries
            OR ledger.latest <> account.entries
            OR transfer.agent_balance_micros <> account.balance_micros",
    )
}

fn count(tx: &mut Tx<'_>, sql: &str) -> Result<i64, StoreError> {
    tx.first(sql, &[])?.map_or(Ok(0), |row| row.get("n"))
}
