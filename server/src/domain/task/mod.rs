//! A task and the mechanics of a move. The moves themselves are methods in the other files of this
//! folder, one file per actor.
//!
//! A method takes the task, checks the table of moves, and returns what has to be written: the
//! changed task, its events and their deliveries, its transfers and the spending that they give
//! back, its notices and the jobs that it schedules. Writing is in `store/moves.rs`, which decides
//! nothing.

mod by_agent;
mod by_operator;
mod by_others;
mod events;
mod money;
mod moved;
#[cfg(test)]
mod tests;

use std::time::Duration;

use api_types::{
    AgentId, EventId, KeyId, MicroUsd, OperatorId, TaskId, Timestamp,
    dispute::Resolution,
    estimate::Estimate,
    guardian::GuardianResult,
    review::{Rejection, Revision},
    status::{CancelReason, Status},
};

pub use events::Event;
pub use money::ReturnedSpend;
pub use moved::{Moved, PreviousState, Refusal, ScheduledJob, SystemMessage};

use super::{
    estimate::ESTIMATE_ANSWERED_WITHIN,
    job::Job,
    moves::{self, Actor, Move, Rule},
    new_task::NewTask,
    sandbox,
};

/// How long after its deadline a claimed task can still be submitted (contract §4).
const GRACE: Duration = Duration::from_secs(60 * 60);

/// How long the Guardian may take before the agent reviews the proof itself (contract §4).
const JUDGED_WITHIN: Duration = Duration::from_secs(15 * 60);

/// How long an operator has for a better proof (contract §4).
const RESUBMITTED_WITHIN: Duration = Duration::from_secs(24 * 60 * 60);

/// A task as it is stored.
#[derive(Clone, Debug, PartialEq)]
pub struct Task {
    /// The task's id.
    pub id: TaskId,
    /// The agent that posted it.
    pub agent_id: AgentId,
    /// The API key that posted it.
    pub key_id: Option<KeyId>,
    /// The operator who claimed it.
    pub operator_id: Option<OperatorId>,
    /// The current status; changed only by moves.
    pub status: Status,
    /// Version for optimistic locking: the number of moves, so that of two concurrent moves one
    /// fails.
    pub version: i64,
    /// What its agent stated.
    pub stated: NewTask,
    /// What the platform gets.
    pub fee: MicroUsd,
    /// The operator's estimate of the time it takes.
    pub estimate: Option<Estimate>,
    /// The Guardian's result for the latest proof.
    pub guardian_result: Option<GuardianResult>,
    /// The agent's rejection of the latest proof.
    pub rejection: Option<Rejection>,
    /// The revision that the agent requested from this operator.
    pub revision: Option<Revision>,
    /// The host's decision on a dispute; it is final.
    pub resolution: Option<Resolution>,
    /// Why it was cancelled.
    pub cancel_reason: Option<CancelReason>,
    /// When the clock makes the next move, if nobody moves the task before.
    pub due: Option<Timestamp>,
    /// When each move was made.
    pub at: MoveTimes,
}

/// The times of a task's moves; of a repeated move, the last time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MoveTimes {
    /// When it was posted.
    pub created: Timestamp,
    /// When the operator claimed it, or the estimate of the claim was approved.
    pub accepted: Option<Timestamp>,
    /// When the latest proof was submitted.
    pub submitted: Option<Timestamp>,
    /// When the proof was approved.
    pub verified: Option<Timestamp>,
    /// When it was completed and paid; the hold starts here. A decision of the host on a dispute
    /// does not change it.
    pub completed: Option<Timestamp>,
    /// When it was cancelled.
    pub cancelled: Option<Timestamp>,
    /// When what was earned became available for a payout.
    pub settled: Option<Timestamp>,
}

/// The context of a move: its time, the random bits of its ids, and the configured durations.
#[derive(Clone, Copy, Debug)]
pub struct MoveContext {
    /// The time of the move.
    pub now: Timestamp,
    /// Fresh random bits for new ids.
    pub random: u128,
    /// The durations from the settings.
    pub terms: Durations,
}

/// The durations that the host configures. A task keeps those in force when it moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Durations {
    /// How long a task stays in MANUAL_REVIEW without an answer before the operator is paid.
    pub auto_release: Duration,
    /// How long a payment can be disputed.
    pub hold: Duration,
    /// How long the sandbox takes for each step of a simulated task.
    pub sandbox_step: Duration,
}

/// The durations of the contract.
impl Default for Durations {
    fn default() -> Self {
        Self {
            auto_release: Duration::from_secs(72 * 60 * 60),
            hold: Duration::from_secs(7 * 24 * 60 * 60),
            sandbox_step: Duration::from_secs(2),
        }
    }
}

