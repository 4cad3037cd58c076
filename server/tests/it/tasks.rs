//! The agent's side of tasks: post, list, read, cancel, verify (contract §4).

use std::collections::BTreeMap;
use std::time::Duration;

use api_types::{TaskId, Timestamp, paths};
use serde_json::{Value, json};

use crate::harness::{TestApp, photo_task};
use crate::support::{self, on_both_databases};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Returns a task whose proof is a text.
pub(crate) fn text_task(app: &TestApp) -> Value {
    let mut task = photo_task(app);
    task["task_type"] = json!("CONTENT_REVIEW");
    task["location"] = json!(null);
    task
}

fn unknown() -> TaskId {
    TaskId::new(Timestamp::from_millis(1).unwrap(), 1)
}

on_both_databases! {
    async fn a_posted_task_holds_reward_and_fee_in_escrow(store) {
        let app = TestApp::start(store).await;
        let agent = app.agent().await;
        let answer = agent.post(paths::TASKS, &photo_task(&app)).await.created();
        let printed = |field: &str| answer.body[field].to_string();
        assert_eq!(printed("reward_usd"), "25.00");
        assert_eq!(printed("platform_fee"), "4.50");
        assert_eq!(printed("total_escrow"), "29.50");
        assert_eq!(printed("status"), "\"PENDING\"");
        assert_eq!(agent.balance().await, ("970.50".to_owned(), "29.50".to_owned()));
    }

    async fn the_list_says_of_each_task_who_claimed_it(store) {
        let app = TestApp::start(store).await;
        let agent = app.agent().await;
        let (one, other) = (app.operator().await, app.operator().await);
        let mut claimed = Vec::new();
        for claimant in [Some(&one), Some(&other), None, Some(&one)] {
            let task = agent.post_photo_task().await;
            if let Some(operator) = claimant {
                operator.accept(task).await;
            }
            claimed.push((task.to_string(), claimant.map(|operator| operator.key.clone())));
        }
        let listed = agent.get(paths::TASKS).await.ok();
        let rows = listed.body["data"].as_array().unwrap().iter();
        let told = rows.map(|row| {
            let operator = row["operator"]["id"].as_str().map(str::to_owned);
            (row["task_id"].as_str().unwrap().to_owned(), operator)
        });
        let told = told.collect::<BTreeMap<_, _>>();
        assert_eq!(told, claimed.into_iter().collect());
    }

    async fn a_task_beyond_the_balance_is_refused_and_takes_nothing(store) {
        let app = TestApp::start(store).await;
        let agent = app.poor_agent().await;
        agent.deposit(50).await;
        let mut task = photo_task(&app);
        task["reward_usd"] = json!(49);
        let answer = agent.post(paths::TASKS, &task).await;
        assert_eq!(answer.refused(402, "insufficient_funds"), "Insufficient balance for escrow");
        assert_eq!(agent.balance().await, ("50.00".to_owned(), "0.00".to_owned()));
        assert_eq!(agent.get(paths::TASKS).await.ok().body["pagination"]["total"], 0);
    }

    async fn the_limits_of_platform_type_and_tier_are_told_apart(store) {
        let app = TestApp::start(store).await;
        let (sandbox, standard) = (app.poor_agent().await, app.agent().await);
        let mut task = text_task(&app);
        task["reward_usd"] = json!("9.99");
        let answer = standard.post(paths::TASKS, &task).await;
        assert_eq!(answer.refused(422, "rule_violation"), "Minimum task value is $10");
        task["reward_usd"] = json!(26);
        let answer = standard.post(paths::TASKS, &task).await;
        assert_eq!(
            answer.refused(422, "rule_violation"),
            "Maximum task value for CONTENT_REVIEW is $25"
        );
        task["reward_usd"] = json!(11);
        let answer = sandbox.post(paths::TASKS, &task).await;
        assert_eq!(
            answer.refused(422, "rule_violation"),
            "Maximum task value for SANDBOX tier is $10"
        );
    }

    async fn the_days_tasks_are_limited_and_begin_again_the_next_day(store) {
        let app = TestApp::start_with(store, &["--tiers", "STANDARD=2/10000/50000"]).await;
        let agent = app.agent().await;
        for _ in 0..2 {
            agent.post(paths::TASKS, &photo_task(&app)).await.created();
        }
        agent.post(paths::TASKS, &photo_task(&app)).await.refused(422, "rule_violation");
        app.advance(std::time::Duration::from_secs(24 * 60 * 60));
        app.drain_jobs().await;
        agent.post(paths::TASKS, &photo_task(&app)).await.created();
    }

    async fn a_refund_is_taken_off_the_day_of_its_post_and_off_no_other(store) {
        let app = TestApp::start_with(store, &["--tiers", "STANDARD=10/10000/60"]).await;
        let agent = app.agent().await;
        let mut task = photo_task(&app);
        task["deadline"] = json!(app.now().after(DAY * 3));
        let post = async || agent.post(paths::TASKS, &task).await;
        let cancel = async |id| agent.post(&paths::cancel_task(id), &json!({})).await.ok();
        let spent = async || agent.get(paths::ME).await.ok().body["today"]["spent_usd"].to_string();
        let yesterdays = post().await.created().id("task_id");
        app.advance(DAY);
        let todays = post().await.created().id("task_id");
        cancel(yesterdays).await;
        assert_eq!(spent().await, "29.50");
        post().await.created();
        post().await.refused(422, "rule_violation");
        cancel(todays).await;
        assert_eq!(spent().await, "29.50");
        post().await.created();
    }

    async fn every_fault_of_a_task_is_named_and_nothing_is_posted(store) {
        let app = TestApp::start(store).await;
        let agent = app.agent().await;
        let body = json!({
            "title": 7, "description": "", "location": {"lat": "north", "lng": 200, "door": 1},
            "reward_usd": "ten", "deadline": "soon", "proof_requirements": [""],
            "task_type": "JUGGLING", "callback_url": "ftp://example.com", "agent_id": "ag_x",
        });
        let answer = agent.post(paths::TASKS, &body).await;
        answer.refused(400, "validation");
        assert_eq!(answer.faulty_fields(), [
            "title", "description", "location.lat", "location.lng", "location.door", "reward_usd",
            "deadline", "proof_requirements[0]", "task_type", "callback_url", "agent_id",
        ]);
        assert_eq!(agent.balance().await.1, "0.00");
    }

    async fn a_callback_secret_is_never_returned(store) {
        let app = TestApp::start(store).await;
        let agent = app.agent().await;
        let mut task = photo_task(&app);
        task["callback_url"] = json!("https://example.com/hook");
        task["callback_secret"] = json!("a-secret-of-the-agent");
        let id = agent.post(paths::TASKS, &task).await.created().id("task_id");
        let read = agent.get(&paths::task(id)).await.ok();
        assert_eq!(read.text("callback_url"), "https://example.com/hook");
        let list = agent.get(paths::TASKS).await.ok();
        assert!(!format!("{}{}", read.body, list.body).contains("a-secret-of-the-agent"));
    }

    async fn tasks_are_listed_newest_first_by_offset_and_by_cursor(store) {
        let app = TestApp::start(store).await;
        let agent = app.agent().await;
        let mut posted = Vec::new();
        for _ in 0..5 {
            posted.push(agent.post_photo_task().await.to_string());
            app.advance(std::time::Duration::from_millis(1));
        }
        posted.reverse();
        let ids = |page: &Value| -> Vec<String> {
            let rows = page["data"].as_array().unwrap();
            rows.iter().map(|row| row["task_id"].as_str().unwrap().to_owned()).collect()
        };
        let first = agent.get("/api/v1/tasks?limit=2").await.ok().body;
        assert_eq!(ids(&first), posted[..2]);
        assert_eq!(first["pagination"]["total"], 5);
        assert_eq!(first["pagination"]["has_more"], true);
        let second = agent.get("/api/v1/tasks?limit=2&offset=2").await.ok().body;
        assert_eq!(ids(&second), posted[2..4]);

        // A task that is posted between two pages neither repeats nor hides a row.
        agent.post_photo_task().await;
        let cursor = first["pagination"]["next_cursor"].as_str().unwrap();
        let rest = agent.get(&format!("/api/v1/tasks?cursor={cursor}")).await.ok().body;
        assert_eq!(ids(&rest), posted[2..]);
        assert_eq!(rest["pagination"]["has_more"], json!(false));
    }

    async fn a_list_is_narrowed_and_junk_is_refused(store) {
        let app = TestApp::start(store).await;
        let agent = app.agent().await;
        let cancelled = agent.post_photo_task().await;
        agent.post_photo_task().await;
        agent.post(&paths::cancel_task(cancelled), &json!({})).await.ok();
        let total = async |query: &str| {
            let listed = agent.get(&format!("/api/v1/tasks?{query}")).await.ok();
            listed.body["pagination"]["total"].clone()
        };
        assert_eq!(total("status=CANCELLED").await, 1);
        assert_eq!(total("status=PENDING&task_type=PHOTO").await, 1);
        assert_eq!(total("task_type=DELIVERY").await, 0);
        let junk = "/api/v1/tasks?limit=-1&offset=x&status=LOST&cursor=@";
        let answer = agent.get(junk).await;
        answer.refused(400, "validation");
        assert_eq!(answer.faulty_fields(), ["limit", "offset", "cursor", "status"]);
    }

    async fn a_task_of_another_agent_is_not_found_anywhere(store) {
        let app = TestApp::start(store).await;
        let (owner, other) = (app.agent().await, app.agent().await);
        let task = owner.post_photo_task().await;
        let verdict = json!({"decision": "APPROVE"});
        for id in [task, unknown()] {
            let read = other.get(&paths::task(id)).await;
            assert_eq!(read.refused(404, "not_found"), "Task not found");
            let cancel = other.post(&paths::cancel_task(id), &json!({})).await;
            let sentence = cancel.refused(404, "not_found");
            assert_eq!(sentence, "Task not found or cannot be cancelled");
            let verify = other.post(&paths::verify_task(id), &verdict).await;
            let sentence = verify.refused(404, "not_found");
            assert_eq!(sentence, "Task not found or not in reviewable status");
            other.get(&paths::retrieve_credential(id)).await.refused(404, "not_found");
        }
        assert_eq!(other.get(paths::TASKS).await.ok().body["pagination"]["total"], 0);
        other.get("/api/v1/tasks/not-an-id").await.refused(404, "not_found");
    }

    async fn cancel_refunds_reward_and_fee_once(store) {
        let app = TestApp::start(store).await;
        let agent = app.agent().await;
        let task = agent.post_photo_task().await;
        let answer = agent.post(&paths::cancel_task(task), &Value::Null).await.ok();
        assert_eq!(answer.body["refunded_usd"].to_string(), "29.50");
        assert_eq!(answer.text("status"), "CANCELLED");
        assert_eq!(agent.balance().await, ("1000.00".to_owned(), "0.00".to_owned()));
        let again = agent.post(&paths::cancel_task(task), &json!({})).await;
        assert_eq!(again.refused(404, "invalid_state"), "Task not found or cannot be cancelled");
        assert_eq!(agent.balance().await.0, "1000.00");
    }

    async fn actions_follow_the_table_of_moves(store) {
        let app = TestApp::start(store).await;
        let (agent, operator) = (app.agent().await, app.operator().await);
        let task = agent.post(paths::TASKS, &text_task(&app)).await.created().id("task_id");
        let path = paths::task(task);
        let actions = || async { agent.get(&path).await.ok().body["actions"].clone() };
        assert_eq!(actions().await, json!(["cancel"]));
        operator.accept(task).await;
        assert_eq!(actions().await, json!(["cancel", "message"]));
        let proof = json!({"confirmation_text": "short"});
        operator.post(&paths::submit_proof(task), &proof).await.ok();
        assert_eq!(actions().await, json!(["verify", "message"]));
        app.drain_jobs().await;
        assert_eq!(actions().await, json!(["verify", "request_revision", "message"]));
        agent.post(&paths::verify_task(task), &json!({"decision": "APPROVE"})).await.ok();
        assert_eq!(actions().await, json!(["dispute", "message", "rate"]));
    }
}
