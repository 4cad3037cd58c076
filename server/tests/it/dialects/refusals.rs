//! Refusals in the caller's dialect: invalid requests, requests without a handler, and faults of
//! the server.

use api_types::paths;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use super::{InDialect, nonhumans, remno};
use crate::admin::host;
use crate::harness::{ADMIN_KEY, Ask, TestApp, photo_task};
use crate::support::{self, on_both_databases};

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
}
