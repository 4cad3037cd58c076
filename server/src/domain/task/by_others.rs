//! The moves of the Guardian, the clock and the host: judging a proof, running out of time,
//! deciding a dispute.

use api_types::{
    dispute::DisputeOpener,
    guardian::{Decision, GuardianResult},
    status::CancelReason,
};

use super::{MoveContext, Moved, Refusal, Task};
use crate::domain::{
    dispute::{self, Award, DisputeChange, Ruling, Shares},
    moves::Move,
};

impl Task {
    /// Moves a submitted task by the Guardian's decision.
    ///
    /// # Errors
    /// [`Refusal::WrongStatus`] if the task has been decided in the meantime, or its time for this
    /// is over.
    pub fn judge(self, result: GuardianResult, context: MoveContext) -> Result<Moved, Refusal> {
        let does = match result.decision {
            Decision::Approve => Move::JudgeGood,
            Decision::ManualReview => Move::JudgeUnclear,
            Decision::Reject => Move::JudgeBad,
        };
        let reason = result.reasoning.clone();
        let moved = self.step(does, context, |task| {
            task.guardian_result = Some(result);
            if does == Move::JudgeGood {
                task.complete(context.now);
            }
            Ok(())
        })?;
        Ok(match does {
            Move::JudgeBad => moved.open_dispute(DisputeOpener::Guardian, Some(reason), context),
            _ => moved,
        })
    }

    /// Makes the move that the task's status assigns to the clock, once it is due. The call may
    /// come late, twice, or after the task has moved on.
    ///
    /// # Errors
    /// [`Refusal::NotDue`] if no move is due now.
    pub fn move_by_clock(self, context: MoveContext) -> Result<Moved, Refusal> {
        let does = self.due_move(context.now).ok_or(Refusal::NotDue)?.does;
        let operator_id = self.operator_id;
        let moved = self.step(does, context, |task| {
            match does {
                Move::LapseEstimate => task.unassign(),
                Move::AutoRelease => task.complete(context.now),
                Move::Settle => task.at.settled = Some(context.now),
                Move::Expire => {
                    task.at.cancelled = Some(context.now);
                    task.cancel_reason = Some(CancelReason::Expired);
                }
                _ => {}
            }
            Ok(())
        })?;
        let body = match does {
            Move::LapseEstimate => {
                "The agent did not answer the estimate within an hour. The task is open to others \
                 again."
            }
            Move::GiveUpJudging => {
                "The Guardian could not look at the proof in time. The agent looks for itself."
            }
            Move::AutoRelease => {
                "The agent did not answer in time. The proof counts as good, and the reward was \
                 released."
            }
            Move::LapseRevision => "No better proof came in time. The task is disputed.",
            Move::Expire => "The task was not done in time and has expired.",
            _ => return Ok(moved),
        };
        let moved = moved.notify(operator_id, context, body.to_owned());
        Ok(match does {
            Move::LapseRevision => {
                moved.open_dispute(DisputeOpener::Clock, Some(body.to_owned()), context)
            }
            _ => moved,
        })
    }

    /// Decides a dispute as the host, for the operator, for the agent, or between them. The
    /// decision is final: such a task cannot be disputed again.
    ///
    /// # Errors
    /// [`Refusal::WrongStatus`] if the task is not disputed, [`Refusal::NoSplit`] for an invalid
    /// part.
    pub fn resolve(self, ruling: &Ruling, context: MoveContext) -> Result<Moved, Refusal> {
        let does = match ruling.award {
            Award::Release => Move::ResolveRelease,
            Award::Refund => Move::ResolveRefund,
            Award::Split(_) => Move::ResolveSplit,
        };
        let reward = self.stated.reward;
        let shares = Shares::of(ruling.award, reward, self.fee);
        let mut moved = self.step(does, context, |task| {
            let shares = shares.ok_or(Refusal::NoSplit { reward })?;
            let resolution = dispute::resolution(ruling, shares, context.now);
            task.resolution = Some(resolution);
            if does == Move::ResolveRefund {
                task.at.cancelled = Some(context.now);
                task.cancel_reason = Some(CancelReason::Refunded);
            } else {
                let held_from = task.at.completed;
                task.complete(context.now);
                task.at.completed = held_from.or(task.at.completed);
            }
            Ok(())
        })?;
        let resolved = moved.task.resolution.as_ref();
        moved.dispute = resolved.map(|resolved| DisputeChange::Closed {
            outcome: resolved.outcome,
            note: Some(ruling.note.clone()),
        });
        let body = resolved.map_or_else(String::new, |resolved| {
            format!(
                "The dispute was resolved: ${} to the operator, ${} back to the agent. {}",
                resolved.operator_usd, resolved.refunded_usd, ruling.note
            )
        });
        let operator_id = moved.task.operator_id;
        Ok(moved.notify(operator_id, context, body))
    }
}
