//! What each transfer of a task amounts to, and between whom. Why money moves is in the table.

use api_types::{EventId, MicroUsd, Timestamp};

use super::Task;
use crate::domain::ledger::{Account, Transfer, TransferCode};

impl Task {
    /// One of the transfers that a move of this task causes; none for one of nothing.
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
            TransferCode::Refund => (escrow, deposit, self.agents_part()),
            TransferCode::Release => (
                escrow,
                Account::Pending(self.operator_id?),
                self.operators_part(),
            ),
            TransferCode::Fee => (escrow, Account::Platform, self.platforms_part()),
            TransferCode::Reclaim => (
                Account::Pending(self.operator_id?),
                escrow,
                self.operators_part(),
            ),
            TransferCode::ReturnFee => (Account::Platform, escrow, self.platforms_part()),
            TransferCode::Settle => (
                Account::Pending(self.operator_id?),
                Account::Available(self.operator_id?),
                self.operators_part(),
            ),
            // Paying in and out is no move of a task.
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

    /// What the operator gets for the task: the reward, unless the host has decided otherwise.
    pub fn operators_part(&self) -> MicroUsd {
        let resolved = self.resolution.as_ref();
        resolved.map_or(self.stated.reward, |resolved| resolved.operator_usd)
    }

    fn platforms_part(&self) -> MicroUsd {
        let resolved = self.resolution.as_ref();
        resolved.map_or(self.fee, |resolved| resolved.platform_fee_usd)
    }

    /// What the agent gets back when it gets something back.
    fn agents_part(&self) -> MicroUsd {
        let resolved = self.resolution.as_ref();
        resolved.map_or(self.total(), |resolved| resolved.refunded_usd)
    }
}
