//! API keys and their spending policies (contract §3).

use api_types::paths;
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::json;

use crate::harness::{Ask, TestApp, photo_task};
use crate::support::{self, on_both_databases};

on_both_databases! {
    async fn a_revoked_key_stops_working_at_once(store) {
        let app = TestApp::start(store).await;
        let agent = app.poor_agent().await;
        app.advance(std::time::Duration::from_millis(1));
        let made = agent.post(paths::KEYS, &json!({"name": "ci-pipeline"})).await.created();
        let second = made.text("api_key");
        let listed = agent.get(paths::KEYS).await.ok();
        let names: Vec<_> = listed.body["data"].as_array().unwrap().iter()
            .map(|key| key["name"].as_str().unwrap()).collect();
        assert_eq!(names, ["default", "ci-pipeline"]);
        assert!(listed.body["data"][0]["lastUsed"].is_string());
        assert_eq!(listed.body["data"][1]["keyPrefix"], made.body["key_prefix"]);
        assert!(!listed.body.to_string().contains(&second));

        let path = api_types::paths::key(made.id("id"));
        assert_eq!(agent.delete(&path).await.ok().body, json!({"revoked": true}));
        let request = app.request(reqwest::Method::GET, paths::BALANCE).header("x-api-key", second);
        assert_eq!(request.send().await.unwrap().status(), 401);
        assert_eq!(agent.delete(&path).await.refused(404, "not_found"), "API key not found");
    }

    async fn a_key_of_another_agent_is_not_found(store) {
        let app = TestApp::start(store).await;
        let (mine, other) = (app.poor_agent().await, app.poor_agent().await);
        let listed = mine.get(paths::KEYS).await.ok();
        let id = listed.body["data"][0]["id"].as_str().unwrap();
        let refused = other.delete(&paths::KEY.replace("{id}", id)).await;
        assert_eq!(refused.refused(404, "not_found"), "API key not found");
        mine.get(paths::BALANCE).await.ok();
    }

    async fn the_twenty_first_key_is_refused(store) {
        let app = TestApp::start(store).await;
        let agent = app.poor_agent().await;
        for _ in 0..19 {
            agent.post(paths::KEYS, &json!({})).await.created();
        }
        agent.post(paths::KEYS, &json!({})).await.refused(400, "limit_exceeded");
    }

    async fn of_many_keys_made_at_once_no_more_than_twenty_are_left(store) {
        let app = TestApp::start(store).await;
        let agent = app.poor_agent().await;
        let body = json!({});
        let answers = join_all((0..30).map(|_| agent.post(paths::KEYS, &body))).await;
        let made = answers.iter().filter(|answer| answer.status == 201).count();
        assert_eq!(made, 19);
        let listed = agent.get(paths::KEYS).await.ok();
        assert_eq!(listed.body["data"].as_array().unwrap().len(), 20);
    }

    async fn a_key_is_changed_and_null_removes(store) {
        let app = TestApp::start(store).await;
        let agent = app.poor_agent().await;
        app.advance(std::time::Duration::from_millis(1));
        let made = agent.post(paths::KEYS, &json!({"name": "ci"})).await.created();
        let path = paths::key(made.id("id"));
        let policy = json!({"max_task_usd": "30", "max_day_usd": 100.5,
            "task_types": ["PHOTO", "DELIVERY"], "approval_above_usd": 0});
        let change = json!({"name": "ci-2", "dialect": "remno", "policy": policy});
        let key = agent.patch(&path, &change).await.ok().body;
        assert_eq!((&key["name"], &key["dialect"]), (&json!("ci-2"), &json!("remno")));
        assert_eq!(key["policy"]["max_day_usd"].to_string(), "100.50");
        assert_eq!(key["policy"]["task_types"], json!(["PHOTO", "DELIVERY"]));
        assert_eq!(agent.get(paths::KEYS).await.ok().body["data"][1], key);

        // A policy replaces the previous one as a whole.
        let key = agent.patch(&path, &json!({"policy": {"max_task_usd": 20}})).await.ok().body;
        assert_eq!(key["policy"]["max_day_usd"], json!(null));
        assert_eq!(key["dialect"], "remno");
        let key = agent.patch(&path, &json!({"dialect": null, "policy": null})).await.ok().body;
        assert_eq!((&key["dialect"], &key["policy"]), (&json!(null), &json!(null)));
        assert_eq!(key["name"], "ci-2");
    }

    async fn a_key_is_answered_in_its_dialect_else_in_its_agents(store) {
        let app = TestApp::start(store).await;
        let agent = app.poor_agent().await;
        let made = agent.post(paths::KEYS, &json!({"dialect": "remno"})).await.created();
        agent.patch(paths::ME, &json!({"settings": {"dialect": "nonhumans"}})).await.ok();
        let ask = async |key: &str| {
            let nobody = app.request(Method::GET, "/api/v1/agents/approvals/x");
            nobody.header("x-api-key", key).answer().await.body
        };
        assert_eq!(ask(&agent.key).await["error"]["code"], "not_found");
        assert_eq!(ask(&made.text("api_key")).await["errors"][0]["code"], "NOT_FOUND");
    }

    async fn what_is_wrong_in_a_policy_is_named_at_once(store) {
        let app = TestApp::start(store).await;
        let agent = app.poor_agent().await;
        let policy = json!({"max_task_usd": -1, "max_day_usd": "1.234", "task_types": ["CHESS"],
            "approval_above_usd": true, "max": 1});
        let change = json!({"name": "", "policy": policy, "agent_id": "x"});
        let path = paths::key(agent.key_id().await);
        let answer = agent.patch(&path, &change).await;
        answer.refused(400, "validation");
        let fields = ["name", "policy.max_task_usd", "policy.max_day_usd", "policy.task_types[0]",
            "policy.approval_above_usd", "policy.max", "agent_id"];
        assert_eq!(answer.faulty_fields(), fields);
    }

    async fn a_key_with_a_policy_manages_nothing_but_its_own_end(store) {
        let app = TestApp::start(store).await;
        let (owner, stranger) = (app.poor_agent().await, app.poor_agent().await);
        let limited = owner.with_policy(json!({})).await;
        let (its_id, owners_id) = (limited.key_id().await, owner.key_id().await);
        let (its_path, owners_path) = (paths::key(its_id), paths::key(owners_id));
        let wishes = [
            limited.post(paths::KEYS, &json!({})).await,
            limited.post(paths::KEYS, &json!({"policy": {}})).await,
            limited.patch(&its_path, &json!({"policy": null})).await,
            limited.patch(&its_path, &json!({"name": "x"})).await,
            limited.patch(&owners_path, &json!({"policy": {}})).await,
            limited.delete(&owners_path).await,
            limited.patch(paths::ME, &json!({"name": "x"})).await,
        ];
        for answer in &wishes {
            assert!(answer.refused(403, "forbidden").contains("key without a policy"));
        }
        // The key may read what it is allowed to, and revoke itself.
        assert_eq!(limited.get(paths::KEYS).await.ok().body["data"].as_array().unwrap().len(), 2);
        assert_eq!(stranger.patch(&its_path, &json!({"name": "x"})).await.status, 404);
        limited.delete(&its_path).await.ok();
        limited.get(paths::ME).await.refused(401, "unauthorized");
        owner.get(paths::ME).await.ok();
    }

    async fn one_key_stays_without_a_policy(store) {
        let app = TestApp::start(store).await;
        let owner = app.poor_agent().await;
        let limited = owner.with_policy(json!({"max_day_usd": 20})).await;
        let path = paths::key(owner.key_id().await);
        let answer = owner.patch(&path, &json!({"policy": {}})).await;
        assert!(answer.refused(422, "rule_violation").contains("without a policy"));
        // The last key without a policy cannot be revoked, because nobody could use the money any
        // more.
        let answer = owner.delete(&path).await;
        assert!(answer.refused(422, "rule_violation").contains("without a policy"));
        let free = json!({"policy": null});
        owner.patch(&paths::key(limited.key_id().await), &free).await.ok();
        owner.patch(&path, &json!({"policy": {}})).await.ok();
        owner.patch(&path, &free).await.refused(403, "forbidden");
    }

    async fn a_key_spends_up_to_its_policy_and_no_further(store) {
        let app = TestApp::start(store).await;
        let owner = app.agent().await;
        let mut task = photo_task(&app);
        // A task costs 25.00 and a fee of 4.50.
        let exact = owner.with_policy(json!({"max_task_usd": 29.5})).await;
        exact.post(paths::TASKS, &task).await.created();
        let below = owner.with_policy(json!({"max_task_usd": 29.49})).await;
        let answer = below.post(paths::TASKS, &task).await;
        assert_eq!(answer.refused(403, "delegation_exceeded"), "The policy of this key does not let \
             it spend more than $29.49 on one task, the fee included.");
        let other_work = owner.with_policy(json!({"task_types": ["DELIVERY"]})).await;
        other_work.post(paths::TASKS, &task).await.refused(403, "delegation_exceeded");
        task["task_type"] = json!("DELIVERY");
        other_work.post(paths::TASKS, &task).await.created();
        assert_eq!(owner.balance().await.1, "59.00");
    }

    async fn of_two_keys_that_revoke_each_other_at_once_one_stays(store) {
        let app = TestApp::start(store).await;
        let one = app.poor_agent().await;
        let two = one.with_policy(json!(null)).await;
        let (first, second) = (paths::key(one.key_id().await), paths::key(two.key_id().await));
        let answers = tokio::join!(one.delete(&second), two.delete(&first));
        let revoked = [answers.0.status, answers.1.status];
        assert_eq!(revoked.iter().filter(|status| **status == 200).count(), 1, "{revoked:?}");
        let left = [one.get(paths::KEYS).await.status, two.get(paths::KEYS).await.status];
        assert_eq!(left.iter().filter(|status| **status == 200).count(), 1, "{left:?}");
    }

    async fn a_day_of_a_key_is_its_own_and_ends_at_midnight(store) {
        let app = TestApp::start(store).await;
        let owner = app.agent().await;
        let limited = owner.with_policy(json!({"max_day_usd": 60})).await;
        let (one, two) = (limited.post_photo_task().await, limited.post_photo_task().await);
        let task = photo_task(&app);
        let answer = limited.post(paths::TASKS, &task).await;
        assert!(answer.refused(403, "delegation_exceeded").contains("$60 in a UTC day"));
        // The spending of other keys does not count, and neither do refunds.
        owner.post_photo_task().await;
        limited.post(&paths::cancel_task(two), &json!({})).await.ok();
        limited.post_photo_task().await;
        limited.post(paths::TASKS, &task).await.refused(403, "delegation_exceeded");
        app.advance(std::time::Duration::from_secs(12 * 60 * 60 - 1));
        let task = photo_task(&app);
        limited.post(paths::TASKS, &task).await.refused(403, "delegation_exceeded");
        app.advance(std::time::Duration::from_secs(1));
        limited.post(paths::TASKS, &task).await.created();
        owner.get(&paths::task(one)).await.ok();
    }

    async fn a_policy_counts_what_the_key_spent_before_it_was_set(store) {
        let app = TestApp::start(store).await;
        let owner = app.agent().await;
        let other = owner.with_policy(json!({})).await;
        other.post_photo_task().await;
        let path = paths::key(other.key_id().await);
        owner.patch(&path, &json!({"policy": {"max_day_usd": 50}})).await.ok();
        other.post(paths::TASKS, &photo_task(&app)).await.refused(403, "delegation_exceeded");
        owner.patch(&path, &json!({"policy": {"max_day_usd": 59}})).await.ok();
        other.post_photo_task().await;
    }

    async fn fifty_posts_at_once_stay_within_the_day(store) {
        let app = TestApp::start(store).await;
        let owner = app.agent().await;
        owner.deposit(1000).await;
        let limited = owner.with_policy(json!({"max_day_usd": 100})).await;
        let task = photo_task(&app);
        let answers = join_all((0..50).map(|_| limited.post(paths::TASKS, &task))).await;
        let posted = answers.iter().filter(|answer| answer.status == 201).count();
        for answer in answers.iter().filter(|answer| answer.status != 201) {
            answer.refused(403, "delegation_exceeded");
        }
        // Three times 29.50 is 88.50.
        assert_eq!(posted, 3);
        assert_eq!(owner.balance().await.1, "88.50");
    }
}
