//! Money as double entry: accounts, and transfers that move an amount from one to another.
//!
//! A transfer is never changed; a correction is another transfer. It carries the code that says why
//! and the event that caused it, and one event causes each code at most once, whoever retries.
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
//! A task that is disputed within the hold takes back both what its operator and what the platform
//! earned, so that its escrow is again the whole that the agent paid, and a refund is a full one.
//! What payouts move stands in `payout.rs`.
//!
//! Invariants: all balances sum to zero; only `world` and `platform` may be negative, and they keep
//! no row, since every transfer would have to wait for it; a task in a final status has nothing in
//! escrow.

use std::fmt;

use api_types::{
    AgentId, EventId, MicroUsd, OperatorId, PayoutId, TaskId, Timestamp, TransactionId,
};

/// Whose money, and in what state it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Account {
    /// Everything outside: what was paid in and not yet paid out, negated.
    World,
    /// What the platform earned.
    Platform,
    /// What an agent can spend.
    Deposit(AgentId),
    /// What one task holds.
    Escrow(TaskId),
    /// What an operator earned and an agent may still dispute.
    Pending(OperatorId),
    /// What an operator can have paid out.
    Available(OperatorId),
    /// What one payout has on its way.
    Payout(PayoutId),
}

impl Account {
    /// Whether the account has a balance of its own that is kept beside the transfers.
    pub const fn keeps_balance(self) -> bool {
        !matches!(self, Self::World | Self::Platform)
    }
}

/// The account's id in the database.
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

/// Why money moves.
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
    /// A reward that is disputed within the hold goes back into escrow.
    Reclaim,
    /// And so does its fee.
    ReturnFee,
    /// The hold is over: a reward can be paid out.
    Settle,
    /// An operator asks for money, which is on its way from then on.
    Payout,
    /// It arrived.
    PayoutSent,
    /// It did not, and goes back to the operator.
    PayoutReturned,
}

impl TransferCode {
    /// The code's name in the database and in an agent's ledger.
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

/// One movement of money.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transfer {
    /// What caused it; with the code its identity.
    pub event_id: EventId,
    /// Why.
    pub code: TransferCode,
    /// Where the money comes from.
    pub debit: Account,
    /// Where it goes.
    pub credit: Account,
    /// More than zero.
    pub amount: MicroUsd,
    /// The agent in whose books it stands; none for a payout.
    pub agent_id: Option<AgentId>,
    /// The deposit that it credits.
    pub deposit_id: Option<TransactionId>,
    /// When.
    pub at: Timestamp,
}
