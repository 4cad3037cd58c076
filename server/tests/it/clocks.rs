//! Every deadline, one tick before and one tick after (contract §4). The clock's jobs may run late,
//! twice, or after the task has moved on.

use std::time::Duration;

use api_types::{paths, status::Status};
use serde_json::json;
use server::domain::dispute::Award;
use server::domain::job::Job;
use server::store::jobs;

use crate::harness::TestApp;
use crate::moves::{DAY, GOOD, HOUR, Pair, UNCLEAR};
use crate::support::{self, on_both_databases};

const TICK: Duration = Duration::from_millis(1);
const MINUTE: Duration = Duration::from_secs(60);

/// Asserts that nothing happens one tick before `after`, and that the status is `becomes` then.
async fn at(pair: &Pair<'_>, after: Duration, becomes: &str) {
    let app = pair.app;
    let before = pair.status().await;
    app.advance(after - TICK);
    app.drain_jobs().await;
    assert_eq!(pair.status().await, before);
    app.advance(TICK);
    app.drain_jobs().await;
    assert_eq!(pair.status().await, becomes);
}

on_both_databases! {
    async fn an_open_task_expires_at_its_deadline_with_a_full_refund(store) {
        let app = TestApp::start(store).await;
        let pair = Pair::new(&app).await;
        at(&pair, DAY, "CANCELLED").await;
        assert_eq!(pair.view().await["cancel_reason"], "EXPIRED");
        assert_eq!(pair.agent.balance().await, ("1000.00".to_owned(), "0.00".to_owned()));
    }

    async fn a_claimed_task_expires_an_hour_past_its_deadline(store) {
        let app = TestApp::start(store).await;
        let accepted = Pair::new(&app).await;
        accepted.reach(Status::Accepted).await;
        let begun = Pair::new(&app).await;
        begun.reach(Status::InProgress).await;
        at(&accepted, DAY + HOUR, "CANCELLED").await;
        assert_eq!(begun.status().await, "CANCELLED");
        assert_eq!(begun.agent.balance().await.0, "1000.00");
        assert_eq!(begun.view().await["cancel_reason"], "EXPIRED");
    }

    async fn an_unanswered_estimate_lapses_after_an_hour(store) {
        let app = TestApp::start(store).await;
        let pair = Pair::new(&app).await;
        pair.reach(Status::EstimatePending).await;
        at(&pair, HOUR, "PENDING").await;
        assert_eq!(pair.view().await["operator"], json!(null));
        // The deadline of the task is unchanged.
        at(&pair, DAY - HOUR, "CANCELLED").await;
    }

    async fn an_estimate_is_not_approved_after_its_hour_though_no_job_has_run(store) {
        let app = TestApp::start(store).await;
        let pair = Pair::new(&app).await;
        pair.reach(Status::EstimatePending).await;
        app.advance(HOUR);
        let late = pair.agent.post(&paths::approve_estimate(pair.task), &json!({})).await;
        late.refused(404, "invalid_state");
        app.drain_jobs().await;
        assert_eq!(pair.status().await, "PENDING");
    }

    async fn a_proof_is_reviewed_by_hand_when_the_guardian_is_silent_for_a_quarter(store) {
        let app = TestApp::start(store).await;
        let pair = Pair::new(&app).await;
        pair.submit(GOOD).await;
        // The Guardian's job is claimed and never completed.
        assert_eq!(app.claim_jobs(DAY).await.len(), 1);
        at(&pair, 15 * MINUTE, "MANUAL_REVIEW").await;
        app.advance(DAY);
        app.drain_jobs().await;
        assert_eq!(pair.status().await, "MANUAL_REVIEW");
    }

    async fn silence_in_review_releases_the_reward(store) {
        let app = TestApp::start(store).await;
        let pair = Pair::new(&app).await;
        pair.reach(Status::ManualReview).await;
        at(&pair, 3 * DAY, "COMPLETED").await;
        assert_eq!(pair.earned().await, ("25.00".to_owned(), "0.00".to_owned()));
    }

    async fn the_time_of_silence_is_a_setting(store) {
        let app = TestApp::start_with(store, &["--auto-release-hours", "2"]).await;
        let pair = Pair::new(&app).await;
        pair.reach(Status::ManualReview).await;
        at(&pair, 2 * HOUR, "COMPLETED").await;
    }

    async fn a_revision_that_is_not_made_in_a_day_is_disputed(store) {
        let app = TestApp::start(store).await;
        let pair = Pair::new(&app).await;
        pair.reach(Status::ManualReview).await;
        app.advance(2 * HOUR);
        let body = json!({"reason": "Which door?"});
        pair.agent.post(&paths::request_revision(pair.task), &body).await.ok();
        // The time one hour past the deadline lies within these 24 hours, and refunds nothing.
        at(&pair, DAY, "DISPUTED").await;
        assert_eq!(pair.agent.balance().await.1, "29.50");
    }

    async fn the_hold_ends_after_seven_days(store) {
        let app = TestApp::start(store).await;
        let pair = Pair::new(&app).await;
        pair.reach(Status::Completed).await;
        app.advance(7 * DAY - TICK);
        app.drain_jobs().await;
        assert_eq!(pair.earned().await, ("25.00".to_owned(), "0.00".to_owned()));
        app.advance(TICK);
        let body = json!({"reason": "Too late"});
        let late = pair.agent.post(&paths::open_dispute(pair.task), &body).await;
        late.refused(409, "invalid_state");
        app.drain_jobs().await;
        assert_eq!(pair.earned().await, ("0.00".to_owned(), "25.00".to_owned()));
        assert_eq!(pair.view().await["actions"], json!(["rate"]));
    }

    async fn a_clock_that_comes_early_twice_or_too_late_does_no_harm(store) {
        let app = TestApp::start(store).await;
        let pair = Pair::new(&app).await;
        let job = Job::MoveByClock { task_id: pair.task };
        let again = async || {
            let now = app.now();
            app.app.store.write(move |tx| jobs::enqueue(tx, &job, now)).await.unwrap();
            app.drain_jobs().await;
        };
        again().await;
        assert_eq!(pair.status().await, "PENDING");
        // The job that ran early has not lost the deadline.
        at(&pair, DAY, "CANCELLED").await;
        again().await;
        again().await;
        assert_eq!(pair.agent.balance().await.0, "1000.00");
        let pair = Pair::new(&app).await;
        pair.submit(UNCLEAR).await;
        app.drain_jobs().await;
        let job = Job::MoveByClock { task_id: pair.task };
        let now = app.now();
        app.app.store.write(move |tx| jobs::enqueue(tx, &job, now)).await.unwrap();
        app.drain_jobs().await;
        assert_eq!(pair.status().await, "MANUAL_REVIEW");
    }

    async fn a_task_leaves_one_job_for_the_clock_whatever_happens_to_it(store) {
        let app = TestApp::start(store).await;
        let pair = Pair::new(&app).await;
        for _ in 0..3 {
            pair.estimate(5).await;
            pair.operator.post(&paths::withdraw(pair.task), &json!({})).await.ok();
        }
        pair.submit(GOOD).await;
        app.drain_jobs().await;
        let count = "SELECT COUNT(*) AS n FROM job";
        let left = app.app.store.read(move |tx| tx.first(count, &[])).await.unwrap().unwrap();
        assert_eq!(left.get::<i64>("n").unwrap(), 1);
    }

    async fn what_the_host_has_released_is_held_from_its_first_completion(store) {
        let app = TestApp::start(store).await;
        let pair = Pair::new(&app).await;
        pair.reach(Status::Completed).await;
        app.advance(6 * DAY);
        pair.dispute().await;
        assert_eq!(pair.earned().await.0, "0.00");
        app.advance(3 * DAY);
        app.drain_jobs().await;
        assert_eq!(pair.status().await, "DISPUTED");
        pair.resolve(Award::Release).await;
        app.drain_jobs().await;
        assert_eq!(pair.earned().await, ("0.00".to_owned(), "25.00".to_owned()));
    }

    async fn work_that_is_done_again_is_held_again(store) {
        let app = TestApp::start(store).await;
        let pair = Pair::with(&app, json!({"deadline": "2026-03-05T12:00:00Z"})).await;
        pair.reach(Status::Completed).await;
        app.advance(6 * DAY);
        pair.dispute().await;
        let body = json!({"reason": "The hours of Sunday are missing.", "unmet_requirements": []});
        let ask = paths::request_revision(pair.task);
        pair.agent.post(&ask, &body).await.ok();
        app.advance(DAY + HOUR / 2 - HOUR);
        pair.resubmit(GOOD).await;
        app.drain_jobs().await;
        app.advance(HOUR);
        app.drain_jobs().await;
        assert_eq!(pair.earned().await, ("25.00".to_owned(), "0.00".to_owned()));
        app.advance(7 * DAY - 2 * HOUR);
        app.drain_jobs().await;
        pair.dispute().await;
        assert_eq!(pair.earned().await.0, "0.00");
    }

    async fn who_does_a_task_after_another_is_held_from_the_own_completion(store) {
        let app = TestApp::start(store).await;
        let pair = Pair::with(&app, json!({"deadline": "2026-03-05T12:00:00Z"})).await;
        pair.reach(Status::Completed).await;
        app.advance(6 * DAY);
        pair.dispute().await;
        let body = json!({"reason": "It is another shop.", "unmet_requirements": []});
        pair.agent.post(&paths::request_revision(pair.task), &body).await.ok();
        pair.operator.post(&paths::withdraw(pair.task), &json!({})).await.ok();
        assert_eq!(pair.view().await["completed_at"], json!(null));
        app.advance(4 * DAY);
        let other = Pair { operator: app.operator().await, ..pair };
        other.submit(GOOD).await;
        app.drain_jobs().await;
        assert_eq!(other.earned().await, ("25.00".to_owned(), "0.00".to_owned()));
        other.dispute().await;
    }
}
