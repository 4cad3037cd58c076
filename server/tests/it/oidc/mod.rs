//! Operators who sign in at an OpenID Connect issuer (contract §2).

mod bad_tokens;
mod builtin_tokens;
mod confirmation;
mod issuer;
mod keys;
mod methods;
mod registration;

use api_types::paths;
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Answer, Ask, TestApp};
use crate::support::FreshStore;
use issuer::{CLIENT_ID, Issuer};

/// Starts a server that accepts the tokens of an issuer.
async fn start(store: FreshStore, issuer: &Issuer) -> TestApp {
    let app = TestApp::start_with(store, &issuer.settings()).await;
    app.app.config.check().unwrap();
    app
}

/// Returns the server's time in seconds since 1970.
fn seconds(app: &TestApp) -> i64 {
    app.now().as_millis() / 1000
}

/// Returns the claims of a person's ID token, which is valid for 15 minutes.
fn claims(app: &TestApp, issuer: &Issuer, sub: &str) -> Value {
    json!({
        "iss": issuer.url(),
        "sub": sub,
        "aud": CLIENT_ID,
        "iat": seconds(app),
        "exp": seconds(app) + 900,
        "email": format!("{sub}@example.com"),
        "email_verified": true,
    })
}

/// Reads the open tasks with a token.
async fn find_tasks(app: &TestApp, token: &str) -> Answer {
    let request = app.request(Method::GET, paths::FIND_TASKS);
    request.bearer_auth(token).answer().await
}

/// Asserts that a token is accepted: its person is known, and has no account yet.
async fn assert_accepted(app: &TestApp, token: &str) {
    let answer = find_tasks(app, token).await;
    let sentence = answer.refused(403, "forbidden");
    assert!(sentence.contains("POST /operator/register"), "{sentence}");
}

/// Asserts that a token is not accepted.
async fn assert_refused(app: &TestApp, token: &str) {
    let answer = find_tasks(app, token).await;
    assert_eq!(answer.status, 401, "{token:.400} {answer:?}");
    answer.refused(401, "unauthorized");
}

/// Registers an operator with a token.
async fn register(app: &TestApp, token: &str, body: &Value) -> Answer {
    let request = app.request(Method::POST, paths::REGISTER_OPERATOR);
    request.bearer_auth(token).json(body).answer().await
}

/// Reads the operator's profile with a token.
async fn profile(app: &TestApp, token: &str) -> Answer {
    let request = app.request(Method::GET, paths::OPERATOR_PROFILE);
    request.bearer_auth(token).answer().await
}
