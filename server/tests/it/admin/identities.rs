//! The host's decisions about the identity of operators, and their entries in the audit log.

use api_types::{OperatorId, paths};
use reqwest::Method;
use serde_json::json;

use super::{SETTINGS, decide, look, look_refused, record};
use crate::harness::{ADMIN_KEY, Ask, TestApp};
use crate::support::{self, on_both_databases};

on_both_databases! {
    async fn an_operator_works_once_the_host_has_approved_them(store) {
        let app = TestApp::start_with(store, &SETTINGS).await;
        let (agent, operator) = (app.agent().await, app.operator().await);
        let task = agent.post_photo_task().await;
        let accept = async || operator.post(&paths::accept_task(task), &json!({})).await;
        accept().await.refused(403, "kyc_required");
        let actions = async || {
            let task = operator.get(&paths::operator_task(task)).await.ok();
            let found = operator.get(paths::FIND_TASKS).await.ok();
            assert_eq!(found.body["data"][0]["actions"], task.body["actions"]);
            task.body["actions"].clone()
        };
        assert_eq!(actions().await, json!([]));
        let waiting = look(&app, "/api/v1/admin/operators?kyc_status=PENDING").await;
        assert_eq!(waiting.body["pagination"]["total"], 1);
        assert_eq!(waiting.body["data"][0]["operator_id"], json!(operator.id));
        let body = json!({"decision": "APPROVE", "note": "passport seen"});
        let decided = decide(&app, operator.id, &body).await.ok();
        assert_eq!(decided.text("kyc_status"), "APPROVED");
        assert_eq!(decided.text("kyc_note"), "passport seen");
        assert_eq!(actions().await, json!(["accept", "estimate"]));
        accept().await.ok();
        let profile = operator.get(paths::OPERATOR_PROFILE).await.ok();
        assert_eq!(profile.text("kyc_status"), "APPROVED");
        let record = record(&app).await;
        let [(who, action, subject)] = record.as_slice() else { panic!("{record:?}") };
        assert!(who.starts_with("admin key ") && !who.contains(ADMIN_KEY), "{who}");
        assert_eq!((action.as_str(), subject), ("kyc.approve", &operator.id.to_string()));
    }

    async fn a_rejected_operator_takes_no_further_task(store) {
        let app = TestApp::start_with(store, &SETTINGS).await;
        let (agent, operator) = (app.agent().await, app.operator().await);
        let (first, second) = (agent.post_photo_task().await, agent.post_photo_task().await);
        decide(&app, operator.id, &json!({"decision": "APPROVE"})).await.ok();
        operator.accept(first).await;
        decide(&app, operator.id, &json!({"decision": "REJECT", "note": "forged"})).await.ok();
        let refused = operator.post(&paths::accept_task(second), &json!({})).await;
        refused.refused(403, "kyc_required");
        operator.get(&paths::operator_task(first)).await.ok();
    }

    async fn a_decision_without_sense_or_operator_is_refused_and_not_recorded(store) {
        let app = TestApp::start_with(store, &SETTINGS).await;
        let operator = app.operator().await;
        let body = json!({"decision": "MAYBE", "note": "x".repeat(1001), "why": 1});
        let refused = decide(&app, operator.id, &body).await;
        refused.refused(400, "validation");
        assert_eq!(refused.faulty_fields(), ["decision", "note", "why"]);
        let nobody: OperatorId = "op_01KB0000000000000000000000".parse().unwrap();
        let refused = decide(&app, nobody, &json!({"decision": "APPROVE"})).await;
        refused.refused(404, "not_found");
        look_refused(&app, &paths::admin_operator(nobody)).await;
        look_refused(&app, &paths::ADMIN_AGENT.replace("{id}", "ag_x")).await;
        assert_eq!(record(&app).await, []);
    }

    async fn a_decision_under_one_key_is_recorded_once(store) {
        let app = TestApp::start_with(store, &SETTINGS).await;
        let operator = app.operator().await;
        let body = json!({"decision": "APPROVE"});
        for _ in 0..2 {
            let request = app.request(Method::POST, &paths::decide_kyc(operator.id));
            let request = request.header("x-admin-key", ADMIN_KEY).json(&body);
            request.header("idempotency-key", "k").answer().await.ok();
        }
        assert_eq!(record(&app).await.len(), 1);
    }
}
