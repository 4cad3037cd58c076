//! Transfers and the balances they make. The only writer of a balance.

use api_types::{AgentId, MicroUsd, OperatorId};

use super::{StoreError, Tx, columns::money, params};
use crate::domain::ledger::{Account, Transfer};

/// Why a transfer was not made.
#[derive(Debug, thiserror::Error)]
pub enum PostError {
    /// The debited account holds less than the amount.
    #[error("the account holds less than the amount")]
    InsufficientFunds,
    /// An accident.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Moves an amount from one account to another, and writes down that it did.
///
/// The debit is conditional and counts its rows, so that two transfers at once cannot both spend
/// the same money. On an error the caller's transaction must not be committed.
///
/// # Errors
/// [`PostError::InsufficientFunds`]; [`StoreError::Unique`] if the event caused this transfer
/// before.
pub fn post(tx: &mut Tx<'_>, transfer: &Transfer) -> Result<(), PostError> {
    let amount = transfer.amount.as_micros();
    if transfer.debit.keeps_balance() {
        let debited = tx.execute(
            "UPDATE account SET balance_micros = balance_micros - $1
             WHERE id = $2 AND balance_micros >= $1",
            &params![amount, transfer.debit.to_string()],
        )?;
        if debited == 0 {
            return Err(PostError::InsufficientFunds);
        }
    }
    if transfer.credit.keeps_balance() {
        tx.execute(
            "INSERT INTO account (id, balance_micros) VALUES ($1, $2)
             ON CONFLICT (id) DO UPDATE
             SET balance_micros = account.balance_micros + excluded.balance_micros",
            &params![transfer.credit.to_string(), amount],
        )?;
    }
    tx.execute(
        "INSERT INTO transfer
             (event_id, code, agent_id, debit_account, credit_account, amount_micros, at_ms)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        &params![
            transfer.event_id.to_string(),
            transfer.code.as_str(),
            transfer.agent_id.to_string(),
            transfer.debit.to_string(),
            transfer.credit.to_string(),
            amount,
            transfer.at.as_millis(),
        ],
    )?;
    Ok(())
}

/// What an account holds; nothing if no transfer ever touched it.
///
/// # Errors
/// Those of [`Tx::execute`].
pub fn balance(tx: &mut Tx<'_>, account: Account) -> Result<MicroUsd, StoreError> {
    let row = tx.first(
        "SELECT balance_micros FROM account WHERE id = $1",
        &params![account.to_string()],
    )?;
    row.map_or(Ok(MicroUsd::ZERO), |row| money(&row, "balance_micros"))
}

/// What an agent's tasks hold together.
///
/// # Errors
/// Those of [`Tx::execute`].
pub fn escrow_of(tx: &mut Tx<'_>, agent_id: AgentId) -> Result<MicroUsd, StoreError> {
    let sum = "SELECT CAST(COALESCE(SUM(account.balance_micros), 0) AS BIGINT) AS held
         FROM task JOIN account ON account.id = 'escrow:' || task.id
         WHERE task.agent_id = $1 AND task.status NOT IN ('COMPLETED', 'CANCELLED')";
    sum_of(tx, sum, agent_id.to_string())
}

/// Everything that was ever released to an operator.
///
/// # Errors
/// Those of [`Tx::execute`].
pub fn earned_by(tx: &mut Tx<'_>, operator_id: OperatorId) -> Result<MicroUsd, StoreError> {
    let sum = "SELECT CAST(COALESCE(SUM(amount_micros), 0) AS BIGINT) AS held
         FROM transfer WHERE credit_account = $1 AND code = 'release'";
    sum_of(tx, sum, Account::Pending(operator_id).to_string())
}

fn sum_of(tx: &mut Tx<'_>, sql: &str, of: String) -> Result<MicroUsd, StoreError> {
    let row = tx.first(sql, &params![of])?;
    row.map_or(Ok(MicroUsd::ZERO), |row| money(&row, "held"))
}

/// What `humanops check-ledger` found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerCheck {
    /// Accounts with a balance of their own.
    pub accounts: i64,
    /// Transfers.
    pub transfers: i64,
    /// The sum of all balances, `world` and `platform` included; zero when the books are right.
    pub sum: MicroUsd,
    /// What the platform earned.
    pub platform: MicroUsd,
    /// Every fault, in words; empty when the books are right.
    pub faults: Vec<String>,
}

/// Recomputes every balance from the transfers, and looks for tasks that ended with money in
/// escrow.
///
/// # Errors
/// Those of [`Tx::execute`].
pub fn check(tx: &mut Tx<'_>) -> Result<LedgerCheck, StoreError> {
    let mut faults = wrong_balances(tx)?;
    faults.extend(held_after_the_end(tx)?);
    let balances = count(
        tx,
        "SELECT CAST(COALESCE(SUM(balance_micros), 0) AS BIGINT) AS n FROM account",
    )?;
    let world = folded(tx, Account::World)?;
    let platform = folded(tx, Account::Platform)?;
    let sum = MicroUsd::from_micros(balances + world + platform).unwrap_or(MicroUsd::ZERO);
    if sum != MicroUsd::ZERO {
        faults.push(format!("all balances sum to {sum} instead of zero"));
    }
    Ok(LedgerCheck {
        accounts: count(tx, "SELECT COUNT(*) AS n FROM account")?,
        transfers: count(tx, "SELECT COUNT(*) AS n FROM transfer")?,
        sum,
        platform: MicroUsd::from_micros(platform).unwrap_or(MicroUsd::ZERO),
        faults,
    })
}

