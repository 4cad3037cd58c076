//! The rate limiter: requests a minute of one client at one path (contract §8).

use std::time::Duration;

use api_types::paths;
use futures_util::future::join_all;
use reqwest::Method;
use server::serve::connections::{self, ConnectionLimits};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::harness::{Answer, Ask, TestApp};
use crate::support::{self, FreshStore, on_both_databases};

const FIVE: &[&str] = &["--rate-limit=5", "--rate-limit-upload=2"];

/// A path whose response has the headers of the limit even without a key.
const PATH: &str = "/api/v1/tasks";

fn told(answer: &Answer) -> [&str; 6] {
    [
        "retry-after",
        "ratelimit-policy",
        "ratelimit",
        "x-ratelimit-limit",
        "x-ratelimit-remaining",
        "x-ratelimit-reset",
    ]
    .map(|header| answer.header(header))
}

fn admitted(answers: &[Answer]) -> usize {
    answers.iter().filter(|answer| answer.status != 429).count()
}

on_both_databases! {
    async fn the_request_beyond_the_limit_is_refused_until_the_minute_is_over(store) {
        let app = TestApp::start_with(store, FIVE).await;
        app.advance(Duration::from_millis(17_500));
        let first = app.get(PATH).await;
        assert_eq!(first.status, 401);
        let policy = "\"default\";q=5;w=60";
        let expected = ["", policy, "\"default\";r=4;t=43", "5", "4", "43"];
        assert_eq!(told(&first), expected);
        for _ in 0..4 {
            assert_eq!(app.get(PATH).await.status, 401);
        }
        let refused = app.get(PATH).await;
        refused.refused(429, "rate_limited");
        assert_eq!(refused.body["retryable"], true);
        assert_eq!(told(&refused), ["43", policy, "\"default\";r=0;t=43", "5", "0", "43"]);
        // Another path has its own count; a template has one count for all its paths.
        assert_eq!(app.get(paths::KEYS).await.header("x-ratelimit-remaining"), "4");
        let at = async |id: &str| app.get(&format!("{PATH}/{id}")).await;
        at("task_a").await;
        assert_eq!(at("task_b").await.header("x-ratelimit-remaining"), "3");
        app.advance(Duration::from_millis(42_499));
        app.get(PATH).await.refused(429, "rate_limited");
        app.advance(Duration::from_millis(1));
        assert_eq!(app.get(PATH).await.status, 401);
    }

    async fn of_many_requests_at_once_no_more_than_the_limit_are_admitted(store) {
        let app = TestApp::start_with(store, FIVE).await;
        let answers = join_all((0..40).map(|_| app.get(PATH))).await;
        assert_eq!(admitted(&answers), 5);
    }

    async fn uploads_have_a_smaller_limit(store) {
        let app = TestApp::start_with(store, FIVE).await;
        for _ in 0..2 {
            let answer = app.request(Method::POST, paths::UPLOAD).answer().await;
            assert_eq!(answer.status, 401);
            assert_eq!(answer.header("ratelimit-policy"), "\"upload\";q=2;w=60");
        }
        let answer = app.request(Method::POST, paths::UPLOAD).answer().await;
        answer.refused(429, "rate_limited");
    }
}

/// A second server on the same database takes its requests from the same quota.
#[tokio::test]
async fn servers_on_one_database_share_a_limit() {
    let app = TestApp::start_with(support::on_postgres(), &["--rate-limit=20"]).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let second = format!("http://{}{PATH}", listener.local_addr().unwrap());
    let router = server::http::router(app.app.clone()).unwrap();
    let stop = CancellationToken::new();
    tokio::spawn(connections::serve(
        listener,
        router,
        ConnectionLimits::of(64),
        stop,
    ));
    let client = reqwest::Client::new();
    let (mut here, mut there) = (0, 0);
    for _ in 0..30 {
        here += usize::from(app.get(PATH).await.status != 429);
        there += usize::from(client.get(&second).answer().await.status != 429);
    }
    assert_eq!(here + there, 20);
    assert!(here > 5 && there > 5, "{here} and {there}");
    // In the next minute requests are accepted at once.
    app.advance(Duration::from_secs(60));
    let ours = join_all((0..30).map(|_| app.get(PATH)));
    let theirs = join_all((0..30).map(|_| client.get(&second).answer()));
    let (ours, theirs) = tokio::join!(ours, theirs);
    let mut both = admitted(&ours) + admitted(&theirs);
    assert!(both <= 20, "{both}");
    // Requests that a server has reserved and not used yet are available to later callers.
    for _ in 0..20 {
        both += usize::from(app.get(PATH).await.status != 429);
        both += usize::from(client.get(&second).answer().await.status != 429);
    }
    assert_eq!(both, 20);
}

