//! Those who connect and do not ask, ask slowly, or ask too much at once.

use std::time::Duration;

use reqwest::Method;
use server::connections::{self, Limits};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_util::sync::CancellationToken;

use crate::harness::{Ask, TestApp};
use crate::support::{self, FreshStore, on_both_databases};

async fn serving(store: FreshStore, limits: Limits) -> TestApp {
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

on_both_databases! {
    async fn a_head_that_does_not_arrive_ends_its_connection(store) {
        let limits = Limits {
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
            // However it ends, it does.
            drop(closed.unwrap());
        }
        assert_eq!(app.get("/healthz").await.status, 200);
    }

    async fn connections_beyond_the_limit_are_told_so_and_others_go_on(store) {
        let app = serving(store, Limits {
            most: 2,
            ..Limits::of(2)
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
        // A place that was left is taken again.
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
        let app = serving(store, Limits::of(8)).await;
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
        // What is larger by far is not read.
        let huge = app
            .request(Method::GET, "/api/v1/tasks")
            .header("x-huge", "x".repeat(200_000));
        let answer = huge.send().await;
        assert!(answer.is_err() || answer.unwrap().status() == 431);
    }
}
