//! Money: whatever is done in whatever order, the books are right to the micro-dollar
//! (contract §4).

use std::time::Duration;

use api_types::{AgentId, MicroUsd, OperatorId, TaskId, paths};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::json;
use server::domain::dispute::{Award, Ruling};
use server::store::{ledger, moves, tasks};

use crate::harness::{Caller, TestApp};
use crate::moves::{GOOD, HOUR, UNCLEAR};
use crate::support::{self, FreshStore, on_both_databases};
use crate::tasks::text_task;

/// Two deeds are never done at the same moment.
const TICK: Duration = Duration::from_millis(1);

/// Something that somebody does to one of a few tasks, or time that passes.
#[derive(Clone, Copy, Debug)]
enum Deed {
    Post(u32),
    Accept(usize),
    Estimate(usize),
    AnswerEstimate(usize, bool),
    Withdraw(usize),
    Submit(usize, bool),
    Judge,
    /// Accepted, submitted and judged in one go, so that many histories come to their end.
    Complete(usize),
    Verify(usize, bool),
    Revise(usize),
    Dispute(usize),
    Resolve(usize, u32),
    Cancel(usize),
    Wait(u32),
}

fn deed() -> impl Strategy<Value = Deed> {
    let one = 0_usize..3;
    prop_oneof![
        3 => (10_u32..=25).prop_map(Deed::Post),
        3 => one.clone().prop_map(Deed::Accept),
        1 => one.clone().prop_map(Deed::Estimate),
        1 => (one.clone(), any::<bool>()).prop_map(|(nth, yes)| Deed::AnswerEstimate(nth, yes)),
        1 => one.clone().prop_map(Deed::Withdraw),
        3 => (one.clone(), any::<bool>()).prop_map(|(nth, long)| Deed::Submit(nth, long)),
        3 => Just(Deed::Judge),
        4 => one.clone().prop_map(Deed::Complete),
        2 => (one.clone(), any::<bool>()).prop_map(|(nth, good)| Deed::Verify(nth, good)),
        1 => one.clone().prop_map(Deed::Revise),
        3 => one.clone().prop_map(Deed::Dispute),
        3 => (one.clone(), 0_u32..=26).prop_map(|(nth, part)| Deed::Resolve(nth, part)),
        1 => one.prop_map(Deed::Cancel),
        2 => (1_u32..=200).prop_map(Deed::Wait),
    ]
}

/// One agent, one operator, a few tasks.
struct Life<'a> {
    app: &'a TestApp,
    agent: Caller<'a, AgentId>,
    operator: Caller<'a, OperatorId>,
    tasks: Vec<TaskId>,
}

