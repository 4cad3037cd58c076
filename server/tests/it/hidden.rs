//! The API does not reveal what exists: for a task that a caller may not see, every route and every
//! dialect respond as for an unknown id, whatever the task's status (contract §1).

use api_types::{TaskId, paths, status::Status};
use reqwest::multipart::{Form, Part};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::harness::{Ask, Caller, TestApp, photo_task};
use crate::moves::{GOOD, Pair};
use crate::support::{self, on_both_databases};

/// A request: its method, the path for a task, and a body.
type Route = (Method, fn(TaskId) -> String, Value);

fn get(path: fn(TaskId) -> String) -> Route {
    (Method::GET, path, Value::Null)
}

fn post(path: fn(TaskId) -> String, body: Value) -> Route {
    (Method::POST, path, body)
}

/// Returns all requests of operators that name a task, except the upload. Each has a valid body
/// and, where possible, a body with a fault.
fn operator_routes() -> Vec<Route> {
    let confirmation = json!({"confirmation_text": GOOD});
    vec![
        get(paths::operator_task),
        post(paths::accept_task, json!({})),
        (
            Method::POST,
            paths::accept_task,
            json!({"estimate_hours": 1}),
        ),
        (
            Method::POST,
            paths::accept_task,
            json!({"estimate_hours": "soon"}),
        ),
        (
            Method::POST,
            paths::give_estimate,
            json!({"estimate_hours": 1}),
        ),
        post(paths::give_estimate, json!({})),
        post(paths::start_task, json!({})),
        post(paths::withdraw, json!({})),
        post(paths::withdraw, json!({"reason": "rain"})),
        post(paths::submit_proof, confirmation),
        post(paths::submit_proof, json!({"photos": []})),
        get(paths::operator_messages),
        (
            Method::POST,
            paths::operator_messages,
            json!({"body": "Hello"}),
        ),
        post(paths::rate_agent, json!({"stars": 5})),
    ]
}

/// Returns all requests of agents that name a task.
fn agent_routes() -> Vec<Route> {
    let verdict = json!({"decision": "APPROVE"});
    let unmet = json!({"decision": "REJECT", "unmet_requirements": ["The prices can be read"]});
    let purge = |id| format!("{}?purge=true", paths::retrieve_credential(id));
    vec![
        get(paths::task),
        post(paths::cancel_task, json!({})),
        post(paths::verify_task, verdict),
        post(paths::verify_task, unmet),
        post(paths::approve_estimate, json!({})),
        post(paths::reject_estimate, json!({})),
        (
            Method::POST,
            paths::request_revision,
            json!({"reason": "Closer"}),
        ),
        (
            Method::POST,
            paths::open_dispute,
            json!({"reason": "Not so"}),
        ),
        post(paths::rate_operator, json!({"stars": 5})),
        get(paths::messages),
        post(paths::messages, json!({"body": "Hello"})),
        get(paths::retrieve_credential),
        post(paths::retrieve_credential, json!({})),
        get(purge),
        get(paths::task_events),
        get(paths::task_deliveries),
    ]
}

/// The forms of a response: a dialect and an `Accept` header.
const SHAPES: [(&str, &str); 5] = [
    ("humanops", "application/json"),
    ("humcli", "application/json"),
    ("nonhumans", "application/json"),
    ("remno", "application/json"),
    ("humanops", "application/problem+json"),
];

/// Returns everything in a response except the id in its request.
async fn told(request: RequestBuilder, (dialect, accept): (&str, &str), id: TaskId) -> Value {
    let request = request
        .header("x-api-dialect", dialect)
        .header("accept", accept)
        .header("x-request-id", "the-same");
    let answer = request.answer().await;
    let headers: Vec<_> = (answer.headers.iter())
        .filter(|(name, _)| *name != "date")
        .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
        .filter(|line| !line.starts_with("content-length"))
        .collect();
    let body = String::from_utf8(answer.bytes).unwrap();
    let body = body.replace(&id.to_string(), "ID");
    json!({"status": answer.status, "headers": headers, "body": body})
}

