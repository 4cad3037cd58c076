//! Receivers of webhooks: one that records requests, and one that closes its connections.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::Notify;

/// A request to the receiver.
#[derive(Clone, Debug)]
pub(super) struct Received {
    pub(super) headers: HeaderMap,
    pub(super) body: String,
}

impl Received {
    pub(super) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    pub(super) fn told(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

/// A scripted response: a status and headers.
type ScriptedResponse = (u16, &'static [(&'static str, &'static str)]);

/// A receiver of webhooks, which records requests. It sends the scripted responses, and 204 after
/// them.
#[derive(Clone, Default)]
pub(crate) struct Receiver {
    origin: String,
    received: Arc<Mutex<Vec<Received>>>,
    answers: Arc<Mutex<VecDeque<ScriptedResponse>>>,
    came: Arc<Notify>,
}

impl Receiver {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let receiver = Self {
            origin,
            ..Self::default()
        };
        let routes = Router::new()
            .route("/hook", post(receive))
            .route("/hang", post(hang))
            .with_state(receiver.clone());
        tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
        receiver
    }

    fn record(&self, headers: HeaderMap, body: String) {
        let call = Received { headers, body };
        self.received.lock().unwrap().push(call);
        self.came.notify_one();
    }

    pub(super) fn answers(&self, status: u16, headers: &'static [(&'static str, &'static str)]) {
        self.answers.lock().unwrap().push_back((status, headers));
    }

    pub(crate) fn hook(&self) -> String {
        format!("{}/hook", self.origin)
    }

    /// The address of a route that takes a request and never answers.
    pub(crate) fn hang(&self) -> String {
        format!("{}/hang", self.origin)
    }

    /// The number of requests so far.
    pub(crate) fn calls(&self) -> usize {
        self.received.lock().unwrap().len()
    }

    pub(super) fn all(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }

    pub(super) fn only(&self) -> Received {
        let mut all = self.all();
        assert_eq!(all.len(), 1, "{all:?}");
        all.remove(0)
    }

    pub(crate) async fn got(&self, count: usize) {
        let enough = async {
            while self.all().len() < count {
                self.came.notified().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(8), enough)
            .await
            .unwrap();
    }
}

async fn receive(State(receiver): State<Receiver>, headers: HeaderMap, body: String) -> Response {
    receiver.record(headers, body);
    let answer = receiver.answers.lock().unwrap().pop_front();
    let (status, headers) = answer.unwrap_or((204, &[]));
    let mut response = (StatusCode::from_u16(status).unwrap(), "noted").into_response();
    for (name, value) in headers {
        response.headers_mut().insert(*name, value.parse().unwrap());
    }
    response
}

async fn hang(State(receiver): State<Receiver>, headers: HeaderMap, body: String) -> Response {
    receiver.record(headers, body);
    std::future::pending().await
}

/// A host that closes every connection without a response, until it is switched to respond.
pub(super) struct BrokenReceiver {
    pub(super) url: String,
    calls: Arc<AtomicUsize>,
    pub(super) answers: Arc<AtomicBool>,
}

impl BrokenReceiver {
    pub(super) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let breaking = Self {
            url: format!("http://{}/", listener.local_addr().unwrap()),
            calls: Arc::default(),
            answers: Arc::default(),
        };
        let (calls, answers) = (breaking.calls.clone(), breaking.answers.clone());
        tokio::spawn(async move {
            while let Ok((mut call, _)) = listener.accept().await {
                let mut request = [0; 8192];
                let _ = call.read(&mut request).await;
                calls.fetch_add(1, Ordering::Relaxed);
                if answers.load(Ordering::Relaxed) {
                    let answer = b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n";
                    let _ = call.write_all(answer).await;
                }
            }
        });
        breaking
    }

    pub(super) fn calls(&self) -> usize {
        self.calls.load(Ordering::Relaxed)
    }
}
