//! A task, and how a move is made with it. The moves themselves are methods in the files beside
//! this one, by who makes them.
//!
//! A method takes the task, asks the table whether the move is open, and answers what is to be
//! written: the changed task, its events, the transfers, the work left for later. None writes.

mod by_agent;
mod by_operator;
mod by_others;
mod money;
#[cfg(test)]
mod tests;

use std::time::Duration;

use api_types::{
    AgentId, DisputeId, EventId, KeyId, MessageId, MicroUsd, OperatorId, TaskId, Timestamp,
    dispute::{DisputeOpener, Resolution},
    estimate::Estimate,
    guardian::GuardianResult,
    task::{CancelReason, Rejection, Revision, Status},
};

use super::{
    dispute::{DisputeChange, Opened},
    estimate::ESTIMATE_ANSWERED_WITHIN,
    job::Job,
    ledger::Transfer,
    moves::{self, Actor, Move, Rule},
    new_task::NewTask,
    picture::Effort,
    sandbox,
};

/// How long after its deadline a claimed task is still waited for (contract §4).
const GRACE: Duration = Duration::from_secs(60 * 60);

/// How long the Guardian may be unreachable before the agent looks for itself (contract §4).
const JUDGED_WITHIN: Duration = Duration::from_secs(15 * 60);

/// How long an operator has for a better proof (contract §4).
const RESUBMITTED_WITHIN: Duration = Duration::from_secs(24 * 60 * 60);

/// A task as it is stored.
#[derive(Clone, Debug, PartialEq)]
pub struct Task {
    /// Its id.
    pub id: TaskId,
    /// Who posted it.
    pub agent_id: AgentId,
    /// With which of its keys.
    pub key_id: Option<KeyId>,
    /// Who claimed it.
    pub operator_id: Option<OperatorId>,
    /// Where it stands; changed by moves only.
    pub status: Status,
    /// Counts the moves, so that of two at once one finds that it came too late.
    pub version: i64,
    /// What its agent stated.
    pub stated: NewTask,
    /// What the platform gets.
    pub fee: MicroUsd,
    /// How long its operator said that it will take.
    pub estimate: Option<Estimate>,
    /// What the Guardian said of the latest proof.
    pub guardian_result: Option<GuardianResult>,
    /// Why the agent rejected it.
    pub rejection: Option<Rejection>,
    /// What the agent asked this operator to do better.
    pub revision: Option<Revision>,
    /// How the host decided a dispute; the last word.
    pub resolution: Option<Resolution>,
    /// Why it was called off.
    pub cancel_reason: Option<CancelReason>,
    /// When the clock makes the next move, if nobody does before.
    pub due: Option<Timestamp>,
    /// When each move happened.
    pub at: Moments,
}

/// When each move of a task happened; of a move that was made again, the last time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moments {
    /// Posted.
    pub created: Timestamp,
    /// Claimed.
    pub accepted: Option<Timestamp>,
    /// Proof sent.
    pub submitted: Option<Timestamp>,
    /// Proof found good.
    pub verified: Option<Timestamp>,
    /// Done and paid; the hold runs from there. The host's word on a dispute leaves it as it was.
    pub completed: Option<Timestamp>,
    /// Called off.
    pub cancelled: Option<Timestamp>,
    /// What was earned can be paid out.
    pub settled: Option<Timestamp>,
}

/// When a move happens, the randomness that its events are named by, and the host's own times.
#[derive(Clone, Copy, Debug)]
pub struct Turn {
    /// The time.
    pub now: Timestamp,
    /// Fresh random bits.
    pub random: u128,
    /// What the settings say.
    pub terms: Terms,
}

/// The times that the host sets. A task keeps what held when it moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// After so long in MANUAL_REVIEW without a word the operator is paid.
    pub auto_release: Duration,
    /// For so long a paid reward can be disputed.
    pub hold: Duration,
    /// So long the sandbox takes for each step of a simulated task.
    pub sandbox_step: Duration,
}

/// What the contract gives.
impl Default for Terms {
    fn default() -> Self {
        Self {
            auto_release: Duration::from_secs(72 * 60 * 60),
            hold: Duration::from_secs(7 * 24 * 60 * 60),
            sandbox_step: Duration::from_secs(2),
        }
    }
}

