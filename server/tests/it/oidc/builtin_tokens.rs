//! Forged access tokens of the built-in issuer.

use std::time::Duration;

use api_types::paths;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey};
use serde_json::{Value, json};
use server::store::{Tx, signing_keys};

use super::issuer::{Key, hmac_signed, unsigned};
use super::{assert_accepted, assert_refused, find_tasks, seconds};
use crate::harness::TestApp;
use crate::sessions::{Device, JANE};
use crate::support::{self, on_both_databases};

fn decoded(part: &str) -> Value {
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(part).unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

on_both_databases! {
    async fn a_forged_access_token_is_refused(store) {
        let app = TestApp::start_with(store, &["--allow-dev-operator-id-header=false"]).await;
        let phone = Device::sign_in(&app, JANE).await;
        assert_accepted(&app, &phone.token).await;
        let key = app.app.store.read(signing_keys::current).await.unwrap().unwrap();
        let pair = EncodingKey::from_ec_der(&key.private_key);
        let good = phone.token.as_str();
        let (signed, signature) = good.rsplit_once('.').unwrap();
        let (header, body) = signed.split_once('.').unwrap();
        let (head, claims) = (decoded(header), decoded(body));
        let sign = |header: &Value, claims: &Value| {
            let message = unsigned(header, claims);
            let sign = jsonwebtoken::crypto::sign;
            let signature = sign(message.as_bytes(), &pair, Algorithm::ES256).unwrap();
            format!("{message}.{signature}")
        };
        assert_accepted(&app, &sign(&head, &claims)).await;
        let with = |of: &Value, name: &str, value: Value| {
            let mut changed = of.clone();
            changed[name] = value;
            changed
        };
        let none = with(&head, "alg", json!("none"));
        let kid = head["kid"].as_str().unwrap();
        let mut forged = vec![
            format!("{}.", unsigned(&none, &claims)),
            format!("{}.{signature}", unsigned(&none, &claims)),
            format!("{signed}.{}", "A".repeat(86)),
            format!("{signed}."),
            format!("{header}{body}{signature}"),
            format!("{good}.{signature}"),
            Key::es256(kid).sign(&claims),
            Key::es384(kid).sign(&claims),
            Key::es384(kid).sign_with(&head, &claims),
            Key::rsa(kid, Algorithm::RS256).sign(&claims),
            sign(&with(&head, "kid", json!("unknown")), &claims),
            sign(&with(&head, "kid", json!(null)), &claims),
            sign(&with(&head, "kid", json!("\0")), &claims),
            sign(&with(&head, "kid", json!("k".repeat(5000))), &claims),
            sign(&with(&head, "crit", json!(["exp"])), &claims),
            sign(&with(&head, "alg", json!("ES384")), &claims),
            sign(&head, &with(&claims, "aud", json!("other"))),
            sign(&head, &with(&claims, "iss", json!("https://other.example.com"))),
            sign(&head, &with(&claims, "exp", json!(seconds(&app) - 61))),
            sign(&head, &with(&claims, "nbf", json!(seconds(&app) + 61))),
            sign(&head, &with(&claims, "sub", json!("s".repeat(1000)))),
            sign(&head, &with(&claims, "sub", json!("sub_01KB0000000000000000000000"))),
            sign(&head, &with(&claims, "sid", json!("ses_01KB0000000000000000000000"))),
            sign(&head, &with(&claims, "padding", json!("p".repeat(7000)))),
        ];
        let jwk: Value = serde_json::from_str(&key.public_key).unwrap();
        let x = jwk["x"].as_str().unwrap().to_owned();
        for secret in [key.public_key.clone(), jwk.to_string(), x, kid.to_owned()] {
            forged.push(hmac_signed(kid, secret.as_bytes(), &claims));
        }
        for token in &forged {
            assert_refused(&app, token).await;
        }
        assert_accepted(&app, &sign(&head, &with(&claims, "exp", json!(seconds(&app) - 59)))).await;
        let huge = sign(&head, &with(&claims, "padding", json!("p".repeat(75_000))));
        assert_eq!(find_tasks(&app, &huge).await.status, 431);
    }

    async fn a_retired_key_verifies_nothing_later(store) {
        let app = TestApp::start_with(store, &["--allow-dev-operator-id-header=false"]).await;
        let phone = Device::sign_in(&app, JANE).await;
        let key = app.app.store.read(signing_keys::current).await.unwrap().unwrap();
        let retired = key.clone();
        let now = app.now();
        let new = server::domain::access_token::SigningKey::from_random(
            &zeroize::Zeroizing::new([9; 32]),
        );
        let new = new.unwrap();
        let rotate = move |tx: &mut Tx<'_>| signing_keys::insert(tx, &new, now);
        app.app.store.write(rotate).await.unwrap();
        app.advance(Duration::from_secs(20 * 60));
        phone.get(paths::SESSIONS).await.refused(401, "unauthorized");
        // A token that its thief makes with the retired key.
        let mut claims = decoded(phone.token.split('.').nth(1).unwrap());
        claims["exp"] = json!(seconds(&app) + 900);
        let claims = serde_json::from_value(claims).unwrap();
        assert_refused(&app, &retired.sign(&claims).unwrap()).await;
    }
}
