//! Tests of what each move changes, pays, emits and schedules.

mod effects;

use serde_json::json;

use api_types::guardian::Decision;

use super::*;
use crate::domain::dispute::{Award, Ruling};
use crate::domain::estimate::EstimateTerms;
use crate::domain::job::Job;
use crate::domain::ledger::{Account, TransferCode};
use crate::domain::moves::{self, Actor, Move};
use crate::domain::sandbox::Market;

fn context(second: i64) -> MoveContext {
    let now = Timestamp::from_millis(1_770_292_800_000 + second * 1000).unwrap();
    MoveContext {
        now,
        random: u128::from(second.unsigned_abs()),
        terms: Durations::default(),
    }
}

fn posted() -> Moved {
    let body = json!({
        "title": "Read a text", "description": "…", "reward_usd": 25,
        "deadline": "2026-02-10T00:00:00Z", "proof_requirements": ["Say what it says"],
        "task_type": "CONTENT_REVIEW",
    });
    let stated = NewTask::parse(&body, context(0).now, &Default::default(), Market::Real).unwrap();
    let (id, agent) = (
        TaskId::new(context(0).now, 1),
        AgentId::new(context(0).now, 2),
    );
    Task::post(
        id,
        agent,
        stated,
        MicroUsd::from_micros(4_500_000).unwrap(),
        context(0),
    )
}

fn operator(bits: u128) -> OperatorId {
    OperatorId::new(context(0).now, bits)
}

fn result(decision: Decision) -> GuardianResult {
    let reasoning = String::from("Seen.");
    GuardianResult {
        decision,
        confidence: 95,
        reasoning,
        requirement_results: Vec::new(),
    }
}

fn submitted() -> Task {
    let accepted = posted().task.accept(operator(1), context(1)).unwrap().task;
    accepted.submit(operator(1), context(2)).unwrap().task
}

#[test]
fn posting_holds_reward_and_fee() {
    let moved = posted();
    let [hold] = moved.transfers.as_slice() else {
        panic!("{:?}", moved.transfers)
    };
    assert_eq!(
        (hold.code, hold.amount.to_string()),
        (TransferCode::Hold, "29.50".into())
    );
    assert_eq!(
        (hold.debit, hold.credit),
        (
            Account::Deposit(moved.task.agent_id),
            Account::Escrow(moved.task.id),
        )
    );
}

#[test]
fn approval_passes_through_verified_and_pays_both_sides() {
    let moved = submitted()
        .judge(result(Decision::Approve), context(3))
        .unwrap();
    let events: Vec<_> = moved
        .events
        .iter()
        .map(|event| (event.name, event.status))
        .collect();
    assert_eq!(
        events,
        [
            ("task.verified", Status::Verified),
            ("task.completed", Status::Completed),
        ]
    );
    let paid: Vec<_> = moved
        .transfers
        .iter()
        .map(|one| (one.credit, one.amount.to_string()))
        .collect();
    assert_eq!(
        paid,
        [
            (Account::Pending(operator(1)), "25.00".to_owned()),
            (Account::Platform, "4.50".to_owned()),
        ]
    );
}

#[test]
fn submit_by_another_operator_is_refused() {
    let accepted = posted().task.accept(operator(1), context(1)).unwrap().task;
    let refusal = accepted.submit(operator(2), context(2)).unwrap_err();
    assert_eq!(refusal, Refusal::NotClaimedByYou { does: Move::Submit });
}

#[test]
fn accept_after_the_deadline_is_refused() {
    let deadline = posted().task.stated.deadline;
    let late = MoveContext {
        now: deadline,
        ..context(1)
    };
    assert_eq!(
        posted().task.accept(operator(1), late).unwrap_err(),
        Refusal::Expired
    );
}

#[test]
fn cancel_refunds_everything_and_only_before_work() {
    let moved = posted().task.cancel(context(1)).unwrap();
    assert_eq!(moved.transfers[0].amount, moved.task.total());
    let refusal = submitted().cancel(context(3)).unwrap_err();
    assert_eq!(refusal, Refusal::WrongStatus { does: Move::Cancel });
}

