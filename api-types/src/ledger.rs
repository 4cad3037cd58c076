//! An agent's ledger: every change of its deposit balance.

use serde::{Deserialize, Serialize};

use crate::{
    id::{EventId, TaskId, TransactionId},
    money::MicroUsd,
    time::Timestamp,
};

/// One change of an agent's deposit balance.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LedgerEntry {
    /// The id of the cause. If a task's move caused it, this is the id of that move's event.
    pub id: EventId,
    /// When the balance changed.
    pub at: Timestamp,
    /// The reason: `deposit` was paid in, `hold` moved to a new task's escrow, `refund` came back.
    #[cfg_attr(feature = "openapi", schema(example = "hold"))]
    pub code: String,
    /// Amount added to the balance; negative if it was taken from it.
    pub amount_usd: MicroUsd,
    /// The balance after the change.
    pub balance_after: MicroUsd,
    /// The task that the change belongs to; null for a deposit.
    pub task_id: Option<TaskId>,
    /// The deposit that was credited; null for other changes.
    pub deposit_id: Option<TransactionId>,
}
