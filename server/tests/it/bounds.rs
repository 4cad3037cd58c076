//! Limits on data that a caller can make large: the faults of a request, their field names, and the
//! stored response (contract §8).

use std::fmt::Write;

use api_types::paths;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::credentials;
use crate::harness::{Answer, Ask, TestApp, photo_task};
use crate::support::{self, on_both_databases};

/// Maximum size of a refusal in bytes.
const REFUSAL_BYTES_MAX: usize = 16 * 1024;

/// Maximum number of faults in a refusal.
const FAULTS_MAX: usize = 50;

/// Returns a body of about 0.9 MB whose fields do not exist in any request.
fn of_unknown_fields() -> String {
    let mut body = String::from("{\"made_up\":0");
    let mut nth = 0;
    while body.len() < 900_000 {
        write!(body, ",\"made_up_{nth}\":{nth}").unwrap();
        nth += 1;
    }
    body.push('}');
    body
}

/// Returns a body with few fields, whose names are as long as a body allows and expensive to
/// format.
fn of_long_names() -> String {
    let names = (0..9).map(|nth| format!("{nth}{}", "\\u0001\"\\".repeat(4_000)));
    let fields: serde_json::Map<_, _> = names.map(|name| (name, Value::Null)).collect();
    Value::Object(fields).to_string()
}

fn json_body(request: RequestBuilder, body: &str) -> RequestBuilder {
    request
        .header("content-type", "application/json")
        .body(body.to_owned())
}

/// Sends a request in every dialect, and returns the responses.
async fn in_all_shapes(ask: impl Fn() -> RequestBuilder) -> Vec<Answer> {
    let mut answers = Vec::new();
    for (dialect, accept) in [
        ("humanops", "application/json"),
        ("humcli", "application/json"),
        ("nonhumans", "application/json"),
        ("remno", "application/json"),
        ("humanops", "application/problem+json"),
        ("remno", "application/problem+json"),
    ] {
        let asked = ask().header("x-api-dialect", dialect);
        answers.push(asked.header("accept", accept).answer().await);
    }
    answers
}

/// Returns the faults that a response lists, in any dialect.
fn listed(answer: &Answer) -> Vec<Value> {
    let body = &answer.body;
    let lists = [&body["details"], &body["error"]["details"], &body["errors"]];
    let list = lists.into_iter().find_map(Value::as_array);
    list.unwrap_or_else(|| panic!("{body}")).clone()
}

/// Returns all responses that are stored under idempotency keys.
async fn kept_answers(app: &TestApp) -> Vec<String> {
    let read = "SELECT body FROM idempotent_answer";
    let rows = app.app.store.read(move |tx| tx.query(read, &[]));
    let rows = rows.await.unwrap();
    rows.iter().map(|row| row.get("body").unwrap()).collect()
}

