//! Concurrent moves of one task have one outcome, and the ledger agrees with it (contract §4). The
//! dropped `TestApp` checks the ledger.

use std::time::Duration;

use api_types::{paths, status::Status};
use serde_json::json;
use server::store::Tx;

use crate::harness::TestApp;
use crate::moves::{DAY, GOOD, Pair};
use crate::support::{self, on_both_databases};

/// How often each race is run. The winner is random.
const ROUNDS: usize = 6;

/// Advances the clock while a request is in progress, a little later in each round, and makes the
/// moves that are due by then.
async fn time_passes(app: &TestApp, by: Duration, round: usize) {
    for _ in 0..round {
        let glance = |tx: &mut Tx<'_>| tx.first("SELECT 1 AS one", &[]).map(drop);
        app.app.store.read(glance).await.unwrap();
    }
    app.advance(by);
    app.drain_jobs().await;
    app.drain_jobs().await;
}

on_both_databases! {
    async fn accept_against_cancel_has_one_outcome(store) {
        let app = TestApp::start(store).await;
        for _ in 0..ROUNDS {
            let pair = Pair::new(&app).await;
            let (accept, cancel) = (paths::accept_task(pair.task), paths::cancel_task(pair.task));
            let empty = json!({});
            let (accepted, cancelled) = tokio::join!(
                pair.operator.post(&accept, &empty),
                pair.agent.post(&cancel, &empty),
            );
            let escrow = pair.agent.balance().await.1;
            match (accepted.status, cancelled.status, pair.status().await.as_str()) {
                // An accepted task may be cancelled; a cancelled one may not be accepted.
                (200 | 404, 200, "CANCELLED") => assert_eq!(escrow, "0.00"),
                other => panic!("{other:?}"),
            }
        }
    }

    async fn a_race_that_stays_lost_is_passing_and_not_kept_under_its_key(store) {
        let app = TestApp::start(store).await;
        let pair = Pair::new(&app).await;
        let (cancel, empty) = (paths::cancel_task(pair.task), json!({}));
        // Every update of a task affects no row, as if another transaction were always faster.
        let (lose, win) = match app.app.store.is_shared() {
            true => (
                "CREATE RULE nobody AS ON UPDATE TO task DO INSTEAD NOTHING",
                "DROP RULE nobody ON task",
            ),
            false => (
                "CREATE TRIGGER nobody BEFORE UPDATE ON task BEGIN SELECT RAISE(IGNORE); END",
                "DROP TRIGGER nobody",
            ),
        };
        app.app.store.write(|tx| tx.execute(lose, &[])).await.unwrap();
        let lost = pair.agent.post_once(&cancel, "k", &empty).await;
        lost.refused(503, "unavailable");
        assert_eq!(lost.body["retryable"], true);
        assert_eq!(lost.header("retry-after"), "1");
        app.app.store.write(|tx| tx.execute(win, &[])).await.unwrap();
        let again = pair.agent.post_once(&cancel, "k", &empty).await.ok();
        assert_eq!(again.header("idempotent-replayed"), "");
        assert_eq!(pair.status().await, "CANCELLED");
    }

    async fn one_submission_id_for_two_tasks_at_once_is_taken_for_one(store) {
        let app = TestApp::start(store).await;
        for round in 0..ROUNDS {
            let one = Pair::new(&app).await;
            let other = one.agent.post_confirmation_task().await;
            let proof = json!({"confirmation_text": GOOD, "submission_id": format!("submission-{round}")});
            for task in [one.task, other] {
                one.operator.accept(task).await;
            }
            let paths = [one.task, other].map(paths::submit_proof);
            let (first, second) = tokio::join!(
                one.operator.post(&paths[0], &proof),
                one.operator.post(&paths[1], &proof),
            );
            let mut answered = [first.status, second.status];
            answered.sort_unstable();
            assert_eq!(answered, [200, 400], "{} {}", first.body, second.body);
        }
        app.drain_jobs().await;
    }

    async fn a_verdict_against_the_release_by_the_clock_has_one_outcome(store) {
        let app = TestApp::start(store).await;
        for round in 0..ROUNDS * 2 {
            let pair = Pair::new(&app).await;
            pair.reach(Status::ManualReview).await;
            let decision = if round % 2 == 0 { "REJECT" } else { "APPROVE" };
            let verify = paths::verify_task(pair.task);
            let verdict = json!({"decision": decision});
            let (judged, ()) = tokio::join!(
                pair.agent.post(&verify, &verdict),
                time_passes(&app, 3 * DAY, round / 2),
            );
            let earned = pair.earned().await.0;
            match (judged.status, decision, pair.status().await.as_str()) {
                // The agent's decision is in time, or it is too late and the proof is accepted.
                (200, "REJECT", "DISPUTED") => assert_eq!(earned, "0.00"),
                (200, "APPROVE", "COMPLETED") | (404, _, "COMPLETED") => {
                    assert_eq!(earned, "25.00");
                }
                other => panic!("{other:?}"),
            }
        }
    }

    async fn an_approved_estimate_against_its_hour_has_one_outcome(store) {
        let app = TestApp::start(store).await;
        for round in 0..ROUNDS {
            let pair = Pair::new(&app).await;
            let estimate = json!({"estimate_minutes": 30});
            pair.operator.post(&paths::give_estimate(pair.task), &estimate).await.ok();
            let (approve, empty) = (paths::approve_estimate(pair.task), json!({}));
            let (approved, ()) = tokio::join!(
                pair.agent.post(&approve, &empty),
                time_passes(&app, DAY / 24, round),
            );
            match (approved.status, pair.status().await.as_str()) {
                (200, "ACCEPTED") | (404, "PENDING") => {}
                other => panic!("{other:?}"),
            }
            assert_eq!(pair.agent.balance().await.1, "29.50");
        }
    }

    async fn approval_against_the_guardian_pays_once(store) {
        let app = TestApp::start(store).await;
        for _ in 0..ROUNDS {
            let pair = Pair::new(&app).await;
            pair.submit(GOOD).await;
            let verify = paths::verify_task(pair.task);
            let verdict = json!({"decision": "APPROVE"});
            let (approved, ()) =
                tokio::join!(pair.agent.post(&verify, &verdict), app.drain_jobs());
            app.drain_jobs().await;
            assert!([200, 404].contains(&approved.status), "{}", approved.status);
            assert_eq!(pair.status().await, "COMPLETED");
            assert_eq!(pair.earned().await.0, "25.00");
            assert_eq!(pair.agent.balance().await, ("970.50".to_owned(), "0.00".to_owned()));
        }
    }

    async fn submission_against_expiry_has_one_outcome(store) {
        let app = TestApp::start(store).await;
        for round in 0..ROUNDS {
            let pair = Pair::new(&app).await;
            pair.operator.accept(pair.task).await;
            let (submit, proof) = (paths::submit_proof(pair.task), json!({"confirmation_text": GOOD}));
            let (submitted, ()) = tokio::join!(
                pair.operator.post(&submit, &proof),
                time_passes(&app, DAY + DAY / 24, round),
            );
            match (submitted.status, pair.status().await.as_str()) {
                (200, "COMPLETED") => assert_eq!(pair.earned().await.0, "25.00"),
                // In the same hours the Guardian's time limit passes too.
                (200, "MANUAL_REVIEW") => assert_eq!(pair.agent.balance().await.1, "29.50"),
                (404 | 410, "CANCELLED") => assert_eq!(pair.agent.balance().await.0, "1000.00"),
                other => panic!("{other:?}"),
            }
        }
    }

    async fn two_verdicts_at_once_have_one_outcome(store) {
        let app = TestApp::start(store).await;
        for _ in 0..ROUNDS {
            let pair = Pair::new(&app).await;
            pair.reach(Status::ManualReview).await;
            let verify = paths::verify_task(pair.task);
            let (good, bad) = (json!({"decision": "APPROVE"}), json!({"decision": "REJECT"}));
            let (approved, rejected) = tokio::join!(
                pair.agent.post(&verify, &good),
                pair.agent.post(&verify, &bad),
            );
            let earned = pair.earned().await.0;
            match (approved.status, rejected.status, pair.status().await.as_str()) {
                (200, 404, "COMPLETED") => assert_eq!(earned, "25.00"),
                (404, 200, "DISPUTED") => assert_eq!(earned, "0.00"),
                other => panic!("{other:?}"),
            }
        }
    }

    async fn one_of_two_estimates_wins(store) {
        let app = TestApp::start(store).await;
        let pair = Pair::new(&app).await;
        let other = app.operator().await;
        let (path, body) = (paths::give_estimate(pair.task), json!({"estimate_hours": 1}));
        let (one, two) =
            tokio::join!(pair.operator.post(&path, &body), other.post(&path, &body));
        let mut answered = [one.status, two.status];
        answered.sort_unstable();
        assert_eq!(answered, [200, 404]);
    }
}
