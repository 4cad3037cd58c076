//! Transfers and the balances that they make. It is the only writer of a balance.
//!
//! Functions return database errors as [`StoreError`].

use api_types::{AgentId, MicroUsd};

pub use super::check::{LedgerCheck, check};
use crate::domain::ledger::{Account, Transfer};
use crate::metrics::Durable;
use crate::store::engine::columns::money;
use crate::store::{Row, StoreError, Tx, params};

/// The reason why a transfer was not made.
#[derive(Debug, thiserror::Error)]
pub enum PostError {
    /// The debited account holds less than the amount.
    #[error("the balance of the account is less than the amount")]
    InsufficientFunds,
    /// A database error.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Moves an amount from one account to another, and records the transfer.
///
/// The debit is conditional and counts its rows, so that two concurrent transfers cannot both spend
/// the same money. On an error the caller's transaction must not be committed.
///
/// # Errors
/// [`PostError::InsufficientFunds`]; [`StoreError::Unique`] if the event caused this transfer
/// before.
pub fn post(tx: &mut Tx<'_>, transfer: &Transfer) -> Result<(), PostError> {
    let debited = debit(tx, transfer)?;
    let credited = credit(tx, transfer)?;
    // A transaction that changes an account waits for the one that changed it before, so the count
    // of its entries is their order, which the time of an event is not.
    let agents = match (transfer.debit, transfer.credit) {
        (Account::Deposit(_), _) => debited,
        (_, Account::Deposit(_)) => credited,
        _ => None,
    };
    tx.send(
        "INSERT INTO transfer
             (event_id, code, agent_id, deposit_id, debit_account, credit_account, amount_micros,
              at_ms, agent_nth, agent_balance_micros)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        params![
            transfer.event_id.to_string(),
            transfer.code.as_str(),
            transfer.agent_id.map(|id| id.to_string()),
            transfer.deposit_id.map(|id| id.to_string()),
            transfer.debit.to_string(),
            transfer.credit.to_string(),
            transfer.amount.as_micros(),
            transfer.at.as_millis(),
            agents.map(|state| state.nth),
            agents.map(|state| state.balance_micros),
        ],
    )?;
    tx.count_once_durable(Durable::Money(transfer.code.as_str(), transfer.amount));
    Ok(())
}

/// The state of an account after a transfer.
#[derive(Clone, Copy)]
struct AccountState {
    /// Number of transfers that have touched it.
    nth: i64,
    balance_micros: i64,
}

fn debit(tx: &mut Tx<'_>, transfer: &Transfer) -> Result<Option<AccountState>, PostError> {
    if !transfer.debit.keeps_balance() {
        return Ok(None);
    }
    let row = tx.first(
        "UPDATE account SET balance_micros = balance_micros - $1, entries = entries + 1
         WHERE id = $2 AND balance_micros >= $1 RETURNING entries, balance_micros",
        &params![transfer.amount.as_micros(), transfer.debit.to_string()],
    )?;
    let row = row.ok_or(PostError::InsufficientFunds)?;
    Ok(Some(account_state(&row)?))
}

/// Returns the account's state only for an agent's deposit, whose entries are numbered.
fn credit(tx: &mut Tx<'_>, transfer: &Transfer) -> Result<Option<AccountState>, StoreError> {
    if !transfer.credit.keeps_balance() {
        return Ok(None);
    }
    let credit = "INSERT INTO account (id, balance_micros, entries) VALUES ($1, $2, 1)
         ON CONFLICT (id) DO UPDATE
         SET balance_micros = account.balance_micros + excluded.balance_micros,
             entries = account.entries + 1";
    let params = params![transfer.credit.to_string(), transfer.amount.as_micros()];
    if !matches!(transfer.credit, Account::Deposit(_)) {
        tx.send(credit, params)?;
        return Ok(None);
    }
    let row = tx.first(
        &format!("{credit} RETURNING entries, balance_micros"),
        &params,
    )?;
    row.map(|row| account_state(&row)).transpose()
}

fn account_state(row: &Row) -> Result<AccountState, StoreError> {
    Ok(AccountState {
        nth: row.get("entries")?,
        balance_micros: row.get("balance_micros")?,
    })
}

/// Returns the balance of an account; zero if no transfer ever touched it.
pub fn balance(tx: &mut Tx<'_>, account: Account) -> Result<MicroUsd, StoreError> {
    let row = tx.first(
        "SELECT balance_micros FROM account WHERE id = $1",
        &params![account.to_string()],
    )?;
    row.map_or(Ok(MicroUsd::ZERO), |row| money(&row, "balance_micros"))
}

/// Returns the sum that the escrow of an agent's unfinished tasks holds.
pub fn escrow_of(tx: &mut Tx<'_>, agent_id: AgentId) -> Result<MicroUsd, StoreError> {
    let sum = "SELECT CAST(COALESCE(SUM(account.balance_micros), 0) AS BIGINT) AS held
         FROM task JOIN account ON account.id = 'escrow:' || task.id
         WHERE task.agent_id = $1 AND task.status NOT IN ('COMPLETED', 'CANCELLED')";
    sum_of(tx, sum, agent_id.to_string())
}

fn sum_of(tx: &mut Tx<'_>, sql: &str, of: String) -> Result<MicroUsd, StoreError> {
    let row = tx.first(sql, &params![of])?;
    row.map_or(Ok(MicroUsd::ZERO), |row| money(&row, "held"))
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

    /// A transfer of `dollars` from the agent's deposit to the escrow of the `nth` task.
    fn hold(nth: u128, dollars: u32) -> Transfer {
        Transfer {
            event_id: EventId::new(now(), nth),
            code: TransferCode::Hold,
            debit: Account::Deposit(agent_id()),
            credit: Account::Escrow(TaskId::new(now(), nth)),
            amount: MicroUsd::usd(dollars),
            agent_id: Some(agent_id()),
            deposit_id: None,
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
        let deposit = agents::NewDeposit {
            id: api_types::TransactionId::new(now(), 0),
            agent_id: agent_id(),
            chain: "base",
            tx_hash: "0x".to_owned(),
            amount: paid.amount,
            at: now(),
        };
        let register = move |tx: &mut Tx<'_>| agents::insert(tx, agent_id(), &stated, now());
        store.write(register).await.unwrap();
        let deposit = move |tx: &mut Tx<'_>| {
            agents::insert_deposit(tx, &deposit)?;
            agents::add_deposited(tx, agent_id(), deposit.amount, deposit.amount)?;
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
            assert_eq!(checked.sum, MicroUsd::ZERO);
            // The test has no task, and the check reports it.
            let escrow = hold(1, 30).credit;
            let nobodys = format!("{escrow} belongs to nobody and holds 30000000 micro-dollars");
            assert_eq!(checked.faults, [nobodys]);
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
            // The account, the sum, and the agent's ledger, which ends with another balance.
            assert_eq!(checked.faults.len(), 3, "{:?}", checked.faults);
        }
    }
}
