//! Agents in web pages of other origins (contract §8).

use std::collections::BTreeSet;

use api_types::paths;
use reqwest::Method;
use reqwest::header::HeaderName;
use serde_json::{Value, json};

use crate::harness::{Answer, Ask, TestApp, photo_task};
use crate::support::{self, on_both_databases};

const ORIGIN: &str = "https://agents.example.com";

/// Sends the preflight request that a browser sends before a request with these headers.
async fn preflight(app: &TestApp, method: &str, path: &str, headers: &str) -> Answer {
    let request = app.request(Method::OPTIONS, path);
    let request = request
        .header("origin", ORIGIN)
        .header("access-control-request-method", method)
        .header("access-control-request-headers", headers);
    request.answer().await
}

/// Returns the items of a header that is a list.
fn list<'a>(answer: &'a Answer, name: &str) -> BTreeSet<&'a str> {
    answer.header(name).split(", ").collect()
}

/// Returns whether pages of other origins may read the response, and no cookie is involved.
fn is_shared(answer: &Answer) -> bool {
    assert_eq!(answer.header("access-control-allow-credentials"), "");
    answer.header("access-control-allow-origin") == "*"
}

const HEADERS: &str = "authorization,content-type,idempotency-key,last-event-id,x-api-dialect,\
    x-api-key,x-request-id,x-sandbox";

on_both_databases! {
    async fn a_page_may_send_what_an_agent_sends(store) {
        let app = TestApp::start_with(store, &["--rate-limit=1"]).await;
        for _ in 0..3 {
            let answer = preflight(&app, "POST", paths::TASKS, HEADERS).await;
            assert_eq!((answer.status, answer.bytes.len()), (204, 0));
            assert!(is_shared(&answer));
            let methods = list(&answer, "access-control-allow-methods");
            assert!(["GET", "POST", "PATCH", "DELETE"].iter().all(|one| methods.contains(one)));
            let allowed = list(&answer, "access-control-allow-headers");
            assert!(HEADERS.split(',').all(|one| allowed.contains(one)), "{allowed:?}");
            assert!(!answer.header("x-request-id").is_empty());
        }
        // The preflight was not counted: one request of this minute is left.
        app.get(paths::TASKS).await.refused(401, "unauthorized");
        let limited = app.get(paths::TASKS).await;
        limited.refused(429, "rate_limited");
        assert!(is_shared(&limited));
        assert!(list(&limited, "access-control-expose-headers").contains("retry-after"));
    }

    async fn a_page_may_read_answers_and_refusals(store) {
        let app = TestApp::start(store).await;
        let agent = app.agent().await;
        let task = photo_task(&app);
        let posted = agent.post_once(paths::TASKS, "once", &task).await.created();
        let again = agent.post_once(paths::TASKS, "once", &task).await.created();
        let refusals = [
            agent.post(paths::TASKS, &json!({})).await,
            agent.get("/api/v1/tasks/task_x").await,
            agent.delete(paths::TASKS).await,
            app.get(paths::EVENTS).await,
        ];
        assert_eq!(refusals.each_ref().map(|one| one.status), [400, 404, 405, 401]);
        for answer in [posted, again].iter().chain(&refusals) {
            assert!(is_shared(answer), "{answer:?}");
            let readable = list(answer, "access-control-expose-headers");
            let ours = answer.headers.keys().map(HeaderName::as_str);
            let ours = ours.filter(|name| {
                ["x-request-id", "retry-after", "idempotent-replayed"].contains(name)
                    || name.contains("ratelimit")
            });
            for name in ours {
                assert!(readable.contains(name), "{name} in {readable:?}");
            }
        }
    }

    async fn what_agents_call_is_shared_and_nothing_else(store) {
        let app = TestApp::start(store).await;
        let document = app.get("/openapi.json").await.ok().body;
        for (path, operations) in document["paths"].as_object().unwrap() {
            for (method, operation) in operations.as_object().unwrap() {
                let answer = preflight(&app, &method.to_uppercase(), path, "x-api-key").await;
                let expected = is_for_agents(path, operation);
                assert_eq!(is_shared(&answer), expected, "{method} {path}");
                assert_eq!(answer.status == 204, expected, "{method} {path}");
                assert_eq!(is_shared(&app.get(path).await), expected, "{method} {path}");
            }
        }
        for path in ["/", "/openapi.json", "/api/v1/auth/refresh", "/api/v1/host/session"] {
            assert!(!is_shared(&app.get(path).await), "{path}");
        }
    }
}

/// Returns whether an operation takes an agent's key, registers an agent, or serves a file to it.
fn is_for_agents(path: &str, operation: &Value) -> bool {
    let ways = operation["security"].as_array().into_iter().flatten();
    let mut ways = ways.filter_map(|way| way.as_object()?.keys().next());
    ways.any(|way| way == "agent_key")
        || [paths::REGISTER_AGENT, paths::VERIFY_EMAIL, paths::FILE].contains(&path)
}
