//! POST /tasks with `dry_run`: everything is checked and quoted, and nothing is created (contract
//! §4).

use std::time::Duration;

use api_types::paths;
use serde_json::{Value, json};

use crate::harness::{TestApp, photo_task};
use crate::support::{self, on_both_databases};

fn asked(app: &TestApp) -> Value {
    let mut task = photo_task(app);
    task["dry_run"] = json!(true);
    task
}

fn codes(quote: &Value) -> Vec<&str> {
    let obstacles = quote["obstacles"].as_array().unwrap().iter();
    obstacles.map(|one| one["code"].as_str().unwrap()).collect()
}

on_both_databases! {
    async fn a_quote_says_what_the_post_would_cost_and_leaves_nothing(store) {
        let app = TestApp::start(store).await;
        let agent = app.agent().await;
        let quote = agent.post(paths::TASKS, &asked(&app)).await.ok().body;
        let printed = |field: &str| quote[field].to_string();
        assert_eq!(printed("reward_usd"), "25.00");
        assert_eq!(printed("platform_fee"), "4.50");
        assert_eq!(printed("fee_percent"), "18.0");
        assert_eq!(printed("total_escrow"), "29.50");
        assert_eq!(printed("balance"), "1000.00");
        assert_eq!(quote["dry_run"], true);
        assert_eq!(quote["would_be_created"], true);
        assert_eq!(quote["proof_type"], "PHOTO");
        assert_eq!(agent.get(paths::TASKS).await.ok().body["pagination"]["total"], 0);
        assert_eq!(agent.balance().await, ("1000.00".to_owned(), "0.00".to_owned()));
        let again = agent.post(paths::TASKS, &asked(&app)).await.ok().body;
        assert_eq!(again, quote);
    }

    async fn the_post_costs_what_was_quoted(store) {
        let app = TestApp::start(store).await;
        let agent = app.agent().await;
        for reward in ["10", "11.11", "25.25", "99.99"] {
            let mut task = asked(&app);
            task["reward_usd"] = json!(reward);
            let quote = agent.post(paths::TASKS, &task).await.ok().body;
            task["dry_run"] = json!(false);
            let created = agent.post(paths::TASKS, &task).await.created().body;
            for field in ["reward_usd", "platform_fee", "total_escrow"] {
                assert_eq!(quote[field].to_string(), created[field].to_string(), "{reward}");
            }
        }
    }

    async fn every_obstacle_is_named_at_once_in_the_words_of_its_refusal(store) {
        let app = TestApp::start_with(store, &["--tiers", "STANDARD=1/30/40"]).await;
        let agent = app.poor_agent().await;
        agent.deposit(50).await;
        agent.post_photo_task().await;
        let mut task = asked(&app);
        task["task_type"] = json!("CONTENT_REVIEW");
        task["reward_usd"] = json!(31);
        let quote = agent.post(paths::TASKS, &task).await.ok().body;
        assert_eq!(quote["would_be_created"], false);
        assert_eq!(quote["sufficient_balance"], false);
        let words: Vec<_> = quote["obstacles"].as_array().unwrap().iter()
            .map(|one| one["message"].as_str().unwrap().to_owned()).collect();
        assert_eq!(words, [
            "Maximum task value for CONTENT_REVIEW is $25",
            "Maximum task value for STANDARD tier is $30",
            "Your tier allows 1 tasks in a UTC day. Try again tomorrow.",
            "Your tier allows $40 in a UTC day. Try again tomorrow.",
            "Insufficient balance for escrow",
        ]);
        let headroom = &quote["tier_headroom"];
        assert_eq!(headroom["tier"], "STANDARD");
        assert_eq!(headroom["tasks_left_today"], 0);
        assert_eq!(headroom["usd_left_today"].to_string(), "10.50");

        app.advance(Duration::from_secs(24 * 60 * 60));
        task["deadline"] = json!(app.now().after(Duration::from_secs(3600)));
        task["reward_usd"] = json!(10);
        let next_day = agent.post(paths::TASKS, &task).await.ok().body;
        assert_eq!(codes(&next_day), Vec::<&str>::new());
        assert_eq!(next_day["tier_headroom"]["tasks_left_today"], 1);
        app.drain_jobs().await;
    }

    async fn what_the_policy_of_the_key_has_against_it_is_named(store) {
        let app = TestApp::start(store).await;
        let owner = app.agent().await;
        let task = asked(&app);
        let codes = async |policy: Value| {
            let key = owner.with_policy(policy).await;
            let quote = key.post(paths::TASKS, &task).await.ok().body;
            assert_eq!(quote["would_be_created"], quote["obstacles"] == json!([]));
            let named = quote["obstacles"].as_array().unwrap();
            named.iter().map(|obstacle| obstacle["code"].clone()).collect::<Vec<_>>()
        };
        assert_eq!(codes(json!({"max_task_usd": 1000})).await, Vec::<Value>::new());
        assert_eq!(codes(json!({"max_task_usd": 1})).await, ["delegation_exceeded"]);
        assert_eq!(codes(json!({"approval_above_usd": 1})).await, ["human_approval_required"]);
        // A dry run requests no approval.
        assert_eq!(owner.get(paths::APPROVALS).await.ok().body["data"], json!([]));
    }

    async fn a_body_with_faults_is_refused_like_the_post_itself(store) {
        let app = TestApp::start(store).await;
        let agent = app.agent().await;
        let bad = json!({"dry_run": true, "title": "", "reward_usd": "ten"});
        let quoted = agent.post(paths::TASKS, &bad).await;
        quoted.refused(400, "validation");
        assert_eq!(quoted.faulty_fields(), [
            "title", "description", "reward_usd", "deadline", "proof_requirements", "task_type",
        ]);
    }

    async fn a_quote_uses_up_no_idempotency_key(store) {
        let app = TestApp::start(store).await;
        let agent = app.agent().await;
        let mut task = asked(&app);
        let quote = agent.post_once(paths::TASKS, "one", &task).await.ok();
        assert_eq!(quote.header("idempotent-replayed"), "");
        task["dry_run"] = json!(null);
        let created = agent.post_once(paths::TASKS, "one", &task).await.created();
        let replayed = agent.post_once(paths::TASKS, "one", &task).await.created();
        assert_eq!(created.body, replayed.body);
    }

    async fn eligible_operators_are_counted_by_skill_place_and_identity(store) {
        let app = TestApp::start(store).await;
        let agent = app.agent().await;
        let register = async |name: &str, more: Value| {
            let mut body = json!({"name": name, "email": format!("{name}@example.com")});
            body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            app.post(paths::REGISTER_OPERATOR, &body).await.created();
        };
        let at = |lat: f64, lng: f64| {
            json!({"location": {"city": "x", "country": "DE", "lat": lat, "lng": lng}})
        };
        register("anything", json!({})).await;
        register("photos", json!({"skills": ["PHOTO"]})).await;
        register("forms", json!({"skills": ["FORM_FILLING"]})).await;
        register("near", at(52.4, 13.3)).await;
        register("far", at(48.1, 11.5)).await;
        let counted = async |task: &Value| {
            agent.post(paths::TASKS, task).await.ok().body["eligible_operators"].clone()
        };
        let mut task = asked(&app);
        assert_eq!(counted(&task).await, 3, "anything, photos, near");
        task["min_operator_rating"] = json!(1);
        assert_eq!(counted(&task).await, 0, "nobody was rated");
        let mut remote = asked(&app);
        remote["task_type"] = json!("FORM_FILLING");
        remote["location"] = json!(null);
        assert_eq!(counted(&remote).await, 4, "all but photos");
    }
}
