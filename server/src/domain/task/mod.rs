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
mod step;
#[cfg(test)]
mod tests;

use std::time::Duration;

use api_types::{
    AgentId, KeyId, MicroUsd, OperatorId, TaskId, Timestamp,
    dispute::Resolution,
    estimate::Estimate,
    guardian::GuardianResult,
    review::{Rejection, Revision},
    status::{CancelReason, Status},
};

pub use events::Event;
pub use money::ReturnedSpend;
pub use moved::{Moved, PreviousState, Refusal, ScheduledJob, SystemMessage};

use super::new_task::NewTask;

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
