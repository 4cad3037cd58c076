//! Payouts, and the money that each of their steps moves.
//!
//! Functions return database errors as [`StoreError`].

use api_types::{MicroUsd, OperatorId, PayoutId, payout::PayoutStatus};

use crate::domain::payout::{Payout, PayoutUpdate};
use crate::store::engine::columns::{json, money, name, text, time, time_if_any, to_json};
use crate::store::ledger::{self, PostError};
use crate::store::{Row, StoreError, Tx, params};

/// Records a step in the caller's transaction: the payout and its transfer.
///
/// # Errors
/// [`PostError::InsufficientFunds`] if the operator has less available; [`StoreError::Changed`] if
/// another transaction settled the payout first. The caller's transaction must not be committed
/// after either.
pub fn record(tx: &mut Tx<'_>, step: &PayoutUpdate) -> Result<(), PostError> {
    match step.from {
        None => insert(tx, &step.payout)?,
        Some(from) => update(tx, &step.payout, from)?,
    }
    ledger::post(tx, &step.transfer)
}

fn insert(tx: &mut Tx<'_>, payout: &Payout) -> Result<(), StoreError> {
    tx.send(
        "INSERT INTO payout (id, operator_id, amount_micros, destination, status, created_at_ms)
         VALUES ($1, $2, $3, $4, $5, $6)",
        params![
            payout.id.to_string(),
            payout.operator_id.to_string(),
            payout.amount.as_micros(),
            to_json(&payout.destination, "destination")?,
            payout.status.as_str(),
            payout.created_at.as_millis(),
        ],
    )
}

fn update(tx: &mut Tx<'_>, payout: &Payout, from: PayoutStatus) -> Result<(), StoreError> {
    let updated = tx.execute(
        "UPDATE payout SET status = $3, settled_at_ms = $4 WHERE id = $1 AND status = $2",
        &params![
            payout.id.to_string(),
            from.as_str(),
            payout.status.as_str(),
            payout.settled_at.map(api_types::Timestamp::as_millis),
        ],
    )?;
    if updated == 1 {
        Ok(())
    } else {
        Err(tx.lost_race())
    }
}

const COLUMNS: &str =
    "id, operator_id, amount_micros, destination, status, created_at_ms, settled_at_ms";

/// Returns a payout of an operator, or `None` if the operator has none with this id.
pub fn get(
    tx: &mut Tx<'_>,
    operator_id: OperatorId,
    id: PayoutId,
) -> Result<Option<Payout>, StoreError> {
    let row = tx.first(
        &format!("SELECT {COLUMNS} FROM payout WHERE id = $1 AND operator_id = $2"),
        &params![id.to_string(), operator_id.to_string()],
    )?;
    row.map(|row| payout(&row)).transpose()
}

/// Returns an operator's latest payouts, newest first.
pub fn latest(
    tx: &mut Tx<'_>,
    operator_id: OperatorId,
    limit: u32,
) -> Result<Vec<Payout>, StoreError> {
    let rows = tx.query(
        &format!("SELECT {COLUMNS} FROM payout WHERE operator_id = $1 ORDER BY id DESC LIMIT $2"),
        &params![operator_id.to_string(), limit],
    )?;
    rows.iter().map(payout).collect()
}

/// Returns the sums of an operator's payouts: those on their way, and those that arrived.
pub fn sums(tx: &mut Tx<'_>, operator_id: OperatorId) -> Result<(MicroUsd, MicroUsd), StoreError> {
    let row = tx.first(
        "SELECT CAST(COALESCE(SUM(CASE WHEN status = 'pending' THEN amount_micros END), 0)
                    AS BIGINT) AS on_its_way,
                CAST(COALESCE(SUM(CASE WHEN status = 'completed' THEN amount_micros END), 0)
                    AS BIGINT) AS arrived
         FROM payout WHERE operator_id = $1",
        &params![operator_id.to_string()],
    )?;
    row.map_or(Ok((MicroUsd::ZERO, MicroUsd::ZERO)), |row| {
        Ok((money(&row, "on_its_way")?, money(&row, "arrived")?))
    })
}

fn payout(row: &Row) -> Result<Payout, StoreError> {
    Ok(Payout {
        id: text(row, "id")?,
        operator_id: text(row, "operator_id")?,
        amount: money(row, "amount_micros")?,
        destination: json(row, "destination")?,
        status: name(row, "status", PayoutStatus::parse)?,
        created_at: time(row, "created_at_ms")?,
        settled_at: time_if_any(row, "settled_at_ms")?,
    })
}