on_both_databases! {
    async fn a_refusal_is_told_in_the_callers_dialect(store) {
        let app = TestApp::start_with(store, &["--rate-limit=1"]).await;
        app.get(PATH).await;
        let ask = async |dialect: &str| {
            let get = app
                .request(Method::GET, PATH)
                .header("x-api-dialect", dialect);
            get.answer().await
        };
        let answer = ask("nonhumans").await;
        assert_eq!((answer.status, answer.header("retry-after")), (429, "60"));
        assert_eq!(answer.body["error"]["code"], "rate_limited");
        let answer = ask("remno").await;
        assert_eq!((answer.status, answer.header("retry-after")), (429, "60"));
        assert_eq!(answer.body["errors"][0]["code"], "RATE_LIMITED");
    }

    async fn paths_that_do_not_exist_are_limited_as_one(store) {
        let app = TestApp::start_with(store, FIVE).await;
        for number in 0..5 {
            let answer = app.get(&format!("/api/v1/{number}")).await;
            answer.refused(404, "not_found");
        }
        app.get("/api/v1/another")
            .await
            .refused(429, "rate_limited");
    }

    async fn health_documents_and_the_app_are_not_limited(store) {
        let app = TestApp::start_with(store, &["--rate-limit=1"]).await;
        for path in [
            "/healthz",
            "/readyz",
            "/openapi.json",
            "/",
            "/assets/gone.js",
        ] {
            for _ in 0..3 {
                let answer = app.get(path).await;
                assert_ne!(answer.status, 429, "{path}");
                assert_eq!(told(&answer)[1..], [""; 5], "{path}");
            }
        }
    }

    async fn without_a_limit_nothing_is_counted_or_told(store) {
        let off = ["--rate-limit=off", "--rate-limit-upload=1"];
        let app = TestApp::start_with(store, &off).await;
        for _ in 0..3 {
            let answer = app.request(Method::POST, paths::UPLOAD).answer().await;
            assert_eq!((answer.status, told(&answer)), (401, [""; 6]));
        }
    }
}

/// Returns the remaining requests of three callers that a proxy names.
async fn left(store: FreshStore, arguments: &[&str]) -> Vec<String> {
    let app = TestApp::start_with(store, arguments).await;
    let mut left = Vec::new();
    for whom in ["203.0.113.1", "203.0.113.2", "6.6.6.6, 203.0.113.1"] {
        let request = app
            .request(Method::GET, PATH)
            .header("x-forwarded-for", whom);
        let answer = request.answer().await;
        left.push(answer.header("x-ratelimit-remaining").to_owned());
    }
    left
}

const TRUSTING: [&str; 2] = ["--rate-limit=9", "--trusted-proxies=10.0.0.0/8,127.0.0.1"];

on_both_databases! {
    /// A client that could choose its address would have no limit.
    async fn what_a_proxy_says_is_not_believed_unless_it_is_trusted(store) {
        assert_eq!(left(store, &["--rate-limit=9"]).await, ["8", "7", "6"]);
    }

    async fn a_trusted_proxy_is_believed_on_the_last_address_that_it_added(store) {
        assert_eq!(left(store, &TRUSTING).await, ["8", "8", "7"]);
    }

    async fn a_proxy_is_believed_in_the_one_header_of_the_settings(store) {
        let other = [&TRUSTING[..], &["--forwarded-header=forwarded"]].concat();
        assert_eq!(left(store, &other).await, ["8", "7", "6"]);
    }
}
