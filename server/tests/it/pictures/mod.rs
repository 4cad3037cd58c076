//! Pictures and documents as evidence: complete or damaged, large or small, rotated or not, new or
//! submitted before. The files of this folder share their submission and review.

mod damage;
mod judgement;
mod large;
mod metadata;
mod samples;

use api_types::{OperatorId, TaskId, paths};
use serde_json::{Value, json};

use crate::harness::{Caller, TestApp, photo_task};
use crate::uploads::send;

/// Has an operator submit one file for each requirement of a task, and returns the task as its
/// agent sees it after the Guardian's review.
async fn judged(app: &TestApp, kind: (&str, &str), files: Vec<Vec<u8>>) -> Value {
    let (agent, operator) = (app.agent().await, app.operator().await);
    let (task_type, proof_type) = kind;
    let mut body = photo_task(app);
    body["task_type"] = json!(task_type);
    body["proof_type"] = json!(proof_type);
    body["proof_requirements"] = (0..files.len())
        .map(|n| json!(format!("File {n}")))
        .collect();
    let task = agent
        .post(paths::TASKS, &body)
        .await
        .created()
        .id("task_id");
    submitted(&operator, task, proof_type, files).await;
    app.drain_jobs().await;
    agent.get(&paths::task(task)).await.ok().body
}

async fn submitted(
    operator: &Caller<'_, OperatorId>,
    task: TaskId,
    proof_type: &str,
    files: Vec<Vec<u8>>,
) {
    operator.accept(task).await;
    let mut urls = Vec::new();
    for bytes in files {
        urls.push(
            send(operator, Some(task), bytes)
                .await
                .created()
                .text("url"),
        );
    }
    let field = if proof_type == "ARTIFACT" {
        "artifacts"
    } else {
        "photos"
    };
    let proof = json!({ field: urls });
    operator.post(&paths::submit_proof(task), &proof).await.ok();
}

const PHOTO: (&str, &str) = ("PHOTO", "PHOTO");
const ARTIFACT: (&str, &str) = ("INSPECTION", "ARTIFACT");

fn results(task: &Value) -> &[Value] {
    task["guardian_result"]["requirement_results"]
        .as_array()
        .unwrap()
}
