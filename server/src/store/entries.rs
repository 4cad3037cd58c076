//! An agent's ledger: the transfers that touch its deposit account, in their order.
//!
//! Functions return database errors as [`StoreError`].

use api_types::{AgentId, ledger::LedgerEntry};

use crate::domain::ledger::Account;
use crate::store::engine::columns::{money, parsed, text, text_if_any, time};
use crate::store::search::{KeyOrder, Listing, PageOfRows, PageWindow, Search};
use crate::store::{Row, StoreError, Tx, params};

/// The list of an agent's entries: oldest first. Their numbers have no gaps.
const LISTING: Listing = Listing {
    columns: "event_id, code, deposit_id, debit_account, credit_account, amount_micros, at_ms,
        agent_nth, agent_balance_micros",
    joins: "",
    key: "agent_nth",
    order: KeyOrder::OldestFirst,
};

/// Returns a page of an agent's entries with their numbers, oldest first.
pub fn of_agent(
    tx: &mut Tx<'_>,
    agent_id: AgentId,
    window: PageWindow<i64>,
) -> Result<PageOfRows<(i64, LedgerEntry)>, StoreError> {
    let account = Account::Deposit(agent_id).to_string();
    let row = tx.first(
        "SELECT entries FROM account WHERE id = $1",
        &params![&account],
    )?;
    let total: i64 = row.map_or(Ok(0), |row| row.get("entries"))?;
    let mut search = Search::of("transfer", "agent_id = ", agent_id);
    // Transfers of the agent's tasks that do not touch its deposit account have no number.
    search.require("agent_nth IS NOT NULL");
    Ok(PageOfRows {
        rows: search.rows(tx, &LISTING, window, |row| entry(row, &account))?,
        total: u64::try_from(total).unwrap_or_default(),
    })
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
