//! The result of a move: everything that `store/moves.rs` writes, or the reason of a refusal.

use api_types::{
    DisputeId, MessageId, MicroUsd, OperatorId, Timestamp, dispute::DisputeOpener, status::Status,
};

use super::{Event, MoveContext, ReturnedSpend, Task};
use crate::domain::{
    dispute::{DisputeChange, NewDispute},
    job::Job,
    ledger::Transfer,
    moves::Move,
    picture::ReviewLoad,
    webhook::NewDelivery,
};

/// A message of the marketplace to both sides about a move.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SystemMessage {
    /// The id of the message.
    pub id: MessageId,
    /// The operator whose claim it concerns, and who may therefore read it.
    pub operator_id: OperatorId,
    /// The text, a sentence or two.
    pub body: String,
}

/// A job that a move schedules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScheduledJob {
    /// The job to run.
    pub job: Job,
    /// When it becomes due.
    pub due_at: Timestamp,
}

/// The status and version of a task before a move.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PreviousState {
    /// The status before the move.
    pub status: Status,
    /// The version before the move.
    pub version: i64,
}

/// The result of a move, written in one transaction.
#[derive(Clone, Debug, PartialEq)]
pub struct Moved {
    /// The task after the move.
    pub task: Task,
    /// When the move was made.
    pub at: Timestamp,
    /// The state before the move; `None` if the task is new.
    pub before: Option<PreviousState>,
    /// The events to emit, in order.
    pub events: Vec<Event>,
    /// The deliveries of these events to the task's callback, in order.
    pub deliveries: Vec<NewDelivery>,
    /// The transfers that the move causes.
    pub transfers: Vec<Transfer>,
    /// The spending that the move gives back to the agent's daily limit, if any.
    pub returned_spend: Option<ReturnedSpend>,
    /// The jobs that the move schedules.
    pub jobs: Vec<ScheduledJob>,
    /// The messages to both sides.
    pub notices: Vec<SystemMessage>,
    /// The change to the disputes over the task, if any.
    pub dispute: Option<DisputeChange>,
}

/// Why a move is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The table has no row for this move from this status.
    WrongStatus {
        /// The refused move.
        does: Move,
    },
    /// Another operator claimed the task, or nobody has.
    NotClaimedByYou {
        /// The refused move.
        does: Move,
    },
    /// The deadline has passed.
    Expired,
    /// The task can be claimed only with an estimate.
    EstimateRequired,
    /// The agent has already asked for a better proof.
    RevisedBefore,
    /// The hold has ended, or the host has already decided.
    NotDisputable,
    /// The operator's part is not more than zero and less than the reward.
    NoSplit {
        /// The reward of the task.
        reward: MicroUsd,
    },
    /// The clock's next move is not due.
    NotDue,
}

impl Moved {
    /// Selects the kind of review job that fits the effort, if the move submitted a proof.
    #[must_use]
    pub fn with_review_load(mut self, effort: ReviewLoad) -> Self {
        for scheduled in &mut self.jobs {
            scheduled.job = match (scheduled.job, effort) {
                (Job::ReviewProof { task_id }, ReviewLoad::Heavy) => {
                    Job::ReviewLargeProof { task_id }
                }
                (job, _) => job,
            };
        }
        self
    }

    /// Adds a message to both sides about the move, within the claim of `operator_id`.
    pub(super) fn notify(
        mut self,
        operator_id: Option<OperatorId>,
        context: MoveContext,
        body: String,
    ) -> Self {
        self.notices
            .extend(operator_id.map(|operator_id| SystemMessage {
                id: MessageId::new(context.now, context.random),
                operator_id,
                body,
            }));
        self
    }

    /// Opens a dispute over the task.
    pub(super) fn open_dispute(
        mut self,
        by: DisputeOpener,
        reason: Option<String>,
        context: MoveContext,
    ) -> Self {
        self.dispute = Some(DisputeChange::Opened(NewDispute {
            id: DisputeId::new(context.now, context.random),
            by,
            reason,
        }));
        self
    }
}
