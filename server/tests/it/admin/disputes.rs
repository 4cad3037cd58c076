//! Disputes that the host resolves, to the cent.

use api_types::{AgentId, OperatorId, TaskId, paths};
use image::ImageFormat;
use reqwest::Method;
use serde_json::{Value, json};

use super::{host, look, look_refused, record};
use crate::harness::{ADMIN_KEY, Caller, TestApp};
use crate::support::{self, on_both_databases};
use crate::uploads::{picture, send};

/// Creates a task whose proof the agent has rejected.
pub(crate) async fn disputed(
    app: &TestApp,
    agent: &Caller<'_, AgentId>,
    operator: &Caller<'_, OperatorId>,
) -> TaskId {
    let task = agent.post_photo_task().await;
    operator.accept(task).await;
    let picture = picture(ImageFormat::Png, 3);
    let upload = send(operator, Some(task), picture).await.created();
    let proof = json!({"photos": [upload.text("url")]});
    operator.post(&paths::submit_proof(task), &proof).await.ok();
    app.drain_jobs().await;
    let verdict = json!({"decision": "REJECT", "reason": "It shows another door."});
    let judged = agent.post(&paths::verify_task(task), &verdict).await;
    assert!(matches!(judged.status, 200 | 404), "{judged:?}");
    assert_eq!(
        agent.get(&paths::task(task)).await.ok().text("status"),
        "DISPUTED"
    );
    task
}

on_both_databases! {
    async fn a_released_and_a_refunded_dispute_leave_no_cent_behind(store) {
        let settings = ["--admin-key", ADMIN_KEY, "--guardian-rules-may-approve=false"];
        let app = TestApp::start_with(store, &settings).await;
        for (outcome, balance, earned, status) in [
            // The reward is 25.00, the fee 4.50.
            ("RELEASE", "970.50", "25.00", "COMPLETED"),
            ("REFUND", "1000.00", "0.00", "CANCELLED"),
        ] {
            let (agent, operator) = (app.agent().await, app.operator().await);
            let task = disputed(&app, &agent, &operator).await;
            let open = look(&app, "/api/v1/admin/disputes?status=open").await;
            assert_eq!(open.body["data"][0]["task_id"], json!(task));
            let id = open.body["data"][0]["dispute_id"].as_str().unwrap().parse().unwrap();
            let body = json!({"outcome": outcome, "note": "Seen by a person."});
            host(&app, Method::POST, &paths::resolve_dispute(id), &body).await.ok();
            assert_eq!(agent.balance().await, (balance.to_owned(), "0.00".to_owned()));
            let seen = operator.get(paths::EARNINGS).await.ok();
            assert_eq!(seen.body["pending_balance"].to_string(), earned);
            assert_eq!(agent.get(&paths::task(task)).await.ok().text("status"), status);
        }
    }

    async fn a_dispute_is_resolved_by_the_host_to_the_cent(store) {
        let settings = ["--admin-key", ADMIN_KEY, "--guardian-rules-may-approve=false"];
        let app = TestApp::start_with(store, &settings).await;
        let (agent, operator) = (app.agent().await, app.operator().await);
        disputed(&app, &agent, &operator).await;
        let open = look(&app, "/api/v1/admin/disputes?status=open").await;
        let id = open.body["data"][0]["dispute_id"].as_str().unwrap().parse().unwrap();
        let resolve = async |body: &Value| {
            host(&app, Method::POST, &paths::resolve_dispute(id), body).await
        };
        let faulty = resolve(&json!({"outcome": "REVISION"})).await;
        faulty.refused(400, "validation");
        assert_eq!(faulty.faulty_fields(), ["outcome", "note"]);
        let whole = json!({"outcome": "SPLIT", "operator_usd": 25, "note": "x"});
        resolve(&whole).await.refused(422, "rule_violation");
        let split = json!({"outcome": "SPLIT", "operator_usd": 10, "note": "Half of it."});
        assert_eq!(resolve(&split).await.ok().text("outcome"), "SPLIT");
        resolve(&split).await.refused(409, "invalid_state");
        // 29.50 was held. The operator gets 10 of 25, and so the platform gets 1.80 of 4.50.
        assert_eq!(agent.balance().await, ("988.20".to_owned(), "0.00".to_owned()));
        let earned = operator.get(paths::EARNINGS).await.ok();
        assert_eq!(earned.body["pending_balance"].to_string(), "10.00");
        let record = record(&app).await;
        assert_eq!((record.len(), record[0].1.as_str()), (1, "dispute.split"));
        assert_eq!(look(&app, "/api/v1/admin/disputes?status=open").await.body["data"], json!([]));
        let seen = look(&app, &paths::admin_dispute(id)).await;
        assert_eq!(seen.text("note"), "Half of it.");
        look_refused(&app, &paths::ADMIN_DISPUTE.replace("{id}", "dsp_x")).await;
    }
}