on_both_databases! {
    async fn a_refusal_names_fifty_faults_and_counts_the_others_in_every_shape(store) {
        let app = TestApp::start(store).await;
        let body = of_unknown_fields();
        let count = body.matches(':').count() + 2;
        for answer in in_all_shapes(|| {
            json_body(app.request(Method::POST, paths::REGISTER_AGENT), &body)
        })
        .await
        {
            assert!(matches!(answer.status, 400 | 422));
            assert!(answer.bytes.len() <= REFUSAL_BYTES_MAX, "{}", answer.bytes.len());
            let faults = listed(&answer);
            assert_eq!(faults.len(), FAULTS_MAX + 1);
            // Missing required fields come first.
            assert!(faults[0].to_string().contains("name"), "{}", faults[0]);
            let rest = format!("and {} more", count - FAULTS_MAX);
            assert!(faults[FAULTS_MAX].to_string().contains(&rest), "{}", faults[FAULTS_MAX]);
        }
        let answer = json_body(app.request(Method::POST, paths::REGISTER_AGENT), &body);
        let answer = answer.answer().await;
        let sentence = answer.refused(400, "validation");
        let others = format!("({} more, 49 of them in details.)", count - 1);
        assert!(sentence.ends_with(&others), "{sentence}");
    }

    async fn long_names_places_and_paths_do_not_make_a_refusal_long(store) {
        let app = TestApp::start(store).await;
        let agent = app.agent().await;
        let long_names = of_long_names();
        let mut faulty = photo_task(&app);
        faulty["location"] = serde_json::from_str(&long_names).unwrap();
        let mut schema = photo_task(&app);
        let depth = (0..40).fold(json!({"type": 7}), |inner, _| {
            json!({"properties": {"\"\\".repeat(50): inner}})
        });
        schema["result_schema"] = depth;
        let long_path = format!("/api/v1/{}", "x".repeat(8000));
        for answer in [
            in_all_shapes(|| {
                json_body(app.request(Method::POST, paths::REGISTER_OPERATOR), &long_names)
            })
            .await,
            in_all_shapes(|| agent.request(Method::POST, paths::TASKS).json(&faulty)).await,
            in_all_shapes(|| agent.request(Method::POST, paths::TASKS).json(&schema)).await,
            in_all_shapes(|| agent.request(Method::GET, &long_path)).await,
        ]
        .into_iter()
        .flatten()
        {
            assert!(matches!(answer.status, 400 | 404 | 422), "{}", answer.status);
            assert!(answer.bytes.len() <= REFUSAL_BYTES_MAX, "{}", answer.bytes.len());
        }
    }

    async fn what_is_kept_of_a_refusal_is_small_and_holds_no_name_that_its_caller_made_up(store) {
        let app = TestApp::start(store).await;
        let (agent, operator) = (app.agent().await, app.operator().await);
        let task = agent.post_confirmation_task().await;
        operator.accept(task).await;
        let body = of_unknown_fields();
        let submit = async |key: &str| {
            let request = operator.request(Method::POST, &paths::submit_proof(task));
            let request = request.header("idempotency-key", key);
            json_body(request, &body).answer().await
        };
        for nth in 0..12 {
            submit(&format!("key-{nth}")).await.refused(400, "validation");
        }
        let kept = kept_answers(&app).await;
        let kept: Vec<_> = kept.into_iter().filter(|body| body.contains("validation")).collect();
        assert_eq!(kept.len(), 12);
        for body in kept {
            assert!(body.len() <= REFUSAL_BYTES_MAX, "{}", body.len());
            assert!(!body.contains("made_up"), "{body}");
        }
        let again = submit("key-0").await;
        again.refused(400, "validation");
        assert_eq!(again.header("idempotent-replayed"), "true");
        assert_eq!(again.faulty_fields()[0], "confirmation_text");
        assert!(again.body["details"].to_string().contains(" more"), "{}", again.body);
    }

    /// A person may paste a secret in place of a name.
    async fn the_names_of_fields_beside_a_credential_are_repeated_nowhere(store) {
        let app = TestApp::start(store).await;
        let (agent, operator) = (app.agent().await, app.operator().await);
        let posted = credentials::claimed(&agent, &operator).await;
        let pasted = "sk_live_hunter2_pasted_as_a_name";
        for proof in [
            json!({pasted: ""}),
            json!({"encrypted_credential": {pasted: "x"}}),
            json!({"encrypted_credential": "x", pasted: {pasted: pasted}}),
        ] {
            let ask = || {
                let request = operator.request(Method::POST, &paths::submit_proof(posted.id));
                request.json(&proof).header("idempotency-key", proof.to_string().len().to_string())
            };
            for answer in in_all_shapes(ask).await {
                assert!(matches!(answer.status, 400 | 422));
                assert!(!String::from_utf8_lossy(&answer.bytes).contains("hunter2"));
            }
        }
        let kept = kept_answers(&app).await;
        assert!(!kept.is_empty() && kept.iter().all(|body| !body.contains("hunter2")));
    }

    async fn an_answer_that_repeats_a_large_request_is_not_kept_again_and_again(store) {
        let app = TestApp::start(store).await;
        let owner = app.agent().await;
        let limited = owner.with_policy(json!({"approval_above_usd": 1})).await;
        let mut task = photo_task(&app);
        task["description"] = json!("\u{1d11e}".repeat(10_000));
        let asked = limited.post(paths::TASKS, &task).await;
        asked.refused(403, "human_approval_required");
        let path = paths::approval(asked.id("approval_id"));
        let yes = json!({"decision": "APPROVE"});
        for nth in 0..5 {
            let key = format!("key-{nth}");
            let decided = owner.post_once(&path, &key, &yes).await.ok();
            assert_eq!(decided.text("status"), "APPROVED");
            assert!(decided.bytes.len() > 40_000);
            let again = owner.post_once(&path, &key, &yes).await.ok();
            assert_eq!(again.header("idempotent-replayed"), "true");
            assert_eq!(again.body, decided.body);
        }
        let other = json!({"decision": "REJECT"});
        owner.post_once(&path, "key-0", &other).await.refused(422, "idempotency_mismatch");
        let kept: usize = kept_answers(&app).await.iter().map(String::len).sum();
        assert!(kept < REFUSAL_BYTES_MAX, "{kept}");
    }

    async fn who_may_not_register_is_refused_before_the_body_is_looked_at(store) {
        let app = TestApp::start_with(store, &["--registration=admin_key"]).await;
        let broken = app.request(Method::POST, paths::REGISTER_AGENT);
        json_body(broken, "{").answer().await.refused(403, "forbidden");
    }
}
