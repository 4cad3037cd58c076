//! Signed messages in which an identity provider approves or rejects operators.

use api_types::paths;
use hmac::{Hmac, KeyInit, Mac};
use reqwest::Method;
use serde_json::json;
use sha2::Sha256;

use super::{KYC_SECRET, SETTINGS, decide, look, record};
use crate::harness::{Answer, Ask, TestApp};
use crate::support::{self, on_both_databases};

/// Sends a message of the identity provider, signed with `secret`.
async fn provider_says(app: &TestApp, secret: &str, body: &str) -> Answer {
    let mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    let signature = mac.chain_update(body).finalize().into_bytes();
    let hex: String = signature.iter().map(|byte| format!("{byte:02x}")).collect();
    let request = app.request(Method::POST, paths::KYC_WEBHOOK);
    let request = request.header("x-signature", hex).body(body.to_owned());
    request.answer().await
}

on_both_databases! {
    async fn a_provider_approves_by_a_signed_message(store) {
        let app = TestApp::start_with(store, &SETTINGS).await;
        let operator = app.operator().await;
        let body = json!({"operator_id": operator.id, "status": "APPROVED", "reference": "c-1"});
        let body = body.to_string();
        let forged = provider_says(&app, "another secret", &body).await;
        assert!(forged.refused(401, "unauthorized").contains("X-Signature"));
        let unsigned = app.post(paths::KYC_WEBHOOK, &json!({})).await;
        unsigned.refused(401, "unauthorized");
        let heard = provider_says(&app, KYC_SECRET, &body).await.ok();
        assert_eq!((&heard.body["kyc_status"], &heard.body["heard_now"]),
            (&json!("APPROVED"), &json!(true)));
        let seen = look(&app, &paths::admin_operator(operator.id)).await;
        assert_eq!(seen.text("kyc_status"), "APPROVED");
        assert_eq!(record(&app).await[0].0, "kyc provider");
    }

    /// Otherwise an attacker who has captured a message could undo later decisions of the host.
    async fn a_providers_message_counts_once(store) {
        let app = TestApp::start_with(store, &SETTINGS).await;
        let operator = app.operator().await;
        let body = json!({"operator_id": operator.id, "status": "APPROVED"}).to_string();
        provider_says(&app, KYC_SECRET, &body).await.ok();
        decide(&app, operator.id, &json!({"decision": "REJECT"})).await.ok();
        let again = provider_says(&app, KYC_SECRET, &body).await.ok();
        assert_eq!((&again.body["kyc_status"], &again.body["heard_now"]),
            (&json!("REJECTED"), &json!(false)));
        assert_eq!(record(&app).await.len(), 2);
    }

    async fn a_providers_message_is_read_like_every_body(store) {
        let app = TestApp::start_with(store, &SETTINGS).await;
        let body = r#"{"operator_id": "ag_x", "status": "PENDING", "extra": 1}"#;
        let refused = provider_says(&app, KYC_SECRET, body).await;
        refused.refused(400, "validation");
        assert_eq!(refused.faulty_fields(), ["operator_id", "status", "extra"]);
        let nobody = r#"{"operator_id": "op_01KB0000000000000000000000", "status": "APPROVED"}"#;
        provider_says(&app, KYC_SECRET, nobody).await.refused(404, "not_found");
    }

    async fn a_providers_message_with_a_fault_in_any_field_decides_nothing(store) {
        let app = TestApp::start_with(store, &SETTINGS).await;
        let operator = app.operator().await;
        let good = json!({"operator_id": operator.id, "status": "APPROVED", "reference": "c-1"});
        for (field, faulty) in [
            ("operator_id", json!([operator.id])),
            ("status", json!(["APPROVED"])),
            ("status", json!(true)),
            ("reference", json!(7)),
            ("reference", json!(["c-1"])),
            ("reference", json!({"id": "c-1"})),
            ("reference", json!(false)),
            ("reference", json!("c".repeat(201))),
            ("kyc_status", json!("REJECTED")),
        ] {
            let mut message = good.clone();
            message[field] = faulty;
            let refused = provider_says(&app, KYC_SECRET, &message.to_string()).await;
            refused.refused(400, "validation");
            assert_eq!(refused.faulty_fields(), [field], "{message}");
            let seen = look(&app, &paths::admin_operator(operator.id)).await;
            assert_eq!(seen.text("kyc_status"), "PENDING", "{message}");
        }
        assert_eq!(record(&app).await, []);
        provider_says(&app, KYC_SECRET, &good.to_string()).await.ok();
        let seen = look(&app, &paths::admin_operator(operator.id)).await;
        assert_eq!(seen.text("kyc_status"), "APPROVED");
    }

    async fn a_server_without_a_provider_says_so(store) {
        let app = TestApp::start(store).await;
        app.post(paths::KYC_WEBHOOK, &json!({})).await.refused(501, "not_implemented");
    }
}