impl Task {
    /// Returns the row of a move if it is open now. The caller must check what only it knows, such
    /// as who makes the move or how long an estimate is.
    ///
    /// # Errors
    /// The [`Refusal`] that applies to the move.
    pub fn may(&self, does: Move, now: Timestamp) -> Result<&'static Rule, Refusal> {
        let claims = matches!(does, Move::Accept | Move::Estimate | Move::EstimateWithin);
        if claims && self.has_expired(now) {
            return Err(Refusal::Expired);
        }
        let rule = moves::rule(does).filter(|rule| rule.from.contains(&self.status));
        let rule = rule.ok_or(Refusal::WrongStatus { does })?;
        let overdue = self.overdue(now);
        if rule.actor == Actor::Clock {
            let next = overdue.is_some_and(|next| next.does == does);
            return next.then_some(rule).ok_or(Refusal::NotDue);
        }
        // A deadline is exact to the millisecond: what the clock's move will close is closed
        // already, even if its job runs later.
        if overdue.is_some_and(|next| !rule.from.contains(&next.to)) {
            return Err(Refusal::WrongStatus { does });
        }
        match does {
            Move::Accept if self.stated.estimate.required => Err(Refusal::EstimateRequired),
            Move::RequestRevision if self.revision.is_some() => Err(Refusal::RevisedBefore),
            Move::Dispute if !self.is_held(now) => Err(Refusal::NotDisputable),
            _ => Ok(rule),
        }
    }

    /// Returns the row of the clock's move that is due, if any.
    pub fn overdue(&self, now: Timestamp) -> Option<&'static Rule> {
        self.due.filter(|due| *due <= now)?;
        // A revision has its own time limit, and running out of it is a different move from missing
        // the deadline.
        let other = if self.revision.is_some() {
            Move::Expire
        } else {
            Move::LapseRevision
        };
        moves::MOVES.iter().find(|rule| {
            let ours = rule.actor == Actor::Clock && rule.from.contains(&self.status);
            ours && (rule.does != other || self.status != Status::InProgress)
        })
    }

    /// Returns whether agent and operator may exchange messages: from the first claim until the
    /// task is settled or cancelled.
    pub fn can_be_talked_about(&self) -> bool {
        let ended = self.status == Status::Cancelled || self.at.settled.is_some();
        self.operator_id.is_some() && !ended
    }

    /// Returns when what the operator earned can be paid out, or the earliest time at which it can.
    pub fn available_at(&self) -> Option<Timestamp> {
        let held = self.status == Status::Completed;
        self.at.settled.or(self.due).filter(|_| held)
    }

    /// Returns reward and fee, which the task holds until it is completed or cancelled.
    pub fn total(&self) -> MicroUsd {
        // Both are far below the maximum of the type, so the sum cannot overflow.
        self.stated
            .reward
            .checked_add(self.fee)
            .unwrap_or(self.stated.reward)
    }

    /// Returns whether the task was not completed in time.
    fn has_expired(&self, now: Timestamp) -> bool {
        let open = self.status == Status::Pending && self.stated.deadline <= now;
        open || self.cancel_reason == Some(CancelReason::Expired)
    }

    /// Returns whether the payment can still be disputed. A decision of the host is final.
    fn is_held(&self, now: Timestamp) -> bool {
        self.due.is_some_and(|end| now < end) && self.resolution.is_none()
    }

    /// Marks the task as completed; the hold starts now.
    fn complete(&mut self, now: Timestamp) {
        self.at.verified = Some(now);
        self.at.completed = Some(now);
    }

    /// Puts the task back on the market, as if nobody had claimed it.
    fn unassign(&mut self) {
        self.operator_id = None;
        self.estimate = None;
        self.guardian_result = None;
        self.rejection = None;
        self.revision = None;
        self.at.accepted = None;
        self.at.submitted = None;
        self.at.verified = None;
        self.at.completed = None;
    }

    /// Checks the table, changes the task, and returns the result of the move.
    fn step(
        mut self,
        does: Move,
        context: MoveContext,
        change: impl FnOnce(&mut Self) -> Result<(), Refusal>,
    ) -> Result<Moved, Refusal> {
        let rule = self.may(does, context.now)?;
        let before = PreviousState {
            status: self.status,
            version: self.version,
        };
        change(&mut self)?;
        self.status = rule.to;
        self.version += 1;
        Ok(self.moved(Some(rule), Some(before), context))
    }

    fn moved(
        mut self,
        rule: Option<&Rule>,
        before: Option<PreviousState>,
        context: MoveContext,
    ) -> Moved {
        self.due = self.due_after(context);
        let clock = self.due.map(|due_at| ScheduledJob {
            job: Job::MoveByClock { task_id: self.id },
            due_at,
        });
        let cause = EventId::new(context.now, context.random);
        let codes = rule.map_or(&[] as &[_], |rule| rule.money);
        // A simulated task never moves money.
        let codes = codes.iter().filter(|_| !self.stated.sandbox);
        let transfers = codes.filter_map(|code| self.transfer(*code, cause, context.now));
        let transfers: Vec<_> = transfers.collect();
        let events = self.events(rule, before.map(|before| before.status), context);
        Moved {
            at: context.now,
            before,
            deliveries: self.deliveries(&events),
            events,
            returned_spend: self.returned_spend(&transfers),
            transfers,
            jobs: clock.into_iter().chain(self.simulated(context)).collect(),
            notices: Vec::new(),
            dispute: None,
            task: self,
        }
    }

    /// Returns the job for the next step of a simulated task, if the sandbox makes it.
    fn simulated(&self, context: MoveContext) -> Option<ScheduledJob> {
        (self.stated.sandbox && sandbox::has_next_step(self)).then(|| ScheduledJob {
            job: Job::Simulate { task_id: self.id },
            due_at: context.now.after(context.terms.sandbox_step),
        })
    }

    /// Returns when the clock moves the task out of the status that it has just reached.
    fn due_after(&self, context: MoveContext) -> Option<Timestamp> {
        match self.status {
            Status::Pending => Some(self.stated.deadline),
            Status::EstimatePending => Some(context.now.after(ESTIMATE_ANSWERED_WITHIN)),
            Status::Accepted | Status::InProgress => Some(match &self.revision {
                Some(revision) => revision.resubmit_by,
                None => self.stated.deadline.after(GRACE),
            }),
            Status::Submitted => Some(context.now.after(JUDGED_WITHIN)),
            Status::ManualReview => Some(context.now.after(context.terms.auto_release)),
            Status::Completed if self.at.settled.is_none() => {
                self.at.completed.map(|at| at.after(context.terms.hold))
            }
            Status::Completed | Status::Verified | Status::Disputed | Status::Cancelled => None,
        }
    }
}
