//! The whole marketplace in one table: who may do what from where, what it pays, what it announces
//! and what it leaves for later (contract §4).
//!
//! Every caller asks this table: the methods of [`Task`](super::task::Task) before they change
//! anything, the views for the `actions` that are open to their reader, and the store for nothing,
//! because it decides nothing. Routes, the clock and the Guardian all move a task through the same
//! rows. Adding a move is adding a row, a method on `Task` and, for a person's move, a route.
//!
//! A move that has no row for a status is refused there. VERIFIED is an event on the way to
//! COMPLETED and never a resting state, so no row begins or ends in it.

use api_types::task::{Action, Status};

use super::{ledger::TransferCode, task_type};

use Actor::{Agent, Guardian, Operator};
use Status::{
    Accepted, Cancelled, Completed, Disputed, EstimatePending, InProgress, ManualReview, Pending,
    Submitted,
};

/// Who moves a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Actor {
    /// The agent that posted it.
    Agent,
    /// An operator: any for accepting, the one who claimed it for the rest.
    Operator,
    /// The judge of proofs.
    Guardian,
}

/// What can be done to a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Move {
    /// Put it on the market.
    Post,
    /// Claim it.
    Accept,
    /// Send the proof.
    Submit,
    /// The Guardian found the proof good.
    JudgeGood,
    /// The Guardian could not tell.
    JudgeUnclear,
    /// The Guardian found the proof bad.
    JudgeBad,
    /// The agent found the proof good.
    Approve,
    /// The agent found the proof bad.
    Reject,
    /// Call it off.
    Cancel,
}

/// One row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// What is done.
    pub does: Move,
    /// By whom.
    pub actor: Actor,
    /// From which statuses; none for a task that does not exist yet.
    pub from: &'static [Status],
    /// To which status.
    pub to: Status,
    /// Which transfers it causes.
    pub money: &'static [TransferCode],
    /// Which events it announces, in their order.
    pub events: &'static [&'static str],
    /// What a caller is offered it as, if it is a person's or a program's choice.
    pub action: Option<Action>,
}

/// The table.
pub const MOVES: &[Rule] = &[
    Rule {
        does: Move::Post,
        actor: Agent,
        from: &[],
        to: Pending,
        money: &[TransferCode::Hold],
        events: &["task.created"],
        action: None,
    },
    Rule {
        does: Move::Accept,
        actor: Operator,
        from: &[Pending],
        to: Accepted,
        money: &[],
        events: &["task.accepted"],
        action: Some(Action::Accept),
    },
    Rule {
        does: Move::Submit,
        actor: Operator,
        from: &[Accepted, InProgress],
        to: Submitted,
        money: &[],
        events: &["task.submitted"],
        action: Some(Action::Submit),
    },
    Rule {
        does: Move::JudgeGood,
        actor: Guardian,
        from: &[Submitted],
        to: Completed,
        money: &[TransferCode::Release, TransferCode::Fee],
        events: &["task.verified", "task.completed"],
        action: None,
    },
    Rule {
        does: Move::JudgeUnclear,
        actor: Guardian,
        from: &[Submitted],
        to: ManualReview,
        money: &[],
        events: &["task.manual_review"],
        action: None,
    },
    Rule {
        does: Move::JudgeBad,
        actor: Guardian,
        from: &[Submitted],
        to: Disputed,
        money: &[],
        events: &["task.disputed"],
        action: None,
    },
    Rule {
        does: Move::Approve,
        actor: Agent,
        from: &[Submitted, ManualReview],
        to: Completed,
        money: &[TransferCode::Release, TransferCode::Fee],
        events: &["task.completed"],
        action: Some(Action::Verify),
    },
    Rule {
        does: Move::Reject,
        actor: Agent,
        from: &[Submitted, ManualReview],
        to: Disputed,
        money: &[],
        events: &["task.disputed"],
        action: Some(Action::Verify),
    },
    Rule {
        does: Move::Cancel,
        actor: Agent,
        from: &[Pending, EstimatePending, Accepted],
        to: Cancelled,
        money: &[TransferCode::Refund],
        events: &["task.cancelled"],
        action: Some(Action::Cancel),
    },
];

/// The row of a move.
pub fn rule(does: Move) -> Option<&'static Rule> {
    MOVES.iter().find(|rule| rule.does == does)
}

/// The choices that a task in `status` leaves to `actor`, each once, in the table's order.
pub fn actions(status: Status, actor: Actor, task_type: api_types::task::TaskType) -> Vec<Action> {
    let mut open = Vec::new();
    for rule in MOVES
        .iter()
        .filter(|rule| rule.actor == actor && rule.from.contains(&status))
    {
        if let Some(action) = rule.action.filter(|action| !open.contains(action)) {
            open.push(action);
        }
    }
    // Reading the credential moves nothing, but it is what the agent came for.
    if actor == Agent && status == Completed && task_type::is_credential(task_type) {
        open.push(Action::RetrieveCredential);
    }
    open
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;

    /// Every (status, move, actor), so that the table's meaning is a file that people can review.
    #[test]
    fn the_table_expanded_is_what_was_reviewed() {
        let mut lines = String::new();
        for status in Status::ALL {
            for rule in MOVES {
                let outcome = if rule.from.contains(&status) {
                    rule.to.as_str()
                } else {
                    "refused"
                };
                let (does, actor) = (rule.does, rule.actor);
                let money: Vec<_> = match outcome {
                    "refused" => Vec::new(),
                    _ => rule.money.iter().map(|code| code.as_str()).collect(),
                };
                let row = format!("{} {does:?} by {actor:?}: {outcome}", status.as_str());
                writeln!(lines, "{row} {}", money.join(" ")).unwrap();
            }
        }
        insta::assert_snapshot!(lines.replace(" \n", "\n"));
    }

    #[test]
    fn every_move_has_one_row_and_no_row_rests_in_verified() {
        for rule_ in MOVES {
            assert_eq!(
                MOVES
                    .iter()
                    .filter(|other| other.does == rule_.does)
                    .count(),
                1
            );
            assert!(!rule_.from.contains(&Status::Verified) && rule_.to != Status::Verified);
            assert!(rule(rule_.does).is_some());
        }
    }
}
