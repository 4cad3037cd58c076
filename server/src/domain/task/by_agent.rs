//! The agent's moves: post, answer an estimate, judge a proof, ask for a revision, cancel, dispute.

use api_types::{
    AgentId, MicroUsd, TaskId,
    dispute::{DisputeOpener, DisputeOutcome},
    review::{Rejection, Revision},
    status::{CancelReason, Status},
};

use super::{MoveContext, MoveTimes, Moved, RESUBMITTED_WITHIN, Refusal, Task};
use crate::domain::{
    dispute::DisputeChange,
    moves::{self, Move},
    new_task::NewTask,
};

impl Task {
    /// Puts a new task on the market, and its reward and fee into escrow.
    pub fn post(
        id: TaskId,
        agent_id: AgentId,
        stated: NewTask,
        fee: MicroUsd,
        context: MoveContext,
    ) -> Moved {
        let task = Self {
            id,
            agent_id,
            key_id: None,
            operator_id: None,
            status: Status::Pending,
            version: 1,
            stated,
            fee,
            estimate: None,
            guardian_result: None,
            rejection: None,
            revision: None,
            resolution: None,
            cancel_reason: None,
            due: None,
            at: MoveTimes {
                created: context.now,
                accepted: None,
                submitted: None,
                verified: None,
                completed: None,
                cancelled: None,
                settled: None,
            },
        };
        task.moved(moves::rule(Move::Post), None, context)
    }

    /// Approves the operator's estimate.
    ///
    /// # Errors
    /// [`Refusal::WrongStatus`] if no estimate is waiting for an answer.
    pub fn approve_estimate(self, context: MoveContext) -> Result<Moved, Refusal> {
        let moved = self.step(Move::ApproveEstimate, context, |task| {
            task.at.accepted = Some(context.now);
            if let Some(estimate) = &mut task.estimate {
                estimate.approved_at = Some(context.now);
            }
            Ok(())
        })?;
        let operator_id = moved.task.operator_id;
        Ok(moved.notify(
            operator_id,
            context,
            "The agent approved the estimate.".into(),
        ))
    }

    /// Rejects the operator's estimate; the task is open to others again.
    ///
    /// # Errors
    /// [`Refusal::WrongStatus`] if no estimate is waiting for an answer.
    pub fn reject_estimate(
        self,
        reason: Option<&str>,
        context: MoveContext,
    ) -> Result<Moved, Refusal> {
        let operator_id = self.operator_id;
        let moved = self.step(Move::RejectEstimate, context, |task| {
            task.unassign();
            Ok(())
        })?;
        let body = with_reason("The agent rejected the estimate", reason);
        Ok(moved.notify(operator_id, context, body))
    }

    /// Approves the proof: the operator and the platform are paid.
    ///
    /// # Errors
    /// [`Refusal::WrongStatus`] if there is no proof to judge.
    pub fn approve(self, context: MoveContext) -> Result<Moved, Refusal> {
        self.step(Move::Approve, context, |task| {
            task.complete(context.now);
            Ok(())
        })
    }

    /// Rejects the proof: the task is disputed and the money stays in escrow.
    ///
    /// # Errors
    /// [`Refusal::WrongStatus`] if there is no proof to judge.
    pub fn reject(self, rejection: Rejection, context: MoveContext) -> Result<Moved, Refusal> {
        let reason = rejection.reason.clone();
        let moved = self.step(Move::Reject, context, |task| {
            task.rejection = Some(rejection);
            Ok(())
        })?;
        let operator_id = moved.task.operator_id;
        let body = with_reason("The agent rejected the proof", reason.as_deref());
        let moved = moved.notify(operator_id, context, body);
        Ok(moved.open_dispute(DisputeOpener::Agent, reason, context))
    }

    /// Asks the operator for a better proof, once. If none is submitted in time, the task is
    /// disputed (again), and the host decides.
    ///
    /// # Errors
    /// [`Refusal::RevisedBefore`] for a second revision, [`Refusal::WrongStatus`] if there is no
    /// proof to revise.
    pub fn request_revision(
        self,
        reason: String,
        unmet_requirements: Vec<String>,
        context: MoveContext,
    ) -> Result<Moved, Refusal> {
        let disputed = self.status == Status::Disputed;
        let resubmit_by = context.now.after(RESUBMITTED_WITHIN);
        let body = format!("The agent asks for a better proof by {resubmit_by}: {reason}");
        let mut moved = self.step(Move::RequestRevision, context, |task| {
            task.revision = Some(Revision {
                reason,
                unmet_requirements,
                requested_at: context.now,
                resubmit_by,
            });
            Ok(())
        })?;
        if disputed {
            moved.dispute = Some(DisputeChange::Closed {
                outcome: DisputeOutcome::Revision,
                note: None,
            });
        }
        let operator_id = moved.task.operator_id;
        Ok(moved.notify(operator_id, context, body))
    }

    /// Cancels the task; the agent gets reward and fee back.
    ///
    /// # Errors
    /// [`Refusal::WrongStatus`] once work has begun or the task has ended.
    pub fn cancel(self, context: MoveContext) -> Result<Moved, Refusal> {
        let moved = self.step(Move::Cancel, context, |task| {
            task.at.cancelled = Some(context.now);
            task.cancel_reason = Some(CancelReason::Agent);
            Ok(())
        })?;
        let operator_id = moved.task.operator_id;
        Ok(moved.notify(
            operator_id,
            context,
            "The agent called the task off.".into(),
        ))
    }

    /// Disputes the payment within the hold: reward and fee go back into escrow until the host has
    /// decided.
    ///
    /// # Errors
    /// [`Refusal::NotDisputable`] after the hold or a decision, [`Refusal::WrongStatus`] if nothing
    /// was paid.
    pub fn dispute(self, reason: String, context: MoveContext) -> Result<Moved, Refusal> {
        let moved = self.step(Move::Dispute, context, |_| Ok(()))?;
        let operator_id = moved.task.operator_id;
        let body = with_reason("The agent disputes the task", Some(&reason));
        let moved = moved.notify(operator_id, context, body);
        Ok(moved.open_dispute(DisputeOpener::Agent, Some(reason), context))
    }
}

/// Returns "What happened: why", or "What happened." without a reason.
fn with_reason(what: &str, reason: Option<&str>) -> String {
    reason.map_or_else(|| format!("{what}."), |reason| format!("{what}: {reason}"))
}
