//! Clients that connect and send nothing, send slowly, or send too much at once.

use std::time::Duration;

use api_types::paths;
use reqwest::Method;
use server::serve::connections::{self, ConnectionLimits};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;

use crate::harness::{Ask, TestApp};
use crate::support::{self, FreshStore, on_both_databases};

async fn serving(store: FreshStore, limits: ConnectionLimits) -> TestApp {
    let (app, listener) = TestApp::bind(store, &[]).await;
    let router = server::http::router(app.app.clone()).unwrap();
    tokio::spawn(connections::serve(
        listener,
        router,
        limits,
        CancellationToken::new(),
    ));
    app
}

/// A connection that is kept alive, byte by byte.
struct RawConnection(BufReader<TcpStream>);

/// The parts of a response that these tests check.
#[derive(Debug)]
struct ResponseHead {
    status: u16,
    closes: bool,
}

impl RawConnection {
    async fn open(app: &TestApp) -> Self {
        let stream = app.connect().await;
        stream.set_nodelay(true).unwrap();
        Self(BufReader::new(stream))
    }

    async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.0.write_all(bytes.as_ref()).await.unwrap();
    }

    async fn receive(&mut self) -> ResponseHead {
        let mut response = ResponseHead {
            status: 0,
            closes: false,
        };
        let mut length = 0;
        loop {
            let mut line = String::new();
            let read = self.0.read_line(&mut line).await.unwrap();
            assert!(read > 0, "the connection broke over {response:?}");
            let line = line.trim_end().to_ascii_lowercase();
            if line.is_empty() {
                break;
            }
            if let Some(status) = line.strip_prefix("http/1.1 ") {
                response.status = status[..3].parse().unwrap();
            }
            if let Some(stated) = line.strip_prefix("content-length: ") {
                length = stated.parse().unwrap();
            }
            response.closes |= line == "connection: close";
        }
        self.0.read_exact(&mut vec![0; length]).await.unwrap();
        response
    }

    /// Asserts that the server closes the connection without breaking it.
    async fn assert_closed(&mut self) {
        let mut rest = Vec::new();
        let read = tokio::time::timeout(Duration::from_secs(20), self.0.read_to_end(&mut rest));
        read.await.unwrap().unwrap();
        assert!(rest.is_empty());
    }
}

/// Returns requests that are refused before their body is read: the head without its length, and
/// the status of the response.
fn refused_early() -> Vec<(String, u16)> {
    let post = |path: &str, more: &str| format!("POST {path} HTTP/1.1\r\nhost: a\r\n{more}");
    let form = "content-type: multipart/form-data; boundary=b\r\n";
    vec![
        (post(paths::TASKS, ""), 401),
        (post(paths::TASKS, "x-api-key: ho_live_a\r\n"), 401),
        (post(paths::UPLOAD, form), 401),
        (post("/api/v1/admin/jobs/a/retry", ""), 403),
        (post("/api/v1/nowhere", ""), 404),
        (post("/api/v1/%ff", ""), 404),
        (post(paths::BALANCE, ""), 405),
        (post("/openapi.json", ""), 405),
        (post(paths::TASKS, "x-api-dialect: klingon\r\n"), 400),
        (post(paths::REGISTER_AGENT, "idempotency-key: \r\n"), 400),
        (post(&format!("/{}", "a".repeat(9000)), ""), 414),
        (
            post(paths::TASKS, &format!("x-a: {}\r\n", "a".repeat(40_000))),
            431,
        ),
    ]
}

const BODY: &str = r#"{"name": "a small body that nobody reads"}"#;

fn with_length(head: &str) -> String {
    format!("{head}content-length: {}\r\n\r\n", BODY.len())
}

const HEALTH: &str = "GET /healthz HTTP/1.1\r\nhost: a\r\n\r\n";

