//! Contents and signatures of the requests that a callback receives.

use std::collections::BTreeSet;

use api_types::paths;
use axum::http::HeaderName;
use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::json;
use sha2::{Digest, Sha256};

use super::receiver::{Received, Receiver};
use super::{SECRET, completed, deliveries, only_delivery, start, submitted, with_callback};
use crate::support::{self, on_both_databases};

/// Asserts that the API document describes the received request: event, style, body and headers.
fn assert_documented(sent: &Received, style: &str) {
    let document = serde_json::to_value(server::http::document().unwrap()).unwrap();
    let told = sent.told();
    let webhook = &document["webhooks"][told["event"].as_str().unwrap()]["post"];
    let about = webhook["description"].as_str().unwrap_or_default();
    assert!(
        about.contains(&format!("`{style}`")),
        "{told} {style}: {about}"
    );

    let mut schema = webhook["requestBody"]["content"]["application/json"]["schema"].clone();
    schema["components"] = document["components"].clone();
    let validator = jsonschema::draft202012::new(&schema).unwrap();
    let wrong: Vec<_> = validator
        .iter_errors(&told)
        .map(|fault| fault.to_string())
        .collect();
    assert!(wrong.is_empty(), "{told}: {wrong:?}");

    let parameters = webhook["parameters"].as_array().unwrap().iter();
    let names = parameters.map(|part| {
        let place = part["$ref"].as_str().unwrap().trim_start_matches('#');
        let name = &document.pointer(place).unwrap()["name"];
        name.as_str().unwrap().to_lowercase()
    });
    let documented: BTreeSet<_> = names.collect();
    let ours = |name: &&str| name.starts_with("webhook-") || name.starts_with("x-");
    let came = sent.headers.keys().map(HeaderName::as_str).filter(ours);
    assert_eq!(documented, came.map(str::to_owned).collect());
}

/// Computes HMAC by RFC 2104, without the library that the server uses.
fn hmac_sha256(key: &[u8], text: &[u8]) -> Vec<u8> {
    let mut block = [0_u8; 64];
    match key.len() > 64 {
        true => block[..32].copy_from_slice(&Sha256::digest(key)),
        false => block[..key.len()].copy_from_slice(key),
    }
    let inner = block.map(|byte| byte ^ 0x36);
    let outer = block.map(|byte| byte ^ 0x5c);
    let inner = Sha256::new()
        .chain_update(inner)
        .chain_update(text)
        .finalize();
    Sha256::new()
        .chain_update(outer)
        .chain_update(inner)
        .finalize()
        .to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

on_both_databases! {
    async fn a_decision_is_told_once_and_signed_twice(store) {
        let app = start(store).await;
        let (agent, receiver) = (app.agent().await, Receiver::start().await);
        let mut posted = with_callback(&app, &receiver.hook());
        posted["external_id"] = json!("order 7");
        let task = submitted(&agent, &posted).await;
        assert_eq!(deliveries(&agent, task).await.len(), 0);
        app.drain_jobs().await;
        let sent = receiver.only();
        let told = sent.told();
        let log = agent.get(&paths::task_events(task)).await.ok();
        assert_eq!(told, log.body["data"][3], "the log has what the callback was told");
        assert_eq!(told["event"], "task.verified");
        assert_eq!((&told["status"], &told["previous_status"]), (&json!("VERIFIED"), &json!("SUBMITTED")));
        assert_eq!(told["guardian_result"]["decision"], "APPROVE");
        assert_eq!(told["external_id"], "order 7");

        assert_eq!(sent.header("content-type"), "application/json");
        let body = hex(&hmac_sha256(SECRET.as_bytes(), sent.body.as_bytes()));
        assert_eq!(sent.header("x-humanops-signature"), body);
        assert_eq!(sent.header("x-signature"), body);
        let (id, at) = (sent.header("webhook-id"), sent.header("webhook-timestamp"));
        assert_eq!(json!(id), told["event_id"]);
        assert_eq!(at, (app.now().as_millis() / 1000).to_string());
        let content = format!("{id}.{at}.{}", sent.body);
        let standard = hmac_sha256(SECRET.as_bytes(), content.as_bytes());
        let standard = format!("v1,{}", BASE64_STANDARD.encode(standard));
        assert_eq!(sent.header("webhook-signature"), standard);

        let delivery = only_delivery(&agent, task).await;
        assert_eq!(delivery["state"], "DELIVERED");
        let attempt = &delivery["attempts"][0];
        assert_eq!((&attempt["status"], &attempt["number"]), (&json!(204), &json!(1)));
        assert_eq!(delivery["event_id"], told["event_id"]);
    }

    async fn a_task_chooses_what_its_callback_is_told(store) {
        let app = start(store).await;
        let agent = app.agent().await;
        let every = ["created", "accepted", "submitted", "verified", "completed"];
        for (style, told) in [
            ("all", every.map(|name| format!("task.{name}")).to_vec()),
            ("humcli", vec!["task.status_changed".to_owned(); 4]),
            ("humanops", vec!["task.verified".to_owned()]),
        ] {
            let receiver = Receiver::start().await;
            let mut posted = with_callback(&app, &receiver.hook());
            posted["webhook_style"] = json!(style);
            completed(&agent, &posted).await;
            let all = receiver.all();
            all.iter().for_each(|sent| assert_documented(sent, style));
            if style == "humcli" {
                let told = all.iter().map(Received::told);
                let mut moves: Vec<_> = told
                    .map(|told| (told["previous_status"].clone(), told["status"].clone()))
                    .map(|(from, to)| format!("{from} {to}").replace('"', ""))
                    .collect();
                moves.sort();
                let expected = ["ACCEPTED SUBMITTED", "PENDING ACCEPTED", "SUBMITTED COMPLETED",
                    "null PENDING"];
                assert_eq!(moves, expected);
            }
            let names = all.iter().map(|sent| sent.told()["event"].as_str().unwrap().to_owned());
            let mut names: Vec<_> = names.collect();
            let mut told = told;
            // Ids that are created in the same millisecond of the test's clock have no defined
            // order.
            names.sort();
            told.sort();
            assert_eq!(names, told, "{style}");
        }
    }

    async fn without_a_secret_nothing_is_signed(store) {
        let app = start(store).await;
        let (agent, receiver) = (app.agent().await, Receiver::start().await);
        let mut posted = with_callback(&app, &receiver.hook());
        posted["callback_secret"] = json!(null);
        completed(&agent, &posted).await;
        let sent = receiver.only();
        for signature in ["x-humanops-signature", "x-signature", "webhook-signature"] {
            assert_eq!(sent.header(signature), "");
        }
        assert_ne!(sent.header("webhook-id"), "");
    }
}
