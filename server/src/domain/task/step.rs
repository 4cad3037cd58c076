//! What every move does: it checks the table of moves and the clock, changes the task, and collects
//! what has to be written.

use api_types::{
    EventId, MicroUsd, Timestamp,
    status::{CancelReason, Status},
};

use super::moved::{Moved, PreviousState, Refusal, ScheduledJob};
use super::{GRACE, JUDGED_WITHIN, MoveContext, Task};
use crate::domain::{
    estimate::ESTIMATE_ANSWERED_WITHIN,
    job::Job,
    moves::{self, Actor, Move, Rule},
    sandbox,
};

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
        let overdue = self.due_move(now);
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
    pub fn due_move(&self, now: Timestamp) -> Option<&'static Rule> {
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
    pub fn allows_messages(&self) -> bool {
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
    pub(super) fn has_expired(&self, now: Timestamp) -> bool {
        let open = self.status == Status::Pending && self.stated.deadline <= now;
        open || self.cancel_reason == Some(CancelReason::Expired)
    }

    /// Returns whether the payment can still be disputed. A decision of the host is final.
    pub(super) fn is_held(&self, now: Timestamp) -> bool {
        self.due.is_some_and(|end| now < end) && self.resolution.is_none()
    }

    /// Marks the task as completed; the hold starts now.
    pub(super) fn complete(&mut self, now: Timestamp) {
        self.at.verified = Some(now);
        self.at.completed = Some(now);
    }

    /// Puts the task back on the market, as if nobody had claimed it.
    pub(super) fn unassign(&mut self) {
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
    pub(super) fn step(
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

    pub(super) fn moved(
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
            jobs: clock
                .into_iter()
                .chain(self.simulation_job(context))
                .collect(),
            notices: Vec::new(),
            dispute: None,
            task: self,
        }
    }

    /// Returns the job for the next step of a simulated task, if the sandbox makes it.
    pub(super) fn simulation_job(&self, context: MoveContext) -> Option<ScheduledJob> {
        (self.stated.sandbox && sandbox::has_next_step(self)).then(|| ScheduledJob {
            job: Job::Simulate { task_id: self.id },
            due_at: context.now.after(context.terms.sandbox_step),
        })
    }

    /// Returns when the clock moves the task out of the status that it has just reached.
    pub(super) fn due_after(&self, context: MoveContext) -> Option<Timestamp> {
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
