//! The operator's moves: claim, start, withdraw, submit; and which operators can see a task.

use api_types::{
    OperatorId,
    estimate::Estimate,
    status::{CancelReason, Status},
};

use super::{MoveContext, Moved, Refusal, ScheduledJob, Task};
use crate::domain::{job::Job, moves::Move, new_task::MinimumRating};

impl Task {
    /// Returns whether an operator with this rating may see the task. A claimed task is visible
    /// only to the operator who claimed it. An unclaimed task is visible to everyone with a
    /// sufficient rating, while it is open and after it has expired. To all others it does not
    /// exist.
    pub fn is_visible_to(&self, operator_id: OperatorId, rating: Option<MinimumRating>) -> bool {
        if self.operator_id.is_some() || self.stated.sandbox {
            return self.operator_id == Some(operator_id);
        }
        let has_expired = self.cancel_reason == Some(CancelReason::Expired);
        let is_offered = self.status == Status::Pending || has_expired;
        is_offered && self.stated.rating_min <= rating
    }

    /// Claims the task for its deadline.
    ///
    /// # Errors
    /// [`Refusal::WrongStatus`] if it is not open, [`Refusal::Expired`] if its deadline has passed,
    /// [`Refusal::EstimateRequired`] if it needs an estimate.
    pub fn accept(self, operator_id: OperatorId, context: MoveContext) -> Result<Moved, Refusal> {
        self.step(Move::Accept, context, |task| {
            task.operator_id = Some(operator_id);
            task.at.accepted = Some(context.now);
            Ok(())
        })
    }

    /// Claims the task with an estimate. The agent decides, unless it has approved such an estimate
    /// in advance.
    ///
    /// # Errors
    /// [`Refusal::WrongStatus`] if it is not open, [`Refusal::Expired`] if its deadline has passed.
    pub fn estimate(
        self,
        operator_id: OperatorId,
        mut estimate: Estimate,
        context: MoveContext,
    ) -> Result<Moved, Refusal> {
        let approved = self.stated.estimate.approve(estimate.estimate_minutes);
        let does = if approved {
            Move::EstimateWithin
        } else {
            Move::Estimate
        };
        let minutes = estimate.estimate_minutes;
        let moved = self.step(does, context, |task| {
            task.operator_id = Some(operator_id);
            if approved {
                estimate.approved_at = Some(context.now);
                task.at.accepted = Some(context.now);
            }
            task.estimate = Some(estimate);
            Ok(())
        })?;
        let then = if approved {
            "The task's own terms approve it."
        } else {
            "The agent has an hour to answer."
        };
        let body = format!("The operator estimates {}. {then}", format_minutes(minutes));
        Ok(moved.notify(Some(operator_id), context, body))
    }

    /// Gives the task back to the market, for the operator who claimed it.
    ///
    /// # Errors
    /// [`Refusal::NotClaimedByYou`] for anyone else, [`Refusal::WrongStatus`] once a proof was
    /// submitted.
    pub fn withdraw(self, operator_id: OperatorId, context: MoveContext) -> Result<Moved, Refusal> {
        self.claimed_by(operator_id, Move::Withdraw)?;
        let moved = self.step(Move::Withdraw, context, |task| {
            task.unassign();
            Ok(())
        })?;
        let body = "The operator gave the task back. It is open to others again.".to_owned();
        Ok(moved.notify(Some(operator_id), context, body))
    }

    /// Starts the work, for the operator who claimed the task.
    ///
    /// # Errors
    /// [`Refusal::NotClaimedByYou`] for anyone else, [`Refusal::WrongStatus`] if it has started or
    /// is not claimed.
    pub fn start(self, operator_id: OperatorId, context: MoveContext) -> Result<Moved, Refusal> {
        self.claimed_by(operator_id, Move::Start)?;
        self.step(Move::Start, context, |_| Ok(()))
    }

    /// Submits the proof, for the operator who claimed the task. The Guardian reviews it next.
    ///
    /// # Errors
    /// [`Refusal::NotClaimedByYou`] for anyone else, [`Refusal::WrongStatus`] if no proof is
    /// expected now.
    pub fn submit(self, operator_id: OperatorId, context: MoveContext) -> Result<Moved, Refusal> {
        self.claimed_by(operator_id, Move::Submit)?;
        let mut moved = self.step(Move::Submit, context, |task| {
            task.at.submitted = Some(context.now);
            task.guardian_result = None;
            task.rejection = None;
            Ok(())
        })?;
        // The sandbox judges the proofs of simulated tasks itself.
        if !moved.task.stated.sandbox {
            moved.jobs.push(ScheduledJob {
                job: Job::ReviewProof {
                    task_id: moved.task.id,
                },
                due_at: context.now,
            });
        }
        Ok(moved)
    }

    fn claimed_by(&self, operator_id: OperatorId, does: Move) -> Result<(), Refusal> {
        if self.operator_id == Some(operator_id) {
            Ok(())
        } else {
            Err(Refusal::NotClaimedByYou { does })
        }
    }
}

/// Formats a duration: "1 day 2 hours 30 minutes".
fn format_minutes(minutes: u32) -> String {
    let parts = [
        (minutes / (24 * 60), "day"),
        (minutes / 60 % 24, "hour"),
        (minutes % 60, "minute"),
    ];
    let named = parts.iter().filter(|(count, _)| *count > 0);
    let words = named.map(|(count, unit)| {
        let plural = if *count == 1 { "" } else { "s" };
        format!("{count} {unit}{plural}")
    });
    words.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minutes_are_said_in_days_hours_and_minutes() {
        let said = [1, 59, 60, 90, 24 * 60, 26 * 60 + 1].map(format_minutes);
        let expected = [
            "1 minute",
            "59 minutes",
            "1 hour",
            "1 hour 30 minutes",
            "1 day",
            "1 day 2 hours 1 minute",
        ];
        assert_eq!(said, expected);
    }
}
