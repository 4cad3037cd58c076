//! Clients that expect the errors of Nonhumans or Remno, or read them as HumCLI does, against this
//! server.

use api_types::paths;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::harness::{Answer, Ask, TestApp, photo_task};
use crate::support::{self, on_both_databases};

/// A Nonhumans error, as its SDK throws it.
#[derive(Debug)]
struct NonhumansError {
    status: u16,
    code: String,
    message: String,
    request_id: String,
    retry_after: String,
}

/// Sends a request as Nonhumans' client: returns the body, or the typed error.
async fn nonhumans(request: RequestBuilder) -> Result<Value, NonhumansError> {
    let answer = request.header("X-Api-Dialect", "nonhumans").answer().await;
    if answer.status < 300 {
        return Ok(answer.body);
    }
    let field = |name: &str| answer.body["error"][name].as_str().unwrap().to_owned();
    Err(NonhumansError {
        status: answer.status,
        code: field("code"),
        message: field("message"),
        request_id: field("request_id"),
        retry_after: answer.header("retry-after").to_owned(),
    })
}

/// Sends a request as Remno's client: returns the data of the envelope, or the status, code and
/// field of the first error.
async fn remno(request: RequestBuilder) -> Result<Value, (u16, String, Option<String>)> {
    let Answer { status, body, .. } = request.header("X-Api-Dialect", "remno").answer().await;
    assert!(body["meta"]["requestId"].is_string() && body["meta"]["timestamp"].is_string());
    let errors = body["errors"].as_array().unwrap();
    let Some(first) = errors.first() else {
        return Ok(body["data"].clone());
    };
    assert_eq!(body["data"], Value::Null);
    let text = |name: &str| {
        first
            .get(name)
            .map(|value| value.as_str().unwrap().to_owned())
    };
    Err((status, text("code").unwrap(), text("field")))
}

on_both_databases! {
    async fn an_agent_that_expects_the_errors_of_nonhumans_branches_on_its_codes(store) {
        let app = TestApp::start_with(store, &["--rate-limit=12"]).await;
        let agent = app.agent().await;
        let post = |body: &Value| agent.request(Method::POST, paths::TASKS).json(body);
        let task = photo_task(&app);
        let fine = nonhumans(post(&task)).await.unwrap();
        assert!(fine["task_id"].is_string());
        let unknown = app.request(Method::GET, paths::BALANCE).header("X-API-Key", "ho_live_no");
        let error = nonhumans(unknown).await.unwrap_err();
        assert_eq!((error.status, error.code.as_str()), (401, "unauthorized"));
        assert!(!error.message.is_empty() && error.request_id.starts_with("req_"));
        let mut dear = task.clone();
        dear["reward_usd"] = json!(5000);
        let error = nonhumans(post(&dear)).await.unwrap_err();
        assert_eq!((error.status, error.code.as_str()), (402, "insufficient_funds"));
        let error = nonhumans(post(&json!({}))).await.unwrap_err();
        assert_eq!((error.status, error.code.as_str()), (422, "validation_error"));
        let gone = agent.request(Method::GET, "/api/v1/tasks/task_no");
        let error = nonhumans(gone).await.unwrap_err();
        assert_eq!((error.status, error.code.as_str()), (404, "not_found"));
        // The example reads Retry-After when it is rate limited.
        let limited = loop {
            match nonhumans(post(&json!({}))).await {
                Err(error) if error.code == "rate_limited" => break error,
                refused => drop(refused.unwrap_err()),
            }
        };
        assert_eq!((limited.status, limited.retry_after.as_str()), (429, "60"));
    }

    async fn an_agent_that_expects_the_envelope_of_remno_finds_it_around_everything(store) {
        let app = TestApp::start(store).await;
        let agent = app.agent().await;
        let post = |body: &Value| agent.request(Method::POST, paths::TASKS).json(body);
        let task = photo_task(&app);
        let created = remno(post(&task)).await.unwrap();
        let get = agent.request(Method::GET, paths::TASKS);
        assert_eq!(remno(get).await.unwrap()[0]["task_id"], created["task_id"]);
        let mut untitled = task.clone();
        untitled.as_object_mut().unwrap().remove("title");
        let told = |code: &str, field: Option<&str>| (code.to_owned(), field.map(str::to_owned));
        let (status, code, field) = remno(post(&untitled)).await.unwrap_err();
        assert_eq!((status, (code, field)), (400, told("VALIDATION_ERROR", Some("title"))));
        // The error of a missing e-mail address is as Remno prints it.
        let registered = app.request(Method::POST, paths::REGISTER_AGENT).json(&json!({"name": "a"}));
        let answer = registered.header("X-Api-Dialect", "remno").answer().await;
        let printed = json!({"code": "VALIDATION_ERROR", "message": "email is required", "field": "email"});
        assert_eq!(answer.body["errors"], json!([printed]));
        let mut dear = task.clone();
        dear["reward_usd"] = json!(5000);
        let (status, code, field) = remno(post(&dear)).await.unwrap_err();
        assert_eq!((status, (code, field)), (402, told("INSUFFICIENT_FUNDS", None)));
        for _ in 0..19 {
            agent.post(paths::KEYS, &json!({})).await.created();
        }
        let more = agent.request(Method::POST, paths::KEYS).json(&json!({}));
        let (status, code, _) = remno(more).await.unwrap_err();
        assert_eq!((status, code.as_str()), (400, "LIMIT_EXCEEDED"));
        let unknown = app.request(Method::GET, paths::BALANCE);
        let (status, code, _) = remno(unknown).await.unwrap_err();
        assert_eq!((status, code.as_str()), (401, "UNAUTHORIZED"));
    }

    /// HumCLI's example reads `error.json()['error']` of every response that is not 201.
    async fn an_agent_written_from_humcli_reads_a_sentence_under_error(store) {
        let app = TestApp::start(store).await;
        let agent = app.agent().await;
        let mut dear = photo_task(&app);
        dear["reward_usd"] = json!(5000);
        let answer = agent.post(paths::TASKS, &dear).await;
        assert_eq!((answer.status, answer.text("error").as_str()), (402, "Insufficient balance for escrow"));
        dear["reward_usd"] = json!(9);
        let answer = agent.post(paths::TASKS, &dear).await;
        assert_eq!((answer.status, answer.text("error").as_str()), (422, "Minimum task value is $10"));
    }
}
