//! What is refused: forged, foreign, repeated and malformed responses of authenticators.

use std::time::Duration;

use api_types::paths;
use reqwest::Method;
use serde_json::{Value, json};

use super::authenticator::{Authenticator, decoded, encoded};
use super::{
    ORIGIN, add, creation_options, list, remove, request_options, send_assertion, send_credential,
    sign_in, start,
};
use crate::harness::{Answer, Ask, TestApp};
use crate::sessions::{Device, JANE};
use crate::support::{self, on_both_databases};

/// A change to what an authenticator claims.
type Lie = fn(&mut Authenticator);

const LIES: [(&str, Lie); 6] = [
    ("another origin", |key| {
        key.origin = "http://localhost.example.com:8787".to_owned();
    }),
    ("another port", |key| {
        key.origin = "http://localhost:8788".to_owned();
    }),
    ("another relying party", |key| {
        key.rp_id = Some("example.com".to_owned());
    }),
    ("a foreign frame", |key| key.is_cross_origin = true),
    ("nobody present", |key| key.is_present = false),
    ("nobody verified", |key| key.is_verified = false),
];

/// Returns the sentence of a refused assertion.
fn refused(answer: &Answer) -> String {
    answer.refused(401, "unauthorized").to_owned()
}

on_both_databases! {
    async fn a_refused_assertion_does_not_tell_what_was_wrong(store) {
        let app = start(store).await;
        let phone = Device::sign_in(&app, JANE).await;
        let mut key = Authenticator::new(1, ORIGIN);
        add(&app, &phone, &mut key).await;
        let unknown = refused(&sign_in(&app, &mut Authenticator {
            user_handle: key.user_handle.clone(), ..Authenticator::new(9, ORIGIN)
        }).await);
        for (lie, change) in LIES {
            let mut liar = key.clone();
            change(&mut liar);
            assert_eq!(refused(&sign_in(&app, &mut liar).await), unknown, "{lie}");
        }
        // The key of another authenticator, under the id of this one.
        let (id, user_handle) = (key.id.clone(), key.user_handle.clone());
        let mut forger = Authenticator { id, user_handle, ..Authenticator::new(9, ORIGIN) };
        assert_eq!(refused(&sign_in(&app, &mut forger).await), unknown);
        // The passkey of somebody else.
        let mut stranger = Authenticator { user_handle: vec![7; 16], ..key.clone() };
        assert_eq!(refused(&sign_in(&app, &mut stranger).await), unknown);
        // A challenge that nobody gave, and one that was for a registration.
        let made_up = json!({"rpId": "localhost", "challenge": encoded([7; 32])});
        assert_eq!(refused(&send_assertion(&app, &key.get(&made_up)).await), unknown);
        let mut registration = creation_options(&phone).await;
        registration["rpId"] = json!("localhost");
        assert_eq!(refused(&send_assertion(&app, &key.get(&registration)).await), unknown);
        // A signature over something else.
        let mut assertion = key.get(&request_options(&app).await);
        let data = assertion["response"]["authenticatorData"].clone();
        let other = key.get(&request_options(&app).await);
        assert_ne!(other["response"]["authenticatorData"], data);
        assertion["response"]["authenticatorData"] = other["response"]["authenticatorData"].clone();
        assert_eq!(refused(&send_assertion(&app, &assertion).await), unknown);
        sign_in(&app, &mut key).await.ok();
    }

    async fn a_challenge_is_used_once_even_if_it_fails(store) {
        let app = start(store).await;
        let phone = Device::sign_in(&app, JANE).await;
        let mut key = Authenticator::new(1, ORIGIN);
        add(&app, &phone, &mut key).await;
        let assertion = key.get(&request_options(&app).await);
        send_assertion(&app, &assertion).await.ok();
        refused(&send_assertion(&app, &assertion).await);
        let options = request_options(&app).await;
        let mut liar = Authenticator { is_verified: false, ..key.clone() };
        refused(&send_assertion(&app, &liar.get(&options)).await);
        refused(&send_assertion(&app, &key.get(&options)).await);
        // Of two at once, one signs in.
        let assertion = key.get(&request_options(&app).await);
        let (one, other) =
            tokio::join!(send_assertion(&app, &assertion), send_assertion(&app, &assertion));
        let mut both = [one.status, other.status];
        both.sort_unstable();
        assert_eq!(both, [200, 401]);
    }

    async fn a_counter_that_goes_back_is_refused(store) {
        let app = start(store).await;
        let phone = Device::sign_in(&app, JANE).await;
        let mut key = Authenticator { counter: 5, ..Authenticator::new(1, ORIGIN) };
        add(&app, &phone, &mut key).await;
        let mut copy = key.clone();
        for _ in 0..2 {
            sign_in(&app, &mut key).await.ok();
        }
        for _ in 0..2 {
            refused(&sign_in(&app, &mut copy).await);
        }
        copy.counter = 0;
        refused(&sign_in(&app, &mut copy).await);
        sign_in(&app, &mut key).await.ok();
    }

    async fn a_ceremony_is_over_after_five_minutes(store) {
        let app = start(store).await;
        let phone = Device::sign_in(&app, JANE).await;
        let mut key = Authenticator::new(1, ORIGIN);
        let minutes = Duration::from_secs(5 * 60);
        let late = key.create(&creation_options(&phone).await);
        app.advance(minutes);
        let sentence = send_credential(&phone, &late).await;
        assert!(sentence.refused(400, "validation").contains("5 minutes"));
        let options = creation_options(&phone).await;
        app.advance(minutes - Duration::from_millis(1));
        send_credential(&phone, &key.create(&options)).await.created();
        app.drain_jobs().await;
        let late = key.get(&request_options(&app).await);
        app.advance(minutes);
        refused(&send_assertion(&app, &late).await);
        let options = request_options(&app).await;
        app.advance(minutes - Duration::from_millis(1));
        send_assertion(&app, &key.get(&options)).await.ok();
    }

    async fn a_registration_belongs_to_the_person_who_began_it(store) {
        let app = start(store).await;
        let phone = Device::sign_in(&app, JANE).await;
        let stranger = Device::sign_in(&app, "joe@example.com").await;
        let mut key = Authenticator::new(1, ORIGIN);
        let credential = key.create(&creation_options(&phone).await);
        send_credential(&stranger, &credential).await.refused(400, "validation");
        assert_eq!(list(&stranger).await, [] as [Value; 0]);
        send_credential(&phone, &credential).await.created();
        app.drain_jobs().await;
        assert_eq!(list(&phone).await.len(), 1);
        for path in [paths::PASSKEY_OPTIONS, paths::PASSKEYS] {
            app.post(path, &json!({})).await.refused(401, "unauthorized");
        }
        app.get(paths::PASSKEYS).await.refused(401, "unauthorized");
    }

    async fn a_new_passkey_that_is_not_as_requested_is_refused(store) {
        let app = start(store).await;
        let phone = Device::sign_in(&app, JANE).await;
        for (lie, change) in LIES {
            let mut liar = Authenticator::new(1, ORIGIN);
            change(&mut liar);
            let options = creation_options(&phone).await;
            let answer = send_credential(&phone, &liar.create(&options)).await;
            assert!(answer.refused(400, "validation").contains("cannot be verified"), "{lie}");
            // These options are used up.
            let honest = Authenticator::new(1, ORIGIN).create(&options);
            send_credential(&phone, &honest).await.refused(400, "validation");
        }
        // An id other than that of the key, and a passkey that could not be found at sign-in.
        let mut body = Authenticator::new(1, ORIGIN).create(&creation_options(&phone).await);
        body["id"] = json!(encoded([2; 16]));
        send_credential(&phone, &body).await.refused(400, "validation");
        let mut body = Authenticator::new(1, ORIGIN).create(&creation_options(&phone).await);
        body["clientExtensionResults"]["credProps"]["rk"] = json!(false);
        let answer = send_credential(&phone, &body).await;
        answer.refused(400, "validation");
        assert_eq!(answer.faulty_fields(), ["clientExtensionResults.credProps.rk"]);
        assert_eq!(list(&phone).await, [] as [Value; 0]);
    }

    async fn malformed_bodies_are_refused_with_every_fault(store) {
        let app = start(store).await;
        let phone = Device::sign_in(&app, JANE).await;
        let mut key = Authenticator::new(1, ORIGIN);
        let options = creation_options(&phone).await;
        let good = key.create(&options);
        let answer = send_credential(&phone, &json!({})).await;
        answer.refused(400, "validation");
        assert_eq!(answer.faulty_fields(), ["id", "type", "response"]);
        let answer = send_assertion(&app, &json!({"publicKey": {}})).await;
        answer.refused(400, "validation");
        assert_eq!(answer.faulty_fields(), ["id", "type", "response"]);
        for (place, bad) in [
            ("id", json!("not base64!")),
            ("id", json!("A".repeat(1400))),
            ("type", json!("password")),
            ("response", json!("text")),
            ("response/attestationObject", json!(7)),
            ("response/attestationObject", json!("A".repeat(30_000))),
            ("response/clientDataJSON", json!(encoded("{}"))),
            ("response/clientDataJSON", json!(encoded("[]"))),
            ("response/clientDataJSON", json!("")),
        ] {
            let mut body = good.clone();
            *body.pointer_mut(&format!("/{place}")).unwrap() = bad;
            let answer = send_credential(&phone, &body).await;
            answer.refused(400, "validation");
            assert_eq!(answer.faulty_fields(), [place.replace('/', ".")], "{body}");
        }
        let mut body = good.clone();
        body["response"]["attestationObject"] = json!(encoded("\u{1}\u{2}\u{3}"));
        send_credential(&phone, &body).await.refused(400, "validation");
        add(&app, &phone, &mut key).await;
        let good = key.get(&request_options(&app).await);
        for place in ["authenticatorData", "clientDataJSON", "signature", "userHandle"] {
            for bad in [json!(null), json!(""), json!("%"), json!("A".repeat(10_000))] {
                let mut body = good.clone();
                body["response"][place] = bad;
                let answer = send_assertion(&app, &body).await;
                answer.refused(400, "validation");
                assert_eq!(answer.faulty_fields(), [format!("response.{place}")]);
            }
        }
        // A refused body does not use up the challenge.
        send_assertion(&app, &good).await.ok();
    }

    async fn no_changed_byte_of_a_new_passkey_breaks_the_server(store) {
        let app = start(store).await;
        let phone = Device::sign_in(&app, JANE).await;
        let mut key = Authenticator::new(1, ORIGIN);
        let object = |body: &Value| decoded(&body["response"]["attestationObject"]);
        let length = object(&key.create(&creation_options(&phone).await)).len();
        for place in 0..length {
            let mut body = key.create(&creation_options(&phone).await);
            let mut changed = object(&body);
            changed[place] ^= 0x5a;
            body["response"]["attestationObject"] = json!(encoded(changed));
            let answer = send_credential(&phone, &body).await;
            // Nothing vouches for the counter and the kind of the authenticator.
            if answer.status == 201 {
                remove(&phone, answer.id("passkey_id")).await.ok();
                app.drain_jobs().await;
            } else {
                answer.refused(400, "validation");
            }
        }
    }

    async fn a_server_at_an_ip_address_has_no_passkeys(store) {
        let app = TestApp::start_with(store, &["--allow-dev-operator-id-header=false"]).await;
        let phone = Device::sign_in(&app, JANE).await;
        let passkey = format!("{}/passkey_01KB0000000000000000000000", paths::PASSKEYS);
        for (method, path) in [
            (Method::POST, paths::PASSKEY_OPTIONS),
            (Method::POST, paths::PASSKEYS),
            (Method::GET, paths::PASSKEYS),
            (Method::DELETE, &passkey),
            (Method::POST, paths::SIGN_IN_BY_PASSKEY_OPTIONS),
            (Method::POST, paths::SIGN_IN_BY_PASSKEY),
        ] {
            let answer = phone.request(method, path).answer().await;
            let sentence = answer.refused(409, "invalid_state");
            assert!(sentence.contains("PUBLIC_URL"), "{sentence}");
        }
    }
}
