//! Money: whatever is done in whatever order, the books are right to the micro-dollar
//! (contract §4).

use api_types::{MicroUsd, paths};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::json;
use server::store::ledger;

use crate::harness::TestApp;
use crate::support::{self, FreshStore, on_both_databases};
use crate::tasks::text_task;

/// Something that somebody does to one of a few tasks.
#[derive(Clone, Copy, Debug)]
enum Deed {
    Post(u32),
    Accept(usize),
    Submit(usize, bool),
    Judge,
    Verify(usize, bool),
    Cancel(usize),
}

fn deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        (10_u32..=25).prop_map(Deed::Post),
        (0_usize..4).prop_map(Deed::Accept),
        (0_usize..4, any::<bool>()).prop_map(|(nth, long)| Deed::Submit(nth, long)),
        Just(Deed::Judge),
        (0_usize..4, any::<bool>()).prop_map(|(nth, good)| Deed::Verify(nth, good)),
        (0_usize..4).prop_map(Deed::Cancel),
    ]
}

/// Does the deeds through HTTP; each is done or refused, and after each the books are right.
async fn live(store: FreshStore, deeds: &[Deed]) {
    let app = TestApp::start(store).await;
    let (agent, operator) = (app.poor_agent().await, app.operator().await);
    agent.deposit(100).await;
    let mut tasks = Vec::new();
    for deed in deeds {
        let nth = |nth: usize| tasks.get(nth).copied();
        match *deed {
            Deed::Post(dollars) => {
                let mut task = text_task(&app);
                task["reward_usd"] = json!(dollars);
                let answer = agent.post(paths::TASKS, &task).await;
                if answer.status == 201 {
                    tasks.push(answer.id("task_id"));
                }
            }
            Deed::Accept(one) => {
                if let Some(task) = nth(one) {
                    operator.post(&paths::accept_task(task), &json!({})).await;
                }
            }
            Deed::Submit(one, long) => {
                if let Some(task) = nth(one) {
                    let text = if long {
                        "It reads: open from nine."
                    } else {
                        "open"
                    };
                    let proof = json!({"confirmation_text": text});
                    operator.post(&paths::submit_proof(task), &proof).await;
                }
            }
            Deed::Judge => app.drain_jobs().await,
            Deed::Verify(one, good) => {
                if let Some(task) = nth(one) {
                    let decision = if good { "APPROVE" } else { "REJECT" };
                    agent
                        .post(&paths::verify_task(task), &json!({"decision": decision}))
                        .await;
                }
            }
            Deed::Cancel(one) => {
                if let Some(task) = nth(one) {
                    agent.post(&paths::cancel_task(task), &json!({})).await;
                }
            }
        }
        let checked = app.app.store.read(ledger::check).await.unwrap();
        assert_eq!(
            (checked.sum, checked.faults),
            (MicroUsd::ZERO, Vec::new()),
            "{deed:?}"
        );
    }
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
    let histories = proptest::collection::vec(deed(), 1..40);
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
