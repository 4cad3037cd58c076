//! The table of all moves: who may make which move from which status, which transfers it causes and
//! which events it emits (contract §4).
//!
//! Everything that moves a task consults this table: the methods of [`Task`] before they change
//! anything, and the views for the `actions` that their reader can take. The store does not consult
//! it, because it decides nothing. Routes, the clock, the Guardian and the host all move a task
//! through the same rows. A new move needs a row, a method on `Task` and, for a person's move, a
//! route.
//!
//! A move is refused in every status that its row does not list. A row lists the statuses; further
//! conditions, such as being the first revision, are in [`Task::may`]. VERIFIED is the status of an
//! event on the way to COMPLETED and never a stored status, so no row begins or ends in it.
//!
//! The rows of the clock are moves like all others. [`Task::due`] is the time of the next one. From
//! that time on, a move of anyone else is accepted only if it is also open after that move, whether
//! or not its job has run.

use api_types::{
    Timestamp,
    status::{Action, Status},
};

use super::{
    ledger::TransferCode::{self, Fee, Hold, Reclaim, Refund, Release, ReturnFee, Settle},
    task::Task,
    task_type,
};

use Status::{
    Accepted, Cancelled, Completed, Disputed, EstimatePending, InProgress, ManualReview, Pending,
    Submitted,
};

/// The party that moves a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Actor {
    /// The agent that posted it.
    Agent,
    /// An operator: anyone for a claim, the one who claimed the task for the rest.
    Operator,
    /// The judge of proofs.
    Guardian,
    /// The passing of time, when nobody else has moved.
    Clock,
    /// The party that runs the marketplace and makes the final decision on disputes.
    Host,
}

/// A move of a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Move {
    /// The agent puts the task on the market.
    Post,
    /// An operator claims the task for its deadline.
    Accept,
    /// An operator claims the task with an estimate; the agent decides.
    Estimate,
    /// An operator claims the task with an estimate that the agent approved in advance.
    EstimateWithin,
    /// The agent approves the estimate.
    ApproveEstimate,
    /// The agent rejects the estimate.
    RejectEstimate,
    /// The agent did not answer the estimate within an hour.
    LapseEstimate,
    /// The operator gives the task back.
    Withdraw,
    /// The operator starts the work.
    Start,
    /// The operator submits the proof.
    Submit,
    /// The Guardian approved the proof.
    JudgeGood,
    /// The Guardian could not decide.
    JudgeUnclear,
    /// The Guardian rejected the proof.
    JudgeBad,
    /// The Guardian did not answer in time.
    GiveUpJudging,
    /// The agent approves the proof.
    Approve,
    /// The agent rejects the proof.
    Reject,
    /// The agent did not answer the proof for days.
    AutoRelease,
    /// The agent asks for a better proof, once.
    RequestRevision,
    /// No better proof was submitted in time.
    LapseRevision,
    /// The agent cancels the task.
    Cancel,
    /// Nobody completed the task in time.
    Expire,
    /// The agent disputes the payment within the hold.
    Dispute,
    /// The host decides for the operator.
    ResolveRelease,
    /// The host decides for the agent.
    ResolveRefund,
    /// The host gives each a part.
    ResolveSplit,
    /// The hold has ended: what was earned can be paid out.
    Settle,
}

/// A row of the table of moves.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// The move of the row.
    pub does: Move,
    /// The party that makes it.
    pub actor: Actor,
    /// The statuses that it starts from; empty if the task does not exist yet.
    pub from: &'static [Status],
    /// The status that it leads to.
    pub to: Status,
    /// The transfers that it causes.
    pub money: &'static [TransferCode],
    /// The events that it emits, in their order.
    pub events: &'static [&'static str],
    /// The action that callers are offered, if the move is a choice of a person or a program.
    pub action: Option<Action>,
}

impl Rule {
    /// Returns the events in their order, each with the status of the task before it and after it.
    /// The Guardian's approval emits VERIFIED before the task is COMPLETED.
    pub fn announces(
        &self,
        mut before: Option<Status>,
    ) -> impl Iterator<Item = (&'static str, Option<Status>, Status)> + use<> {
        let to = self.to;
        self.events.iter().map(move |event| {
            let after = match *event {
                "task.verified" => Status::Verified,
                _ => to,
            };
            (*event, before.replace(after), after)
        })
    }
}

/// Builds the table, one row per move: actor, move, statuses before, status after, transfers,
/// events, and the action under which it is offered.
macro_rules! table {
    ($($actor:ident $does:ident [$($from:ident)*] -> $to:ident [$($money:ident)*]
        [$($event:literal)*] $(as $action:ident)?;)*) => {
        &[$(Rule {
            does: Move::$does,
            actor: Actor::$actor,
            from: &[$($from),*],
            to: $to,
            money: &[$($money),*],
            events: &[$($event),*],
            action: table!(@action $($action)?),
        }),*]
    };
    (@action) => { None };
    (@action $action:ident) => { Some(Action::$action) };
}

