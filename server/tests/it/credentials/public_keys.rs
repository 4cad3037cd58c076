//! The public key of a credential task: accepted in every form, or refused with a reason.

use std::collections::HashSet;

use api_types::paths;
use crypto_wasm::AgentSecretKey;
use serde_json::{Value, json};

use super::{base64, credential_task};
use crate::harness::TestApp;
use crate::support::{self, on_both_databases};

/// Returns the key tests of the crypto crate: one key in every form, and keys that are refused.
fn key_cases(kind: &str) -> Vec<Value> {
    let text = include_str!("../../../../crypto-wasm/tests/vectors/keys.json");
    let mut cases: Value = serde_json::from_str(text).unwrap();
    serde_json::from_value(cases[kind].take()).unwrap()
}

on_both_databases! {
    async fn a_public_key_is_taken_in_every_form_and_echoed_as_it_came(store) {
        let app = TestApp::start(store).await;
        let agent = app.agent().await;
        let mut fingerprints = HashSet::new();
        for case in key_cases("public") {
            let mut task = credential_task(&app, &case["text"]);
            task["dry_run"] = json!(true);
            let quoted = agent.post(paths::TASKS, &task).await;
            assert_eq!(quoted.status, 200, "{}: {}", case["name"], quoted.body);
            // A JWK may be an object or a text.
            let text = case["text"].as_str().unwrap().trim_start_matches('\u{feff}');
            if let Ok(jwk) = serde_json::from_str::<Value>(text) {
                task["agent_public_key"] = jwk;
                agent.post(paths::TASKS, &task).await.ok();
            }
        }
        for name in ["PEM after explanatory text", "PEM after a byte order mark", "JWK"] {
            let cases = key_cases("public");
            let case = cases.iter().find(|case| case["name"] == name).unwrap();
            let created = agent.post(paths::TASKS, &credential_task(&app, &case["text"])).await;
            let created = created.created();
            fingerprints.insert(created.text("agent_key_fingerprint"));
            let shown = agent.get(&paths::task(created.id("task_id"))).await.ok();
            assert_eq!(shown.body["agent_public_key"], case["text"]);
        }
        assert_eq!(fingerprints.len(), 1);
    }

    async fn what_is_no_public_key_is_refused_with_what_it_is(store) {
        let app = TestApp::start(store).await;
        let agent = app.agent().await;
        // A text that is repeated exceeds the limit of the field, which has its own message.
        let cases = key_cases("refused_public");
        for case in cases.iter().filter(|case| case["times"].is_null()) {
            let refused = agent.post(paths::TASKS, &credential_task(&app, &case["text"])).await;
            let sentence = refused.refused(400, "validation");
            let says = case["says"].as_str().unwrap();
            assert!(sentence.contains(says), "{}: {sentence}", case["name"]);
            assert_eq!(refused.faulty_fields(), ["agent_public_key"], "{}", case["name"]);
        }
    }

    async fn keys_that_are_no_p256_public_key_are_refused_in_a_sentence(store) {
        let app = TestApp::start(store).await;
        let agent = app.agent().await;
        let public = AgentSecretKey::generate().unwrap().public_key().to_bytes();
        let mut off_curve = public;
        off_curve[64] ^= 1;
        let jwk_private = json!({"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA", "d": "AA"});
        for key in [
            json!(""),
            json!("{}"),
            json!({"kty": "EC"}),
            jwk_private,
            json!(7),
            json!(base64(&public[..64])),
            json!(base64(&off_curve)),
            json!(base64(&[0; 32])),
            json!(base64(&[4; 97])),
            json!("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----"),
        ] {
            let answer = agent.post(paths::TASKS, &credential_task(&app, &key)).await;
            answer.refused(400, "validation");
            assert_eq!(answer.faulty_fields(), ["agent_public_key"], "{key}");
        }
        let missing = agent.post(paths::TASKS, &credential_task(&app, &Value::Null)).await;
        missing.refused(400, "validation");
        assert_eq!(missing.faulty_fields(), ["agent_public_key"]);
        assert_eq!(agent.balance().await.1, "0.00");
    }

    async fn the_public_key_is_echoed_as_it_came(store) {
        let app = TestApp::start(store).await;
        let agent = app.agent().await;
        let bytes = AgentSecretKey::generate().unwrap().public_key().to_bytes();
        let unpadded = base64(&bytes).trim_end_matches('=').replace('+', "-").replace('/', "_");
        let task = credential_task(&app, &json!(unpadded));
        let id = agent.post(paths::TASKS, &task).await.created().id("task_id");
        assert_eq!(agent.get(&paths::task(id)).await.ok().text("agent_public_key"), unpadded);
    }
}
