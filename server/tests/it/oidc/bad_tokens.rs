//! Which tokens of the issuer are accepted, and which are refused.

use jsonwebtoken::Algorithm;
use serde_json::{Value, json};

use super::issuer::{CLIENT_ID, Issuer, Key, hmac_signed, unsigned};
use super::{assert_accepted, assert_refused, claims, find_tasks, seconds, start};
use crate::support::{self, on_both_databases};

/// Returns claims with some of them replaced; null removes one.
fn with(claims: &Value, changes: Value) -> Value {
    let mut changed = claims.clone();
    let Value::Object(changes) = changes else {
        panic!("{changes} is no object");
    };
    let claims = changed.as_object_mut().unwrap();
    for (name, value) in changes {
        match value {
            Value::Null => claims.remove(&name),
            value => claims.insert(name, value),
        };
    }
    changed
}

on_both_databases! {
    async fn a_token_is_verified_by_every_kind_of_key(store) {
        let keys = [
            Key::rsa("rs256", Algorithm::RS256),
            Key::rsa("rs512", Algorithm::RS512),
            Key::rsa("ps384", Algorithm::PS384),
            Key::es256("es256"),
            Key::es384("es384"),
            Key::ed25519("ed25519"),
        ];
        let issuer = Issuer::start(&keys.each_ref()).await;
        let app = start(store, &issuer).await;
        for key in &keys {
            assert_accepted(&app, &key.sign(&claims(&app, &issuer, "jane"))).await;
        }
        assert_eq!(issuer.fetches(), (1, 1));
    }

    async fn a_key_without_an_algorithm_verifies_those_of_its_kind_alone(store) {
        let (rsa, ec) = (Key::rsa("rsa", Algorithm::PS256), Key::es256("ec"));
        let issuer = Issuer::start(&[]).await;
        let bare = |key: &Key| {
            let mut jwk = key.jwk.clone();
            jwk.as_object_mut().unwrap().remove("alg");
            jwk
        };
        let symmetric = json!({"kty": "oct", "k": "c2VjcmV0", "kid": "oct", "alg": "HS256"});
        let strange = json!({"kty": "AKP", "kid": "akp", "alg": "ML-DSA-44", "pub": "AA"});
        issuer.publish_raw(vec![symmetric, strange, json!(7), bare(&rsa), bare(&ec)]);
        let app = start(store, &issuer).await;
        let claims = claims(&app, &issuer, "jane");
        for key in [&rsa, &ec, &Key::rsa("rsa", Algorithm::RS256)] {
            assert_accepted(&app, &key.sign(&claims)).await;
        }
        assert_refused(&app, &hmac_signed("oct", b"secret", &claims)).await;
        // The only key that could be meant is used for a token without `kid`.
        issuer.publish(&[&ec]);
        app.advance(std::time::Duration::from_secs(3600));
        let claims = super::claims(&app, &issuer, "jane");
        assert_accepted(&app, &ec.sign_with(&json!({"alg": "ES256"}), &claims)).await;
    }

    async fn a_token_must_be_for_our_client(store) {
        let key = Key::es256("k");
        let issuer = Issuer::start(&[&key]).await;
        let app = start(store, &issuer).await;
        let claims = claims(&app, &issuer, "jane");
        for changes in [
            json!({"aud": [CLIENT_ID]}),
            json!({"aud": ["other", CLIENT_ID], "azp": CLIENT_ID}),
            // The session tokens of Clerk.
            json!({"aud": null, "azp": app.origin, "sid": "sess_1", "sts": "active", "v": 2,
                "email": null, "email_verified": null, "nbf": seconds(&app) - 10}),
            json!({"aud": null, "azp": CLIENT_ID}),
        ] {
            assert_accepted(&app, &key.sign(&with(&claims, changes))).await;
        }
        for changes in [
            json!({"aud": "other"}),
            json!({"aud": ["other"], "azp": CLIENT_ID}),
            json!({"aud": [], "azp": CLIENT_ID}),
            json!({"aud": "", "azp": CLIENT_ID}),
            json!({"aud": {CLIENT_ID: true}, "azp": CLIENT_ID}),
            json!({"aud": null}),
            json!({"aud": null, "azp": "https://other.example.com"}),
            json!({"aud": null, "azp": [CLIENT_ID]}),
            json!({"aud": null, "azp": format!("{}/", app.origin)}),
        ] {
            assert_refused(&app, &key.sign(&with(&claims, changes))).await;
        }
    }

    async fn a_token_is_accepted_for_a_minute_before_and_after_its_time(store) {
        let key = Key::es256("k");
        let issuer = Issuer::start(&[&key]).await;
        let app = start(store, &issuer).await;
        let (claims, now) = (claims(&app, &issuer, "jane"), seconds(&app));
        for changes in [
            json!({"exp": now - 59}),
            json!({"exp": now - 60}),
            json!({"nbf": now + 59}),
            json!({"nbf": now + 60}),
            json!({"exp": 9_999_999_999_u64}),
            json!({"exp": now as f64 + 0.5, "nbf": now as f64 - 0.5}),
        ] {
            assert_accepted(&app, &key.sign(&with(&claims, changes))).await;
        }
        for changes in [
            json!({"exp": now - 61}),
            json!({"nbf": now + 61}),
            json!({"exp": null}),
            json!({"exp": (now + 900).to_string()}),
            json!({"exp": -1}),
            json!({"nbf": "now"}),
        ] {
            assert_refused(&app, &key.sign(&with(&claims, changes))).await;
        }
    }

    async fn a_forged_token_is_refused(store) {
        let (key, p384) = (Key::es256("k"), Key::es384("p384"));
        let rsa = Key::rsa("rsa", Algorithm::RS256);
        let issuer = Issuer::start(&[&key, &p384, &rsa]).await;
        let app = start(store, &issuer).await;
        let claims = claims(&app, &issuer, "jane");
        let good = key.sign(&claims);
        assert_accepted(&app, &good).await;
        let (signed, signature) = good.rsplit_once('.').unwrap();
        let (header, body) = signed.split_once('.').unwrap();
        let mut forged = vec![
            format!("{}.", unsigned(&json!({"alg": "none", "kid": "k"}), &claims)),
            format!("{}.{signature}", unsigned(&json!({"alg": "none", "kid": "k"}), &claims)),
            format!("{}.{signature}", unsigned(&key.header(), &with(&claims, json!({"sub": "x"})))),
            format!("{signed}.{}", "A".repeat(86)),
            format!("{signed}."),
            format!("{signed}.{signature}="),
            format!("{header}{body}{signature}"),
            format!("{header}.{body}{signature}"),
            format!("{good}.{signature}"),
            String::new(),
            "..".to_owned(),
            // Another key of the same issuer, and one that nobody knows under a known id.
            Key::es256("k").sign(&claims),
            p384.sign_with(&json!({"alg": "ES256", "kid": "k"}), &claims),
            key.sign_with(&json!({"alg": "ES256", "kid": "p384"}), &claims),
            key.sign_with(&json!({"alg": "ES256", "kid": "rsa"}), &claims),
            p384.sign_with(&json!({"alg": "ES256", "kid": "p384"}), &claims),
            Key::rsa("x", Algorithm::RS512).sign_with(&json!({"alg": "RS512", "kid": "rsa"}), &claims),
            key.sign_with(&json!({"alg": "ES256", "kid": "unknown"}), &claims),
            key.sign_with(&json!({"alg": "ES256"}), &claims),
            key.sign_with(&json!({"alg": "ES256", "kid": "k", "crit": ["exp"], "exp": 1}), &claims),
            key.sign_with(&json!({"alg": "ES256", "kid": "k", "typ": "logout+jwt"}), &claims),
            key.sign_with(&json!({"alg": "ES256", "kid": "k", "jwk": key.jwk, "typ": 1}), &claims),
        ];
        // The public key in every spelling as the secret of an HMAC.
        let jwk = &rsa.jwk;
        let parts = ["n", "kid"].map(|part| jwk[part].as_str().unwrap().to_owned());
        for secret in parts.into_iter().chain([jwk.to_string(), json!({"keys": [jwk]}).to_string()]) {
            for kid in ["rsa", "k"] {
                forged.push(hmac_signed(kid, secret.as_bytes(), &claims));
            }
        }
        for token in &forged {
            assert_refused(&app, token).await;
        }
    }

    async fn a_token_of_somebody_else_is_refused(store) {
        let key = Key::es256("k");
        let issuer = Issuer::start(&[&key]).await;
        let app = start(store, &issuer).await;
        let claims = claims(&app, &issuer, "jane");
        for changes in [
            json!({"iss": "https://other.example.com"}),
            json!({"iss": format!("{}/", issuer.url())}),
            json!({"iss": [issuer.url()]}),
            json!({"iss": null}),
            json!({"iss": app.origin}),
            json!({"events": {"http://schemas.openid.net/event/backchannel-logout": {}}}),
        ] {
            assert_refused(&app, &key.sign(&with(&claims, changes))).await;
        }
    }

    async fn a_person_has_an_id_of_at_most_255_bytes(store) {
        let key = Key::es256("k");
        let issuer = Issuer::start(&[&key]).await;
        let app = start(store, &issuer).await;
        let claims = claims(&app, &issuer, "jane");
        assert_accepted(&app, &key.sign(&with(&claims, json!({"sub": "s".repeat(255)})))).await;
        for sub in ["s".repeat(256), "s".repeat(1000), "é".repeat(128), String::new(), "a\0b".into()] {
            assert_refused(&app, &key.sign(&with(&claims, json!({"sub": sub})))).await;
        }
        for sub in [json!(7), Value::Null] {
            assert_refused(&app, &key.sign(&with(&claims, json!({"sub": sub})))).await;
        }
    }

    async fn a_large_token_is_refused_before_it_is_read(store) {
        let key = Key::es256("k");
        let issuer = Issuer::start(&[&key]).await;
        let app = start(store, &issuer).await;
        let padded = |bytes| {
            let claims = claims(&app, &issuer, "jane");
            key.sign(&with(&claims, json!({"padding": "p".repeat(bytes)})))
        };
        assert_accepted(&app, &padded(5_000)).await;
        for bytes in [6_200, 20_000] {
            assert_refused(&app, &padded(bytes)).await;
        }
        let huge = find_tasks(&app, &padded(75_000)).await;
        assert_eq!(huge.status, 431, "{huge:?}");
        assert_eq!(issuer.fetches(), (1, 1));
    }
}