impl Life<'_> {
    /// Does a deed, or is refused; either is right, whatever came before.
    async fn does(&mut self, deed: Deed) {
        match deed {
            Deed::Post(dollars) => return self.post(dollars).await,
            Deed::Judge => return self.app.drain_jobs().await,
            Deed::Wait(hours) => {
                self.app.advance(HOUR * hours);
                return self.app.drain_jobs().await;
            }
            _ => {}
        }
        let (Deed::Accept(nth)
        | Deed::Estimate(nth)
        | Deed::AnswerEstimate(nth, _)
        | Deed::Withdraw(nth)
        | Deed::Submit(nth, _)
        | Deed::Complete(nth)
        | Deed::Verify(nth, _)
        | Deed::Revise(nth)
        | Deed::Dispute(nth)
        | Deed::Resolve(nth, _)
        | Deed::Cancel(nth)) = deed
        else {
            unreachable!("{deed:?}")
        };
        if let Some(task) = self.tasks.get(nth).copied() {
            self.does_to(deed, task).await;
        }
    }

    async fn post(&mut self, dollars: u32) {
        let mut task = text_task(self.app);
        task["reward_usd"] = json!(dollars);
        let answer = self.agent.post(paths::TASKS, &task).await;
        if answer.status == 201 {
            self.tasks.insert(0, answer.id("task_id"));
        }
    }

    async fn does_to(&self, deed: Deed, task: TaskId) {
        let (agent, operator, nothing) = (&self.agent, &self.operator, json!({}));
        let reason = json!({"reason": "Look again"});
        let answer = match deed {
            Deed::Accept(_) => operator.post(&paths::accept_task(task), &nothing).await,
            Deed::Estimate(_) => {
                let body = json!({"estimate_minutes": 5});
                operator.post(&paths::give_estimate(task), &body).await
            }
            Deed::AnswerEstimate(_, true) => {
                agent.post(&paths::approve_estimate(task), &nothing).await
            }
            Deed::AnswerEstimate(_, false) => {
                agent.post(&paths::reject_estimate(task), &nothing).await
            }
            Deed::Withdraw(_) => operator.post(&paths::withdraw(task), &nothing).await,
            Deed::Submit(_, long) => {
                let text = if long { GOOD } else { UNCLEAR };
                let body = json!({"confirmation_text": text});
                operator.post(&paths::submit_proof(task), &body).await
            }
            Deed::Complete(_) => {
                operator.post(&paths::accept_task(task), &nothing).await;
                let body = json!({"confirmation_text": GOOD});
                let submitted = operator.post(&paths::submit_proof(task), &body).await;
                self.app.drain_jobs().await;
                submitted
            }
            Deed::Verify(_, good) => {
                let body = json!({"decision": if good { "APPROVE" } else { "REJECT" }});
                agent.post(&paths::verify_task(task), &body).await
            }
            Deed::Revise(_) => agent.post(&paths::request_revision(task), &reason).await,
            Deed::Dispute(_) => agent.post(&paths::open_dispute(task), &reason).await,
            Deed::Cancel(_) => agent.post(&paths::cancel_task(task), &nothing).await,
            Deed::Resolve(_, part) => return self.resolve(task, part).await,
            Deed::Post(_) | Deed::Judge | Deed::Wait(_) => unreachable!("{deed:?}"),
        };
        assert!(answer.status < 500, "{deed:?}: {answer:?}");
    }

    /// The host decides: nothing, everything, or this many dollars for the operator.
    async fn resolve(&self, task: TaskId, part: u32) {
        let award = match part {
            0 => Award::Refund,
            26 => Award::Release,
            part => Award::Split(MicroUsd::usd(part)),
        };
        let (note, turn) = ("Heard.".to_owned(), self.app.app.turn());
        let ruling = Ruling { award, note };
        let resolved = self.app.app.store.write(move |tx| {
            match tasks::get(tx, task)?.unwrap().resolve(&ruling, turn) {
                Ok(moved) => moves::record(tx, &moved),
                Err(_) => Ok(()),
            }
        });
        resolved.await.unwrap();
    }
}

/// Does the deeds through HTTP; each is done or refused, and after each the books are right.
async fn live(store: FreshStore, deeds: &[Deed]) {
    let app = TestApp::start(store).await;
    let (agent, operator) = (app.poor_agent().await, app.operator().await);
    agent.deposit(100).await;
    let mut life = Life {
        app: &app,
        agent,
        operator,
        tasks: Vec::new(),
    };
    for deed in deeds {
        life.does(*deed).await;
        app.advance(TICK);
        let checked = app.app.store.read(ledger::check).await.unwrap();
        assert_eq!(
            (checked.sum, checked.faults),
            (MicroUsd::ZERO, Vec::new()),
            "{deed:?}"
        );
    }
    app.advance(HOUR * 24 * 40);
    app.drain_jobs().await;
}

#[test]
fn random_histories_keep_the_books_right() {
    // A fixed seed and few cases: every history is a real server and a real database.
    let config = Config {
        cases: 12,
        failure_persistence: None,
        ..Config::default()
    };
    let mut runner = TestRunner::new_with_rng(
        config,
        proptest::test_runner::TestRng::deterministic_rng(
            proptest::test_runner::RngAlgorithm::ChaCha,
        ),
    );
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    let histories = proptest::collection::vec(deed(), 1..60);
    runner
        .run(&histories, |deeds| {
            runtime.block_on(live(support::on_sqlite(), &deeds));
            runtime.block_on(live(support::on_postgres(), &deeds));
            Ok(())
        })
        .unwrap();
}

on_both_databases! {
    async fn posts_at_once_never_spend_the_same_money(store) {
        let app = TestApp::start(store).await;
        let agent = app.poor_agent().await;
        agent.deposit(100).await;
        let task = text_task(&app);
        let posts = (0..10).map(|_| agent.post(paths::TASKS, &task));
        let answers = futures_util::future::join_all(posts).await;
        // Each takes 29.50 of 100.
        assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 3);
        assert_eq!(answers.iter().filter(|answer| answer.status == 402).count(), 7);
        assert_eq!(agent.balance().await, ("11.50".to_owned(), "88.50".to_owned()));
    }
}
