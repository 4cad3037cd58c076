//! Double-entry bookkeeping: accounts, and transfers that move an amount from one account to
//! another.
//!
//! A transfer is never changed; a correction is another transfer. It carries the code that states
//! the reason and the event that caused it. One event causes each code at most once, even if it is
//! retried.
//!
//! ```text
//! deposit     world             -> deposit(agent)
//! hold        deposit(agent)    -> escrow(task)           reward and fee
//! release     escrow(task)      -> pending(operator)
//! fee         escrow(task)      -> platform
//! refund      escrow(task)      -> deposit(agent)
//! reclaim     pending(operator) -> escrow(task)           disputed within the hold
//! fee_return  platform          -> escrow(task)
//! settle      pending(operator) -> available(operator)    after the hold
//! ```
//!
//! A dispute within the hold returns to the escrow both what the operator and what the platform
//! earned. The escrow then holds again everything that the agent paid, and a refund is complete.
//! The transfers of payouts are in `payout.rs`.
//!
//! Invariants: all balances sum to zero; only `world` and `platform` may be negative, and they have
//! no balance row, because every transfer would have to wait for its lock; a task in a final status
//! has nothing in escrow.

use std::fmt;

use api_types::{
    AgentId, EventId, MicroUsd, OperatorId, PayoutId, TaskId, Timestamp, TransactionId,
};

/// An account: the owner of money and the state that the money is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Account {
    /// The outside world: deposits less sent payouts, negated.
    World,
    /// What the platform has earned.
    Platform,
    /// What an agent can spend.
    Deposit(AgentId),
    /// What one task holds.
    Escrow(TaskId),
    /// What an operator has earned and an agent can still dispute.
    Pending(OperatorId),
    /// What an operator can have paid out.
    Available(OperatorId),
    /// What one payout has in transit.
    Payout(PayoutId),
}

impl Account {
    /// Returns whether the account has a stored balance in addition to its transfers.
    pub const fn keeps_balance(self) -> bool {
        !matches!(self, Self::World | Self::Platform)
    }
}

/// Writes the account's id in the database.
impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::World => f.write_str("world"),
            Self::Platform => f.write_str("platform"),
            Self::Deposit(agent) => write!(f, "deposit:{agent}"),
            Self::Escrow(task) => write!(f, "escrow:{task}"),
            Self::Pending(operator) => write!(f, "pending:{operator}"),
            Self::Available(operator) => write!(f, "available:{operator}"),
            Self::Payout(payout) => write!(f, "payout:{payout}"),
        }
    }
}

/// The reason of a transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TransferCode {
    /// An agent paid in.
    Deposit,
    /// Reward and fee of a new task go into its escrow.
    Hold,
    /// The reward goes to the operator.
    Release,
    /// The fee goes to the platform.
    Fee,
    /// What a task holds goes back to the agent.
    Refund,
    /// The reward of a task disputed within the hold goes back into escrow.
    Reclaim,
    /// The fee of a task disputed within the hold goes back into escrow.
    ReturnFee,
    /// The hold has ended: the reward can be paid out.
    Settle,
    /// An operator requests a payout, and the money is in transit from then on.
    Payout,
    /// A payout arrived.
    PayoutSent,
    /// A payout failed, and its money goes back to the operator.
    PayoutReturned,
}

impl TransferCode {
    /// Returns the name of the code in the database and in an agent's ledger.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Deposit => "deposit",
            Self::Hold => "hold",
            Self::Release => "release",
            Self::Fee => "fee",
            Self::Refund => "refund",
            Self::Reclaim => "reclaim",
            Self::ReturnFee => "fee_return",
            Self::Settle => "settle",
            Self::Payout => "payout",
            Self::PayoutSent => "payout_sent",
            Self::PayoutReturned => "payout_returned",
        }
    }
}

/// One movement of money between two accounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transfer {
    /// The event that caused it; together with the code it identifies the transfer.
    pub event_id: EventId,
    /// The reason of the transfer.
    pub code: TransferCode,
    /// The account that the money comes from.
    pub debit: Account,
    /// The account that the money goes to.
    pub credit: Account,
    /// The amount, more than zero.
    pub amount: MicroUsd,
    /// The agent whose ledger shows it; `None` for a payout.
    pub agent_id: Option<AgentId>,
    /// The deposit that it credits, if any.
    pub deposit_id: Option<TransactionId>,
    /// When the money moves.
    pub at: Timestamp,
}
