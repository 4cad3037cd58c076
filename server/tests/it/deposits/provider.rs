//! A simulation of dLocal, and the notices that it sends.

use std::sync::{Arc, Mutex};

use api_types::paths;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use axum::{Json, Router};
use hmac::{Hmac, KeyInit, Mac};
use reqwest::Method;
use serde_json::{Value, json};
use sha2::Sha256;
use tokio::net::TcpListener;

use crate::harness::{Answer, Ask, TestApp};
use crate::support::FreshStore;

pub(super) const LOGIN: &str = "sak223k2wdksdl2";
const TRANS_KEY: &str = "fm12O7G9fm12O7G9";
const SECRET: &str = "cdpCd3ExeTnS0pkeOhJ1bEvJ";

/// A simulation of dLocal by its documentation: it creates payments if the request is signed
/// correctly.
#[derive(Clone, Default)]
pub(super) struct Provider {
    /// Every requested payment, with its idempotency key.
    asked: Arc<Mutex<Vec<(String, Value)>>>,
    /// The response to send instead, if any.
    refuses: Arc<Mutex<Option<(u16, Value)>>>,
}

impl Provider {
    /// Starts the simulation, and a server that uses it.
    pub(super) async fn and_server(store: FreshStore) -> (Self, TestApp) {
        let provider = Self::default();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new()
            .route("/payments", post(open_payment))
            .with_state(provider.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        let settings = [
            ["--payments", "base"],
            ["--dlocal-url", &url],
            ["--dlocal-login", LOGIN],
            ["--dlocal-trans-key", TRANS_KEY],
            ["--dlocal-secret", SECRET],
            ["--dlocal-country", "BR"],
        ];
        let app = TestApp::start_with(store, settings.as_flattened()).await;
        app.app.config.check().unwrap();
        (provider, app)
    }

    pub(super) fn refuse(&self, status: u16, body: Value) {
        *self.refuses.lock().unwrap() = Some((status, body));
    }

    pub(super) fn asked(&self) -> Vec<(String, Value)> {
        self.asked.lock().unwrap().clone()
    }
}

async fn open_payment(
    State(provider): State<Provider>,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, Json<Value>) {
    let header = |name: &str| headers.get(name).unwrap().to_str().unwrap().to_owned();
    assert_eq!(
        (header("x-login"), header("x-version")),
        (LOGIN.to_owned(), "2.1".to_owned())
    );
    assert_eq!(header("x-trans-key"), TRANS_KEY);
    let signed = [LOGIN.as_bytes(), header("x-date").as_bytes(), &body].concat();
    let expected = format!("V2-HMAC-SHA256, Signature: {}", hmac(&signed));
    if header("authorization") != expected {
        let refusal = json!({"code": 3001, "message": "Invalid Credentials"});
        return (StatusCode::FORBIDDEN, Json(refusal));
    }
    let asked: Value = serde_json::from_slice(&body).unwrap();
    let order = asked["order_id"].as_str().unwrap().to_owned();
    let key = header("x-idempotency-key");
    provider.asked.lock().unwrap().push((key, asked));
    if let Some((status, body)) = provider.refuses.lock().unwrap().take() {
        return (StatusCode::from_u16(status).unwrap(), Json(body));
    }
    let opened = json!({"id": "D-4-086e1efe", "status": "PENDING", "status_code": "100",
        "order_id": order, "redirect_url": format!("https://pay.dlocal.com/{order}")});
    (StatusCode::OK, Json(opened))
}

pub(super) fn hmac(bytes: &[u8]) -> String {
    let mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
    let signature = mac.chain_update(bytes).finalize().into_bytes();
    signature.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Sends a notice that is signed as in the contract.
pub(super) async fn notify(app: &TestApp, notice: &Value) -> Answer {
    let body = notice.to_string();
    notify_with(app, &body, &[("x-signature", &hmac(body.as_bytes()))]).await
}

pub(super) async fn notify_with(app: &TestApp, body: &str, headers: &[(&str, &str)]) -> Answer {
    let mut request = app
        .request(Method::POST, paths::PAYMENT_WEBHOOK)
        .body(body.to_owned());
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request
        .header("content-type", "application/json")
        .answer()
        .await
}
