//! The task management guide of HumCLI, with a client of its dialect.

use api_types::{AgentId, OperatorId, TaskId, paths};
use image::ImageFormat;
use reqwest::Method;
use serde_json::{Value, json};

use super::as_printed;
use crate::harness::{Ask, Caller, TestApp, photo_task};
use crate::proofs::picture;
use crate::support::{self, on_both_databases};
use crate::uploads;

const LISTED: &str = r#"{
  "data": [
    {
      "task_id": "task_abc123",
      "title": "Verify store opening",
      "status": "SUBMITTED",
      "task_type": "PHOTO",
      "reward_usd": 15,
      "operator_id": "op_xyz789",
      "created_at": "2026-04-02T12:00:00.000Z",
      "deadline": "2026-04-05T18:00:00.000Z"
    }
  ],
  "pagination": { "limit": 20, "offset": 0, "total": 47 }
}"#;

const REVIEWED: &str = r#"{
  "proof": {
    "photos": [
      "https://proof.humcli.com/photos/abc123_1.jpg"
    ],
    "notes": "Visited at 2:15 PM. Store was open, sign was visible.",
    "submittedAt": "2026-04-02T14:15:00.000Z"
  },
  "guardian_result": {
    "decision": "MANUAL_REVIEW",
    "confidence": 65,
    "reasoning": "Photos show storefront but street number is partially obscured."
  }
}"#;

/// Creates a task of this agent for which this operator has submitted a photo.
async fn photographed(
    agent: &Caller<'_, AgentId>,
    operator: &Caller<'_, OperatorId>,
    seed: u32,
) -> TaskId {
    let task = agent.post_photo_task().await;
    operator.accept(task).await;
    let photo = uploads::send(operator, Some(task), picture(seed, ImageFormat::Jpeg)).await;
    let proof =
        json!({"photos": [photo.created().text("url")], "notes": "Photographed at the door"});
    operator.post(&paths::submit_proof(task), &proof).await.ok();
    task
}

/// Sends a request like HumCLI's `curl` lines, and returns the body of a success.
async fn ask<Id>(agent: &Caller<'_, Id>, method: Method, path: &str, body: &str) -> Value {
    let mut request = agent.request(method, path);
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
        photographed(&agent, &operator, 1).await;
        agent.post_photo_task().await;
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
        let decisions = [(1, "APPROVE", "COMPLETED"), (4, "REJECT", "DISPUTED")];
        for (seed, decision, status) in decisions {
            let task = photographed(&agent, &operator, seed).await;
            app.drain_jobs().await;
            let view = ask(&agent, Method::GET, &paths::task(task), "").await;
            as_printed(&view, REVIEWED, &[]);
            let body = format!(r#"{{"decision": "{decision}"}}"#);
            let verify = paths::verify_task(task);
            let judged = ask(&agent, Method::POST, &verify, &body).await;
            assert_eq!(judged["status"], status);
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
