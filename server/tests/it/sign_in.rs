//! Authentication, and the messages of its refusals.

use std::time::Duration;

use api_types::{OperatorId, operator::KycStatus, paths};
use reqwest::Method;
use serde_json::json;
use server::domain::account;
use server::store::{Tx, operators};

use crate::harness::{ADMIN_KEY, Ask, TestApp};
use crate::support::{self, on_both_databases};

on_both_databases! {
    async fn an_agent_is_known_by_either_header(store) {
        let app = TestApp::start(store).await;
        let agent = app.poor_agent().await;
        let bearer = format!("bearer {}", agent.key);
        for (name, value) in [("x-api-key", &agent.key), ("authorization", &bearer)] {
            let request = app.request(Method::GET, paths::BALANCE).header(name, value);
            request.answer().await.ok();
        }
    }

    async fn a_stranger_is_told_which_header_to_send(store) {
        let app = TestApp::start(store).await;
        let nearly = format!("ho_live_{}", "A".repeat(48));
        for (name, value) in [
            ("x-nothing", ""),
            ("x-api-key", ""),
            ("x-api-key", "ho_live_"),
            ("x-api-key", &nearly),
            ("authorization", "Basic aG9fbGl2ZV8="),
            ("authorization", "Bearer eyJhbGciOiJub25lIn0.e30."),
        ] {
            let request = app.request(Method::GET, paths::BALANCE).header(name, value);
            let answer = request.answer().await;
            let sentence = answer.refused(401, "unauthorized");
            assert!(sentence.contains("X-API-Key: ho_live_"), "{sentence}");
            assert_eq!(answer.header("www-authenticate"), "Bearer");
        }
    }

    async fn a_revoked_key_opens_nothing_at_once(store) {
        let app = TestApp::start(store).await;
        let agent = app.poor_agent().await;
        let second = agent.post(paths::KEYS, &json!({"name": "second"})).await.created();
        agent.delete(&paths::key(second.id("id"))).await.ok();
        let request = app.request(Method::GET, paths::BALANCE);
        let answer = request.header("x-api-key", second.text("api_key")).answer().await;
        answer.refused(401, "unauthorized");
        agent.get(paths::BALANCE).await.ok();
    }

    async fn the_last_use_of_a_key_is_kept_to_the_minute(store) {
        let app = TestApp::start(store).await;
        let agent = app.poor_agent().await;
        let last_used = async || {
            let keys = agent.get(paths::KEYS).await.ok();
            keys.body["data"][0]["lastUsed"].as_str().map(str::to_owned)
        };
        let first = app.now().to_string();
        assert_eq!(last_used().await, Some(first.clone()));
        app.advance(Duration::from_secs(30));
        assert_eq!(last_used().await, Some(first));
        app.advance(Duration::from_secs(31));
        assert_eq!(last_used().await, Some(app.now().to_string()));
    }

    async fn an_operator_is_known_by_the_development_header(store) {
        let app = TestApp::start(store).await;
        let operator = app.operator().await;
        let profile = operator.get(paths::OPERATOR_PROFILE).await.ok();
        assert_eq!(profile.id::<OperatorId>("operator_id"), operator.id);
        let unknown = "op_01KB0000000000000000000000";
        for id in ["", "op_", unknown, "ag_01KB0000000000000000000000"] {
            let request = app.request(Method::GET, paths::OPERATOR_PROFILE);
            let answer = request.header("x-operator-id", id).answer().await;
            let sentence = answer.refused(401, "unauthorized");
            assert!(sentence.contains("X-Operator-Id: op_"), "{sentence}");
        }
    }

    async fn the_development_header_is_nothing_without_its_setting(store) {
        let app = TestApp::start_with(store, &["--allow-dev-operator-id-header=false"]).await;
        let (id, now) = (OperatorId::new(app.now(), 1), app.now());
        let stated = json!({"name": "Jane Doe", "email": "jane@example.com"});
        let stated = account::parse_operator(&stated, None).unwrap();
        let insert = move |tx: &mut Tx<'_>| {
            operators::insert(tx, id, &stated, KycStatus::Approved, now)
        };
        assert!(app.app.store.write(insert).await.unwrap());
        let operator = app.operator_with_id(&id.to_string());
        let answer = operator.get(paths::OPERATOR_PROFILE).await;
        let sentence = answer.refused(401, "unauthorized");
        assert!(!sentence.contains("X-Operator-Id"), "{sentence}");
    }

    async fn nobody_is_made_an_operator_without_signing_in(store) {
        let app = TestApp::start_with(store, &["--allow-dev-operator-id-header=false"]).await;
        let body = json!({"name": "Jane Doe", "email": "jane@example.com"});
        let request = app.request(Method::POST, paths::REGISTER_OPERATOR).json(&body);
        let refused = request.header("idempotency-key", "once").answer().await;
        let sentence = refused.refused(401, "unauthorized");
        assert!(sentence.contains("POST /auth/code"), "{sentence}");
        let count = "SELECT COUNT(*) AS n FROM operator WHERE email = 'jane@example.com'";
        let count = move |tx: &mut Tx<'_>| tx.first(count, &[])?.unwrap().get::<i64>("n");
        assert_eq!(app.app.store.read(count).await.unwrap(), 0);
    }

    async fn an_agents_key_is_no_operators(store) {
        let app = TestApp::start(store).await;
        let agent = app.poor_agent().await;
        let operator = app.operator().await;
        agent.get(paths::FIND_TASKS).await.refused(401, "unauthorized");
        operator.get(paths::TASKS).await.refused(401, "unauthorized");
    }

    async fn registration_can_be_kept_to_the_host(store) {
        let settings = ["--registration", "admin_key", "--admin-key", ADMIN_KEY];
        let app = TestApp::start_with(store, &settings).await;
        let body = json!({"name": "a", "email": "a@example.com"});
        let with = async |key: &str| {
            let request = app.request(Method::POST, paths::REGISTER_AGENT);
            request.header("x-admin-key", key).json(&body).answer().await
        };
        assert!(with("").await.refused(403, "forbidden").contains("X-Admin-Key"));
        with("another-key-of-thirty-two-characters").await.refused(403, "forbidden");
        with(ADMIN_KEY).await.created();
    }
}
