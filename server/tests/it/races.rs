//! Two who move one task at the same moment: one outcome, and money that agrees with it
//! (contract §4). The dropped `TestApp` checks the books.

use api_types::{paths, task::Status};
use serde_json::json;
use server::jobs::runner;

use crate::harness::TestApp;
use crate::moves::{DAY, GOOD, Pair};
use crate::support::{self, on_both_databases};

/// How often each race is run; who wins is not for us to say.
const ROUNDS: usize = 6;

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
                (200, 404 | 409, "ACCEPTED") => assert_eq!(escrow, "29.50"),
                other => panic!("{other:?}"),
            }
        }
    }

    async fn approval_against_the_clock_has_one_outcome(store) {
        let app = TestApp::start(store).await;
        for _ in 0..ROUNDS {
            let pair = Pair::new(&app).await;
            pair.reach(Status::ManualReview).await;
            app.advance(3 * DAY);
            let verify = paths::verify_task(pair.task);
            let verdict = json!({"decision": "REJECT"});
            let (rejected, drained) =
                tokio::join!(pair.agent.post(&verify, &verdict), runner::drain(&app.app));
            drained.unwrap();
            app.drain_jobs().await;
            // The time of silence is over: the proof counts as good, whoever comes first.
            assert!([404, 409].contains(&rejected.status), "{}", rejected.status);
            assert_eq!(pair.status().await, "COMPLETED");
            assert_eq!(pair.earned().await.0, "25.00");
        }
    }

    async fn approval_against_the_guardian_pays_once(store) {
        let app = TestApp::start(store).await;
        for _ in 0..ROUNDS {
            let pair = Pair::new(&app).await;
            pair.submit(GOOD).await;
            let verify = paths::verify_task(pair.task);
            let verdict = json!({"decision": "APPROVE"});
            let (approved, drained) =
                tokio::join!(pair.agent.post(&verify, &verdict), runner::drain(&app.app));
            drained.unwrap();
            app.drain_jobs().await;
            assert!([200, 404, 409].contains(&approved.status), "{}", approved.status);
            assert_eq!(pair.status().await, "COMPLETED");
            assert_eq!(pair.earned().await.0, "25.00");
            assert_eq!(pair.agent.balance().await, ("970.50".to_owned(), "0.00".to_owned()));
        }
    }

    async fn submission_against_expiry_has_one_outcome(store) {
        let app = TestApp::start(store).await;
        for _ in 0..ROUNDS {
            let pair = Pair::new(&app).await;
            pair.operator.accept(pair.task).await;
            app.advance(DAY + DAY / 24);
            let (submit, proof) = (paths::submit_proof(pair.task), json!({"confirmation_text": GOOD}));
            let (submitted, drained) =
                tokio::join!(pair.operator.post(&submit, &proof), runner::drain(&app.app));
            drained.unwrap();
            app.drain_jobs().await;
            assert_eq!(submitted.status, 404);
            assert_eq!(pair.status().await, "CANCELLED");
            assert_eq!(pair.agent.balance().await.0, "1000.00");
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
                (200, 404 | 409, "COMPLETED") => assert_eq!(earned, "25.00"),
                (404 | 409, 200, "DISPUTED") => assert_eq!(earned, "0.00"),
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