/// The table of moves.
pub const MOVES: &[Rule] = table! {
    Agent    Post            []          -> Pending [Hold] ["task.created"];
    Operator Accept          [Pending]   -> Accepted [] ["task.accepted"] as Accept;
    Operator Estimate        [Pending]   -> EstimatePending [] ["task.estimate_submitted"]
        as Estimate;
    Operator EstimateWithin  [Pending]   -> Accepted [] ["task.accepted"] as Estimate;
    Agent    ApproveEstimate [EstimatePending] -> Accepted [] ["task.accepted"] as ApproveEstimate;
    Agent    RejectEstimate  [EstimatePending] -> Pending [] ["task.estimate_rejected"]
        as RejectEstimate;
    Clock    LapseEstimate   [EstimatePending] -> Pending [] ["task.estimate_expired"];
    Operator Withdraw        [EstimatePending Accepted InProgress] -> Pending []
        ["task.withdrawn"] as Withdraw;
    Operator Start           [Accepted]  -> InProgress [] ["task.started"] as Start;
    Operator Submit          [Accepted InProgress] -> Submitted [] ["task.submitted"] as Submit;
    Guardian JudgeGood       [Submitted] -> Completed [Release Fee]
        ["task.verified" "task.completed"];
    Guardian JudgeUnclear    [Submitted] -> ManualReview [] ["task.manual_review"];
    Guardian JudgeBad        [Submitted] -> Disputed [] ["task.disputed"];
    Clock    GiveUpJudging   [Submitted] -> ManualReview [] ["task.manual_review"];
    Agent    Approve         [Submitted ManualReview] -> Completed [Release Fee]
        ["task.completed"] as Verify;
    Agent    Reject          [Submitted ManualReview] -> Disputed [] ["task.disputed"] as Verify;
    Clock    AutoRelease     [ManualReview] -> Completed [Release Fee] ["task.completed"];
    Agent    RequestRevision [ManualReview Disputed] -> InProgress []
        ["task.revision_requested"] as RequestRevision;
    Clock    LapseRevision   [InProgress] -> Disputed [] ["task.disputed"];
    Agent    Cancel          [Pending EstimatePending Accepted] -> Cancelled [Refund]
        ["task.cancelled"] as Cancel;
    Clock    Expire          [Pending Accepted InProgress] -> Cancelled [Refund]
        ["task.cancelled"];
    Agent    Dispute         [Completed] -> Disputed [Reclaim ReturnFee] ["task.disputed"]
        as Dispute;
    Host     ResolveRelease  [Disputed]  -> Completed [Release Fee] ["task.completed"];
    Host     ResolveRefund   [Disputed]  -> Cancelled [Refund] ["task.cancelled"];
    Host     ResolveSplit    [Disputed]  -> Completed [Release Fee Refund] ["task.completed"];
    Clock    Settle          [Completed] -> Completed [Settle] ["task.settled"];
};

/// Returns the row of a move.
pub fn rule(does: Move) -> Option<&'static Rule> {
    MOVES.iter().find(|rule| rule.does == does)
}

/// Returns the actions that `actor` can take on `task` now, each once, in the order of the table.
/// An operator means the one who claimed the task, or anyone while it is open.
pub fn actions(task: &Task, actor: Actor, now: Timestamp) -> Vec<Action> {
    let mut open = Vec::new();
    for rule in MOVES.iter().filter(|rule| rule.actor == actor) {
        if let Some(action) = rule.action
            && !open.contains(&action)
            && task.may(rule.does, now).is_ok()
        {
            open.push(action);
        }
    }
    // These actions are not moves, but readers look for them here.
    if task.allows_messages() {
        open.push(Action::Message);
    }
    if task.status == Completed {
        open.push(Action::Rate);
        if actor == Actor::Agent && task_type::is_credential(task.stated.task_type) {
            open.push(Action::RetrieveCredential);
        }
    }
    open
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;

    /// Every combination of status and move with its actor, as a file that people can review.
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
            let same = MOVES.iter().filter(|other| other.does == rule_.does);
            assert_eq!(same.count(), 1);
            assert!(!rule_.from.contains(&Status::Verified) && rule_.to != Status::Verified);
            assert!(rule(rule_.does).is_some());
        }
    }

    #[test]
    fn no_row_leaves_a_status_that_nothing_leads_out_of_but_the_last_two() {
        for status in Status::ALL {
            let is_reached = MOVES.iter().any(|rule| rule.to == status);
            let is_left = MOVES
                .iter()
                .any(|rule| rule.from.contains(&status) && rule.to != status);
            let is_last = status == Cancelled || status == Status::Verified;
            assert_eq!(is_left, !is_last, "{status:?}");
            assert_eq!(is_reached, status != Status::Verified, "{status:?}");
        }
    }
}
