//! What the app is told about the issuer, and a server without its own sign-in.

use std::sync::Arc;

use api_types::paths;
use reqwest::{Client, Method};
use serde_json::json;
use server::config::BuiltinSignIn;
use server::serve::connections::{self, ConnectionLimits};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::issuer::{Behaviour, CLIENT_ID, Issuer, Key};
use super::{assert_accepted, claims, start};
use crate::harness::{Ask, TestApp};
use crate::sessions::{Device, JANE};
use crate::support::{self, on_both_databases};

/// Returns the sources that pages may connect to.
fn connect_sources(policy: &str) -> Vec<&str> {
    let directive = policy
        .split("; ")
        .find_map(|it| it.strip_prefix("connect-src "));
    directive.unwrap().split(' ').collect()
}

/// Serves the data of a server once more with `BUILTIN_SIGN_IN=off`, as after a change by the host,
/// and returns the address.
async fn serve_without_builtin(app: &TestApp) -> String {
    let mut off = app.app.clone();
    let mut config = (*off.config).clone();
    config.oidc.builtin_sign_in = BuiltinSignIn::Off;
    config.check().unwrap();
    off.config = Arc::new(config);
    let router = server::http::router(off).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let limits = ConnectionLimits::of(64);
    tokio::spawn(connections::serve(
        listener,
        router,
        limits,
        CancellationToken::new(),
    ));
    address
}

on_both_databases! {
    async fn the_app_learns_how_to_sign_in(store) {
        let app = TestApp::start(store).await;
        let methods = app.get(paths::SIGN_IN_METHODS).await.ok();
        // The server of a test has no name, and passkeys need one.
        assert_eq!(methods.body, json!({"builtin": true, "passkeys": false, "oidc": null}));
        assert_eq!(connect_sources(methods.header("content-security-policy")), ["'self'"]);
        assert_eq!(methods.header("cache-control"), "no-cache");

        let named = ["--public-url", "https://tasks.example.com"];
        let app = TestApp::start_with(support::on_sqlite(), &named).await;
        let methods = app.get(paths::SIGN_IN_METHODS).await.ok();
        assert_eq!(methods.body["passkeys"], json!(true));
    }

    async fn the_app_learns_about_the_issuer_and_may_connect_to_it(store) {
        let key = Key::es256("k");
        let issuer = Issuer::start(&[&key]).await;
        let app = start(store, &issuer).await;
        let before = app.get("/").await;
        let before = connect_sources(before.header("content-security-policy")).join(" ");
        assert_eq!(before, format!("'self' {}", issuer.url()));
        let methods = app.get(paths::SIGN_IN_METHODS).await.ok();
        assert_eq!(methods.body, json!({
            "builtin": true,
            "passkeys": false,
            "oidc": {
                "issuer": issuer.url(),
                "client_id": CLIENT_ID,
                "authorization_endpoint": format!("{}/authorize", issuer.url()),
                "token_endpoint": "https://tokens.example.com/oauth/token",
            },
        }));
        for path in ["/", paths::SIGN_IN_METHODS, "/api/v1/nowhere"] {
            let answer = app.get(path).await;
            let policy = answer.header("content-security-policy");
            let sources = connect_sources(policy);
            assert_eq!(sources, ["'self'", issuer.url(), "https://tokens.example.com"], "{path}");
            assert!(policy.ends_with("form-action 'self'") && policy.contains("object-src 'none'"));
        }
        assert_eq!(issuer.fetches(), (1, 1));
    }

    async fn the_built_in_sign_in_can_be_switched_off(store) {
        let key = Key::es256("k");
        let issuer = Issuer::start(&[&key]).await;
        let both = start(store, &issuer).await;
        let phone = Device::sign_in(&both, JANE).await;
        let off = serve_without_builtin(&both).await;
        let request = |method, path: &str| Client::new().request(method, format!("{off}{path}"));

        let methods = request(Method::GET, paths::SIGN_IN_METHODS).answer().await.ok();
        assert_eq!(
            (&methods.body["builtin"], &methods.body["passkeys"]),
            (&json!(false), &json!(false))
        );
        let bodies = [
            (paths::SIGN_IN_CODE, json!({"email": JANE})),
            (paths::VERIFY_CODE, json!({"email": JANE, "code": "123456"})),
            (paths::REFRESH, json!({})),
        ];
        for (path, body) in bodies {
            let request = request(Method::POST, path).json(&body);
            let request = request.header("cookie", &phone.cookie).header("origin", &both.origin);
            let answer = request.answer().await;
            let sentence = answer.refused(409, "invalid_state");
            assert!(sentence.contains(issuer.url()), "{sentence}");
        }
        for path in ["/.well-known/openid-configuration", "/.well-known/jwks.json"] {
            request(Method::GET, path).answer().await.refused(404, "not_found");
        }
        let find = async |token: &str| {
            request(Method::GET, paths::FIND_TASKS).bearer_auth(token).answer().await
        };
        assert_accepted(&both, &phone.token).await;
        find(&phone.token).await.refused(401, "unauthorized");
        find(&key.sign(&claims(&both, &issuer, "joe"))).await.refused(403, "forbidden");
        // Whoever still has a cookie can get rid of it.
        let out = request(Method::POST, paths::SIGN_OUT).header("cookie", &phone.cookie);
        let out = out.header("origin", &both.origin).answer().await.ok();
        assert!(out.header("set-cookie").ends_with("Max-Age=0"), "{out:?}");
        phone.refresh().await.refused(401, "unauthorized");
    }

    async fn without_any_way_to_sign_in_the_server_says_to_try_again(store) {
        let issuer = Issuer::start(&[]).await;
        issuer.behave(Behaviour::Fails);
        let off = [&issuer.settings()[..], &["--builtin-sign-in", "off"]].concat();
        let app = TestApp::start_with(store, &off).await;
        let answer = app.get(paths::SIGN_IN_METHODS).await;
        answer.refused(503, "unavailable");
        assert_eq!(answer.header("retry-after"), "5");
    }

    async fn the_devices_of_a_person_are_the_issuers_own(store) {
        let key = Key::es256("k");
        let issuer = Issuer::start(&[&key]).await;
        let app = start(store, &issuer).await;
        let token = key.sign(&claims(&app, &issuer, "jane"));
        let request = app.request(Method::GET, paths::SESSIONS).bearer_auth(&token);
        let answer = request.answer().await;
        assert!(answer.refused(409, "invalid_state").contains(issuer.url()));
        let request = app.request(Method::POST, paths::SIGN_OUT).bearer_auth(&token);
        let out = request.header("origin", &app.origin).answer().await.ok();
        assert_eq!(out.body, json!({"ended": true}));
    }
}
