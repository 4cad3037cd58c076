//! S2: the task management guide of HumCLI, by a client of its dialect.

use api_types::paths;
use reqwest::Method;
use serde_json::{Value, json};

use super::as_printed;
use crate::harness::{Ask, Caller, TestApp, photo_task};
use crate::support::{self, on_both_databases};

const LISTED: &str = r#"{
  "data": [
    {
      "task_id": "task_abc123",
      "title": "Verify store opening",
      "status": "SUBMITTED",
      "task_type": "VERIFICATION",
      "reward_usd": 15,
      "operator_id": "op_xyz789",
      "created_at": "2026-04-02T12:00:00.000Z",
      "deadline": "2026-04-05T18:00:00.000Z"
    }
  ],
  "pagination": { "limit": 20, "offset": 0, "total": 47 }
}"#;

/// A client that sends what S2's `curl` lines send, and reads the body of a success.
async fn ask<Id>(agent: &Caller<'_, Id>, method: Method, path: &str, body: &str) -> Value {
    let mut request = agent
        .request(method, path)
        .header("X-Api-Dialect", "humcli");
    if !body.is_empty() {
        request = request
            .header("Content-Type", "application/json")
            .body(body.to_owned());
    }
    let answer = request.answer().await;
    assert_eq!(answer.status, 200, "{path}: {}", answer.body);
    answer.body
}

on_both_databases! {
    async fn tasks_are_listed_filtered_and_paged_as_printed(store) {
        let app = TestApp::start(store).await;
        let (agent, operator) = (app.agent().await, app.operator().await);
        let task = agent.post_confirmation_task().await;
        agent.post_photo_task().await;
        operator.accept(task).await;
        operator.confirm(task).await;
        let path = "/api/v1/tasks?status=SUBMITTED";
        let listed = ask(&agent, Method::GET, path, "").await;
        as_printed(&listed, LISTED, &[]);
        assert_eq!(listed["pagination"]["total"], 1);
        let listed = ask(&agent, Method::GET, "/api/v1/tasks?limit=50&offset=100", "").await;
        let page = &listed["pagination"];
        assert_eq!((&page["limit"], &page["offset"], &page["total"]), (&json!(50), &json!(100), &json!(2)));
        app.drain_jobs().await;
    }

    async fn proof_is_read_and_judged_as_printed(store) {
        let arguments = ["--guardian-rules-may-approve=false"];
        let app = TestApp::start_with(store, &arguments).await;
        let (agent, operator) = (app.agent().await, app.operator().await);
        for (decision, status) in [("APPROVE", "COMPLETED"), ("REJECT", "DISPUTED")] {
            let task = agent.post_confirmation_task().await;
            operator.accept(task).await;
            operator.confirm(task).await;
            app.drain_jobs().await;
            let view = ask(&agent, Method::GET, &paths::task(task), "").await;
            assert!(view["proof"]["submittedAt"].is_string(), "{view}");
            if view["status"] == "MANUAL_REVIEW" {
                let printed = r#"{"decision": "MANUAL_REVIEW", "confidence": 65,
                    "reasoning": "Photos show storefront"}"#;
                as_printed(&view["guardian_result"], printed, &[]);
            }
            let body = format!(r#"{{"decision": "{decision}"}}"#);
            let verify = paths::verify_task(task);
            let judged = agent.request(Method::POST, &verify).header("X-Api-Dialect", "humcli");
            let judged = judged.header("content-type", "application/json").body(body);
            let judged = judged.answer().await;
            if view["status"] == "COMPLETED" {
                let sentence = "Task not found or not in reviewable status";
                assert_eq!(judged.refused(404, "invalid_state"), sentence);
            } else {
                assert_eq!(judged.ok().text("status"), status);
            }
        }
    }

    async fn a_task_is_cancelled_as_printed(store) {
        let app = TestApp::start(store).await;
        let agent = app.agent().await;
        let mut body = photo_task(&app);
        body["reward_usd"] = json!(15);
        let task = agent.post(paths::TASKS, &body).await.created().id("task_id");
        let cancelled = ask(&agent, Method::POST, &paths::cancel_task(task), "").await;
        let printed = r#"{"task_id": "task_abc123", "status": "CANCELLED", "refunded_usd": 16}"#;
        as_printed(&cancelled, printed, &[]);
    }
}
