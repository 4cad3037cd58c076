//! The issuer's keys: cached, fetched again, and used while the issuer is down.

use std::time::Duration;

use api_types::paths;
use futures_util::future::join_all;
use serde_json::json;

use super::issuer::{Behaviour, Issuer, Key};
use super::{assert_accepted, assert_refused, claims, find_tasks, start};
use crate::support::{self, on_both_databases};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);

on_both_databases! {
    async fn a_new_key_is_found_at_once_and_the_old_one_is_forgotten(store) {
        let (old, new) = (Key::es256("old"), Key::es256("new"));
        let issuer = Issuer::start(&[&old]).await;
        let app = start(store, &issuer).await;
        let by = |key: &Key| key.sign(&claims(&app, &issuer, "jane"));
        assert_accepted(&app, &by(&old)).await;
        app.advance(MINUTE);
        issuer.publish(&[&old, &new]);
        assert_accepted(&app, &by(&new)).await;
        assert_accepted(&app, &by(&old)).await;
        assert_eq!(issuer.fetches(), (2, 2));
        issuer.publish(&[&new]);
        app.advance(60 * MINUTE - SECOND);
        assert_accepted(&app, &by(&old)).await;
        assert_eq!(issuer.fetches(), (2, 2), "the issuer allows an hour");
        app.advance(SECOND);
        assert_refused(&app, &by(&old)).await;
        assert_accepted(&app, &by(&new)).await;
        assert_eq!(issuer.fetches(), (3, 3));
    }

    async fn keys_are_cached_for_at_least_five_minutes_and_at_most_a_day(store) {
        let key = Key::es256("k");
        let issuer = Issuer::start(&[&key]).await;
        let app = start(store, &issuer).await;
        issuer.cache_control("no-store");
        let ask = async || assert_accepted(&app, &key.sign(&claims(&app, &issuer, "jane"))).await;
        ask().await;
        app.advance(5 * MINUTE - SECOND);
        ask().await;
        assert_eq!(issuer.fetches(), (1, 1));
        issuer.cache_control("max-age=31536000");
        app.advance(SECOND);
        ask().await;
        assert_eq!(issuer.fetches(), (2, 2));
        app.advance(24 * 60 * MINUTE - SECOND);
        ask().await;
        assert_eq!(issuer.fetches(), (2, 2));
        app.advance(SECOND);
        ask().await;
        assert_eq!(issuer.fetches(), (3, 3));
    }

    async fn a_flood_of_unknown_keys_makes_one_fetch_a_minute(store) {
        let key = Key::es256("k");
        let issuer = Issuer::start(&[&key]).await;
        let app = start(store, &issuer).await;
        let flood = async || {
            let unknown = |n: u32| {
                let header = json!({"alg": "ES256", "kid": format!("unknown {n}")});
                key.sign_with(&header, &claims(&app, &issuer, "jane"))
            };
            let tokens: Vec<_> = (0..30).map(unknown).collect();
            join_all(tokens.iter().map(|token| assert_refused(&app, token))).await;
        };
        flood().await;
        assert_eq!(issuer.fetches(), (1, 1), "requests at the same time share it");
        app.advance(MINUTE - SECOND);
        flood().await;
        assert_eq!(issuer.fetches(), (1, 1));
        app.advance(SECOND);
        flood().await;
        assert_eq!(issuer.fetches(), (2, 2));
        // A token that could not be accepted by any key is not worth a fetch.
        app.advance(MINUTE);
        let mut old = claims(&app, &issuer, "jane");
        old["exp"] = json!(1);
        assert_refused(&app, &key.sign_with(&json!({"alg": "ES256", "kid": "x"}), &old)).await;
        assert_eq!(issuer.fetches(), (2, 2));
    }

    async fn an_issuer_that_is_down_at_start_stops_nothing_else(store) {
        let key = Key::es256("k");
        let mut issuer = Issuer::reserve(&[&key]).await;
        let app = start(store, &issuer).await;
        let token = key.sign(&claims(&app, &issuer, "jane"));
        app.get("/readyz").await.ok();
        app.poor_agent().await;
        app.post(paths::SIGN_IN_CODE, &json!({"email": "joe@example.com"})).await;
        let answer = find_tasks(&app, &token).await;
        let sentence = answer.refused(503, "unavailable");
        assert!(sentence.contains("identity provider"), "{sentence}");
        assert_eq!((&answer.body["retryable"], answer.header("retry-after")), (&json!(true), "5"));
        let methods = app.get(paths::SIGN_IN_METHODS).await.ok();
        assert_eq!((&methods.body["builtin"], &methods.body["oidc"]), (&json!(true), &json!(null)));
        assert_refused(&app, &key.sign(&json!({"iss": issuer.url()}))).await;
        issuer.open().await;
        find_tasks(&app, &token).await.refused(503, "unavailable");
        assert_eq!(issuer.fetches(), (0, 0), "it is asked every five seconds");
        app.advance(5 * SECOND);
        assert_accepted(&app, &token).await;
        app.drain_jobs().await;
    }

    async fn cached_keys_serve_while_the_issuer_is_down_or_answers_nonsense(store) {
        let (key, new) = (Key::es256("k"), Key::es256("new"));
        let mut issuer = Issuer::start(&[&key]).await;
        let app = start(store, &issuer).await;
        let by = |key: &Key, issuer: &Issuer| key.sign(&claims(&app, issuer, "jane"));
        assert_accepted(&app, &by(&key, &issuer)).await;
        let nonsense = [Behaviour::Html, Behaviour::Huge, Behaviour::Other, Behaviour::Fails];
        for (tried, behaviour) in (2..).zip(nonsense) {
            issuer.behave(behaviour);
            app.advance(2 * 60 * MINUTE);
            assert_accepted(&app, &by(&key, &issuer)).await;
            assert_accepted(&app, &by(&key, &issuer)).await;
            assert_eq!(issuer.fetches().0, tried, "{behaviour:?}: it is tried once a minute");
        }
        issuer.close().await;
        app.advance(2 * 60 * MINUTE);
        assert_accepted(&app, &by(&key, &issuer)).await;
        // Nobody can tell now whether this is a new key.
        find_tasks(&app, &by(&new, &issuer)).await.refused(503, "unavailable");
        issuer.behave(Behaviour::Works);
        issuer.publish(&[&new]);
        issuer.open().await;
        app.advance(MINUTE);
        assert_accepted(&app, &by(&new, &issuer)).await;
        assert_refused(&app, &by(&key, &issuer)).await;
    }

    async fn a_description_of_another_issuer_is_not_used(store) {
        let key = Key::es256("k");
        let issuer = Issuer::start(&[&key]).await;
        let app = start(store, &issuer).await;
        let token = key.sign(&claims(&app, &issuer, "jane"));
        for behaviour in [Behaviour::Other, Behaviour::Html, Behaviour::Huge, Behaviour::Fails] {
            issuer.behave(behaviour);
            find_tasks(&app, &token).await.refused(503, "unavailable");
            app.advance(5 * SECOND);
        }
        assert_eq!(issuer.fetches(), (4, 0));
        issuer.behave(Behaviour::Works);
        assert_accepted(&app, &token).await;
    }
}
