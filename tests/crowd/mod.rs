//! A crowd of agents who post and operators who claim concurrently, each request with an
//! idempotency key of its own. A request without a response is repeated with its key until there is
//! one.
//!
//! `work.rs` sends the requests, and `results.rs` compares the server's state with the responses
//! that the crowd has received.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a crowd that cannot go on fails its story"
)]

mod results;
mod work;

use std::{
    collections::HashSet,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use anyhow::{Context, Result};
use reqwest::{Client, Response};
use serde_json::{Value, json};

use crate::host::{Host, in_two_days};
use crate::sign_up::sign_up;

/// Number of pairs of an agent and an operator.
const PAIRS: usize = 8;

/// The crowd exceeds the daily limits of a tier, and sends everything from one address.
pub(crate) const SETTINGS: [(&str, &str); 2] = [
    ("TIERS", "STANDARD=10000000/10000/1000000000"),
    ("RATE_LIMIT", "off"),
];

/// Timeout of a request.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(30);

/// Timeout for the completion of all work once the server runs normally.
const COMPLETION_TIME_MAX: Duration = Duration::from_secs(120);

/// Returns the settings of a crowd's server.
pub(crate) fn settings() -> Vec<(&'static str, String)> {
    let own = |(name, value): (&'static str, &str)| (name, value.to_owned());
    SETTINGS.map(own).to_vec()
}

/// A request that must take effect exactly once.
#[derive(Clone, Debug)]
struct PendingRequest {
    path: String,
    header: &'static str,
    account: String,
    key: String,
    body: Value,
}

/// The crowd, and what it knows.
pub(crate) struct Crowd {
    client: Client,
    server: String,
    pairs: Vec<(String, String)>,
    posts: AtomicUsize,
    posted: Mutex<Vec<(String, String)>>,
    claimed: Mutex<HashSet<String>>,
    unanswered: Mutex<Vec<PendingRequest>>,
    temporary_refusals: AtomicUsize,
}

impl Crowd {
    /// Registers all agents and operators, and gives the agents money.
    pub(crate) async fn register(server: &Host) -> Result<Arc<Self>> {
        let mut crowd = Self {
            client: Client::builder().timeout(ANSWER_TIME_MAX).build()?,
            server: server.url(""),
            pairs: Vec::new(),
            posts: AtomicUsize::new(0),
            posted: Mutex::default(),
            claimed: Mutex::default(),
            unanswered: Mutex::default(),
            temporary_refusals: AtomicUsize::new(0),
        };
        for n in 0..PAIRS {
            let agent = json!({"name": "Crowd", "email": format!("agent{n}@example.com")});
            let agent = crowd.ask("/agents/register", "x-none", "", &agent).await?;
            let key = agent["api_key"].as_str().context("a key")?.to_owned();
            for deposit in 0..10 {
                let number = n * 100 + deposit;
                let body = json!({"tx_hash": format!("0x{number:064x}"), "amount_usdc": 10_000});
                crowd
                    .ask("/agents/deposit/usdc", "x-api-key", &key, &body)
                    .await?;
            }
            let email = format!("operator{n}@example.com");
            let bearer = sign_up(server, &email, json!({"name": "Jane Doe"})).await?;
            crowd.pairs.push((key, bearer));
        }
        Ok(Arc::new(crowd))
    }

    /// Returns the same crowd as clients of another server, with the responses that it has
    /// received.
    pub(crate) fn on(&self, server: &Host) -> Arc<Self> {
        Arc::new(Self {
            client: self.client.clone(),
            server: server.url(""),
            pairs: self.pairs.clone(),
            posts: AtomicUsize::new(self.posts.load(Ordering::Relaxed)),
            posted: Mutex::new(self.posted.lock().unwrap().clone()),
            claimed: Mutex::new(self.claimed.lock().unwrap().clone()),
            unanswered: Mutex::default(),
            temporary_refusals: AtomicUsize::new(0),
        })
    }

    async fn send(&self, pending: &PendingRequest) -> reqwest::Result<Response> {
        let url = format!("{}/api/v1{}", self.server, pending.path);
        let request = self
            .client
            .post(url)
            .header(pending.header, &pending.account);
        let request = request.header("idempotency-key", &pending.key);
        request.json(&pending.body).send().await
    }

    async fn ask(&self, path: &str, header: &str, account: &str, body: &Value) -> Result<Value> {
        let url = format!("{}/api/v1{path}", self.server);
        let answer = self
            .client
            .post(url)
            .header(header, account)
            .json(body)
            .send()
            .await?;
        Ok(answer.error_for_status()?.json().await?)
    }
}

fn post(agent: &str, name: &str) -> PendingRequest {
    PendingRequest {
        path: "/tasks".to_owned(),
        header: "x-api-key",
        account: agent.to_owned(),
        key: name.to_owned(),
        body: json!({
            "title": "Is the shop open?", "description": "Call and ask.", "reward_usd": 10,
            "task_type": "CONTENT_REVIEW", "deadline": in_two_days(),
            "proof_requirements": ["What they said"], "external_id": name,
        }),
    }
}
