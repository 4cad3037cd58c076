//! One response in four dialects, and as problem details (contract §8).

use api_types::{TaskId, paths};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::admin::host;
use crate::credentials;
use crate::harness::{ADMIN_KEY, Answer, Ask, TestApp, photo_task};
use crate::support::{self, on_both_databases};

/// Selects the dialect of a request.
trait InDialect {
    fn in_dialect(self, dialect: &str) -> RequestBuilder;
}

impl InDialect for RequestBuilder {
    fn in_dialect(self, dialect: &str) -> RequestBuilder {
        self.header("x-api-dialect", dialect)
    }
}

/// Returns the parts that Nonhumans prints: status, code and message. Checks the id against the
/// header.
fn nonhumans(answer: &Answer) -> (u16, &str, &str) {
    let error = &answer.body["error"];
    assert_eq!(
        error["request_id"],
        answer.header("x-request-id"),
        "{answer:?}"
    );
    assert_eq!(answer.body.as_object().unwrap().len(), 1, "{}", answer.body);
    (
        answer.status,
        error["code"].as_str().unwrap(),
        error["message"].as_str().unwrap(),
    )
}

/// Returns the parts that Remno prints: the status, and the code and field of each error.
fn remno(answer: &Answer) -> (u16, Vec<(&str, Option<&str>)>) {
    let body = &answer.body;
    assert_eq!(body["data"], Value::Null, "{body}");
    assert_eq!(body["meta"]["requestId"], answer.header("x-request-id"));
    assert!(body["meta"]["timestamp"].as_str().unwrap().ends_with('Z'));
    let errors = body["errors"].as_array().unwrap().iter();
    let told = errors.map(|error| {
        assert!(!error["message"].as_str().unwrap().is_empty());
        (
            error["code"].as_str().unwrap(),
            error.get("field").map(|field| field.as_str().unwrap()),
        )
    });
    (answer.status, told.collect())
}

fn data(answer: &Answer) -> Value {
    assert!((200..300).contains(&answer.status), "{}", answer.body);
    assert_eq!(
        answer.body["meta"]["requestId"],
        answer.header("x-request-id")
    );
    assert!(answer.body["meta"]["timestamp"].is_string());
    assert_eq!(answer.body["errors"], json!([]));
    assert_eq!(answer.body.as_object().unwrap().len(), 3, "{}", answer.body);
    answer.body["data"].clone()
}

/// A function of `paths` that returns the path of a task.
type PathOf = fn(TaskId) -> String;

/// Asserts that the message is HumCLI's in every dialect, and that no dialect reveals more.
async fn not_found_in_each_dialect(ask: impl Fn() -> RequestBuilder, sentence: &str) {
    let humanops = ask().answer().await;
    assert_eq!(humanops.refused(404, "not_found"), sentence);
    let humcli = ask().in_dialect("humcli").answer().await;
    assert_eq!(humcli.refused(404, "not_found"), sentence);
    let answer = ask().in_dialect("nonhumans").answer().await;
    assert_eq!(nonhumans(&answer), (404, "not_found", sentence));
    let answer = ask().in_dialect("remno").answer().await;
    assert_eq!(remno(&answer), (404, vec![("NOT_FOUND", None)]));
    assert_eq!(answer.body["errors"][0]["message"], sentence);
}

