//! Compressed request bodies and responses.

use std::io::{Read, Write};

use api_types::paths;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::{GzEncoder, ZlibEncoder};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::harness::{Answer, Ask, TestApp, photo_task};
use crate::support::{self, on_both_databases};
use crate::uploads;

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut coded = GzEncoder::new(Vec::new(), Compression::best());
    coded.write_all(bytes).unwrap();
    coded.finish().unwrap()
}

fn deflate(bytes: &[u8]) -> Vec<u8> {
    let mut coded = ZlibEncoder::new(Vec::new(), Compression::best());
    coded.write_all(bytes).unwrap();
    coded.finish().unwrap()
}

fn br(bytes: &[u8]) -> Vec<u8> {
    let mut coded = Vec::new();
    let mut encoder = brotli::CompressorWriter::new(&mut coded, 4096, 5, 22);
    encoder.write_all(bytes).unwrap();
    drop(encoder);
    coded
}

fn coded(request: RequestBuilder, coding: &str, body: Vec<u8>) -> RequestBuilder {
    request
        .header("content-type", "application/json")
        .header("content-encoding", coding)
        .body(body)
}

fn register(app: &TestApp, coding: &str, body: Vec<u8>) -> RequestBuilder {
    let request = app.request(Method::POST, paths::REGISTER_AGENT);
    coded(request, coding, body)
}

/// Sends a request that accepts gzip. Returns whether the response is compressed, and its content.
async fn asked_for_gzip(request: RequestBuilder) -> (bool, Value) {
    let answer = request
        .header("accept-encoding", "gzip, br;q=0.5")
        .answer()
        .await
        .ok();
    match answer.header("content-encoding") {
        "" => (false, answer.body),
        "gzip" => {
            assert!(answer.header("vary").contains("accept-encoding"));
            let mut text = String::new();
            GzDecoder::new(&*answer.bytes)
                .read_to_string(&mut text)
                .unwrap();
            (true, serde_json::from_str(&text).unwrap())
        }
        other => panic!("{other}"),
    }
}

fn refused_as_too_large(answer: &Answer) {
    let sentence = answer.refused(413, "too_large");
    assert!(sentence.contains("1048576 bytes"), "{sentence}");
}

