//! The amount and the accounts of each transfer of a task, and the spending that a refund gives
//! back. The table of moves defines which transfers a move causes.

use api_types::{EventId, MicroUsd, Timestamp};

use super::Task;
use crate::domain::{
    ledger::{Account, Transfer, TransferCode},
    pricing,
};

/// Spending that no longer counts against the daily limit of the task's agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReturnedSpend {
    /// The UTC day since 1970 on which the task was posted, and so its cost was spent.
    pub day: i64,
    /// The amount to subtract from the spending of that day.
    pub amount: MicroUsd,
}

impl Task {
    /// Returns the transfer with this code that a move of the task causes, or `None` if its amount
    /// is zero.
    pub(super) fn transfer(
        &self,
        code: TransferCode,
        event_id: EventId,
        at: Timestamp,
    ) -> Option<Transfer> {
        let escrow = Account::Escrow(self.id);
        let deposit = Account::Deposit(self.agent_id);
        let (debit, credit, amount) = match code {
            TransferCode::Hold => (deposit, escrow, self.total()),
            TransferCode::Refund => (escrow, deposit, self.agent_share()),
            TransferCode::Release => (
                escrow,
                Account::Pending(self.operator_id?),
                self.operator_share(),
            ),
            TransferCode::Fee => (escrow, Account::Platform, self.platform_share()),
            TransferCode::Reclaim => (
                Account::Pending(self.operator_id?),
                escrow,
                self.operator_share(),
            ),
            TransferCode::ReturnFee => (Account::Platform, escrow, self.platform_share()),
            TransferCode::Settle => (
                Account::Pending(self.operator_id?),
                Account::Available(self.operator_id?),
                self.operator_share(),
            ),
            // Deposits and payouts are not moves of a task.
            TransferCode::Deposit
            | TransferCode::Payout
            | TransferCode::PayoutSent
            | TransferCode::PayoutReturned => return None,
        };
        (amount > MicroUsd::ZERO).then_some(Transfer {
            event_id,
            code,
            debit,
            credit,
            amount,
            agent_id: Some(self.agent_id),
            deposit_id: None,
            at,
        })
    }

    /// Returns the spending that a move with these transfers gives back: what it refunds.
    pub(super) fn returned_spend(&self, transfers: &[Transfer]) -> Option<ReturnedSpend> {
        let refund = transfers
            .iter()
            .find(|transfer| transfer.code == TransferCode::Refund)?;
        Some(ReturnedSpend {
            day: pricing::day(self.at.created),
            amount: refund.amount,
        })
    }

    /// Returns what the operator gets for the task: the reward, unless the host has decided
    /// otherwise.
    pub fn operator_share(&self) -> MicroUsd {
        let resolved = self.resolution.as_ref();
        resolved.map_or(self.stated.reward, |resolved| resolved.operator_usd)
    }

    fn platform_share(&self) -> MicroUsd {
        let resolved = self.resolution.as_ref();
        resolved.map_or(self.fee, |resolved| resolved.platform_fee_usd)
    }

    /// Returns what the agent gets back in a refund.
    fn agent_share(&self) -> MicroUsd {
        let resolved = self.resolution.as_ref();
        resolved.map_or(self.total(), |resolved| resolved.refunded_usd)
    }
}