#[test]
fn a_submitted_proof_leaves_its_review_for_later() {
    let accepted = posted().task.accept(operator(1), context(1)).unwrap().task;
    let moved = accepted.submit(operator(1), context(2)).unwrap();
    let task_id = moved.task.id;
    let left = |job, due_at| ScheduledJob { job, due_at };
    assert_eq!(
        moved.jobs,
        [
            left(Job::MoveByClock { task_id }, context(2 + 15 * 60).now),
            left(Job::ReviewProof { task_id }, context(2).now),
        ]
    );
}

const HOUR: i64 = 60 * 60;

fn estimate(minutes: u32) -> Estimate {
    Estimate {
        estimate_minutes: minutes,
        estimate_note: None,
        submitted_at: context(1).now,
        approved_at: None,
    }
}

fn posted_with(terms: EstimateTerms) -> Task {
    let mut task = posted().task;
    task.stated.estimate = terms;
    task
}

fn completed() -> Task {
    submitted()
        .judge(result(Decision::Approve), context(3))
        .unwrap()
        .task
}

fn money(moved: &Moved) -> Vec<(TransferCode, String)> {
    let transfers = moved.transfers.iter();
    transfers
        .map(|one| (one.code, one.amount.to_string()))
        .collect()
}

fn ruling(award: Award) -> Ruling {
    let note = "Looked at both sides.".to_owned();
    Ruling { award, note }
}

#[test]
fn accept_without_a_required_estimate_is_refused() {
    let task = posted_with(EstimateTerms {
        required: true,
        approved_within_minutes: None,
    });
    let refusal = task.clone().accept(operator(1), context(1)).unwrap_err();
    assert_eq!(refusal, Refusal::EstimateRequired);
    let open = moves::actions(&task, Actor::Operator, context(1).now);
    assert_eq!(open, [api_types::status::Action::Estimate]);
    let moved = task.estimate(operator(1), estimate(5), context(1)).unwrap();
    assert_eq!(moved.task.status, Status::EstimatePending);
}

#[test]
fn an_estimate_within_the_tasks_own_terms_is_approved_at_once() {
    for (minutes, status) in [(60, Status::Accepted), (61, Status::EstimatePending)] {
        let task = posted_with(EstimateTerms {
            required: false,
            approved_within_minutes: Some(60),
        });
        let moved = task
            .estimate(operator(1), estimate(minutes), context(1))
            .unwrap();
        assert_eq!(moved.task.status, status, "{minutes}");
    }
}

#[test]
fn an_estimate_is_answered_within_the_hour_or_not_at_all() {
    let waiting = posted()
        .task
        .estimate(operator(1), estimate(5), context(1))
        .unwrap()
        .task;
    let last = context(HOUR);
    assert!(waiting.clone().approve_estimate(last).is_ok());
    assert_eq!(waiting.clone().move_by_clock(last), Err(Refusal::NotDue));
    let over = context(1 + HOUR);
    let does = Move::ApproveEstimate;
    assert_eq!(
        waiting.clone().approve_estimate(over),
        Err(Refusal::WrongStatus { does })
    );
    // Moves that PENDING allows too are open in the moment before the job has run.
    assert!(waiting.clone().cancel(over).is_ok());
    let lapsed = waiting.move_by_clock(over).unwrap().task;
    assert_eq!((lapsed.status, lapsed.operator_id), (Status::Pending, None));
    assert_eq!(lapsed.due, Some(lapsed.stated.deadline));
}

#[test]
fn a_dispute_within_the_hold_takes_back_reward_and_fee() {
    let week = context(3 + 7 * 24 * HOUR);
    let before = context(3 + 7 * 24 * HOUR - 1);
    let moved = completed().dispute("Another shop".into(), before).unwrap();
    let back = [
        (TransferCode::Reclaim, "25.00".to_owned()),
        (TransferCode::ReturnFee, "4.50".to_owned()),
    ];
    assert_eq!(money(&moved), back);
    let refusal = completed()
        .dispute("Another shop".into(), week)
        .unwrap_err();
    assert_eq!(refusal, Refusal::NotDisputable);
    assert_eq!(completed().move_by_clock(before), Err(Refusal::NotDue));
    let settled = completed().move_by_clock(week).unwrap();
    assert_eq!(
        money(&settled),
        [(TransferCode::Settle, "25.00".to_owned())]
    );
    assert_eq!(
        settled.task.clone().move_by_clock(week),
        Err(Refusal::NotDue)
    );
    assert_eq!(settled.jobs, []);
}

