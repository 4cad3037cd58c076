//! The headers of every response, and the paths outside of the API.

use reqwest::Method;
use serde_json::json;

use crate::harness::{Ask, TestApp};
use crate::support::{self, on_both_databases};

on_both_databases! {
    async fn health_says_that_the_process_runs_and_could_serve(store) {
        let app = TestApp::start(store).await;
        assert_eq!(app.get("/healthz").await.ok().body, json!({"status": "ok"}));
        let ready = app.get("/readyz").await.ok().body;
        let well = json!({"status": "ok", "database": "ok", "schema": "ok", "files": "ok"});
        assert_eq!(ready, well);
    }

    async fn readiness_fails_when_the_database_is_gone(store) {
        let app = TestApp::start(store).await;
        let database = app.app.store.clone();
        tokio::task::spawn_blocking(move || database.close()).await.unwrap();
        let answer = app.get("/readyz").await;
        assert_eq!((answer.status, answer.text("database")), (503, "unavailable".to_owned()));
        assert_eq!(app.get("/healthz").await.status, 200);
        let known = app.request(Method::GET, "/api/v1/tasks").header("x-api-key", "ho_live_a");
        let answer = known.answer().await;
        answer.refused(503, "unavailable");
        assert_eq!((answer.header("retry-after"), &answer.body["retryable"]), ("1", &json!(true)));
    }

    async fn every_answer_carries_a_request_id(store) {
        let app = TestApp::start(store).await;
        for path in [
            "/healthz",
            "/",
            "/api/v1/nowhere",
            "/openapi.json",
            "/api/v1/tasks",
        ] {
            let id = app.get(path).await.header("x-request-id").to_owned();
            assert!(id.parse::<api_types::RequestId>().is_ok(), "{path}: {id}");
        }
    }

    async fn a_callers_own_request_id_is_kept_where_it_is_safe(store) {
        let app = TestApp::start(store).await;
        let ask = async |id: &str| {
            let request = app
                .request(Method::GET, "/api/v1/nowhere")
                .header("x-request-id", id);
            let answer = request.answer().await;
            answer.refused(404, "not_found");
            answer.header("x-request-id").to_owned()
        };
        assert_eq!(ask("trace-01.a_B").await, "trace-01.a_B");
        assert!(ask(&"x".repeat(65)).await.starts_with("req_"));
        assert!(ask("<script>").await.starts_with("req_"));
    }

    async fn a_path_that_is_not_there_is_refused_in_our_dialect(store) {
        let app = TestApp::start(store).await;
        assert!(
            app.get("/api/v1/nowhere")
                .await
                .refused(404, "not_found")
                .contains("openapi.json")
        );
        app.get("/.well-known/nothing")
            .await
            .refused(404, "not_found");
        // If the app were served in place of a missing asset, the page would stay blank.
        app.get("/assets/gone-0123456789abcdef.js")
            .await
            .refused(404, "not_found");
    }

    async fn a_path_that_is_no_page_of_the_app_is_not_answered_with_it(store) {
        let app = TestApp::start(store).await;
        let browse = async |path: &str| {
            let accept = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
            app.request(Method::GET, path).header("accept", accept).answer().await
        };
        for path in ["/api", "/api/", "/api/v1", "/metrics", "/metrics/", "/mcp", "/.well-known"] {
            app.get(path).await.refused(404, "not_found");
            browse(path).await.refused(404, "not_found");
        }
        for path in ["/nowhere", "/tasks/some/page", "/tasks/task_x", "/mine/more"] {
            app.get(path).await.refused(404, "not_found");
            let put = app.request(Method::PUT, path).answer().await;
            put.refused(404, "not_found");
            // A person gets a page, but its status is not 200.
            let page = browse(path).await;
            assert_eq!((page.status, &page.body), (404, &json!(null)), "{path}");
            assert_eq!(page.bytes, browse("/").await.bytes);
        }
    }

    async fn a_slash_at_the_end_of_a_path_means_nothing(store) {
        let app = TestApp::start(store).await;
        for path in ["/healthz", "/readyz", "/openapi.json", "/llms.txt", "/docs/errors"] {
            let (plain, slash) = (app.get(path).await, app.get(&format!("{path}/")).await);
            assert_eq!((plain.status, slash.status), (200, 200), "{path}");
            assert_eq!(plain.header("content-type"), slash.header("content-type"));
            assert_eq!(plain.bytes, slash.bytes);
        }
        app.get("/api/v1/tasks/").await.refused(401, "unauthorized");
        let agent = json!({"name": "a", "email": "a@example.com"});
        app.post("/api/v1/agents/register/", &agent).await.created();
    }

    async fn another_method_is_refused_with_those_that_are_taken(store) {
        let app = TestApp::start(store).await;
        let answer = app.request(Method::PUT, "/api/v1/tasks").answer().await;
        answer.refused(405, "method_not_allowed");
        let mut allowed: Vec<_> = answer.header("allow").split([',', ' ']).collect();
        allowed.sort_unstable();
        assert_eq!(allowed, ["GET", "HEAD", "POST"]);
        app.request(Method::DELETE, "/")
            .answer()
            .await
            .refused(405, "method_not_allowed");
    }

    async fn security_headers_are_on_every_answer(store) {
        let app = TestApp::start(store).await;
        for path in ["/", "/healthz", "/api/v1/nowhere", "/api/v1/tasks"] {
            let answer = app.get(path).await;
            let policy = answer.header("content-security-policy");
            assert!(
                policy.contains("script-src 'self' 'wasm-unsafe-eval'"),
                "{path}: {policy}"
            );
            assert!(!policy.contains("'unsafe-inline'"), "{policy}");
            assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
            assert_eq!(answer.header("referrer-policy"), "no-referrer", "{path}");
            assert_eq!(
                answer.header("cross-origin-opener-policy"),
                "same-origin",
                "{path}"
            );
            let senses = answer.header("permissions-policy");
            assert!(
                senses.contains("camera=(self)") && senses.contains("microphone=()"),
                "{senses}"
            );
        }
    }

    async fn the_app_answers_at_every_page_and_says_how_to_build_it_where_it_is_missing(store) {
        let app = TestApp::start(store).await;
        let front = app.get("/").await;
        let text = String::from_utf8_lossy(&front.bytes).into_owned();
        assert!(
            text.contains("<html") || text.contains("cargo xtask app"),
            "{text}"
        );
        let task = "/tasks/task_01KB0000000000000000000000";
        for page in ["/tasks", "/mine/", "/earnings", "/profile", "/sign-up", task, &format!("{task}/proof")] {
            let answer = app.get(page).await;
            assert_eq!((answer.status, &answer.bytes), (front.status, &front.bytes), "{page}");
        }
    }

    async fn the_api_document_is_served_and_known_again(store) {
        let app = TestApp::start(store).await;
        let document = app.get("/openapi.json").await.ok();
        assert_eq!(document.body["openapi"], "3.1.0");
        assert!(document.body["paths"]["/api/v1/operator/upload"]["post"].is_object());
        let again = app.request(Method::GET, "/openapi.json");
        let again = again
            .header("if-none-match", document.header("etag"))
            .answer()
            .await;
        assert_eq!((again.status, again.bytes.len()), (304, 0));
    }
}
