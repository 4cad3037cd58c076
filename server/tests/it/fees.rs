//! Fees of tasks, and the daily limits of an agent (contract §3, §4).

use std::time::Duration;

use api_types::{AgentId, paths};
use serde_json::json;

use crate::harness::{Answer, Caller, TestApp, photo_task};
use crate::support::{self, on_both_databases};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Posts a photo task with this reward.
async fn post(agent: &Caller<'_, AgentId>, reward: &str) -> Answer {
    let mut task = photo_task(agent.app);
    task["reward_usd"] = json!(reward);
    agent.post(paths::TASKS, &task).await
}

/// Posts a task with this reward, and returns its fee as printed.
async fn fee(agent: &Caller<'_, AgentId>, reward: &str) -> String {
    let posted = post(agent, reward).await.created();
    posted.body["platform_fee"].to_string()
}

/// Returns the current fee for a reward of 100 dollars. The task is cancelled again, so that it
/// does not count as spending.
async fn fee_of_a_hundred(agent: &Caller<'_, AgentId>) -> String {
    let posted = post(agent, "100").await.created();
    let cancel = paths::cancel_task(posted.id("task_id"));
    agent.post(&cancel, &json!({})).await.ok();
    posted.body["platform_fee"].to_string()
}

on_both_databases! {
    async fn the_fee_follows_the_spend_to_the_cent(store) {
        let app = TestApp::start(store).await;
        let agent = app.poor_agent().await;
        for _ in 0..3 {
            agent.deposit(10_000).await;
        }
        assert_eq!(fee(&agent, "4000").await, "720.00");
        assert_eq!(fee(&agent, "237.28").await, "42.71");
        // First 4 999.99 are spent, then one cent more in place of another task.
        assert_eq!(fee_of_a_hundred(&agent).await, "18.00");
        let other = app.poor_agent().await;
        for _ in 0..4 {
            other.deposit(10_000).await;
        }
        fee(&other, "4000").await;
        assert_eq!(fee(&other, "237.29").await, "42.71");
        assert_eq!(fee_of_a_hundred(&other).await, "15.00");
        assert_eq!(fee(&other, "10000").await, "1500.00");
        // 15 % of 7 391.30 is 1 108.695.
        assert_eq!(fee(&other, "7391.30").await, "1108.70");
        assert_eq!(other.balance().await, ("15000.00".to_owned(), "25000.00".to_owned()));
        assert_eq!(fee_of_a_hundred(&other).await, "15.00");
        // The fee of the smallest task is the minimum of two dollars.
        assert_eq!(fee(&other, "10").await, "2.00");
        assert_eq!(fee_of_a_hundred(&other).await, "12.00");
    }

    async fn the_spend_of_more_than_thirty_days_ago_is_forgotten(store) {
        let app = TestApp::start(store).await;
        let agent = app.poor_agent().await;
        agent.deposit(10_000).await;
        fee(&agent, "4500").await;
        assert_eq!(fee_of_a_hundred(&agent).await, "15.00");
        app.advance(30 * DAY);
        assert_eq!(fee_of_a_hundred(&agent).await, "15.00");
        app.advance(DAY);
        assert_eq!(fee_of_a_hundred(&agent).await, "18.00");
        // Nobody has done the tasks before their deadline.
        app.drain_jobs().await;
    }

    async fn the_table_of_fees_is_the_hosts(store) {
        let settings = ["--fees", "0=10,100=7.25", "--min-fee-usd", "1.10"];
        let app = TestApp::start_with(store, &settings).await;
        let agent = app.agent().await;
        assert_eq!(fee(&agent, "10").await, "1.10");
        assert_eq!(fee(&agent, "88.90").await, "8.89");
        // 11.10 and 97.79 are spent. The fee on 20 is 7.25 %, which is 1.45.
        assert_eq!(fee(&agent, "20").await, "1.45");
    }

    async fn a_day_has_so_many_tasks_and_dollars(store) {
        let settings = ["--tiers", "STANDARD=3/100/59.10"];
        let app = TestApp::start_with(store, &settings).await;
        let agent = app.agent().await;
        post(&agent, "25").await.created();
        // 29.50 and 29.61 exceed the limit by one cent; 29.50 and 29.60 reach it exactly.
        let refused = post(&agent, "25.09").await;
        assert_eq!(
            refused.refused(422, "rule_violation"),
            "Your tier allows $59.10 in a UTC day. Try again tomorrow."
        );
        post(&agent, "25.08").await.created();
        post(&agent, "10").await.refused(422, "rule_violation");
        let above = post(&agent, "100.01").await;
        assert_eq!(
            above.refused(422, "rule_violation"),
            "Maximum task value for STANDARD tier is $100"
        );

        // The day ends at midnight UTC, and not a tick earlier.
        app.advance(DAY / 2 - Duration::from_millis(1));
        post(&agent, "25").await.refused(422, "rule_violation");
        app.advance(Duration::from_millis(1));
        for _ in 0..3 {
            post(&agent, "10").await.created();
        }
        let fourth = post(&agent, "10").await;
        assert_eq!(
            fourth.refused(422, "rule_violation"),
            "Your tier allows 3 tasks in a UTC day. Try again tomorrow."
        );
    }
}