#[test]
fn the_host_divides_what_is_disputed_and_has_the_last_word() {
    let disputed = || completed().dispute("No".into(), context(4)).unwrap().task;
    let refund = disputed()
        .resolve(&ruling(Award::Refund), context(5))
        .unwrap();
    assert_eq!(refund.task.status, Status::Cancelled);
    assert_eq!(money(&refund), [(TransferCode::Refund, "29.50".to_owned())]);
    let release = disputed()
        .resolve(&ruling(Award::Release), context(5))
        .unwrap();
    let again = release.task.clone().dispute("Still no".into(), context(6));
    assert_eq!(again, Err(Refusal::NotDisputable));
    let part = MicroUsd::usd(10);
    let split = disputed()
        .resolve(&ruling(Award::Split(part)), context(5))
        .unwrap();
    let parts = [
        (TransferCode::Release, "10.00".to_owned()),
        (TransferCode::Fee, "1.80".to_owned()),
        (TransferCode::Refund, "17.70".to_owned()),
    ];
    assert_eq!(money(&split), parts);
    // The hold starts at the first completion, and what is settled is what was released.
    let settled = split
        .task
        .move_by_clock(context(3 + 7 * 24 * HOUR))
        .unwrap();
    assert_eq!(
        money(&settled),
        [(TransferCode::Settle, "10.00".to_owned())]
    );
    let reward = MicroUsd::usd(25);
    let whole = disputed().resolve(&ruling(Award::Split(reward)), context(5));
    assert_eq!(whole, Err(Refusal::NoSplit { reward }));
}

#[test]
fn a_revision_has_a_day_of_its_own_whatever_the_deadline() {
    let review = submitted()
        .judge(result(Decision::ManualReview), context(3))
        .unwrap()
        .task;
    let late = context(71 * HOUR);
    let in_revision = review
        .request_revision("Blurred".into(), Vec::new(), late)
        .unwrap()
        .task;
    // One hour after the deadline the operator still has time.
    let end = context((71 + 24) * HOUR);
    let mut overdue = in_revision.clone();
    overdue.stated.deadline = context(2).now;
    let before = context((71 + 24) * HOUR - 1);
    assert_eq!(overdue.move_by_clock(before), Err(Refusal::NotDue));
    let lapsed = in_revision.clone().move_by_clock(end).unwrap();
    assert_eq!(lapsed.task.status, Status::Disputed);
    assert!(lapsed.transfers.is_empty());
    let resubmitted = in_revision.submit(operator(1), before).unwrap().task;
    let rejected = resubmitted
        .judge(result(Decision::Reject), before)
        .unwrap()
        .task;
    let twice = rejected.request_revision("Again".into(), Vec::new(), before);
    assert_eq!(twice, Err(Refusal::RevisedBefore));
}

#[test]
fn a_claimed_task_expires_an_hour_past_its_deadline() {
    let accepted = posted().task.accept(operator(1), context(1)).unwrap().task;
    let end = MoveContext {
        now: accepted.stated.deadline.after(GRACE),
        ..context(1)
    };
    let before = MoveContext {
        now: end.now.before(Duration::from_millis(1)),
        ..context(1)
    };
    assert!(accepted.clone().submit(operator(1), before).is_ok());
    assert!(accepted.clone().submit(operator(1), end).is_err());
    let expired = accepted.move_by_clock(end).unwrap();
    assert_eq!(expired.task.cancel_reason, Some(CancelReason::Expired));
    assert_eq!(
        money(&expired),
        [(TransferCode::Refund, "29.50".to_owned())]
    );
    assert_eq!(expired.task.accept(operator(2), end), Err(Refusal::Expired));
}

#[test]
fn an_operator_who_withdraws_leaves_nothing_behind() {
    let accepted = posted().task.accept(operator(1), context(1)).unwrap().task;
    let started = accepted.start(operator(1), context(2)).unwrap().task;
    let does = Move::Withdraw;
    let other = started.clone().withdraw(operator(2), context(3));
    assert_eq!(other, Err(Refusal::NotClaimedByYou { does }));
    let open = started.withdraw(operator(1), context(3)).unwrap().task;
    let mut fresh = posted().task;
    fresh.version = open.version;
    assert_eq!(open, fresh);
}