#[cfg(test)]
mod tests {
    use api_types::{EventId, Timestamp, operator::KycStatus};
    use serde_json::json;

    use super::*;
    use crate::{
        domain::{
            account::NewOperator,
            ledger::{Account, Transfer, TransferCode},
            payout::parse_payout,
            task::{Durations, MoveContext},
        },
        store::{
            operators,
            support::{self, FreshStore, on_both_databases},
        },
    };

    fn context(random: u128) -> MoveContext {
        let now: Timestamp = "2026-02-05T12:00:00Z".parse().unwrap();
        MoveContext {
            now,
            random,
            terms: Durations::default(),
        }
    }

    fn operator_id() -> OperatorId {
        OperatorId::new(context(1).now, 1)
    }

    /// Inserts an operator with 100 dollars available, and a payout of 60, which it returns.
    async fn requested(store: &FreshStore) -> Payout {
        let stated = parse_payout(&json!({"amount_usd": 60})).unwrap();
        let id = PayoutId::new(context(1).now, 2);
        let step = Payout::request(id, operator_id(), stated, context(2));
        let payout = step.payout.clone();
        let earned = Transfer {
            event_id: EventId::new(context(1).now, 1),
            code: TransferCode::Release,
            debit: Account::World,
            credit: Account::Available(operator_id()),
            amount: MicroUsd::usd(100),
            ..step.transfer
        };
        let operator = NewOperator {
            name: "Jane Doe".to_owned(),
            email: "jane@example.com".to_owned(),
            phone: None,
            location: None,
            skills: Vec::new(),
        };
        let begin = move |tx: &mut Tx<'_>| {
            let kyc = KycStatus::Approved;
            operators::insert(tx, operator_id(), &operator, kyc, context(1).now)?;
            ledger::post(tx, &earned)?;
            record(tx, &step)
        };
        store.write(begin).await.unwrap();
        payout
    }

    async fn available(store: &FreshStore) -> MicroUsd {
        let account = Account::Available(operator_id());
        store
            .read(move |tx| ledger::balance(tx, account))
            .await
            .unwrap()
    }

    async fn assert_books_are_right(store: &FreshStore) {
        let checked = store.read(ledger::check).await.unwrap();
        assert_eq!(checked.faults, Vec::<String>::new());
    }

    on_both_databases! {
        async fn payout_that_fails_gives_the_money_back_once(store) {
            let payout = requested(&store).await;
            assert_eq!(available(&store).await, MicroUsd::usd(40));
            assert_books_are_right(&store).await;
            let failed = payout.clone().fail(context(3)).unwrap();
            let step = failed.clone();
            store.write(move |tx| record(tx, &step)).await.unwrap();
            assert_eq!(available(&store).await, MicroUsd::usd(100));
            assert_books_are_right(&store).await;

            // A step that was decided while the payout was on its way comes too late.
            let sent = payout.complete(context(4)).unwrap();
            for late in [failed, sent] {
                let refused = store.write(move |tx| record(tx, &late)).await;
                assert!(matches!(refused, Err(PostError::Store(StoreError::Changed))));
            }
            assert_eq!(available(&store).await, MicroUsd::usd(100));
        }

        async fn payout_that_arrives_leaves_the_books(store) {
            let payout = requested(&store).await;
            let sums_of = || store.read(|tx| sums(tx, operator_id()));
            assert_eq!(sums_of().await.unwrap(), (MicroUsd::usd(60), MicroUsd::ZERO));
            let sent = payout.complete(context(3)).unwrap();
            store.write(move |tx| record(tx, &sent)).await.unwrap();
            assert_eq!(available(&store).await, MicroUsd::usd(40));
            assert_eq!(sums_of().await.unwrap(), (MicroUsd::ZERO, MicroUsd::usd(60)));
            assert_books_are_right(&store).await;
        }

        async fn check_finds_a_payout_without_its_money(store) {
            let payout = requested(&store).await;
            let forge = "UPDATE payout SET amount_micros = amount_micros + 1";
            store.write(move |tx| tx.execute(forge, &[])).await.unwrap();
            let checked = store.read(ledger::check).await.unwrap();
            assert_eq!(checked.faults.len(), 1, "{:?}", checked.faults);
            assert!(checked.faults[0].contains(&payout.id.to_string()));
        }
    }
}