/// Something that happened to a task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Its id; also the webhook's.
    pub id: EventId,
    /// Its name, such as `task.completed`.
    pub name: &'static str,
    /// Where the task came from.
    pub previous_status: Option<Status>,
    /// Where it stands now.
    pub status: Status,
    /// When.
    pub at: Timestamp,
}

/// What the marketplace itself writes to both sides about a move.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// Its id among the messages.
    pub id: MessageId,
    /// Whose claim it is about, and so which operator may read it.
    pub operator_id: OperatorId,
    /// A sentence or two.
    pub body: String,
}

/// Work that a move leaves, and when it is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Left {
    /// The work.
    pub job: Job,
    /// When.
    pub due_at: Timestamp,
}

/// Where a task was before a move.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Before {
    /// Its status.
    pub status: Status,
    /// Its version.
    pub version: i64,
}

/// What a move yields: written in one transaction, or not at all.
#[derive(Clone, Debug, PartialEq)]
pub struct Moved {
    /// The task after the move.
    pub task: Task,
    /// When.
    pub at: Timestamp,
    /// Where it stood before; nowhere if it is new.
    pub before: Option<Before>,
    /// What to announce, in order.
    pub events: Vec<Event>,
    /// What money moves.
    pub transfers: Vec<Transfer>,
    /// What to do later.
    pub jobs: Vec<Left>,
    /// What to write to both sides.
    pub notices: Vec<Notice>,
    /// What becomes of the disputes over the task.
    pub dispute: Option<DisputeChange>,
}

/// Why a move is not made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The table has no row for this move from this status.
    WrongStatus {
        /// The move.
        does: Move,
    },
    /// Another operator claimed the task, or nobody.
    NotClaimedByYou {
        /// The move.
        does: Move,
    },
    /// The deadline has passed.
    Expired,
    /// The task is claimed with an estimate alone.
    EstimateRequired,
    /// The agent asked for a better proof before.
    RevisedBefore,
    /// The hold is over, or the host has decided already.
    NotDisputable,
    /// The operator's part is not more than nothing and less than the reward.
    NoSplit {
        /// The reward.
        reward: MicroUsd,
    },
    /// The clock's next move is not due.
    NotDue,
}

impl Task {
    /// Whether a move is open now, and its row. What only the caller knows, such as who asks or
    /// how long an estimate is, is not asked here.
    ///
    /// # Errors
    /// Why not.
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
        // A deadline holds to the millisecond: what the clock's move will close is closed already,
        // though its job may come a moment later.
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

    /// The clock's move that is due, if one is.
    pub fn overdue(&self, now: Timestamp) -> Option<&'static Rule> {
        self.due.filter(|due| *due <= now)?;
        // A revision has a time of its own, and its end is not the deadline's.
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

    /// Whether agent and operator may write to each other: from the first claim until the task is
    /// settled or called off.
    pub fn can_be_talked_about(&self) -> bool {
        let ended = self.status == Status::Cancelled || self.at.settled.is_some();
        self.operator_id.is_some() && !ended
    }

    /// When what the operator earned can be paid out, or could first be.
    pub fn available_at(&self) -> Option<Timestamp> {
        let held = self.status == Status::Completed;
        self.at.settled.or(self.due).filter(|_| held)
    }

    /// Reward and fee, which the task holds until it is completed or cancelled.
    pub fn total(&self) -> MicroUsd {
        // Both are bounded far below the edge, so their sum is too.
        self.stated
            .reward
            .checked_add(self.fee)
            .unwrap_or(self.stated.reward)
    }

    /// Whether nobody did it in time.
    fn has_expired(&self, now: Timestamp) -> bool {
        let open = self.status == Status::Pending && self.stated.deadline <= now;
        open || self.cancel_reason == Some(CancelReason::Expired)
    }

    /// Whether what was paid can still be disputed. The host's word is the last.
    fn is_held(&self, now: Timestamp) -> bool {
        self.due.is_some_and(|end| now < end) && self.resolution.is_none()
    }

    /// Done, and held from now on.
    fn complete(&mut self, now: Timestamp) {
        self.at.verified = Some(now);
        self.at.completed = Some(now);
    }

    /// Back on the market, as if nobody had claimed it.
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