on_both_databases! {
    async fn a_connection_goes_on_after_a_refusal_whose_body_nobody_read(store) {
        let app = serving(store, ConnectionLimits::of(8)).await;
        let mut connection = RawConnection::open(&app).await;
        for (head, status) in refused_early().iter().cycle().take(120) {
            // Most clients send the head and the body separately.
            connection.send(with_length(head)).await;
            connection.send(BODY).await;
            let response = connection.receive().await;
            assert!(response.status == *status && !response.closes, "{response:?} to {head}");
            connection.send(HEALTH).await;
            assert_eq!(connection.receive().await.status, 200, "after {head}");
        }
    }

    async fn a_connection_goes_on_after_a_refusal_whose_chunks_nobody_read(store) {
        let app = serving(store, ConnectionLimits::of(8)).await;
        let mut connection = RawConnection::open(&app).await;
        for (head, status) in refused_early() {
            connection.send(format!("{head}transfer-encoding: chunked\r\n\r\n")).await;
            connection.send("5\r\nhello\r\n").await;
            connection.send("0\r\n\r\n").await;
            let response = connection.receive().await;
            assert!(response.status == status && !response.closes, "{response:?} to {head}");
            connection.send(HEALTH).await;
            assert_eq!(connection.receive().await.status, 200, "after {head}");
        }
    }

    async fn a_slow_sender_is_refused_and_may_send_to_the_end(store) {
        let app = serving(store, ConnectionLimits::of(64)).await;
        let refused = refused_early().into_iter().map(async |(head, status)| {
            let mut connection = RawConnection::open(&app).await;
            connection.send(with_length(&head)).await;
            // The response arrives before the body, and says that the connection closes.
            let response = connection.receive().await;
            assert!(response.status == status && response.closes, "{response:?} to {head}");
            for byte in BODY.as_bytes() {
                connection.send([*byte]).await;
            }
            connection.0.get_mut().shutdown().await.unwrap();
            connection.assert_closed().await;
        });
        futures_util::future::join_all(refused).await;
    }

    async fn who_waits_for_leave_to_send_is_refused_without_it(store) {
        let app = serving(store, ConnectionLimits::of(64)).await;
        for (head, status) in refused_early() {
            let mut connection = RawConnection::open(&app).await;
            connection.send(with_length(&format!("{head}expect: 100-continue\r\n"))).await;
            let response = connection.receive().await;
            assert!(response.status == status && response.closes, "{response:?} to {head}");
            connection.0.get_mut().shutdown().await.unwrap();
            connection.assert_closed().await;
        }
    }

    async fn requests_beyond_the_rate_limit_do_not_break_their_connection(store) {
        let (app, listener) = TestApp::bind(store, &["--rate-limit=1"]).await;
        let router = server::http::router(app.app.clone()).unwrap();
        let stop = CancellationToken::new();
        tokio::spawn(connections::serve(listener, router, ConnectionLimits::of(8), stop));
        let mut connection = RawConnection::open(&app).await;
        for status in [401].into_iter().chain([429; 40]) {
            let head = format!("POST {} HTTP/1.1\r\nhost: a\r\n", paths::TASKS);
            connection.send(with_length(&head)).await;
            connection.send(BODY).await;
            let response = connection.receive().await;
            assert!(response.status == status && !response.closes, "{response:?}");
        }
    }

    async fn what_is_no_http_is_told_so_however_much_of_it_comes(store) {
        let app = serving(store, ConnectionLimits::of(8)).await;
        let mut connection = RawConnection::open(&app).await;
        connection.send("nonsense\r\n".repeat(100_000)).await;
        let response = connection.receive().await;
        assert!(response.status == 400 && response.closes, "{response:?}");
    }

    async fn a_head_that_does_not_arrive_ends_its_connection(store) {
        let limits = ConnectionLimits {
            most: 8,
            head_within: Duration::from_millis(50),
        };
        let app = serving(store, limits).await;
        for sent in ["", "GET /healthz HTTP/1.1\r\nhost: here\r\n"] {
            let mut slow = app.connect().await;
            slow.write_all(sent.as_bytes()).await.unwrap();
            let mut read = Vec::new();
            let closed = slow.read_to_end(&mut read);
            let closed = tokio::time::timeout(Duration::from_secs(20), closed).await;
            // The connection ends in any case, with or without an error.
            drop(closed.unwrap());
        }
        assert_eq!(app.get("/healthz").await.status, 200);
    }

    async fn connections_beyond_the_limit_are_told_so_and_others_go_on(store) {
        let app = serving(store, ConnectionLimits {
            most: 2,
            ..ConnectionLimits::of(2)
        })
        .await;
        let ask = b"GET /healthz HTTP/1.1\r\nhost: here\r\n\r\n";
        let mut held = [app.connect().await, app.connect().await];
        let mut answer = [0; 12];
        for connection in &mut held {
            connection.write_all(ask).await.unwrap();
            connection.read_exact(&mut answer).await.unwrap();
            assert_eq!(&answer, b"HTTP/1.1 200");
        }
        let mut third = app.connect().await;
        third.write_all(ask).await.unwrap();
        let mut told = String::new();
        third.read_to_string(&mut told).await.unwrap();
        assert!(told.starts_with("HTTP/1.1 503 "), "{told}");
        assert!(told.contains("\r\nretry-after: 1\r\n"), "{told}");
        assert!(told.contains("\"code\":\"unavailable\""), "{told}");
        drop(held);
        // The place of a closed connection becomes free.
        let again = async {
            while app
                .request(Method::GET, "/healthz")
                .send()
                .await
                .unwrap()
                .status()
                != 200
            {}
        };
        tokio::time::timeout(Duration::from_secs(20), again)
            .await
            .unwrap();
    }

    async fn a_head_that_is_too_large_is_refused_in_the_callers_dialect(store) {
        let app = serving(store, ConnectionLimits::of(8)).await;
        let long = format!("/api/v1/tasks?external_id={}", "x".repeat(9000));
        app.get(&long).await.refused(414, "too_large");
        let many = |app: &TestApp| {
            let value = "x".repeat(7000);
            let names = ["x-one", "x-two", "x-three", "x-four", "x-five"];
            let get = app.request(Method::GET, "/api/v1/tasks");
            names
                .iter()
                .fold(get, |get, name| get.header(*name, &value))
        };
        many(&app).answer().await.refused(431, "too_large");
        let answer = many(&app)
            .header("x-api-dialect", "nonhumans")
            .answer()
            .await;
        assert_eq!(
            (answer.status, &answer.body["error"]["code"]),
            (431, &"too_large".into())
        );
        // A far larger head is not even read.
        let huge = app
            .request(Method::GET, "/api/v1/tasks")
            .header("x-huge", "x".repeat(200_000));
        let answer = huge.send().await;
        assert!(answer.is_err() || answer.unwrap().status() == 431);
    }
}
