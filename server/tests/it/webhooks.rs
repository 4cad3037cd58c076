//! Webhooks: sent after each move, signed, retried, and never sent to private targets.

use std::collections::{BTreeSet, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use api_types::{TaskId, paths};
use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use base64::{Engine, prelude::BASE64_STANDARD};
use reqwest::Method;
use serde_json::{Value, json};
use server::domain::target::TargetRules;
use server::jobs::runner;
use server::outside::http::UserTargets;
use server::store::jobs::{self, LeaseScope};
use server::store::search::PageWindow;
use server::store::{Tx, deliveries as stored_deliveries};
use sha2::{Digest, Sha256};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::admin::host;
use crate::harness::{ADMIN_KEY, Agent, Answer, TestApp, photo_task};
use crate::support::{self, FreshStore, on_both_databases};
use crate::uploads::eventually;

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

/// A request to the receiver.
#[derive(Clone, Debug)]
struct Received {
    headers: HeaderMap,
    body: String,
}

impl Received {
    fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    fn told(&self) -> Value {
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

    fn answers(&self, status: u16, headers: &'static [(&'static str, &'static str)]) {
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

    fn all(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }

    fn only(&self) -> Received {
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
    receiver
        .received
        .lock()
        .unwrap()
        .push(Received { headers, body });
    receiver.came.notify_one();
    let answer = receiver.answers.lock().unwrap().pop_front();
    let (status, headers) = answer.unwrap_or((204, &[]));
    let mut response = (StatusCode::from_u16(status).unwrap(), "noted").into_response();
    for (name, value) in headers {
        response.headers_mut().insert(*name, value.parse().unwrap());
    }
    response
}

/// Asserts that the API document describes the received request: event, style, body and headers.
fn assert_documented(sent: &Received, style: &str) {
    let document = serde_json::to_value(server::http::document().unwrap()).unwrap();
    let told = sent.told();
    let webhook = &document["webhooks"][told["event"].as_str().unwrap()]["post"];
    let about = webhook["description"].as_str().unwrap_or_default();
    assert!(
        about.contains(&format!("`{style}`")),
        "{told} {style}: {about}"
    );

    let mut schema = webhook["requestBody"]["content"]["application/json"]["schema"].clone();
    schema["components"] = document["components"].clone();
    let validator = jsonschema::draft202012::new(&schema).unwrap();
    let wrong: Vec<_> = validator
        .iter_errors(&told)
        .map(|fault| fault.to_string())
        .collect();
    assert!(wrong.is_empty(), "{told}: {wrong:?}");

    let parameters = webhook["parameters"].as_array().unwrap().iter();
    let names = parameters.map(|part| {
        let place = part["$ref"].as_str().unwrap().trim_start_matches('#');
        let name = &document.pointer(place).unwrap()["name"];
        name.as_str().unwrap().to_lowercase()
    });
    let documented: BTreeSet<_> = names.collect();
    let ours = |name: &&str| name.starts_with("webhook-") || name.starts_with("x-");
    let came = sent.headers.keys().map(HeaderName::as_str).filter(ours);
    assert_eq!(documented, came.map(str::to_owned).collect());
}

/// A host that closes every connection without a response, until it is switched to respond.
struct BrokenReceiver {
    url: String,
    calls: Arc<AtomicUsize>,
    answers: Arc<AtomicBool>,
}

impl BrokenReceiver {
    async fn start() -> Self {
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

    fn calls(&self) -> usize {
        self.calls.load(Ordering::Relaxed)
    }
}

/// Returns a name that the hosts file maps to this machine. `localhost` is refused before it is
/// resolved.
fn name_on_this_machine() -> Option<String> {
    let hosts = std::fs::read_to_string("/etc/hosts").ok()?;
    let loopback = |line: &&str| line.starts_with("127.") || line.starts_with("::1");
    let names = hosts.lines().filter(loopback);
    let mut names = names.flat_map(|line| line.split_whitespace().skip(1));
    let other = names.find(|name| !name.starts_with('#') && *name != "localhost");
    other.map(str::to_owned)
}

async fn hang(State(receiver): State<Receiver>, headers: HeaderMap, body: String) -> Response {
    receiver
        .received
        .lock()
        .unwrap()
        .push(Received { headers, body });
    receiver.came.notify_one();
    std::future::pending().await
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

async fn redeliver(agent: &Agent<'_>, delivery: &Value) -> Answer {
    let id = delivery["id"].as_str().unwrap().parse().unwrap();
    agent.post(&paths::redeliver(id), &json!({})).await
}

/// Computes HMAC by RFC 2104, without the library that the server uses.
fn hmac_sha256(key: &[u8], text: &[u8]) -> Vec<u8> {
    let mut block = [0_u8; 64];
    match key.len() > 64 {
        true => block[..32].copy_from_slice(&Sha256::digest(key)),
        false => block[..key.len()].copy_from_slice(key),
    }
    let inner = block.map(|byte| byte ^ 0x36);
    let outer = block.map(|byte| byte ^ 0x5c);
    let inner = Sha256::new()
        .chain_update(inner)
        .chain_update(text)
        .finalize();
    Sha256::new()
        .chain_update(outer)
        .chain_update(inner)
        .finalize()
        .to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

on_both_databases! {
    async fn a_decision_is_told_once_and_signed_twice(store) {
        let app = start(store).await;
        let (agent, receiver) = (app.agent().await, Receiver::start().await);
        let mut posted = with_callback(&app, &receiver.hook());
        posted["external_id"] = json!("order 7");
        let task = submitted(&agent, &posted).await;
        assert_eq!(deliveries(&agent, task).await.len(), 0);
        app.drain_jobs().await;
        let sent = receiver.only();
        let told = sent.told();
        let log = agent.get(&paths::task_events(task)).await.ok();
        assert_eq!(told, log.body["data"][3], "the log has what the callback was told");
        assert_eq!(told["event"], "task.verified");
        assert_eq!((&told["status"], &told["previous_status"]), (&json!("VERIFIED"), &json!("SUBMITTED")));
        assert_eq!(told["guardian_result"]["decision"], "APPROVE");
        assert_eq!(told["external_id"], "order 7");

        assert_eq!(sent.header("content-type"), "application/json");
        let body = hex(&hmac_sha256(SECRET.as_bytes(), sent.body.as_bytes()));
        assert_eq!(sent.header("x-humanops-signature"), body);
        assert_eq!(sent.header("x-signature"), body);
        let (id, at) = (sent.header("webhook-id"), sent.header("webhook-timestamp"));
        assert_eq!(json!(id), told["event_id"]);
        assert_eq!(at, (app.now().as_millis() / 1000).to_string());
        let content = format!("{id}.{at}.{}", sent.body);
        let standard = hmac_sha256(SECRET.as_bytes(), content.as_bytes());
        let standard = format!("v1,{}", BASE64_STANDARD.encode(standard));
        assert_eq!(sent.header("webhook-signature"), standard);

        let delivery = only_delivery(&agent, task).await;
        assert_eq!(delivery["state"], "DELIVERED");
        let attempt = &delivery["attempts"][0];
        assert_eq!((&attempt["status"], &attempt["number"]), (&json!(204), &json!(1)));
        assert_eq!(delivery["event_id"], told["event_id"]);
    }

    async fn a_task_chooses_what_its_callback_is_told(store) {
        let app = start(store).await;
        let agent = app.agent().await;
        let every = ["created", "accepted", "submitted", "verified", "completed"];
        for (style, told) in [
            ("all", every.map(|name| format!("task.{name}")).to_vec()),
            ("humcli", vec!["task.status_changed".to_owned(); 4]),
            ("humanops", vec!["task.verified".to_owned()]),
        ] {
            let receiver = Receiver::start().await;
            let mut posted = with_callback(&app, &receiver.hook());
            posted["webhook_style"] = json!(style);
            completed(&agent, &posted).await;
            let all = receiver.all();
            all.iter().for_each(|sent| assert_documented(sent, style));
            if style == "humcli" {
                let told = all.iter().map(Received::told);
                let mut moves: Vec<_> = told
                    .map(|told| (told["previous_status"].clone(), told["status"].clone()))
                    .map(|(from, to)| format!("{from} {to}").replace('"', ""))
                    .collect();
                moves.sort();
                let expected = ["ACCEPTED SUBMITTED", "PENDING ACCEPTED", "SUBMITTED COMPLETED",
                    "null PENDING"];
                assert_eq!(moves, expected);
            }
            let names = all.iter().map(|sent| sent.told()["event"].as_str().unwrap().to_owned());
            let mut names: Vec<_> = names.collect();
            let mut told = told;
            // Ids that are created in the same millisecond of the test's clock have no defined
            // order.
            names.sort();
            told.sort();
            assert_eq!(names, told, "{style}");
        }
    }

    async fn a_list_shows_each_delivery_with_its_own_attempts(store) {
        let app = start(store).await;
        let (agent, receiver) = (app.agent().await, Receiver::start().await);
        let mut posted = with_callback(&app, &receiver.hook());
        posted["webhook_style"] = json!("all");
        receiver.answers(503, &[]);
        let task = completed(&agent, &posted).await;
        app.advance(Duration::from_secs(30));
        app.drain_jobs().await;
        let listed = deliveries(&agent, task).await;
        let attempts = listed.iter().map(|delivery| {
            let attempts = delivery["attempts"].as_array().unwrap().iter();
            attempts.map(|one| json!([one["number"], one["status"]])).collect::<Vec<_>>()
        });
        let mut attempts: Vec<_> = attempts.collect();
        attempts.sort_by_key(Vec::len);
        let once = vec![json!([1, 204])];
        let twice = vec![json!([1, 503]), json!([2, 204])];
        assert_eq!(attempts, [once.clone(), once.clone(), once.clone(), once, twice]);
    }

    async fn without_a_secret_nothing_is_signed(store) {
        let app = start(store).await;
        let (agent, receiver) = (app.agent().await, Receiver::start().await);
        let mut posted = with_callback(&app, &receiver.hook());
        posted["callback_secret"] = json!(null);
        completed(&agent, &posted).await;
        let sent = receiver.only();
        for signature in ["x-humanops-signature", "x-signature", "webhook-signature"] {
            assert_eq!(sent.header(signature), "");
        }
        assert_ne!(sent.header("webhook-id"), "");
    }

    async fn a_callback_that_fails_is_told_again_by_the_schedule(store) {
        let app = start(store).await;
        let (agent, receiver) = (app.agent().await, Receiver::start().await);
        receiver.answers(500, &[]);
        receiver.answers(302, &[("location", "/elsewhere")]);
        let task = completed(&agent, &with_callback(&app, &receiver.hook())).await;
        for (wait, attempts) in [(29, 1), (1, 2), (59, 2), (1, 3), (86_400, 3)] {
            app.advance(Duration::from_secs(wait));
            app.drain_jobs().await;
            assert_eq!(receiver.all().len(), attempts, "{wait}");
        }
        let all = receiver.all();
        assert!(all.iter().all(|sent| sent.body == all[0].body));
        assert!(all.iter().all(|sent| sent.header("webhook-id") == all[0].header("webhook-id")));
        assert_ne!(all[0].header("webhook-signature"), all[1].header("webhook-signature"));
        let delivery = only_delivery(&agent, task).await;
        let attempts = delivery["attempts"].as_array().unwrap();
        let statuses: Vec<_> = attempts.iter().map(|attempt| &attempt["status"]).collect();
        assert_eq!(statuses, [500, 302, 204]);
        assert_eq!(attempts[0]["answer"], "noted");
        assert_eq!(delivery["state"], "DELIVERED");
    }

    async fn a_callback_may_ask_for_time(store) {
        let app = start(store).await;
        let (agent, receiver) = (app.agent().await, Receiver::start().await);
        receiver.answers(429, &[("retry-after", "7200")]);
        let task = completed(&agent, &with_callback(&app, &receiver.hook())).await;
        let delivery = only_delivery(&agent, task).await;
        let due = app.now().after(Duration::from_secs(7200));
        assert_eq!(delivery["next_attempt_at"], json!(due));
        app.advance(Duration::from_secs(7199));
        app.drain_jobs().await;
        assert_eq!(receiver.all().len(), 1);
        app.advance(Duration::from_secs(1));
        app.drain_jobs().await;
        assert_eq!(receiver.all().len(), 2);
    }

    async fn a_delivery_that_failed_for_good_can_be_sent_again(store) {
        let app = start(store).await;
        let (agent, receiver) = (app.agent().await, Receiver::start().await);
        (0..12).for_each(|_| receiver.answers(503, &[]));
        let task = completed(&agent, &with_callback(&app, &receiver.hook())).await;
        for _ in 0..12 {
            app.advance(Duration::from_secs(86_400));
            app.drain_jobs().await;
        }
        let failed = only_delivery(&agent, task).await;
        assert_eq!((&failed["state"], receiver.all().len()), (&json!("FAILED"), 12));
        let other = app.agent().await;
        redeliver(&other, &failed).await.refused(404, "not_found");
        assert_eq!(redeliver(&agent, &failed).await.ok().body["state"], "PENDING");
        app.drain_jobs().await;
        let all = receiver.all();
        assert_eq!(all[12].header("webhook-id"), all[0].header("webhook-id"));
        let delivered = only_delivery(&agent, task).await;
        assert_eq!(delivered["state"], "DELIVERED");
        assert_eq!(delivered["attempts"].as_array().unwrap().len(), 13);
    }

    async fn the_host_sees_every_delivery_and_sends_one_again(store) {
        let arguments = [&LOOPBACK[..], &["--admin-key", ADMIN_KEY]].concat();
        let app = TestApp::start_with(store, &arguments).await;
        let (agent, receiver) = (app.agent().await, Receiver::start().await);
        let task = completed(&agent, &with_callback(&app, &receiver.hook())).await;
        let sent = only_delivery(&agent, task).await;
        let by_host = async |method, path: &str| host(&app, method, path, &Value::Null).await;
        let seen = by_host(Method::GET, paths::ADMIN_DELIVERIES).await.ok().body;
        assert_eq!((&seen["data"], &seen["pagination"]["total"]), (&json!([sent]), &json!(1)));
        let none = format!("{}?state=FAILED", paths::ADMIN_DELIVERIES);
        assert_eq!(by_host(Method::GET, &none).await.ok().body["data"], json!([]));

        let again = paths::admin_redeliver(sent["id"].as_str().unwrap().parse().unwrap());
        app.post(&again, &json!({})).await.refused(403, "forbidden");
        assert_eq!(by_host(Method::POST, &again).await.ok().body["state"], "PENDING");
        app.drain_jobs().await;
        let all = receiver.all();
        assert_eq!(all.len(), 2);
        assert_eq!(all[1].header("webhook-id"), all[0].header("webhook-id"));
        let entry = by_host(Method::GET, paths::AUDIT).await.ok().body["data"][0].clone();
        assert_eq!((&entry["action"], &entry["subject"]), (&json!("delivery.redeliver"), &sent["id"]));
        let unknown = again.replace("whd_", "whd_7");
        by_host(Method::POST, &unknown).await.refused(404, "not_found");
    }

    async fn a_callback_that_is_gone_is_told_no_more_until_a_repetition_arrives(store) {
        let app = start(store).await;
        let (agent, receiver) = (app.agent().await, Receiver::start().await);
        let posted = with_callback(&app, &receiver.hook());
        receiver.answers(410, &[]);
        let first = completed(&agent, &posted).await;
        assert_eq!(only_delivery(&agent, first).await["state"], "DISABLED");
        let second = completed(&agent, &posted).await;
        let disabled = only_delivery(&agent, second).await;
        assert_eq!((&disabled["state"], receiver.all().len()), (&json!("DISABLED"), 1));
        // Another agent may use the same URL, which this agent cannot disable.
        completed(&app.agent().await, &posted).await;
        assert_eq!(receiver.all().len(), 2);

        redeliver(&agent, &disabled).await.ok();
        app.drain_jobs().await;
        assert_eq!(only_delivery(&agent, second).await["state"], "DELIVERED");
        let third = completed(&agent, &posted).await;
        assert_eq!(only_delivery(&agent, third).await["state"], "DELIVERED");
        let listed = agent.get(&format!("{}?state=DISABLED", paths::DELIVERIES)).await.ok();
        assert_eq!(listed.body["pagination"]["total"], 1);
    }

    async fn an_address_that_may_not_be_called_is_refused_with_its_task(store) {
        let app = TestApp::start(store).await;
        let agent = app.agent().await;
        for url in [
            "http://example.com/hook", "https://127.0.0.1/hook", "https://localhost/hook",
            "https://[::ffff:10.0.0.1]/hook", "https://user:pass@example.com/hook",
            "https://example.com:22/hook", "https://169.254.169.254/latest/meta-data",
        ] {
            let answer = agent.post(paths::TASKS, &with_callback(&app, url)).await;
            answer.refused(400, "validation");
            assert_eq!(answer.faulty_fields(), ["callback_url"], "{url}");
        }
    }

    async fn an_address_that_may_no_longer_be_called_is_not(store) {
        let mut app = start(store).await;
        let receiver = Receiver::start().await;
        let task = submitted(&app.agent().await, &with_callback(&app, &receiver.hook())).await;
        // The host has changed its rules since the task was posted.
        app.app.targets = UserTargets::new(TargetRules::default()).unwrap();
        app.drain_jobs().await;
        assert_eq!(receiver.all().len(), 0);
        let all = app.app.store.read(|tx| {
            stored_deliveries::list(tx, Default::default(), PageWindow::first(10))
        });
        let all = all.await.unwrap().rows;
        assert_eq!(all[0].task_id, task);
        let error = all[0].attempts[0].error.as_deref().unwrap();
        assert!(error.contains("https"), "{error}");
    }

    async fn a_receiver_that_hangs_delays_nobody_else(store) {
        let app = start(store).await;
        let (agent, receiver) = (app.agent().await, Receiver::start().await);
        let slow = Receiver::start().await;
        for _ in 0..6 {
            submitted(&agent, &with_callback(&app, &slow.hang())).await;
        }
        let running = tokio::spawn(runner::run(app.app.clone(), CancellationToken::new()));
        slow.got(1).await;
        // The limit for this receiver is reached. Callbacks and proofs of others do not wait for
        // it.
        let task = submitted(&agent, &with_callback(&app, &receiver.hook())).await;
        receiver.got(1).await;
        assert_eq!(receiver.only().told()["task_id"], json!(task));
        assert!(slow.all().len() < 6, "a lane has a limit");
        // The deliveries that hang do not matter any more.
        running.abort();
        app.app.store.close();
    }

    async fn an_agent_with_many_receivers_that_hang_delays_nobody_else(store) {
        let app = start(store).await;
        let (agent, other) = (app.agent().await, app.agent().await);
        let receiver = Receiver::start().await;
        let mut slow = Vec::new();
        for _ in 0..6 {
            let one = Receiver::start().await;
            for _ in 0..4 {
                submitted(&agent, &with_callback(&app, &one.hang())).await;
            }
            slow.push(one);
        }
        let task = submitted(&other, &with_callback(&app, &receiver.hook())).await;
        let running = tokio::spawn(runner::run(app.app.clone(), CancellationToken::new()));
        receiver.got(1).await;
        assert_eq!(receiver.only().told()["task_id"], json!(task));
        // None of the six hosts has reached its limit, but the agent has reached its own.
        let hanging: usize = slow.iter().map(|one| one.all().len()).sum();
        assert!(hanging < 16, "{hanging} of 24 hang at once");
        running.abort();
        app.app.store.close();
    }

    async fn good_callbacks_of_an_agent_do_not_wait_behind_its_hanging_ones(store) {
        let app = start(store).await;
        let (agent, good) = (app.agent().await, Receiver::start().await);
        completed(&agent, &with_callback(&app, &good.hook())).await;
        let mut slow = Vec::new();
        for _ in 0..5 {
            let one = Receiver::start().await;
            for _ in 0..2 {
                submitted(&agent, &with_callback(&app, &one.hang())).await;
            }
            slow.push(one);
        }
        let task = submitted(&agent, &with_callback(&app, &good.hook())).await;
        let running = tokio::spawn(runner::run(app.app.clone(), CancellationToken::new()));
        good.got(2).await;
        assert_eq!(good.all()[1].told()["task_id"], json!(task));
        running.abort();
        app.app.store.close();
    }

    /// In total they hold more calls than the limit of this process.
    async fn many_agents_whose_receivers_hang_delay_nobody_whose_receiver_answers(store) {
        let app = start(store).await;
        let (other, good) = (app.agent().await, Receiver::start().await);
        completed(&other, &with_callback(&app, &good.hook())).await;
        let mut slow = Vec::new();
        for _ in 0..34 {
            let agent = app.agent().await;
            for _ in 0..2 {
                let one = Receiver::start().await;
                let mut task = with_callback(&app, &one.hang());
                task["webhook_style"] = json!("all");
                for _ in 0..4 {
                    agent.post(paths::TASKS, &task).await.created();
                }
                slow.push(one);
            }
        }
        let hanging = || slow.iter().map(|one| one.all().len()).sum::<usize>();
        let running = tokio::spawn(runner::run(app.app.clone(), CancellationToken::new()));
        eventually(|| hanging() >= 64).await;
        submitted(&other, &with_callback(&app, &good.hook())).await;
        good.got(2).await;
        assert!(hanging() < 100, "{} hang at once", hanging());
        running.abort();
        app.app.store.close();
    }

    async fn a_host_that_does_not_answer_is_called_seldom_until_it_answers(store) {
        let app = start(store).await;
        let (agent, host) = (app.agent().await, BrokenReceiver::start().await);
        let mut task = with_callback(&app, &host.url);
        task["webhook_style"] = json!("all");
        for _ in 0..5 {
            agent.post(paths::TASKS, &task).await.created();
        }
        app.drain_jobs().await;
        assert_eq!(host.calls(), 3);
        let listed = agent.get(paths::DELIVERIES).await.ok();
        let deliveries = listed.body["data"].as_array().unwrap();
        let put_off = deliveries.iter().filter(|one| one["attempts"] == json!([]));
        let due = json!(app.now().after(Duration::from_secs(30)));
        assert!(put_off.clone().all(|one| one["next_attempt_at"] == due));
        assert_eq!(put_off.count(), 2);

        app.advance(Duration::from_secs(30));
        app.drain_jobs().await;
        assert_eq!(host.calls(), 4);
        host.answers.store(true, Ordering::Relaxed);
        app.advance(Duration::from_secs(60));
        app.drain_jobs().await;
        let delivered = format!("{}?state=DELIVERED", paths::DELIVERIES);
        let delivered = agent.get(&delivered).await.ok();
        assert_eq!(delivered.body["pagination"]["total"], 5);
    }

    async fn what_a_server_held_when_it_died_is_free_after_half_a_minute(store) {
        let app = start(store).await;
        let (agent, slow) = (app.agent().await, Receiver::start().await);
        let mut task = with_callback(&app, &slow.hang());
        task["webhook_style"] = json!("all");
        agent.post(paths::TASKS, &task).await.created();
        let running = tokio::spawn(runner::run(app.app.clone(), CancellationToken::new()));
        slow.got(1).await;
        running.abort();
        assert!(running.await.unwrap_err().is_cancelled());
        app.advance(Duration::from_secs(30));
        let now = app.now();
        let ended = move |tx: &mut Tx<'_>| jobs::take_back(tx, now, LeaseScope::Lease);
        app.app.store.write(ended).await.unwrap();
        let due = app.claim_jobs(Duration::from_secs(30)).await;
        assert_eq!((due[0].job.kind(), due[0].attempts), ("deliver_webhook", 2));
    }

    /// The process ended during these calls, and nobody knows during which.
    async fn calls_that_may_have_ended_a_process_are_made_one_after_the_other(store) {
        let app = start(store).await;
        let (other, good) = (app.agent().await, Receiver::start().await);
        let mut suspects = Vec::new();
        for _ in 0..3 {
            let one = Receiver::start().await;
            let mut task = with_callback(&app, &one.hang());
            task["webhook_style"] = json!("all");
            app.agent().await.post(paths::TASKS, &task).await.created();
            suspects.push(one);
        }
        assert_eq!(app.claim_jobs(Duration::from_secs(30)).await.len(), 3);
        let now = app.now();
        let ended = move |tx: &mut Tx<'_>| jobs::take_back(tx, now, LeaseScope::Every);
        app.app.store.write(ended).await.unwrap();

        let called = || suspects.iter().filter(|one| !one.all().is_empty()).count();
        let begun = Instant::now();
        let running = tokio::spawn(runner::run(app.app.clone(), CancellationToken::new()));
        eventually(|| called() > 0).await;
        // A delivery that is no suspect does not wait, which proves that the runner continues.
        submitted(&other, &with_callback(&app, &good.hook())).await;
        good.got(1).await;
        let most = 1 + begun.elapsed().as_secs() / 2;
        assert!(called() as u64 <= most, "{} of them run at once", called());
        running.abort();
        app.app.store.close();
    }

    /// Neither name can be called: one is on loopback, which the rules do not allow, and the other
    /// does not exist.
    async fn a_name_on_the_hosts_network_looks_in_the_log_as_one_that_nobody_has(store) {
        let arguments = ["--allow-http-targets=true", "--target-ports", "9"];
        let app = TestApp::start_with(store, &arguments).await;
        let agent = app.agent().await;
        let Some(inner) = name_on_this_machine() else {
            return;
        };
        let mut seen = BTreeSet::new();
        for name in [inner.as_str(), "no-such-name.invalid"] {
            let task = with_callback(&app, &format!("http://{name}:9/hook"));
            let task = completed(&agent, &task).await;
            let mut delivery = only_delivery(&agent, task).await;
            for own in ["id", "event_id", "task_id", "url"] {
                delivery[own] = Value::Null;
            }
            seen.insert(delivery.to_string());
        }
        assert_eq!(seen.len(), 1, "{seen:?}");
    }

    async fn a_stop_hands_unfinished_jobs_back(store) {
        let arguments = [&LOOPBACK[..], &["--stop-seconds", "0"]].concat();
        let app = TestApp::start_with(store, &arguments).await;
        let (agent, slow) = (app.agent().await, Receiver::start().await);
        submitted(&agent, &with_callback(&app, &slow.hang())).await;
        let stop = CancellationToken::new();
        let running = tokio::spawn(runner::run(app.app.clone(), stop.clone()));
        slow.got(1).await;
        stop.cancel();
        running.await.unwrap();
        let due = app.claim_jobs(Duration::from_secs(60)).await;
        assert_eq!((due[0].job.kind(), due[0].attempts), ("deliver_webhook", 1));
    }
}