on_both_databases! {
    async fn what_is_no_text_is_refused_in_the_callers_dialect(store) {
        let app = TestApp::start_with(store, &["--admin-key", ADMIN_KEY]).await;
        let agent = app.agent().await;
        let path = agent.request(Method::GET, "/api/v1/tasks/%FF").in_dialect("remno");
        let answer = path.answer().await;
        assert_eq!((answer.status, &answer.body["errors"][0]["code"]), (404, &json!("NOT_FOUND")));
        let nul = format!("{}?external_id=%00", paths::TASKS);
        agent.get(&nul).await.refused(400, "validation");
        // AAAA is base64 of NUL characters, which PostgreSQL cannot search for. The other one is
        // text.
        let lists = [paths::ADMIN_AGENTS, paths::ADMIN_OPERATORS, paths::AUDIT, paths::FAILED_JOBS];
        for list in lists {
            for cursor in ["AAAA", "c29tZXRoaW5n"] {
                let path = format!("{list}?cursor={cursor}");
                host(&app, Method::GET, &path, &Value::Null).await.refused(400, "validation");
            }
        }
    }

    async fn a_request_with_two_faults_is_refused_in_each_dialect(store) {
        let app = TestApp::start(store).await;
        let agent = app.agent().await;
        let mut task = photo_task(&app);
        task["title"] = json!("");
        task["reward_usd"] = json!("much");
        let ask = async |dialect: &str| {
            let post = agent.request(Method::POST, paths::TASKS).json(&task);
            post.in_dialect(dialect).answer().await
        };
        for dialect in ["humanops", "humcli"] {
            let answer = ask(dialect).await;
            answer.refused(400, "validation");
            assert_eq!(answer.faulty_fields(), ["title", "reward_usd"]);
        }
        let answer = ask("nonhumans").await;
        assert_eq!((nonhumans(&answer).0, nonhumans(&answer).1), (422, "validation_error"));
        assert_eq!(answer.body["error"]["details"].as_array().unwrap().len(), 2);
        let code = "VALIDATION_ERROR";
        let both = vec![(code, Some("title")), (code, Some("reward_usd"))];
        assert_eq!(remno(&ask("remno").await), (400, both));
    }

    async fn a_task_in_the_wrong_state_is_not_found_to_s0_and_a_conflict_to_the_others(store) {
        let app = TestApp::start(store).await;
        let agent = app.agent().await;
        let task = agent.post_photo_task().await;
        let cancel = async |dialect: &str| {
            let post = agent.request(Method::POST, &paths::cancel_task(task));
            post.in_dialect(dialect).answer().await
        };
        cancel("humcli").await.ok();
        let sentence = "Task not found or cannot be cancelled";
        assert_eq!(cancel("humcli").await.refused(404, "invalid_state"), sentence);
        assert_eq!(nonhumans(&cancel("nonhumans").await), (409, "conflict", sentence));
        let wrong = vec![("INVALID_STATE_TRANSITION", None)];
        assert_eq!(remno(&cancel("remno").await), (409, wrong));
    }

    async fn a_task_that_is_unknown_or_foreign_is_not_found_in_each_dialect(store) {
        let app = TestApp::start(store).await;
        let (agent, other) = (app.agent().await, app.agent().await);
        let (claimer, operator) = (app.operator().await, app.operator().await);
        let foreign = agent.post_confirmation_task().await;
        claimer.accept(foreign).await;
        let unknown: TaskId = "task_01JKB3M5N6P7Q8R9S0T1V2W3X4".parse().unwrap();
        let verdict = json!({"decision": "APPROVE"});
        let proof = json!({"confirmation_text": "It is open from nine to five, as it says."});
        let none = Value::Null;
        let reviewable = "Task not found or not in reviewable status";
        let waiting = "Task not found or not in ESTIMATE_PENDING status";
        let of_agent: [(PathOf, &Value, &str); 5] = [
            (paths::cancel_task, &none, "Task not found or cannot be cancelled"),
            (paths::verify_task, &verdict, reviewable),
            (paths::approve_estimate, &none, waiting),
            (paths::reject_estimate, &none, waiting),
            (paths::retrieve_credential, &none, "Credential task not found or not completed"),
        ];
        let submittable = "Task not found or not in submittable status";
        let of_operator: [(PathOf, &Value, &str); 3] = [
            (paths::submit_proof, &proof, submittable),
            (paths::withdraw, &none, "Task not found or not claimed by you"),
            (paths::start_task, &none, "Task not found or not claimed by you"),
        ];
        let claimed = "Task not found or already claimed";
        for id in [foreign, unknown] {
            for (path, body, sentence) in of_agent {
                let ask = || other.request(Method::POST, &path(id)).json(body);
                not_found_in_each_dialect(ask, sentence).await;
            }
            for (path, body, sentence) in of_operator {
                let ask = || operator.request(Method::POST, &path(id)).json(body);
                not_found_in_each_dialect(ask, sentence).await;
            }
        }
        // An operator who is second to accept gets HumCLI's message, in every dialect the same as
        // for an unknown task. The operator who has claimed the task gets a conflict.
        for path in [paths::accept_task, paths::give_estimate] {
            for id in [foreign, unknown] {
                let body = json!({"estimate_hours": 1});
                let ask = || operator.request(Method::POST, &path(id)).json(&body);
                not_found_in_each_dialect(ask, claimed).await;
            }
            let again = claimer.request(Method::POST, &path(foreign));
            let again = again.json(&json!({"estimate_hours": 1}));
            let again = again.in_dialect("nonhumans").answer().await;
            assert_eq!(nonhumans(&again), (409, "conflict", claimed));
        }
    }

    async fn a_credential_that_is_not_ready_is_a_conflict_to_its_own_agent(store) {
        let app = TestApp::start(store).await;
        let (agent, operator) = (app.agent().await, app.operator().await);
        let posted = credentials::claimed(&agent, &operator).await;
        let ask = async |dialect: &str| {
            let get = agent.request(Method::GET, &paths::retrieve_credential(posted.id));
            get.in_dialect(dialect).answer().await
        };
        let sentence = "Credential task not found or not completed";
        assert_eq!(ask("humanops").await.refused(404, "invalid_state"), sentence);
        assert_eq!(nonhumans(&ask("nonhumans").await), (409, "conflict", sentence));
        let wrong = vec![("INVALID_STATE_TRANSITION", None)];
        assert_eq!(remno(&ask("remno").await), (409, wrong));
    }

    async fn successes_are_enveloped_for_remno_and_for_nobody_else(store) {
        let app = TestApp::start(store).await;
        let agent = app.agent().await;
        let post = agent.request(Method::POST, paths::TASKS).json(&photo_task(&app));
        let answer = post.in_dialect("remno").answer().await;
        assert_eq!(answer.status, 201);
        // The envelope does not change the form of amounts.
        assert!(String::from_utf8_lossy(&answer.bytes).contains("\"total_escrow\":29.50"));
        let task = data(&answer)["task_id"].clone();
        let list = agent.request(Method::GET, paths::TASKS).in_dialect("remno").answer().await;
        assert_eq!(list.body["data"][0]["task_id"], task);
        assert_eq!(list.body["meta"]["pagination"]["total"], 1);
        assert_eq!(list.body.as_object().unwrap().len(), 3);
        let keys = agent.request(Method::GET, paths::KEYS).in_dialect("remno").answer().await;
        assert_eq!(data(&keys)[0]["name"], "default");
        for dialect in ["humanops", "humcli", "nonhumans"] {
            let list = agent.request(Method::GET, paths::TASKS).in_dialect(dialect).answer().await;
            assert_eq!(list.body["data"][0]["task_id"], task);
            assert_eq!(list.body["pagination"]["total"], 1);
        }
    }

    async fn a_repeated_answer_is_given_in_the_dialect_of_who_asks_again(store) {
        let app = TestApp::start(store).await;
        let agent = app.agent().await;
        let task = photo_task(&app);
        let again = async |body: &Value, key: &str, dialect: &str| {
            let post = agent.request(Method::POST, paths::TASKS).json(body);
            post.header("idempotency-key", key).in_dialect(dialect).answer().await
        };
        let first = agent.post_once(paths::TASKS, "k1", &task).await.created();
        let repeated = again(&task, "k1", "remno").await;
        assert_eq!(repeated.header("idempotent-replayed"), "true");
        assert_eq!(data(&repeated)["task_id"], first.body["task_id"]);
        // A response that was first sent to remno is stored independently of the dialect.
        again(&task, "k2", "remno").await;
        let plain = agent.post_once(paths::TASKS, "k2", &task).await.created();
        assert!(plain.text("task_id").starts_with("task_"));

        let mut dear = photo_task(&app);
        dear["reward_usd"] = json!(5000);
        agent.post_once(paths::TASKS, "k3", &dear).await.refused(402, "insufficient_funds");
        let repeated = again(&dear, "k3", "nonhumans").await;
        assert_eq!(repeated.header("idempotent-replayed"), "true");
        let told = (402, "insufficient_funds", "Insufficient balance for escrow");
        assert_eq!(nonhumans(&repeated), told);
        let mismatch = again(&task, "k3", "remno").await;
        assert_eq!(remno(&mismatch), (422, vec![("IDEMPOTENCY_MISMATCH", None)]));
    }

    async fn what_is_refused_before_any_handler_is_refused_in_the_callers_dialect(store) {
        let app = TestApp::start(store).await;
        let agent = app.poor_agent().await;
        let json_of_2_mib = format!("\"{}\"", "x".repeat(2 << 20));
        let requests: [(&dyn Fn() -> RequestBuilder, u16, &str, &str); 6] = [
            (
                &|| app.request(Method::GET, "/api/v1/no"),
                404,
                "not_found",
                "NOT_FOUND",
            ),
            (
                &|| app.request(Method::GET, paths::TASKS),
                401,
                "unauthorized",
                "UNAUTHORIZED",
            ),
            (
                &|| app.request(Method::PUT, paths::TASKS),
                405,
                "method_not_allowed",
                "METHOD_NOT_ALLOWED",
            ),
            (
                &|| {
                    let post = agent.request(Method::POST, paths::KEYS);
                    post.header("content-type", "application/json")
                        .body(json_of_2_mib.clone())
                },
                413,
                "too_large",
                "TOO_LARGE",
            ),
            (
                &|| {
                    let post = agent.request(Method::POST, paths::KEYS);
                    post.header("content-type", "text/plain").body("name")
                },
                415,
                "unsupported_media_type",
                "UNSUPPORTED_MEDIA_TYPE",
            ),
            (
                &|| agent.request(Method::GET, "/api/v1/tasks?limit=-1"),
                422,
                "validation_error",
                "VALIDATION_ERROR",
            ),
        ];
        for (request, status, name, upper) in requests {
            let answer = request().in_dialect("nonhumans").answer().await;
            assert_eq!((nonhumans(&answer).0, nonhumans(&answer).1), (status, name));
            let answer = request().in_dialect("remno").answer().await;
            let status = if status == 422 { 400 } else { status };
            assert_eq!((remno(&answer).0, remno(&answer).1[0].0), (status, upper));
            assert_eq!(answer.header("content-type"), "application/json");
        }
    }

    async fn problem_details_are_given_to_who_accepts_them(store) {
        let app = TestApp::start(store).await;
        let agent = app.poor_agent().await;
        let ask = async |dialect: &str| {
            let get = agent.request(Method::GET, "/api/v1/tasks?limit=0&offset=-1");
            let get = get.header("accept", "application/json, application/problem+json");
            get.in_dialect(dialect).answer().await
        };
        let answer = ask("humanops").await;
        assert_eq!(answer.status, 400);
        assert_eq!(answer.header("content-type"), "application/problem+json");
        let body = &answer.body;
        assert_eq!(
            body["type"],
            format!("{}/docs/errors#validation", app.origin)
        );
        assert_eq!(
            (&body["title"], &body["status"]),
            (&json!("Validation"), &json!(400))
        );
        assert_eq!(
            (&body["code"], &body["instance"]),
            (&json!("validation"), &json!("/api/v1/tasks"))
        );
        assert_eq!(body["request_id"], answer.header("x-request-id"));
        assert!(
            body["detail"]
                .as_str()
                .unwrap()
                .starts_with("limit: must be")
        );
        let fields: Vec<_> = body["errors"]
            .as_array()
            .unwrap()
            .iter()
            .map(|e| &e["field"])
            .collect();
        assert_eq!(fields, ["limit", "offset"]);
        // The status in the body is that of the response, in each dialect.
        let answer = ask("nonhumans").await;
        assert_eq!((answer.status, &answer.body["status"]), (422, &json!(422)));
        let fine = agent
            .request(Method::GET, paths::TASKS)
            .header("accept", "application/problem+json");
        assert_eq!(
            fine.answer().await.ok().header("content-type"),
            "application/json"
        );
    }

    async fn a_dialect_that_nobody_speaks_is_refused(store) {
        let app = TestApp::start_with(store, &["--rate-limit=1"]).await;
        let agent = app.poor_agent().await;
        let answer = agent
            .request(Method::GET, paths::TASKS)
            .in_dialect("klingon")
            .answer()
            .await;
        assert!(
            answer
                .refused(400, "validation")
                .contains("humanops, humcli, nonhumans, remno")
        );
        assert_eq!(answer.faulty_fields(), ["X-Api-Dialect"]);
        // The request counts against the rate limit.
        agent.get(paths::TASKS).await.refused(429, "rate_limited");
    }

    async fn what_is_refused_before_a_key_is_read_is_told_as_the_key_has_set_it(store) {
        let app = TestApp::start_with(store, &["--rate-limit=2"]).await;
        let agent = app.poor_agent().await;
        let path = paths::key(agent.key_id().await);
        agent.patch(&path, &json!({"dialect": "remno"})).await.ok();
        agent.get(paths::BALANCE).await.ok();
        agent.get(paths::BALANCE).await.ok();
        let limited = agent.get(paths::BALANCE).await;
        assert_eq!((limited.status, &limited.body["errors"][0]["code"]), (429, &json!("RATE_LIMITED")));
        let nowhere = agent.get("/api/v1/nowhere").await;
        assert_eq!((nowhere.status, &nowhere.body["errors"][0]["code"]), (404, &json!("NOT_FOUND")));
        let stranger = app.request(Method::GET, "/api/v1/nowhere").header("x-api-key", "ho_live_no");
        stranger.answer().await.refused(404, "not_found");

        agent.patch(&path, &json!({"dialect": null})).await.ok();
        agent.get(paths::ME).await.ok();
        agent.get(paths::BALANCE).await.refused(429, "rate_limited");
    }

    async fn a_fault_of_the_server_is_told_in_each_dialect_without_its_inside(store) {
        let app = TestApp::start(store).await;
        let agent = app.poor_agent().await;
        let broken = app.app.store.write(|tx| tx.execute("ALTER TABLE event RENAME TO lost", &[]));
        broken.await.unwrap();
        let ask = async |dialect: &str| {
            let request = agent.request(Method::GET, paths::EVENTS).in_dialect(dialect);
            let answer = request.answer().await;
            assert_eq!(answer.status, 500);
            let told = answer.body.to_string();
            assert!(!told.contains("event") && !told.contains("SELECT"), "{told}");
            answer.body
        };
        assert_eq!(ask("humanops").await["code"], "internal");
        assert_eq!(ask("nonhumans").await["error"]["code"], "internal_error");
        assert_eq!(ask("remno").await["errors"][0]["code"], "INTERNAL_ERROR");
    }

    async fn files_and_documents_pass_as_they_are(store) {
        let app = TestApp::start(store).await;
        for path in ["/openapi.json", "/healthz", "/"] {
            let plain = app.get(path).await;
            let asked = app
                .request(Method::GET, path)
                .in_dialect("remno")
                .answer()
                .await;
            assert_eq!(
                (asked.status, asked.bytes),
                (plain.status, plain.bytes),
                "{path}"
            );
        }
    }
}
