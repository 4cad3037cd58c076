//! The whole marketplace in one table: who may do what from where, what it pays, what it announces
//! and what it leaves for later (contract §4).
//!
//! Every caller asks this table: the methods of [`Task`] before they change anything, the views for
//! the `actions` that are open to their reader, and the store for nothing, because it decides
//! nothing. Routes, the clock, the Guardian and the host all move a task through the same rows.
//! Adding a move is adding a row, a method on `Task` and, for a person's move, a route.
//!
//! A move that has no row for a status is refused there. A row says what a status allows; what a
//! move wants beside the status, such as being the first revision, is in [`Task::may`]. VERIFIED is
//! an event on the way to COMPLETED and never a resting state, so no row begins or ends in it.
//!
//! The clock's rows are moves like all others. [`Task::due`] says when the next of them is made,
//! and from that moment on the others are refused, whether or not its job has run.

use api_types::{
    Timestamp,
    task::{Action, Status},
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

/// Who moves a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Actor {
    /// The agent that posted it.
    Agent,
    /// An operator: any for claiming, the one who claimed it for the rest.
    Operator,
    /// The judge of proofs.
    Guardian,
    /// Time itself, when nobody else has moved.
    Clock,
    /// Who runs the marketplace, and has the last word on disputes.
    Host,
}

/// What can be done to a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Move {
    /// Put it on the market.
    Post,
    /// Claim it, for its deadline.
    Accept,
    /// Claim it and say how long it will take; the agent decides.
    Estimate,
    /// The same within what the agent approved beforehand.
    EstimateWithin,
    /// The agent takes the estimate.
    ApproveEstimate,
    /// The agent does not.
    RejectEstimate,
    /// The agent said nothing for an hour.
    LapseEstimate,
    /// The operator gives it back.
    Withdraw,
    /// The operator begins.
    Start,
    /// Send the proof.
    Submit,
    /// The Guardian found the proof good.
    JudgeGood,
    /// The Guardian could not tell.
    JudgeUnclear,
    /// The Guardian found the proof bad.
    JudgeBad,
    /// The Guardian did not answer in time.
    GiveUpJudging,
    /// The agent found the proof good.
    Approve,
    /// The agent found the proof bad.
    Reject,
    /// The agent said nothing about the proof for days.
    AutoRelease,
    /// The agent asks for a better proof, once.
    RequestRevision,
    /// No better proof came.
    LapseRevision,
    /// Call it off.
    Cancel,
    /// Nobody did it in time.
    Expire,
    /// The agent objects after it was paid, within the hold.
    Dispute,
    /// The host finds for the operator.
    ResolveRelease,
    /// The host finds for the agent.
    ResolveRefund,
    /// The host gives each a part.
    ResolveSplit,
    /// The hold is over: what was earned can be paid out.
    Settle,
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

impl Rule {
    /// What it announces, in order: each event with where the task stood before it and stands after
    /// it. The Guardian's approval is announced as VERIFIED before the task is COMPLETED.
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

/// A row a line: who does what from where to where, which money moves, which events are announced,
/// and what it is offered as.
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

/// The table.
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

/// The row of a move.
pub fn rule(does: Move) -> Option<&'static Rule> {
    MOVES.iter().find(|rule| rule.does == does)
}

/// The choices that `task` leaves to `actor` now, each once, in the table's order. Of an operator
/// it is asked for the one who claimed the task, or for any while it is open.
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
    // These move nothing, but they are what one comes for.
    if task.can_be_talked_about() {
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
