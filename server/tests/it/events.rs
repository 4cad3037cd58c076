//! The event log: in order, by cursor and as a stream, without gaps.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use api_types::{TaskId, paths};
use futures_util::StreamExt;
use reqwest::{Method, Response};
use serde_json::{Value, json};
use server::clock::{ManualClock, SeededEntropy};
use server::http;
use server::serve::serve;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::harness::{Agent, Answer, Ask, BEGINNING, TestApp};
use crate::support::{self, on_both_databases};

async fn page(agent: &Agent<'_>, path: &str, query: &str) -> Answer {
    agent.get(&format!("{path}{query}")).await.ok()
}

fn names(answer: &Answer) -> Vec<String> {
    let data = answer.body["data"].as_array().unwrap();
    data.iter()
        .map(|event| event["event"].as_str().unwrap().to_owned())
        .collect()
}

async fn completed_task(app: &TestApp, agent: &Agent<'_>) -> TaskId {
    let operator = app.operator().await;
    let task = agent.post_confirmation_task().await;
    operator.accept(task).await;
    operator.confirm(task).await;
    app.drain_jobs().await;
    task
}

const LIFE: [&str; 5] = [
    "task.created",
    "task.accepted",
    "task.submitted",
    "task.verified",
    "task.completed",
];

/// Returns every event after `after`, page by page. Each page begins after the last event of the
/// previous one.
async fn walk(agent: &Agent<'_>, mut after: Option<String>) -> Vec<String> {
    let mut seen = Vec::new();
    loop {
        let query = after
            .as_ref()
            .map_or("?limit=3".to_owned(), |id| format!("?limit=3&after={id}"));
        let answer = page(agent, paths::EVENTS, &query).await;
        let data = answer.body["data"].as_array().unwrap();
        let ids = data
            .iter()
            .map(|event| event["event_id"].as_str().unwrap().to_owned());
        seen.extend(ids);
        if answer.body["pagination"]["has_more"] == json!(false) {
            return seen;
        }
        after = seen.last().cloned();
    }
}

/// Starts another server on the same database, whose clock is ahead, and returns its URL.
async fn neighbour(app: &TestApp, ahead: Duration) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    let mut other = app.app.clone();
    other.clock = Arc::new(ManualClock::new(
        BEGINNING
            .parse::<api_types::Timestamp>()
            .unwrap()
            .after(ahead),
    ));
    other.entropy = Arc::new(SeededEntropy::new(8));
    // The other server is not notified of writes elsewhere.
    other.news = tokio::sync::watch::Sender::new(());
    let router = http::router(other).unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    origin
}

async fn post_at(origin: &str, agent: &Agent<'_>, body: &Value) -> String {
    let request = reqwest::Client::new().post(format!("{origin}{}", paths::TASKS));
    let request = request.header("x-api-key", &agent.key).json(body);
    request.answer().await.created().text("task_id")
}

/// An event stream, read event by event.
struct EventStream {
    response: Response,
    text: String,
}

impl EventStream {
    async fn open(agent: &Agent<'_>, path: &str, last: Option<&str>) -> Self {
        let mut request = agent
            .request(Method::GET, path)
            .header("accept", "text/event-stream");
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self {
            response,
            text: String::new(),
        }
    }

    /// Returns the id in the first line of the stream.
    async fn first_id(&mut self) -> String {
        loop {
            if let Some((hello, rest)) = self.text.split_once("\n\n") {
                let id = hello.lines().find_map(|line| line.strip_prefix("id: "));
                let id = id.unwrap_or_else(|| panic!("no id in {hello}")).to_owned();
                assert!(!hello.contains("data:"), "{hello}");
                self.text = rest.to_owned();
                return id;
            }
            self.read_more().await.unwrap();
        }
    }

    /// Reads the bytes that have arrived. Returns `None` at the end of the stream.
    async fn read_more(&mut self) -> Option<()> {
        let chunk = tokio::time::timeout(Duration::from_secs(20), self.response.chunk());
        let chunk = chunk.await.expect("an event within 20 seconds").unwrap()?;
        self.text.push_str(std::str::from_utf8(&chunk).unwrap());
        Some(())
    }

    /// Returns the next event as (id, name, data), or `None` at the end of the stream.
    async fn next(&mut self) -> Option<(String, String, Value)> {
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let (event, rest) = (event.to_owned(), rest.to_owned());
                self.text = rest;
                let field = |name: &str| {
                    let mut lines = event.lines();
                    lines
                        .find_map(|line| line.strip_prefix(name))
                        .map(str::to_owned)
                };
                if let Some(data) = field("data: ") {
                    let data = serde_json::from_str(&data).unwrap();
                    return Some((field("id: ").unwrap(), field("event: ").unwrap(), data));
                }
                continue;
            }
            self.read_more().await?;
        }
    }
}

