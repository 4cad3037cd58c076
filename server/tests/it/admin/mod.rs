//! The host's requests (contract §2, §6). The files of this folder share the settings of a server
//! with a host's key, the requests of the host, and the reading of the audit log.

mod access;
mod disputes;
mod identities;
mod kyc_provider;
mod operation;

use api_types::{OperatorId, paths};
use reqwest::Method;
use serde_json::Value;

use crate::harness::{ADMIN_KEY, Answer, Ask, TestApp};
pub(crate) use disputes::disputed;

const KYC_SECRET: &str = "a-secret-of-the-provider";

const SETTINGS: [&str; 6] = [
    "--admin-key",
    ADMIN_KEY,
    "--kyc",
    "manual",
    "--kyc-webhook-secret",
    KYC_SECRET,
];

/// Sends a request of the host.
pub(crate) async fn host(app: &TestApp, method: Method, path: &str, body: &Value) -> Answer {
    let request = app.request(method, path).header("x-admin-key", ADMIN_KEY);
    let request = if body.is_null() {
        request
    } else {
        request.json(body)
    };
    request.answer().await
}

async fn look(app: &TestApp, path: &str) -> Answer {
    host(app, Method::GET, path, &Value::Null).await.ok()
}

async fn decide(app: &TestApp, id: OperatorId, body: &Value) -> Answer {
    host(app, Method::POST, &paths::decide_kyc(id), body).await
}

/// Returns the audit log, newest entry first: actor, action and subject.
async fn record(app: &TestApp) -> Vec<(String, String, String)> {
    let page = look(app, paths::AUDIT).await;
    let entries = page.body["data"].as_array().unwrap();
    let of = |entry: &Value, field: &str| entry[field].as_str().unwrap().to_owned();
    entries
        .iter()
        .map(|entry| (of(entry, "who"), of(entry, "action"), of(entry, "subject")))
        .collect()
}

async fn look_refused(app: &TestApp, path: &str) {
    let answer = host(app, Method::GET, path, &Value::Null).await;
    answer.refused(404, "not_found");
}