    /// Asks the table, changes the task, and says what follows.
    fn step(
        mut self,
        does: Move,
        turn: Turn,
        change: impl FnOnce(&mut Self) -> Result<(), Refusal>,
    ) -> Result<Moved, Refusal> {
        let rule = self.may(does, turn.now)?;
        let before = Before {
            status: self.status,
            version: self.version,
        };
        change(&mut self)?;
        self.status = rule.to;
        self.version += 1;
        Ok(self.moved(Some(rule), Some(before), turn))
    }

    fn moved(mut self, rule: Option<&Rule>, before: Option<Before>, turn: Turn) -> Moved {
        self.due = self.due_after(turn);
        let clock = self.due.map(|due_at| Left {
            job: Job::MoveByClock { task_id: self.id },
            due_at,
        });
        let cause = EventId::new(turn.now, turn.random);
        let codes = rule.map_or(&[] as &[_], |rule| rule.money);
        // A simulated task moves no money, whatever it does.
        let codes = codes.iter().filter(|_| !self.stated.sandbox);
        let transfers = codes.filter_map(|code| self.transfer(*code, cause, turn.now));
        Moved {
            at: turn.now,
            events: events(rule, before.map(|before| before.status), turn),
            before,
            transfers: transfers.collect(),
            jobs: clock.into_iter().chain(self.simulated(turn)).collect(),
            notices: Vec::new(),
            dispute: None,
            task: self,
        }
    }

    /// The next step of a simulated task, if it is not the agent's.
    fn simulated(&self, turn: Turn) -> Option<Left> {
        (self.stated.sandbox && sandbox::has_next_step(self)).then(|| Left {
            job: Job::Simulate { task_id: self.id },
            due_at: turn.now.after(turn.terms.sandbox_step),
        })
    }

    /// When the clock moves the task out of the status that it has just come to.
    fn due_after(&self, turn: Turn) -> Option<Timestamp> {
        match self.status {
            Status::Pending => Some(self.stated.deadline),
            Status::EstimatePending => Some(turn.now.after(ESTIMATE_ANSWERED_WITHIN)),
            Status::Accepted | Status::InProgress => Some(match &self.revision {
                Some(revision) => revision.resubmit_by,
                None => self.stated.deadline.after(GRACE),
            }),
            Status::Submitted => Some(turn.now.after(JUDGED_WITHIN)),
            Status::ManualReview => Some(turn.now.after(turn.terms.auto_release)),
            Status::Completed if self.at.settled.is_none() => {
                self.at.completed.map(|at| at.after(turn.terms.hold))
            }
            Status::Completed | Status::Verified | Status::Disputed | Status::Cancelled => None,
        }
    }
}

/// The events of one move share their time and follow each other by their bits.
fn events(rule: Option<&Rule>, before: Option<Status>, turn: Turn) -> Vec<Event> {
    let announced = rule.into_iter().flat_map(|rule| rule.announces(before));
    let event = |(nth, (name, previous_status, status))| Event {
        id: EventId::new(turn.now, turn.random.wrapping_add(nth)),
        name,
        previous_status,
        status,
        at: turn.now,
    };
    (0..).zip(announced).map(event).collect()
}

impl Moved {
    /// Has a proof that was submitted reviewed by the kind of job that fits the effort.
    #[must_use]
    pub fn reviewed_with(mut self, effort: Effort) -> Self {
        for left in &mut self.jobs {
            left.job = match (left.job, effort) {
                (Job::ReviewProof { task_id }, Effort::Heavy) => Job::ReviewLargeProof { task_id },
                (job, _) => job,
            };
        }
        self
    }

    /// Tells both sides about the move, in the claim of `operator_id`.
    fn tell(mut self, operator_id: Option<OperatorId>, turn: Turn, body: String) -> Self {
        self.notices.extend(operator_id.map(|operator_id| Notice {
            id: MessageId::new(turn.now, turn.random),
            operator_id,
            body,
        }));
        self
    }

    /// Opens a dispute over the task.
    fn opens(mut self, by: DisputeOpener, reason: Option<String>, turn: Turn) -> Self {
        self.dispute = Some(DisputeChange::Opened(Opened {
            id: DisputeId::new(turn.now, turn.random),
            by,
            reason,
        }));
        self
    }
}