on_both_databases! {
    async fn the_life_of_a_task_is_told_in_order(store) {
        let app = TestApp::start(store).await;
        let agent = app.agent().await;
        let task = completed_task(&app, &agent).await;
        let log = page(&agent, &paths::task_events(task), "").await;
        assert_eq!(names(&log), LIFE);
        assert_eq!(log.body["pagination"]["total"], 5);
        let verified = &log.body["data"][3];
        assert_eq!(verified["status"], "VERIFIED");
        assert_eq!(verified["previous_status"], "SUBMITTED");
        assert_eq!(verified["guardian_result"]["decision"], "APPROVE");
        assert_eq!(log.body["data"][2]["guardian_result"], json!(null));
        let all = page(&agent, paths::EVENTS, "").await;
        assert_eq!(all.body["data"], log.body["data"]);
    }

    async fn pages_join_without_a_gap_and_an_offset_passes_over(store) {
        let app = TestApp::start(store).await;
        let agent = app.agent().await;
        let task = completed_task(&app, &agent).await;
        let first = page(&agent, paths::EVENTS, "?limit=2").await;
        assert_eq!(names(&first), LIFE[..2]);
        let cursor = first.body["pagination"]["next_cursor"].as_str().unwrap();
        let second = page(&agent, paths::EVENTS, &format!("?limit=2&cursor={cursor}")).await;
        assert_eq!(names(&second), LIFE[2..4]);
        let passed = page(&agent, &paths::task_events(task), "?offset=4").await;
        assert_eq!(names(&passed), LIFE[4..]);
        let latest = page(&agent, paths::EVENTS, "?after=latest").await;
        assert_eq!(names(&latest).len(), 0);
        assert_eq!(walk(&agent, None).await.len(), 5);
    }

    async fn a_foreign_log_or_event_is_not_there(store) {
        let app = TestApp::start(store).await;
        let (agent, other) = (app.agent().await, app.agent().await);
        let task = agent.post_photo_task().await;
        other.get(&paths::task_events(task)).await.refused(404, "not_found");
        assert_eq!(names(&page(&other, paths::EVENTS, "").await).len(), 0);
        let log = page(&agent, paths::EVENTS, "").await;
        let id = log.body["data"][0]["event_id"].as_str().unwrap();
        for path in [format!("?after={id}"), "?after=evt_x".into(), "?cursor=eA".into()] {
            let answer = other.get(&format!("{}{path}", paths::EVENTS)).await;
            answer.refused(400, "validation");
        }
        app.get(paths::EVENTS).await.refused(401, "unauthorized");
    }

    async fn an_event_that_comes_late_with_an_earlier_time_is_not_passed_over(store) {
        let app = TestApp::start(store).await;
        let agent = app.agent().await;
        let ahead = neighbour(&app, Duration::from_secs(600)).await;
        let task = crate::harness::photo_task(&app);
        post_at(&ahead, &agent, &task).await;
        let seen = walk(&agent, None).await;
        assert_eq!(seen.len(), 1);
        // The clock of this server is behind, so its event has the smaller id and a later position.
        agent.post_photo_task().await;
        let late = walk(&agent, seen.last().cloned()).await;
        assert_eq!(late.len(), 1);
        assert!(late[0] < seen[0], "{late:?} {seen:?}");
        assert_eq!(walk(&agent, None).await, [seen, late].concat());
    }

    async fn the_moves_of_a_task_keep_their_order_whatever_the_clocks_say(store) {
        let app = TestApp::start(store).await;
        let agent = app.agent().await;
        let ahead = neighbour(&app, Duration::from_secs(600)).await;
        let task = post_at(&ahead, &agent, &crate::harness::photo_task(&app)).await;
        agent.post(&paths::cancel_task(task.parse().unwrap()), &json!({})).await.ok();
        let log = page(&agent, paths::EVENTS, "").await;
        assert_eq!(names(&log), ["task.created", "task.cancelled"]);
    }

    async fn a_reader_among_concurrent_moves_misses_nothing(store) {
        let app = TestApp::start(store).await;
        let agent = app.agent().await;
        let posts = async {
            futures_util::stream::iter(0..24)
                .for_each_concurrent(8, async |_| {
                    agent.post_confirmation_task().await;
                })
                .await;
        };
        let reads = async {
            let mut seen: Vec<String> = Vec::new();
            while seen.len() < 24 {
                seen.extend(walk(&agent, seen.last().cloned()).await);
            }
            seen
        };
        let ((), seen) = tokio::join!(posts, reads);
        assert_eq!(seen.iter().collect::<HashSet<_>>().len(), 24);
        assert_eq!(walk(&agent, None).await, seen);
    }

    async fn a_stream_tells_what_was_and_what_comes(store) {
        let app = TestApp::start(store).await;
        let agent = app.agent().await;
        let task = agent.post_confirmation_task().await;
        let mut stream = EventStream::open(&agent, &paths::task_events(task), None).await;
        let (id, name, data) = stream.next().await.unwrap();
        assert_eq!((name.as_str(), &data["event_id"]), ("task.created", &json!(id)));
        app.operator().await.accept(task).await;
        let (id, name, _) = stream.next().await.unwrap();
        assert_eq!(name, "task.accepted");
        agent.post(&paths::cancel_task(task), &json!({})).await.ok();
        drop(stream);
        // The stream broke off, and is resumed after the last event that was read.
        let mut again = EventStream::open(&agent, paths::EVENTS, Some(&id)).await;
        assert_eq!(again.next().await.unwrap().1, "task.cancelled");
    }

    async fn a_stream_that_breaks_before_its_first_event_misses_nothing(store) {
        let app = TestApp::start(store).await;
        let agent = app.agent().await;
        let latest = format!("{}?after=latest", paths::EVENTS);
        // The log is empty the first time. The second time its last entry is an event.
        for _ in 0..2 {
            let mut stream = EventStream::open(&agent, &latest, None).await;
            let hello = stream.first_id().await;
            drop(stream);
            let task = agent.post_confirmation_task().await;
            let mut again = EventStream::open(&agent, &latest, Some(&hello)).await;
            assert_eq!(again.first_id().await, hello);
            assert_eq!(again.next().await.unwrap().2["task_id"], json!(task));
            let page = page(&agent, paths::EVENTS, &format!("?after={hello}")).await;
            assert_eq!(page.body["data"][0]["task_id"], json!(task));
        }
        // A task's stream starts at the same position as its agent's.
        let task = agent.post_confirmation_task().await;
        let latest = format!("{}?after=latest", paths::task_events(task));
        let hello = EventStream::open(&agent, &latest, None).await.first_id().await;
        agent.post(&paths::cancel_task(task), &json!({})).await.ok();
        let mut again = EventStream::open(&agent, &latest, Some(&hello)).await;
        assert_eq!(again.next().await.unwrap().1, "task.cancelled");
    }

    async fn a_place_of_another_log_is_refused_by_the_name_that_it_was_sent_under(store) {
        let app = TestApp::start(store).await;
        let (agent, other) = (app.agent().await, app.agent().await);
        for _ in 0..2 {
            agent.post_photo_task().await;
        }
        let first = page(&agent, paths::EVENTS, "?limit=1").await;
        let id = first.body["data"][0]["event_id"].as_str().unwrap();
        let cursor = first.body["pagination"]["next_cursor"].as_str().unwrap();
        for (field, query) in [
            ("after", format!("?after={id}")),
            ("cursor", format!("?cursor={cursor}")),
            // "eA" is base64 of "x", which is not an id.
            ("cursor", "?cursor=eA".to_owned()),
        ] {
            let answer = other.get(&format!("{}{query}", paths::EVENTS)).await;
            answer.refused(400, "validation");
            assert_eq!(answer.faulty_fields(), [field], "{query}");
        }
        for last in [id, "x"] {
            let request = other
                .request(Method::GET, paths::EVENTS)
                .header("accept", "text/event-stream")
                .header("last-event-id", last);
            let answer = request.answer().await;
            answer.refused(400, "validation");
            assert_eq!(answer.faulty_fields(), ["Last-Event-ID"], "{last}");
        }
    }

    async fn a_stream_hears_of_what_another_server_did(store) {
        let app = TestApp::start(store).await;
        let agent = app.agent().await;
        let other = neighbour(&app, Duration::ZERO).await;
        let mut stream = EventStream::open(&agent, paths::EVENTS, None).await;
        let task = post_at(&other, &agent, &crate::harness::photo_task(&app)).await;
        assert_eq!(stream.next().await.unwrap().2["task_id"], json!(task));
    }

    async fn a_stream_ends_when_its_key_is_revoked(store) {
        let app = TestApp::start(store).await;
        let agent = app.agent().await;
        let second = agent.with_policy(json!(null)).await;
        let mut stream = EventStream::open(&second, paths::EVENTS, None).await;
        agent.delete(&paths::key(second.key_id().await)).await.ok();
        assert_eq!(stream.next().await, None);
    }

    async fn streams_are_bounded_for_each_agent(store) {
        let app = TestApp::start_with(store, &["--event-streams-max", "17"]).await;
        let (agent, other) = (app.agent().await, app.agent().await);
        let mut open = Vec::new();
        for _ in 0..16 {
            open.push(EventStream::open(&agent, paths::EVENTS, None).await);
        }
        let ask = async |agent: &Agent<'_>| {
            let request = agent.request(Method::GET, paths::EVENTS);
            request.header("accept", "text/event-stream").answer().await
        };
        ask(&agent).await.refused(429, "rate_limited");
        open.push(EventStream::open(&other, paths::EVENTS, None).await);
        ask(&other).await.refused(503, "unavailable");
    }

    async fn a_stop_ends_streams_and_not_only_after_the_limit(store) {
        let (app, listener) = TestApp::bind(store, &["--stop-seconds", "600"]).await;
        let stop = CancellationToken::new();
        let served = tokio::spawn(serve(app.app.clone(), listener, stop.clone()));
        let agent = app.agent().await;
        let mut stream = EventStream::open(&agent, paths::EVENTS, None).await;
        stop.cancel();
        assert_eq!(stream.next().await, None);
        let stopped = tokio::time::timeout(Duration::from_secs(20), served);
        stopped.await.unwrap().unwrap().unwrap();
    }
}
