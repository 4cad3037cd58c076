//! An agent's ledger: the transfers that touch its deposit account, in their order.
//!
//! Functions return database errors as [`StoreError`].

use api_types::{AgentId, ledger::LedgerEntry};

use crate::domain::ledger::Account;
use crate::store::engine::columns::{money, parsed, text, text_if_any, time};
use crate::store::{Row, StoreError, Tx, params};

/// The page of a ledger that is requested.
#[derive(Clone, Copy, Debug)]
pub struct EntryRange {
    /// Maximum number of entries. One more is read, to tell whether others follow.
    pub limit: u32,
    /// Number of entries to skip.
    pub offset: u32,
    /// Number of the entry after which the page begins; 0 for the first page.
    pub after: i64,
}

/// Returns a page of an agent's entries with their numbers, oldest first, and how many entries the
/// agent has in all.
pub fn of_agent(
    tx: &mut Tx<'_>,
    agent_id: AgentId,
    span: EntryRange,
) -> Result<(Vec<(i64, LedgerEntry)>, u64), StoreError> {
    let account = Account::Deposit(agent_id).to_string();
    let row = tx.first(
        "SELECT entries FROM account WHERE id = $1",
        &params![&account],
    )?;
    let total: i64 = row.map_or(Ok(0), |row| row.get("entries"))?;
    let rows = tx.query(
        "SELECT event_id, code, deposit_id, debit_account, credit_account, amount_micros, at_ms,
                agent_nth, agent_balance_micros
         FROM transfer WHERE agent_id = $1 AND agent_nth > $2
         ORDER BY agent_nth LIMIT $3 OFFSET $4",
        &params![
            agent_id.to_string(),
            span.after,
            i64::from(span.limit) + 1,
            i64::from(span.offset),
        ],
    )?;
    let entries = rows.iter().map(|row| entry(row, &account));
    let entries = entries.collect::<Result<_, _>>()?;
    Ok((entries, u64::try_from(total).unwrap_or_default()))
}

fn entry(row: &Row, account: &str) -> Result<(i64, LedgerEntry), StoreError> {
    let (debit, credit): (String, String) = (row.get("debit_account")?, row.get("credit_account")?);
    let amount = money(row, "amount_micros")?;
    let takes = debit == account;
    let other = if takes { &credit } else { &debit };
    let task_id = other
        .strip_prefix("escrow:")
        .map(|id| parsed(id.parse().ok(), "debit_account"))
        .transpose()?;
    let entry = LedgerEntry {
        id: text(row, "event_id")?,
        at: time(row, "at_ms")?,
        code: row.get("code")?,
        amount_usd: if takes { amount.negated() } else { amount },
        balance_after: money(row, "agent_balance_micros")?,
        task_id,
        deposit_id: text_if_any(row, "deposit_id")?,
    };
    Ok((row.get("agent_nth")?, entry))
}