/// The balance of an account that keeps no row: the sum of its transfers.
fn folded(tx: &mut Tx<'_>, account: Account) -> Result<i64, StoreError> {
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
                "{id} keeps {kept}, its transfers make {expected} micro-dollars"
            ))
        })
        .collect()
}

fn held_after_the_end(tx: &mut Tx<'_>) -> Result<Vec<String>, StoreError> {
    let rows = tx.query(
        "SELECT task.id AS id, task.status AS status, account.balance_micros AS held
         FROM task JOIN account ON account.id = 'escrow:' || task.id
         WHERE task.status IN ('COMPLETED', 'CANCELLED') AND account.balance_micros <> 0",
        &[],
    )?;
    rows.iter()
        .map(|row| {
            let (id, status): (String, String) = (row.get("id")?, row.get("status")?);
            Ok(format!(
                "{id} is {status} and holds {} micro-dollars",
                row.get::<i64>("held")?
            ))
        })
        .collect()
}

fn count(tx: &mut Tx<'_>, sql: &str) -> Result<i64, StoreError> {
    tx.first(sql, &[])?.map_or(Ok(0), |row| row.get("n"))
}

#[cfg(test)]
mod tests {
    use api_types::{EventId, TaskId, Timestamp, agent::RegisterAgent};

    use super::*;
    use crate::{
        domain::ledger::TransferCode,
        store::{
            agents,
            support::{self, FreshStore, on_both_databases},
        },
    };

    fn now() -> Timestamp {
        "2026-02-05T12:00:00Z".parse().unwrap()
    }

    fn agent_id() -> AgentId {
        AgentId::new(now(), 1)
    }

    /// The `nth` task's escrow takes `dollars` from the agent's deposit.
    fn hold(nth: u128, dollars: u32) -> Transfer {
        Transfer {
            event_id: EventId::new(now(), nth),
            code: TransferCode::Hold,
            debit: Account::Deposit(agent_id()),
            credit: Account::Escrow(TaskId::new(now(), nth)),
            amount: MicroUsd::usd(dollars),
            agent_id: agent_id(),
            at: now(),
        }
    }

    async fn with_deposit(store: &FreshStore, dollars: u32) {
        let paid = Transfer {
            code: TransferCode::Deposit,
            debit: Account::World,
            credit: Account::Deposit(agent_id()),
            amount: MicroUsd::usd(dollars),
            ..hold(0, 0)
        };
        let stated = RegisterAgent {
            name: "my-agent".to_owned(),
            email: "agent@example.com".to_owned(),
            company: None,
        };
        let deposit = move |tx: &mut Tx<'_>| {
            agents::insert(tx, agent_id(), &stated, now())?;
            post(tx, &paid)
        };
        store.write(deposit).await.unwrap();
    }

    async fn balance_of(store: &FreshStore, account: Account) -> MicroUsd {
        store.read(move |tx| balance(tx, account)).await.unwrap()
    }

    on_both_databases! {
        async fn transfer_moves_money_and_the_books_sum_to_zero(store) {
            with_deposit(&store, 100).await;
            store.write(|tx| post(tx, &hold(1, 30))).await.unwrap();
            assert_eq!(balance_of(&store, Account::Deposit(agent_id())).await, MicroUsd::usd(70));
            assert_eq!(balance_of(&store, hold(1, 30).credit).await, MicroUsd::usd(30));
            let checked = store.read(check).await.unwrap();
            assert_eq!((checked.sum, checked.faults), (MicroUsd::ZERO, Vec::new()));
        }

        async fn transfer_beyond_the_balance_is_refused_and_changes_nothing(store) {
            with_deposit(&store, 100).await;
            let refused = store.write(|tx| post(tx, &hold(1, 101))).await;
            assert!(matches!(refused, Err(PostError::InsufficientFunds)));
            assert_eq!(balance_of(&store, Account::Deposit(agent_id())).await, MicroUsd::usd(100));
            assert_eq!(store.read(check).await.unwrap().transfers, 1);
        }

        async fn transfer_is_caused_once_by_one_event(store) {
            with_deposit(&store, 100).await;
            store.write(|tx| post(tx, &hold(1, 30))).await.unwrap();
            let again = store.write(|tx| post(tx, &hold(1, 30))).await;
            assert!(matches!(again, Err(PostError::Store(StoreError::Unique))));
            assert_eq!(balance_of(&store, Account::Deposit(agent_id())).await, MicroUsd::usd(70));
        }

        async fn transfers_at_once_never_spend_the_same_money(store) {
            with_deposit(&store, 100).await;
            let holds = (1..=10).map(|nth| {
                let store = store.clone();
                tokio::spawn(async move { store.write(move |tx| post(tx, &hold(nth, 30))).await })
            });
            let mut done = 0;
            for outcome in holds.collect::<Vec<_>>() {
                done += usize::from(outcome.await.unwrap().is_ok());
            }
            assert_eq!(done, 3);
            assert_eq!(balance_of(&store, Account::Deposit(agent_id())).await, MicroUsd::usd(10));
        }

        async fn check_finds_a_balance_that_its_transfers_do_not_make(store) {
            with_deposit(&store, 100).await;
            let forge = "UPDATE account SET balance_micros = balance_micros + 1";
            store.write(move |tx| tx.execute(forge, &[])).await.unwrap();
            let checked = store.read(check).await.unwrap();
            assert_eq!(checked.sum, MicroUsd::from_micros(1).unwrap());
            assert_eq!(checked.faults.len(), 2, "{:?}", checked.faults);
        }
    }
}