on_both_databases! {
    async fn a_compressed_body_is_the_same_as_a_plain_one(store) {
        let app = TestApp::start(store).await;
        let body = |email: &str| json!({"name": "agent", "email": email}).to_string().into_bytes();
        register(&app, "gzip", gzip(&body("a@example.com"))).answer().await.created();
        register(&app, "deflate", deflate(&body("b@example.com"))).answer().await.created();
        register(&app, "br", br(&body("c@example.com"))).answer().await.created();
        register(&app, "identity", body("d@example.com")).answer().await.created();
        // The same request under an idempotency key.
        let agent = app.agent().await;
        let task = photo_task(&app);
        let posted = agent.post_once(paths::TASKS, "once", &task).await.created();
        let request = agent.request(Method::POST, paths::TASKS).header("idempotency-key", "once");
        let again = coded(request, "gzip", gzip(task.to_string().as_bytes())).answer().await.created();
        assert_eq!(again.header("idempotent-replayed"), "true");
        assert_eq!(posted.text("task_id"), again.text("task_id"));
    }

    async fn a_small_body_that_decodes_to_a_large_one_is_refused(store) {
        let app = TestApp::start(store).await;
        let spaces = vec![b' '; 50_000_000];
        for (coding, bomb) in [("gzip", gzip(&spaces)), ("deflate", deflate(&spaces)), ("br", br(&spaces))] {
            assert!(bomb.len() < 100_000);
            refused_as_too_large(&register(&app, coding, bomb).answer().await);
        }
    }

    async fn a_body_that_is_not_in_its_coding_is_refused(store) {
        let app = TestApp::start(store).await;
        for body in [b"{\"name\": \"plain\"}".to_vec(), gzip(b"{}")[..12].to_vec()] {
            let answer = register(&app, "gzip", body).answer().await;
            let sentence = answer.refused(400, "validation");
            assert!(sentence.contains("Content-Encoding"), "{sentence}");
        }
    }

    async fn a_coding_that_is_not_known_is_refused_with_those_that_are(store) {
        let app = TestApp::start(store).await;
        for coding in ["zstd", "compress", "gzip, gzip", "nonsense"] {
            let answer = register(&app, coding, b"{}".to_vec()).answer().await;
            let sentence = answer.refused(415, "unsupported_media_type");
            assert!(sentence.contains("gzip, deflate or br"), "{sentence}");
            assert_eq!(answer.header("accept-encoding"), "gzip, deflate, br");
        }
    }

    async fn a_form_that_decodes_to_more_than_a_file_is_refused(store) {
        let app = TestApp::start(store).await;
        let operator = app.operator().await;
        let send = async |beginning: &str| {
            let mut form = beginning.as_bytes().to_vec();
            form.resize(40_000_000, b' ');
            let request = operator.request(Method::POST, paths::UPLOAD);
            let request = request
                .header("content-type", "multipart/form-data; boundary=b")
                .header("content-encoding", "gzip");
            request.body(gzip(&form)).answer().await
        };
        let file = "--b\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\n%PDF-1.7\n";
        send(file).await.refused(413, "too_large");
        // Bytes before the first boundary belong to no field.
        send("").await.refused(400, "validation");
        assert!(app.stored_files().is_empty());
    }

    async fn long_lists_are_compressed_for_who_asks(store) {
        let app = TestApp::start(store).await;
        let (agent, operator) = (app.agent().await, app.operator().await);
        let (coded, _) = asked_for_gzip(agent.request(Method::GET, paths::TASKS)).await;
        assert!(!coded, "an empty list is not worth it");
        for _ in 0..5 {
            agent.post_photo_task().await;
        }
        for list in [paths::TASKS, paths::EVENTS, paths::LEDGER] {
            let (coded, body) = asked_for_gzip(agent.request(Method::GET, list)).await;
            let plain = agent.get(list).await.ok();
            assert!(coded, "{list}");
            assert_eq!(body, plain.body, "{list}");
            assert_eq!(plain.header("content-encoding"), "");
        }
        let (coded, found) = asked_for_gzip(operator.request(Method::GET, paths::FIND_TASKS)).await;
        assert!(coded && found["data"].as_array().unwrap().len() == 5);
        let (coded, document) = asked_for_gzip(app.request(Method::GET, "/openapi.json")).await;
        assert!(coded && document["openapi"] == "3.1.0");
    }

    async fn answers_with_secrets_are_never_compressed(store) {
        let app = TestApp::start(store).await;
        let (agent, operator) = (app.agent().await, app.operator().await);
        // The response is long enough for compression, and contains text of other people.
        let name = "n".repeat(100);
        for _ in 0..12 {
            let made = agent.request(Method::POST, paths::KEYS).json(&json!({"name": name}));
            let made = made.header("accept-encoding", "gzip").answer().await.created();
            assert_eq!(made.header("content-encoding"), "");
        }
        let mut task = photo_task(&app);
        task["description"] = json!("d".repeat(9000));
        let task = agent.post(paths::TASKS, &task).await.created().id("task_id");
        operator.accept(task).await;
        let photo = uploads::picture(image::ImageFormat::Jpeg, 1);
        let photo = uploads::send(&operator, Some(task), photo).await.created().text("url");
        operator.post(&paths::submit_proof(task), &json!({"photos": [photo]})).await.ok();
        app.drain_jobs().await;
        let signed = agent.get(&paths::task(task)).await.ok().body.to_string();
        assert!(signed.contains("signature="), "{signed}");
        for request in [
            agent.request(Method::GET, &paths::task(task)),
            agent.request(Method::GET, paths::KEYS),
            operator.request(Method::GET, paths::MY_TASKS),
            operator.request(Method::GET, &paths::operator_task(task)),
        ] {
            let (coded, body) = asked_for_gzip(request).await;
            assert!(!coded && body.to_string().len() > 1024, "{body}");
        }
    }

    async fn what_is_compressed_carries_no_secret(store) {
        let app = TestApp::start(store).await;
        let (agent, operator) = (app.agent().await, app.operator().await);
        let task = agent.post_photo_task().await;
        operator.accept(task).await;
        let photo = uploads::picture(image::ImageFormat::Jpeg, 1);
        let photo = uploads::send(&operator, Some(task), photo).await.created().text("url");
        operator.post(&paths::submit_proof(task), &json!({"photos": [photo]})).await.ok();
        app.drain_jobs().await;
        let lists = [paths::DELIVERIES, paths::EVENTS, paths::LEDGER, paths::TASKS];
        for list in lists.into_iter().chain([&*paths::task_events(task)]) {
            let text = agent.get(list).await.ok().body.to_string();
            for secret in ["signature", "api_key", "nonce", "token", "secret", "ciphertext"] {
                assert!(!text.contains(secret), "{secret} in {list}: {text}");
            }
        }
    }
}