/// Asserts that the responses for each of `hidden` equal those for `unknown`, on all routes.
async fn hidden_like<Id>(
    caller: &Caller<'_, Id>,
    routes: &[Route],
    hidden: &[(String, TaskId)],
    unknown: TaskId,
) {
    for (method, path, body) in routes {
        for shape in SHAPES {
            let ask = async |id: TaskId| {
                let request = caller.request(method.clone(), &path(id));
                let request = match body {
                    Value::Null => request,
                    body => request.json(body),
                };
                told(request, shape, id).await
            };
            let nothing = ask(unknown).await;
            assert!([400, 404, 422].contains(&nothing["status"].as_u64().unwrap()));
            for (state, id) in hidden {
                let route = format!("{method} {} {body} {shape:?}: {state}", path(*id));
                assert_eq!(ask(*id).await, nothing, "{route}");
            }
        }
    }
}

/// Creates a task in each status, posted by one agent and claimed by one operator.
async fn in_each_status(app: &TestApp) -> Vec<(String, TaskId)> {
    let mut tasks = Vec::new();
    let mut statuses = Status::ALL;
    // A submitted proof would be reviewed while the other statuses are reached, so it comes last.
    statuses.sort_by_key(|status| *status == Status::Submitted);
    for status in statuses {
        // No task stays in VERIFIED, and PENDING tasks are visible to everybody.
        if matches!(status, Status::Verified | Status::Pending) {
            continue;
        }
        let pair = Pair::new(app).await;
        pair.reach(status).await;
        tasks.push((status.as_str().to_owned(), pair.task));
    }
    tasks
}

fn unknown() -> TaskId {
    "task_01JKB3M5N6P7Q8R9S0T1V2W3X4".parse().unwrap()
}

on_both_databases! {
    async fn to_an_operator_a_task_that_is_not_theirs_to_see_is_like_none(store) {
        let app = TestApp::start(store).await;
        let mut hidden = in_each_status(&app).await;
        let rated = Pair::with(&app, json!({"min_operator_rating": 4.5})).await;
        hidden.push(("PENDING above the rating".to_owned(), rated.task));
        let simulated = Pair::with(&app, json!({"sandbox": true})).await;
        hidden.push(("PENDING in the sandbox".to_owned(), simulated.task));
        let stranger = app.operator().await;
        hidden_like(&stranger, &operator_routes(), &hidden, unknown()).await;

        let upload = async |id: TaskId| {
            let form = Form::new()
                .text("task_id", id.to_string())
                .part("file", Part::bytes(&b"%PDF-1.7\n"[..]));
            let request = stranger.request(Method::POST, paths::UPLOAD).multipart(form);
            told(request, SHAPES[0], id).await
        };
        let nothing = upload(unknown()).await;
        assert_eq!(nothing["status"], 404);
        for (state, id) in hidden {
            assert_eq!(upload(id).await, nothing, "{state}");
        }
        app.drain_jobs().await;
    }

    async fn to_an_agent_anothers_task_is_like_none(store) {
        let app = TestApp::start(store).await;
        let mut hidden = in_each_status(&app).await;
        hidden.push(("PENDING".to_owned(), Pair::new(&app).await.task));
        let stranger = app.agent().await;
        hidden_like(&stranger, &agent_routes(), &hidden, unknown()).await;
        app.drain_jobs().await;
    }

    /// Everybody could see the task until it expired, and HumCLI has a message for late requests.
    async fn an_open_task_that_has_expired_is_seen_and_refused_by_those_it_was_open_to(store) {
        let app = TestApp::start(store).await;
        let (agent, operator) = (app.agent().await, app.operator().await);
        let open = agent.post_photo_task().await;
        let mut above = photo_task(&app);
        above["min_operator_rating"] = json!(4.5);
        let above = agent.post(paths::TASKS, &above).await.created().id("task_id");
        app.advance(std::time::Duration::from_secs(24 * 60 * 60));
        for _ in 0..2 {
            operator.get(&paths::operator_task(open)).await.ok();
            let late = operator.post(&paths::accept_task(open), &json!({})).await;
            assert_eq!(late.refused(410, "expired"), "Task has expired");
            operator.get(&paths::operator_task(above)).await.refused(404, "not_found");
            let late = operator.post(&paths::accept_task(above), &json!({})).await;
            late.refused(404, "not_found");
            app.drain_jobs().await;
        }
    }
}
