//! Webhooks: sent after each move, signed, retried, and never sent to private targets. The files of
//! this folder share the tasks with a callback and the reading of their deliveries.

mod contents;
mod hanging;
mod interruptions;
mod receiver;
mod retries;
mod targets;

use api_types::{TaskId, paths};
use serde_json::{Value, json};

use crate::harness::{Agent, TestApp, photo_task};
use crate::support::FreshStore;
pub(crate) use receiver::Receiver;

const SECRET: &str = "a secret of enough characters";

/// Allows callbacks to this machine over http.
pub(crate) const LOOPBACK: [&str; 5] = [
    "--allow-http-targets=true",
    "--allow-private-targets",
    "127.0.0.0/8",
    "--target-ports",
    "1-65535",
];

async fn start(store: FreshStore) -> TestApp {
    TestApp::start_with(store, &LOOPBACK).await
}

pub(crate) fn with_callback(app: &TestApp, url: &str) -> Value {
    let mut task = photo_task(app);
    task["task_type"] = json!("VERIFICATION");
    task["proof_type"] = json!("CONFIRMATION");
    task["callback_url"] = json!(url);
    task["callback_secret"] = json!(SECRET);
    task
}

/// Posts the task, and has it claimed and its proof submitted. The Guardian has not run yet.
async fn submitted(agent: &Agent<'_>, task: &Value) -> TaskId {
    let operator = agent.app.operator().await;
    let task = agent.post(paths::TASKS, task).await.created().id("task_id");
    operator.accept(task).await;
    operator.confirm(task).await;
    task
}

async fn completed(agent: &Agent<'_>, task: &Value) -> TaskId {
    let task = submitted(agent, task).await;
    agent.app.drain_jobs().await;
    task
}

async fn deliveries(agent: &Agent<'_>, task: TaskId) -> Vec<Value> {
    let listed = agent.get(&paths::task_deliveries(task)).await.ok();
    listed.body["data"].as_array().unwrap().clone()
}

async fn only_delivery(agent: &Agent<'_>, task: TaskId) -> Value {
    let mut all = deliveries(agent, task).await;
    assert_eq!(all.len(), 1, "{all:?}");
    all.remove(0)
}
