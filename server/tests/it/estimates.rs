//! Estimates: submitted, approved, rejected, required, and approved in advance (contract §4).

use api_types::paths;
use serde_json::json;

use crate::harness::TestApp;
use crate::moves::{HOUR, Pair};
use crate::support::{self, on_both_databases};

on_both_databases! {
    async fn an_estimate_is_one_total_that_the_agent_approves(store) {
        let app = TestApp::start(store).await;
        let pair = Pair::new(&app).await;
        let body = json!({"estimate_days": 1, "estimate_hours": 2, "estimate_note": "By train."});
        let path = paths::accept_task(pair.task);
        let answer = pair.operator.post(&path, &body).await.ok();
        assert_eq!(answer.text("status"), "ESTIMATE_PENDING");
        assert_eq!(answer.body["accepted_at"], json!(null));
        let estimate = pair.view().await["estimate"].clone();
        assert_eq!(estimate["estimate_minutes"], 26 * 60);
        assert_eq!(estimate["estimate_note"], "By train.");
        let path = paths::approve_estimate(pair.task);
        let approved = pair.agent.post(&path, &json!({})).await.ok();
        assert_eq!(approved.body, json!({
            "task_id": pair.task.to_string(), "status": "ACCEPTED",
            "accepted_at": "2026-02-05T12:00:00.000Z", "estimate_minutes": 26 * 60,
            "operator": {"id": pair.operator.key, "name": "Jane D.", "rating": null},
        }));
        let again = pair.agent.post(&path, &json!({})).await;
        let sentence = again.refused(404, "invalid_state");
        assert_eq!(sentence, "Task not found or not in ESTIMATE_PENDING status");
    }

    async fn a_rejected_estimate_opens_the_task_to_others(store) {
        let app = TestApp::start(store).await;
        let pair = Pair::new(&app).await;
        pair.estimate(600).await;
        app.advance(HOUR / 2);
        let body = json!({"reason": "Expected under 2 hours."});
        let path = paths::reject_estimate(pair.task);
        let answer = pair.agent.post(&path, &body).await.ok();
        assert_eq!(answer.text("status"), "PENDING");
        let view = pair.view().await;
        assert_eq!((&view["operator"], &view["estimate"]), (&json!(null), &json!(null)));
        // A rejected operator may read the reason, and may accept the task again.
        let path = paths::operator_messages(pair.task);
        let read = pair.operator.get(&path).await.ok();
        let last = read.body["data"].as_array().unwrap().last().unwrap().clone();
        let why = "The agent rejected the estimate: Expected under 2 hours.";
        assert_eq!((&last["from"], &last["body"]), (&json!("system"), &json!(why)));
        app.operator().await.accept(pair.task).await;
    }

    async fn a_task_may_require_an_estimate(store) {
        let app = TestApp::start(store).await;
        let pair = Pair::with(&app, json!({"require_estimate": true})).await;
        let path = paths::accept_task(pair.task);
        let refused = pair.operator.post(&path, &json!({})).await;
        refused.refused(422, "rule_violation");
        assert_eq!(pair.status().await, "PENDING");
        let empty = pair.operator.post(&paths::give_estimate(pair.task), &json!({})).await;
        empty.refused(400, "validation");
        assert_eq!(empty.faulty_fields(), ["estimate_minutes"]);
        pair.estimate(5).await;
        assert_eq!(pair.status().await, "ESTIMATE_PENDING");
    }

    async fn an_estimate_may_be_approved_beforehand(store) {
        let app = TestApp::start(store).await;
        for (minutes, status) in [(120, "ACCEPTED"), (121, "ESTIMATE_PENDING")] {
            let terms = json!({"auto_approve_estimate_minutes": 120});
            let pair = Pair::with(&app, terms).await;
            pair.estimate(minutes).await;
            let view = pair.view().await;
            assert_eq!(view["status"], status, "{minutes}");
            assert_eq!(view["estimate"]["approved_at"].is_null(), minutes > 120);
        }
    }

    async fn an_estimate_names_every_fault(store) {
        let app = TestApp::start(store).await;
        let pair = Pair::new(&app).await;
        let body = json!({"estimate_days": -1, "estimate_hours": 0.5, "estimate_note": 7, "x": 1});
        let answer = pair.operator.post(&paths::accept_task(pair.task), &body).await;
        answer.refused(400, "validation");
        let fields = answer.faulty_fields();
        for field in ["estimate_days", "estimate_hours", "estimate_note", "x"] {
            assert!(fields.contains(&field), "{field} in {fields:?}");
        }
    }
}
