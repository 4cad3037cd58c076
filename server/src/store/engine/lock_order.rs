//! The order in which a transaction locks rows: one for all tables. On PostgreSQL two transactions
//! deadlock if each holds a row for which the other one waits; if all of them lock rows in one
//! order, there is no deadlock.
//!
//! `migrations/README.md`, "Locks", tells what the order means for the author of a statement.
//! Builds with debug assertions, and so all tests, refuse a statement that breaks it.

use crate::store::StoreError;

/// Every table, in the order in which one transaction may lock existing rows of them.
pub(in crate::store) const LOCK_ORDER: [&str; 41] = [
    "idempotent_answer",
    "request_window",
    "kyc_message",
    "email_link",
    "fiat_payment",
    "deposit",
    "payout",
    "rating",
    "agent",
    "api_key",
    "approval",
    "operator",
    "subject",
    "sign_in_code",
    "passkey",
    "passkey_ceremony",
    "refresh_token",
    "session",
    "signing_key",
    "task_type_off",
    "shared_setting",
    "proof_picture",
    "task",
    "agent_day",
    "task_tally",
    "account",
    "transfer",
    "dispute",
    "event_head",
    "event",
    "delivery_attempt",
    "delivery",
    "disabled_endpoint",
    "callback_host",
    "job",
    "message",
    "proof",
    "upload",
    "credential_access",
    "credential",
    "audit",
];

/// The tables in which a transaction has locked rows.
#[derive(Clone, Debug, Default)]
pub(in crate::store) struct Locks {
    held: Vec<usize>,
    last: usize,
}

impl Locks {
    /// Records the rows that a statement locks.
    ///
    /// # Errors
    /// `Database` if the statement waits for rows of a table that comes before one in which this
    /// transaction holds rows already.
    pub(in crate::store) fn take(&mut self, sql: &str) -> Result<(), StoreError> {
        let Some((table, locks)) = written(sql) else {
            return Ok(());
        };
        let Some(rank) = LOCK_ORDER.iter().position(|name| *name == table) else {
            return Ok(());
        };
        let is_held = self.held.contains(&rank);
        if !is_held {
            self.held.push(rank);
        }
        // An inserted row is this transaction's own, and rows of a table that is held are locked
        // already.
        if is_held || locks == Locking::Nothing {
            return Ok(());
        }
        if rank < self.last {
            let last = LOCK_ORDER.get(self.last).copied().unwrap_or_default();
            return Err(StoreError::Database(format!(
                "a transaction locks {table} after {last}, against the lock order"
            )));
        }
        self.last = rank;
        Ok(())
    }
}

/// Whether a statement may wait for a row that another transaction holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Locking {
    Rows,
    Nothing,
}

/// Returns the table that a statement writes, or `None` if it writes none.
fn written(sql: &str) -> Option<(&str, Locking)> {
    let mut words = sql.split_ascii_whitespace();
    let (table, locking) = match words.next()? {
        "UPDATE" => (words.next()?, Locking::Rows),
        "DELETE" => (words.nth(1)?, Locking::Rows),
        "INSERT" if sql.contains("ON CONFLICT") => (words.nth(1)?, Locking::Rows),
        "INSERT" => (words.nth(1)?, Locking::Nothing),
        _ => return None,
    };
    Some((table.trim_matches('"'), locking))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::store::engine::snapshot;
    use crate::store::support;

    fn taken(statements: &[&str]) -> Result<(), StoreError> {
        let mut locks = Locks::default();
        statements.iter().try_for_each(|sql| locks.take(sql))
    }

    #[test]
    fn statements_against_the_order_are_refused() {
        let day = "UPDATE agent_day SET tasks = 1 WHERE agent_id = $1";
        let tally = "INSERT INTO task_tally (agent_id)\n VALUES ($1) ON CONFLICT DO NOTHING";
        assert_eq!(taken(&[day, tally]), Ok(()));
        let refused = taken(&[tally, day]);
        assert!(matches!(refused, Err(StoreError::Database(said))
            if said.contains("locks agent_day after task_tally")));
        // The same rows once more, a new row, and a read lock nothing new.
        assert_eq!(taken(&[day, tally, day]), Ok(()));
        assert_eq!(taken(&[tally, "INSERT INTO task (id) VALUES ($1)"]), Ok(()));
        assert_eq!(taken(&[tally, "SELECT 1 FROM task WHERE id = $1"]), Ok(()));
        assert!(taken(&["DELETE FROM job WHERE payload = $1", tally]).is_err());
    }

    #[tokio::test]
    async fn a_transaction_against_the_order_is_refused() {
        let store = support::on_sqlite();
        let against = store.write(|tx| {
            tx.execute("DELETE FROM job WHERE payload = ''", &[])?;
            tx.execute("UPDATE agent SET name = '' WHERE id = ''", &[])
        });
        let refused = against.await;
        assert!(
            matches!(&refused, Err(StoreError::Database(said)) if said.contains("lock order")),
            "{refused:?}"
        );
    }

    #[tokio::test]
    async fn every_table_has_its_place() {
        let store = support::on_sqlite();
        let tables = store.read(snapshot::tables).await.unwrap();
        let there: BTreeSet<_> = tables.iter().map(|table| table.name.as_str()).collect();
        let listed: BTreeSet<_> = LOCK_ORDER.into_iter().collect();
        assert_eq!(listed, there);
    }
}
