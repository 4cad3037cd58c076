//! A crowd of agents who post and operators who claim concurrently, each request with an
//! idempotency key of its own. A request without a response is repeated with its key until there is
//! one.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a crowd that cannot go on fails its story"
)]

use std::{
    collections::HashSet,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use reqwest::{Client, Response};
use serde_json::{Value, json};
use tokio::{
    task::JoinSet,
    time::{interval, timeout},
};

use crate::host::{Host, in_two_days};

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

/// A task in its agent's list.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct ListedTask {
    name: String,
    id: String,
    is_claimed: bool,
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
            let person = json!({"name": "Jane Doe", "email": format!("operator{n}@example.com")});
            let person = crowd
                .ask("/operator/register", "x-none", "", &person)
                .await?;
            let id = person["operator_id"].as_str().context("an id")?.to_owned();
            crowd.pairs.push((key, id));
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

    /// Repeats every post with its old idempotency key. The responses must contain the same tasks.
    pub(crate) async fn repeat_answered_posts(&self) -> Result<()> {
        let posted = self.posted.lock().unwrap().clone();
        for (name, task) in posted {
            let mut answers = Vec::new();
            for (agent, _) in &self.pairs {
                let url = format!("{}/api/v1/tasks?external_id={name}", self.server);
                let page = self
                    .client
                    .get(url)
                    .header("x-api-key", agent)
                    .send()
                    .await?;
                let page: Value = page.error_for_status()?.json().await?;
                if page["data"][0]["task_id"].is_string() {
                    let request = post(agent, &name);
                    let answer = self.send(&request).await?;
                    ensure!(
                        answer.headers().contains_key("idempotent-replayed"),
                        "{answer:?}"
                    );
                    answers.push(answer.json::<Value>().await?["task_id"].clone());
                }
            }
            ensure!(answers == [json!(task)], "{name}: {answers:?}");
        }
        Ok(())
    }

    /// Submits the proof of every claimed task, alternately to this server and another one, and
    /// returns their number.
    pub(crate) async fn submit_all_proofs(&self, other: &Host) -> Result<usize> {
        let mut submitted = 0;
        let tasks = self.claimed.lock().unwrap().clone();
        for task in &tasks {
            let server = [self.server.clone(), other.url("")][submitted % 2].clone();
            for (_, operator) in &self.pairs {
                let url = format!("{server}/api/v1/operator/tasks/{task}/submit");
                let request = self.client.post(url).header("x-operator-id", operator);
                let words = format!("The shop is open from nine to five, they said. {task}");
                let answer = request
                    .json(&json!({"confirmation_text": words}))
                    .send()
                    .await?;
                submitted += usize::from(answer.status() == 200);
            }
        }
        ensure!(submitted == tasks.len(), "{submitted} of {}", tasks.len());
        Ok(submitted)
    }

    /// Waits until this many tasks are completed, and returns the number of completed tasks.
    pub(crate) async fn wait_for_completed(&self, count: usize) -> Result<usize> {
        let mut again = interval(Duration::from_millis(50));
        let waiting = async {
            loop {
                let mut completed = 0;
                for (agent, _) in &self.pairs {
                    let url = format!("{}/api/v1/tasks?status=COMPLETED&limit=1", self.server);
                    let page = self
                        .client
                        .get(url)
                        .header("x-api-key", agent)
                        .send()
                        .await?;
                    let page: Value = page.error_for_status()?.json().await?;
                    completed += page["pagination"]["total"].as_u64().context("a total")? as usize;
                }
                if completed >= count {
                    return Ok(completed);
                }
                again.tick().await;
            }
        };
        timeout(COMPLETION_TIME_MAX, waiting)
            .await
            .context("not all are completed")?
    }

    /// Starts the work of everybody, which goes on until the server does not answer.
    pub(crate) fn start_work(self: &Arc<Self>) -> JoinSet<()> {
        let mut workers = JoinSet::new();
        for pair in 0..PAIRS {
            let crowd = Arc::clone(self);
            workers.spawn(async move { while crowd.post_and_claim(pair).await {} });
        }
        workers
    }

    /// Has everybody do `count` tasks, with retries until each request has a response.
    pub(crate) fn start_work_with_retries(self: &Arc<Self>, count: usize) -> JoinSet<()> {
        let mut workers = JoinSet::new();
        for pair in 0..PAIRS {
            let crowd = Arc::clone(self);
            workers.spawn(async move {
                for _ in 0..count {
                    crowd.post_and_claim(pair).await;
                    crowd.retry_unanswered().await;
                }
            });
        }
        workers
    }

    /// Repeats the requests without a response until all have one.
    pub(crate) async fn retry_unanswered(&self) {
        let mut again = interval(Duration::from_millis(20));
        loop {
            let request = self.unanswered.lock().unwrap().pop();
            let Some(request) = request else { return };
            if !self.send_or_keep(request).await {
                again.tick().await;
            }
        }
    }

    /// Returns the number of requests that were refused temporarily.
    pub(crate) fn temporary_refusals(&self) -> usize {
        self.temporary_refusals.load(Ordering::Relaxed)
    }

    /// Waits until more than `before` requests have been refused temporarily.
    pub(crate) async fn wait_for_refusal_after(&self, before: usize) -> Result<()> {
        let mut again = interval(Duration::from_millis(20));
        let waiting = async {
            while self.temporary_refusals() == before {
                again.tick().await;
            }
        };
        timeout(COMPLETION_TIME_MAX, waiting)
            .await
            .context("nobody was refused")
    }

    /// Does one more task, with unlimited retries.
    pub(crate) async fn do_one_task(&self) -> Result<()> {
        let done = async {
            self.post_and_claim(0).await;
            self.retry_unanswered().await;
        };
        timeout(COMPLETION_TIME_MAX, done)
            .await
            .context("nothing is done any more")
    }

    /// Returns the number of tasks that can be read.
    pub(crate) async fn count_readable_tasks(&self) -> Result<usize> {
        let mut tasks = 0;
        for (agent, _) in &self.pairs {
            tasks += self.tasks_of(agent).await?.len();
        }
        Ok(tasks)
    }

    /// Checks that the result of every request exists exactly once.
    pub(crate) async fn check_results(&self) -> Result<usize> {
        let mut expected: Vec<_> = self.posted.lock().unwrap().clone();
        expected.sort();
        let mut found = Vec::new();
        for (agent, _) in &self.pairs {
            found.extend(self.tasks_of(agent).await?);
        }
        found.sort();
        let claimed = self.claimed.lock().unwrap().clone();
        for task in &found {
            let claimed = claimed.contains(&task.id);
            ensure!(
                task.is_claimed == claimed,
                "{task:?}, and claimed: {claimed}"
            );
        }
        let named: Vec<_> = found.into_iter().map(|task| (task.name, task.id)).collect();
        let (there, wanted) = (named.len(), expected.len());
        ensure!(named == expected, "{there} tasks for {wanted} posts");
        Ok(there)
    }

    async fn tasks_of(&self, agent: &str) -> Result<Vec<ListedTask>> {
        let (mut tasks, mut cursor) = (Vec::new(), String::new());
        loop {
            let url = format!("{}/api/v1/tasks?limit=100{cursor}", self.server);
            let page = self
                .client
                .get(url)
                .header("x-api-key", agent)
                .send()
                .await?;
            let page: Value = page.error_for_status()?.json().await?;
            for row in page["data"].as_array().context("rows")? {
                let text = |field: &str| row[field].as_str().unwrap_or_default().to_owned();
                tasks.push(ListedTask {
                    name: text("external_id"),
                    id: text("task_id"),
                    is_claimed: text("status") == "ACCEPTED",
                });
            }
            match page["pagination"]["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return Ok(tasks),
            }
        }
    }

    /// Posts and claims a task. Returns false once the server does not answer.
    async fn post_and_claim(&self, pair: usize) -> bool {
        let (agent, operator) = &self.pairs[pair];
        let number = self.posts.fetch_add(1, Ordering::Relaxed);
        let name = format!("task-{number}");
        let post = post(agent, &name);
        if !self.send_or_keep(post).await {
            return false;
        }
        let posted = self.posted.lock().unwrap().last().cloned();
        let Some((_, task)) = posted else { return true };
        let claim = PendingRequest {
            path: format!("/operator/tasks/{task}/accept"),
            header: "x-operator-id",
            account: operator.clone(),
            key: format!("claim-{number}"),
            body: json!({}),
        };
        self.send_or_keep(claim).await
    }

    /// Sends a request. Returns false, and keeps the request, unless it got a final response.
    async fn send_or_keep(&self, request: PendingRequest) -> bool {
        let sent = self.send(&request).await;
        let answer = match sent {
            Ok(answer) if answer.status().as_u16() == 503 => {
                assert!(answer.headers().contains_key("retry-after"), "{answer:?}");
                self.temporary_refusals.fetch_add(1, Ordering::Relaxed);
                None
            }
            Ok(answer) => {
                let status = answer.status();
                answer.json::<Value>().await.ok().map(|body| (status, body))
            }
            Err(_) => None,
        };
        let Some((status, body)) = answer else {
            self.unanswered.lock().unwrap().push(request);
            return false;
        };
        if request.path == "/tasks" {
            assert_eq!(status, 201, "{body}");
            let task = body["task_id"].as_str().unwrap().to_owned();
            self.posted.lock().unwrap().push((request.key, task));
        } else {
            // Of two operators who want the same task, one is too late.
            assert!(status == 200 || status == 404, "{status} {body}");
            if status == 200 {
                let task = body["task_id"].as_str().unwrap().to_owned();
                self.claimed.lock().unwrap().insert(task);
            }
        }
        true
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
