//! Envelopes that operators submit: complete, incomplete and malformed.

use std::time::Duration;

use api_types::paths;
use crypto_wasm::Envelope;
use serde_json::{Value, json};

use super::{SECRET, base64, claimed, opened, sealed};
use crate::harness::TestApp;
use crate::support::{self, on_both_databases};

on_both_databases! {
    async fn an_envelope_moved_to_another_task_does_not_open(store) {
        let app = TestApp::start(store).await;
        let (agent, operator) = (app.agent().await, app.operator().await);
        let (one, mut two) = (claimed(&agent, &operator).await, claimed(&agent, &operator).await);
        let envelope = sealed(&one, SECRET);
        assert!(opened(&one, &envelope).is_some());
        assert!(opened(&two, &envelope).is_none());
        // The envelope does not open even with the same key.
        two.secret_key = one.secret_key;
        assert!(opened(&two, &envelope).is_none());
    }

    async fn envelopes_that_are_not_well_formed_are_refused_field_by_field(store) {
        let app = TestApp::start(store).await;
        let (agent, operator) = (app.agent().await, app.operator().await);
        let posted = claimed(&agent, &operator).await;
        let good = sealed(&posted, SECRET);
        let changed = |field: &str, value: Value| {
            let mut envelope = good.clone();
            envelope[field] = value;
            envelope
        };
        let mut point = [4; 65];
        point[64] = 5;
        for (field, value) in [
            ("v", json!(2)),
            ("v", json!("1")),
            ("algorithm", json!("none")),
            ("ciphertext", json!("@@@")),
            ("ciphertext", json!(base64(&[0; 16]))),
            ("ciphertext", json!(base64(&vec![0; 65_536 + 16 + 1]))),
            ("iv", json!(base64(&[0; 11]))),
            ("iv", json!(base64(&[0; 13]))),
            ("ephemeralPublicKey", json!(base64(&point))),
            ("ephemeralPublicKey", json!(base64(&[0]))),
            ("ephemeralPublicKey", json!(7)),
            ("createdAt", json!("yesterday")),
            ("createdAt", json!(1_770_000_000)),
            ("algorithm", json!("")),
        ] {
            let proof = json!({"encrypted_credential": changed(field, value.clone())});
            let answer = operator.post(&paths::submit_proof(posted.id), &proof).await;
            answer.refused(400, "validation");
            let place = format!("encrypted_credential.{field}");
            assert_eq!(answer.faulty_fields(), [place], "{value}");
        }
        let beside = json!({"encrypted_credential": changed("plaintext", json!("sk_test"))});
        let answer = operator.post(&paths::submit_proof(posted.id), &beside).await;
        answer.refused(400, "validation");
        assert_eq!(answer.faulty_fields(), ["encrypted_credential"]);
        let several = json!({"encrypted_credential": {"v": 3, "algorithm": "x", "ciphertext": "",
            "iv": "!", "ephemeralPublicKey": "AA==", "createdAt": "2026-02-06T14:30:00.000Z"}});
        let answer = operator.post(&paths::submit_proof(posted.id), &several).await;
        answer.refused(400, "validation");
        let mut named = answer.faulty_fields();
        named.sort_unstable();
        let all = ["algorithm", "ciphertext", "ephemeralPublicKey", "iv", "v"];
        assert_eq!(named, all.map(|field| format!("encrypted_credential.{field}")));
        let task = operator.get(&paths::operator_task(posted.id)).await.ok();
        assert_eq!(task.text("status"), "ACCEPTED");
    }

    async fn plaintext_beside_a_credential_is_refused_and_not_repeated(store) {
        let app = TestApp::start(store).await;
        let (agent, operator) = (app.agent().await, app.operator().await);
        let posted = claimed(&agent, &operator).await;
        let proof = json!({
            "encrypted_credential": sealed(&posted, SECRET),
            "confirmation_text": "hunter2", "password": "hunter2", "result": {"api_key": "hunter2"},
        });
        let answer = operator.post(&paths::submit_proof(posted.id), &proof).await;
        answer.refused(400, "validation");
        // The first two are fields of this API. The last one stands for all other names.
        assert_eq!(answer.faulty_fields(), ["confirmation_text", "result", ""]);
        assert!(!answer.body.to_string().contains("hunter2"));
    }

    async fn an_envelope_of_ciphertext_iv_and_point_alone_is_taken_and_filled_in(store) {
        let app = TestApp::start(store).await;
        let (agent, operator) = (app.agent().await, app.operator().await);
        for left_out in [
            &["createdAt", "v", "algorithm"][..],
            &["createdAt"],
            &["v"],
            &["algorithm"],
        ] {
            let posted = claimed(&agent, &operator).await;
            let mut envelope = sealed(&posted, SECRET);
            let created_at = match left_out.contains(&"createdAt") {
                true => json!(app.now()),
                false => envelope["createdAt"].clone(),
            };
            for field in left_out {
                envelope.as_object_mut().unwrap().remove(*field);
            }
            let proof = json!({"encrypted_credential": envelope});
            operator.post(&paths::submit_proof(posted.id), &proof).await.ok();
            app.drain_jobs().await;
            app.advance(Duration::from_secs(60));
            let retrieved = agent.get(&paths::retrieve_credential(posted.id)).await.ok();
            let envelope = &retrieved.body["encrypted_credential"];
            assert_eq!(envelope["v"], Envelope::VERSION, "{left_out:?}");
            assert_eq!(envelope["algorithm"], Envelope::ALGORITHM, "{left_out:?}");
            assert_eq!(envelope["createdAt"], created_at, "{left_out:?}");
            assert_eq!(opened(&posted, envelope).as_deref(), Some(SECRET));
        }
    }
}
