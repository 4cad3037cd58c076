//! Every ending of a task, to the micro-dollar (contract §4): the balances of the agent, the
//! operator and the platform.

use api_types::{MicroUsd, paths, status::Status};
use serde_json::json;
use server::domain::dispute::Award;
use server::store::ledger;

use crate::harness::TestApp;
use crate::moves::{DAY, Pair};
use crate::support::{self, FreshStore, on_both_databases};

/// Asserts the final balances: deposit, escrow, pending, available, platform.
async fn ends_with(pair: &Pair<'_>, expected: [&str; 5]) {
    let (deposit, escrow) = pair.agent.balance().await;
    let (pending, available) = pair.earned().await;
    let checked = pair.app.app.store.read(ledger::check).await.unwrap();
    let platform = checked.platform.to_string();
    assert_eq!([deposit, escrow, pending, available, platform], expected);
    assert_eq!((checked.sum, checked.faults), (MicroUsd::ZERO, Vec::new()));
}

/// Resolves a task that was completed and then disputed within the hold.
async fn resolved(store: FreshStore, award: Award, expected: [&str; 5]) {
    let app = TestApp::start(store).await;
    let pair = Pair::new(&app).await;
    pair.reach(Status::Completed).await;
    ends_with(&pair, ["970.50", "0.00", "25.00", "0.00", "4.50"]).await;
    pair.dispute().await;
    ends_with(&pair, ["970.50", "29.50", "0.00", "0.00", "0.00"]).await;
    pair.resolve(award).await;
    app.advance(7 * DAY);
    app.drain_jobs().await;
    ends_with(&pair, expected).await;
}

on_both_databases! {
    async fn a_good_proof_pays_operator_and_platform(store) {
        let app = TestApp::start(store).await;
        let pair = Pair::new(&app).await;
        pair.reach(Status::Completed).await;
        ends_with(&pair, ["970.50", "0.00", "25.00", "0.00", "4.50"]).await;
        app.advance(7 * DAY);
        app.drain_jobs().await;
        ends_with(&pair, ["970.50", "0.00", "0.00", "25.00", "4.50"]).await;
        let earnings = pair.operator.get(paths::EARNINGS).await.ok().body;
        assert_eq!(earnings["total_earned"].to_string(), "25.00");
        assert_eq!(earnings["paid_out"].to_string(), "0.00");
    }

    async fn a_cancelled_and_an_expired_task_cost_nothing(store) {
        let app = TestApp::start(store).await;
        let pair = Pair::new(&app).await;
        pair.reach(Status::Cancelled).await;
        ends_with(&pair, ["1000.00", "0.00", "0.00", "0.00", "0.00"]).await;
        let pair = Pair::new(&app).await;
        pair.reach(Status::InProgress).await;
        app.advance(2 * DAY);
        app.drain_jobs().await;
        ends_with(&pair, ["1000.00", "0.00", "0.00", "0.00", "0.00"]).await;
    }

    async fn a_dispute_that_is_refunded_gives_back_the_fee_too(store) {
        resolved(store, Award::Refund, ["1000.00", "0.00", "0.00", "0.00", "0.00"]).await;
    }

    async fn a_dispute_that_is_released_ends_as_if_it_had_not_been(store) {
        resolved(store, Award::Release, ["970.50", "0.00", "0.00", "25.00", "4.50"]).await;
    }

    async fn a_dispute_that_is_split_divides_reward_and_fee_alike(store) {
        let part = Award::Split(MicroUsd::parse("10.01", 2).unwrap());
        // 10.01 of 25.00 is 0.4004. This part of 4.50 is 1.8018, which is 1.80 in cents.
        resolved(store, part, ["988.19", "0.00", "0.00", "10.01", "1.80"]).await;
    }

    async fn a_rejected_proof_waits_for_the_host(store) {
        let app = TestApp::start(store).await;
        let pair = Pair::new(&app).await;
        pair.reach(Status::Disputed).await;
        app.advance(30 * DAY);
        app.drain_jobs().await;
        ends_with(&pair, ["970.50", "29.50", "0.00", "0.00", "0.00"]).await;
        pair.resolve(Award::Release).await;
        ends_with(&pair, ["970.50", "0.00", "25.00", "0.00", "4.50"]).await;
        app.drain_jobs().await;
    }

    async fn what_comes_back_is_not_counted_as_spent(store) {
        // A task costs ten dollars and a fee of two; the limit is twelve a day.
        let app = TestApp::start_with(store, &["--tiers", "STANDARD=10/10000/12"]).await;
        let pair = Pair::with(&app, json!({"reward_usd": 10})).await;
        pair.reach(Status::Completed).await;
        let mut body = crate::harness::photo_task(&app);
        body["reward_usd"] = json!(10);
        pair.agent.post(paths::TASKS, &body).await.refused(422, "rule_violation");
        pair.dispute().await;
        pair.resolve(Award::Refund).await;
        pair.agent.post(paths::TASKS, &body).await.created();
    }
}
