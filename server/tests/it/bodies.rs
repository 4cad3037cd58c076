//! JSON bodies that are too large, cut off, or not JSON.

use api_types::paths;
use reqwest::{Body, Method};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::harness::{Answer, Ask, TestApp};
use crate::support::{self, on_both_databases};

async fn register(app: &TestApp, content_type: &str, body: impl Into<Body>) -> Answer {
    let request = app.request(Method::POST, paths::REGISTER_AGENT);
    request
        .header("content-type", content_type)
        .body(body)
        .answer()
        .await
}

const GOOD: &str = r#"{"name": "a", "email": "a@example.com"}"#;

on_both_databases! {
    async fn a_body_of_ten_megabytes_is_refused_and_the_refusal_arrives(store) {
        let app = TestApp::start(store).await;
        let answer = register(&app, "application/json", vec![b' '; 10_000_000]).await;
        assert!(
            answer
                .refused(413, "too_large")
                .contains("1048576 bytes (1 MiB)")
        );
    }

    async fn a_large_body_without_a_stated_length_is_refused_too(store) {
        let app = TestApp::start(store).await;
        let chunks = (0..100).map(|_| Ok::<_, std::io::Error>(vec![b' '; 100_000]));
        let body = Body::wrap_stream(futures_util::stream::iter(chunks));
        register(&app, "application/json", body)
            .await
            .refused(413, "too_large");
    }

    /// Many clients send the whole body before they read the response.
    async fn the_refusal_of_a_stranger_arrives_however_large_the_body(store) {
        let app = TestApp::start(store).await;
        let mut connection = app.connect().await;
        let head = format!(
            "POST {} HTTP/1.1\r\nhost: a\r\ncontent-length: 10000000\r\n\r\n",
            paths::TASKS
        );
        connection.write_all(head.as_bytes()).await.unwrap();
        connection.write_all(&vec![b' '; 10_000_000]).await.unwrap();
        let mut beginning = [0; 12];
        connection.read_exact(&mut beginning).await.unwrap();
        assert_eq!(&beginning, b"HTTP/1.1 401");
    }

    async fn broken_json_is_refused_with_its_place(store) {
        let app = TestApp::start(store).await;
        let answer = register(&app, "application/json", "{\n  \"name\": oops\n}").await;
        assert!(
            answer.refused(400, "validation").contains("line 2, column"),
            "{answer:?}"
        );
        let answer = register(&app, "application/json", "{\"name\": \"a").await;
        assert!(
            answer.refused(400, "validation").contains("ends too early"),
            "{answer:?}"
        );
        let deep = "[".repeat(100_000);
        register(&app, "application/json", deep)
            .await
            .refused(400, "validation");
        register(&app, "application/json", vec![b'"', 0xff, b'"'])
            .await
            .refused(400, "validation");
    }

    async fn a_body_that_is_not_json_is_refused_by_its_content_type(store) {
        let app = TestApp::start(store).await;
        for content_type in [
            "text/plain",
            "application/x-www-form-urlencoded",
            "application/xml",
        ] {
            let answer = register(&app, content_type, GOOD).await;
            let sentence = answer.refused(415, "unsupported_media_type");
            assert!(sentence.contains("application/json"), "{sentence}");
        }
    }

    async fn json_may_state_its_charset_or_be_a_kind_of_json(store) {
        let app = TestApp::start(store).await;
        register(&app, "application/json; charset=utf-8", GOOD)
            .await
            .created();
        let another = GOOD.replace("a@", "b@");
        register(&app, "application/vnd.api+json", another)
            .await
            .created();
    }

    async fn a_byte_order_mark_before_json_is_passed_over(store) {
        let app = TestApp::start(store).await;
        let marked = format!("\u{feff}{GOOD}");
        register(&app, "application/json", marked).await.created();
        register(&app, "application/json", "\u{feff}").await.refused(400, "validation");
    }

    async fn an_empty_body_is_told_what_it_lacks(store) {
        let app = TestApp::start(store).await;
        let answer = app
            .request(Method::POST, paths::REGISTER_AGENT)
            .answer()
            .await;
        answer.refused(400, "validation");
        let answer = app.post(paths::REGISTER_AGENT, &json!({})).await;
        answer.refused(400, "validation");
        assert_eq!(answer.faulty_fields(), ["name", "email"]);
    }
}
