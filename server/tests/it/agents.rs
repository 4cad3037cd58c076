//! Agents: registration, keys, balance, deposits (contract §3).

use api_types::paths;
use serde_json::json;

use crate::harness::TestApp;
use crate::support::{self, on_both_databases};

on_both_databases! {
    async fn register_agent_answers_a_key_that_works(store) {
        let app = TestApp::start(store).await;
        let body = json!({"name": "my-agent", "email": "agent@example.com", "company": "Acme Inc"});
        let answer = app.post(paths::REGISTER_AGENT, &body).await.created();
        assert_eq!(answer.text("message"), "Save this API key - it won't be shown again.");
        assert_eq!(answer.text("tier"), "SANDBOX");
        assert_eq!(answer.body["sandbox_info"]["limits"]["maxTaskValue"].to_string(), "10.00");
        let key = answer.text("api_key");
        assert!(key.starts_with("ho_live_") && key.len() == 56, "{key}");
        let bearer = format!("Bearer {key}");
        let request = app.request(reqwest::Method::GET, paths::BALANCE);
        assert_eq!(request.header("authorization", bearer).send().await.unwrap().status(), 200);
    }

    async fn register_agent_with_a_known_email_is_refused(store) {
        let app = TestApp::start(store).await;
        let body = |email: &str| json!({"name": "my-agent", "email": email});
        app.post(paths::REGISTER_AGENT, &body("agent@example.com")).await.created();
        let again = app.post(paths::REGISTER_AGENT, &body("Agent@Example.com")).await;
        assert_eq!(again.refused(409, "already_exists"), "An agent with this email already exists");
    }

    async fn register_agent_names_every_fault_at_once(store) {
        let app = TestApp::start(store).await;
        let body = json!({"name": "", "email": "nobody", "company": 7, "tier": "STANDARD"});
        let answer = app.post(paths::REGISTER_AGENT, &body).await;
        answer.refused(400, "validation");
        assert_eq!(answer.faulty_fields(), ["name", "email", "company", "tier"]);
    }

    async fn a_registration_that_is_repeated_leaves_the_key_out(store) {
        let app = TestApp::start(store).await;
        let body = json!({"name": "my-agent", "email": "agent@example.com"});
        let send = || async {
            let request = app.request(reqwest::Method::POST, paths::REGISTER_AGENT).json(&body);
            crate::harness::Ask::answer(request.header("idempotency-key", "first")).await
        };
        let (first, again) = (send().await.created(), send().await.created());
        assert_eq!(first.text("agent_id"), again.text("agent_id"));
        assert!(again.body.get("api_key").is_none(), "{}", again.body);
    }

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

    async fn a_deposit_is_credited_once_to_the_micro_dollar(store) {
        let app = TestApp::start(store).await;
        let (agent, other) = (app.poor_agent().await, app.poor_agent().await);
        let hash = format!("0x{}", "aB".repeat(32));
        let body = json!({"tx_hash": hash, "amount_usdc": "100.000001"});
        let answer = agent.post(paths::DEPOSIT_USDC, &body).await.created();
        assert_eq!(answer.body["amount_usd"].to_string(), "100.000001");
        assert_eq!(answer.text("status"), "confirmed");
        assert_eq!(answer.text("chain"), "base");
        assert_eq!(agent.balance().await.0, "100.000001");

        let body = json!({"tx_hash": hash.to_lowercase(), "amount_usdc": 100});
        let again = other.post(paths::DEPOSIT_USDC, &body).await;
        assert_eq!(again.refused(409, "already_exists"), "Transaction already processed");
        assert_eq!(other.balance().await.0, "0.00");
    }

    async fn a_deposit_out_of_bounds_is_refused(store) {
        let app = TestApp::start(store).await;
        let agent = app.poor_agent().await;
        let (small, large) = (json!(4.99), json!("10000.01"));
        for amount in [small, large, json!("5.0000001"), json!("1e3"), json!(true)] {
            let body = json!({"tx_hash": format!("0x{}", "1".repeat(64)), "amount_usdc": amount});
            let answer = agent.post(paths::DEPOSIT_USDC, &body).await;
            answer.refused(400, "validation");
            assert_eq!(answer.faulty_fields(), ["amount_usdc"], "{amount}");
        }
        assert_eq!(agent.balance().await.0, "0.00");
    }
}
