//! Disputes: opened and closed by moves, listed for the host.
//!
//! Functions return database errors as [`StoreError`].

use api_types::{
    DisputeId, TaskId, Timestamp,
    dispute::{Dispute, DisputeOpener, DisputeOutcome},
};

use crate::domain::dispute::DisputeChange;
use crate::store::engine::columns::{money, name, parsed, text, text_if_any, time, time_if_any};
use crate::store::search::{KeyOrder, Listing, PageOfRows, PageWindow, Search};
use crate::store::{Row, StoreError, Tx, params};

/// The list of disputes: newest first.
const LISTING: Listing = Listing {
    columns: "dispute.id AS id, dispute.task_id AS task_id, task.agent_id AS agent_id,
        task.operator_id AS operator_id, dispute.opened_by AS opened_by, dispute.reason AS reason,
        task.reward_micros AS reward_micros, task.fee_micros AS fee_micros,
        dispute.opened_at_ms AS opened_at_ms, dispute.resolved_at_ms AS resolved_at_ms,
        dispute.outcome AS outcome, dispute.note AS note, task.sandbox AS sandbox",
    joins: "JOIN task ON task.id = dispute.task_id",
    key: "dispute.id",
    order: KeyOrder::NewestFirst,
};

/// The state by which disputes are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DisputeState {
    /// The dispute waits for the host, or for a better proof.
    Open,
    /// It was resolved, or ended by a revision.
    Ended,
}

/// Opens a dispute over a task, or ends the open one.
pub(super) fn record(
    tx: &mut Tx<'_>,
    task_id: TaskId,
    change: &DisputeChange,
    at: Timestamp,
) -> Result<(), StoreError> {
    match change {
        DisputeChange::Opened(opened) => tx.execute(
            "INSERT INTO dispute (id, task_id, opened_by, reason, opened_at_ms)
             VALUES ($1, $2, $3, $4, $5)",
            &params![
                opened.id.to_string(),
                task_id.to_string(),
                opened.by.as_str(),
                opened.reason.as_deref(),
                at.as_millis(),
            ],
        ),
        DisputeChange::Closed { outcome, note } => tx.execute(
            "UPDATE dispute SET resolved_at_ms = $2, outcome = $3, note = $4
             WHERE task_id = $1 AND resolved_at_ms IS NULL",
            &params![
                task_id.to_string(),
                at.as_millis(),
                outcome.as_str(),
                note.as_deref(),
            ],
        ),
    }
    .map(drop)
}

/// Returns the dispute with this id, or `None` if there is none.
pub fn get(tx: &mut Tx<'_>, id: DisputeId) -> Result<Option<Dispute>, StoreError> {
    Search::of("dispute", "dispute.id = ", id).one(tx, &LISTING, dispute)
}

/// Returns a page of all disputes, newest first; only those in one state if it is given.
pub fn list(
    tx: &mut Tx<'_>,
    state: Option<DisputeState>,
    window: PageWindow<DisputeId>,
) -> Result<PageOfRows<Dispute>, StoreError> {
    let search = match state {
        Some(DisputeState::Open) => Search::with("dispute", "dispute.resolved_at_ms IS NULL"),
        Some(DisputeState::Ended) => Search::with("dispute", "dispute.resolved_at_ms IS NOT NULL"),
        None => Search::all("dispute"),
    };
    search.page(tx, &LISTING, window, dispute)
}

fn dispute(row: &Row) -> Result<Dispute, StoreError> {
    let outcome: Option<String> = row.get("outcome")?;
    Ok(Dispute {
        dispute_id: text(row, "id")?,
        task_id: text(row, "task_id")?,
        agent_id: text(row, "agent_id")?,
        operator_id: text_if_any(row, "operator_id")?,
        opened_by: name(row, "opened_by", DisputeOpener::parse)?,
        reason: row.get("reason")?,
        reward_usd: money(row, "reward_micros")?,
        platform_fee_usd: money(row, "fee_micros")?,
        opened_at: time(row, "opened_at_ms")?,
        resolved_at: time_if_any(row, "resolved_at_ms")?,
        outcome: outcome
            .map(|name| parsed(DisputeOutcome::parse(&name), "outcome"))
            .transpose()?,
        note: row.get("note")?,
        sandbox: row.get::<i64>("sandbox")? != 0,
    })
}
