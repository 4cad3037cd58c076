//! An agent's ledger: every change of what it can spend (contract §3).

use serde::{Deserialize, Serialize};

use crate::{EventId, MicroUsd, TaskId, Timestamp, TransactionId};

/// One change of an agent's deposit balance.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LedgerEntry {
    /// What caused it. Where a task's move did, the same id stands in the task's events.
    pub id: EventId,
    /// When.
    pub at: Timestamp,
    /// Why: `deposit` was paid in, `hold` went into a new task's escrow, `refund` came back.
    #[cfg_attr(feature = "openapi", schema(example = "hold"))]
    pub code: String,
    /// What it adds to the balance; negative for what it takes.
    pub amount_usd: MicroUsd,
    /// The balance that it left.
    pub balance_after: MicroUsd,
    /// The task that it is about.
    pub task_id: Option<TaskId>,
    /// The deposit that it credits.
    pub deposit_id: Option<TransactionId>,
}
