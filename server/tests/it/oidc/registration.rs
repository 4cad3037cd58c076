//! Operators who register with a token of the issuer, and which account a token belongs to.

use api_types::paths;
use futures_util::future::join_all;
use serde_json::{Value, json};

use super::issuer::{Issuer, Key};
use super::{assert_accepted, claims, find_tasks, profile, register, start};
use crate::harness::TestApp;
use crate::sessions::Device;
use crate::support::{self, on_both_databases};

on_both_databases! {
    async fn an_operator_registers_with_the_address_that_the_issuer_verified(store) {
        let key = Key::es256("k");
        let issuer = Issuer::start(&[&key]).await;
        let app = start(store, &issuer).await;
        let mut claims = claims(&app, &issuer, "jane");
        claims["email"] = json!("Jane@Example.com");
        let token = key.sign(&claims);
        let name = json!({"name": "Jane Doe"});
        let other = json!({"name": "Jane Doe", "email": "other@example.com"});
        let answer = register(&app, &token, &other).await;
        answer.refused(400, "validation");
        assert_eq!(answer.faulty_fields(), ["email"]);
        let registered = register(&app, &token, &name).await.created();
        find_tasks(&app, &token).await.ok();
        let jane = profile(&app, &token).await.ok();
        assert_eq!(jane.text("email"), "jane@example.com");
        assert_eq!(jane.body["operator_id"], registered.body["operator_id"]);
        register(&app, &token, &name).await.refused(409, "already_exists");
        // The person is known by `sub`, whatever else a later token says.
        claims["email"] = json!("jane@elsewhere.example.com");
        claims["azp"] = json!("anything");
        let later = profile(&app, &key.sign(&claims)).await.ok();
        assert_eq!(later.body, jane.body);
        // Another person with the same address does not get the account.
        claims["sub"] = json!("jane2");
        claims["email"] = json!("jane@example.com");
        let stranger = key.sign(&claims);
        assert_accepted(&app, &stranger).await;
        register(&app, &stranger, &name).await.refused(409, "already_exists");
        assert_accepted(&app, &stranger).await;
    }

    async fn a_registration_can_be_sent_again(store) {
        let key = Key::es256("k");
        let issuer = Issuer::start(&[&key]).await;
        let app = start(store, &issuer).await;
        let once = async |sub: &str, name: &str| {
            let request = app.request(reqwest::Method::POST, paths::REGISTER_OPERATOR);
            let request = request.bearer_auth(key.sign(&claims(&app, &issuer, sub)));
            let request = request.header("idempotency-key", "1").json(&json!({"name": name}));
            crate::harness::Ask::answer(request).await
        };
        let first = once("jane", "Jane Doe").await.created();
        let other = once("joe", "Joe Doe").await.created();
        assert_ne!(first.body["operator_id"], other.body["operator_id"]);
        let again = once("jane", "Jane Doe").await.created();
        assert_eq!(again.body, first.body);
        assert_eq!(again.header("idempotent-replayed"), "true");
        once("jane", "Jane Roe").await.refused(422, "idempotency_mismatch");
    }

    async fn an_operator_of_the_development_header_is_known_by_the_verified_address(store) {
        let key = Key::es256("k");
        let issuer = Issuer::start(&[&key]).await;
        let settings = issuer.settings();
        let arguments = [&["--allow-dev-operator-id-header=true"], &settings[1..]].concat();
        let app = TestApp::start_with(store, &arguments).await;
        let operator = app.operator().await;
        let email = operator.get(paths::OPERATOR_PROFILE).await.ok().text("email");
        let with = |sub: &str, email: &str, verified: Value| {
            let mut claims = claims(&app, &issuer, sub);
            claims["email"] = json!(email);
            claims["email_verified"] = verified;
            key.sign(&claims)
        };
        for unproven in [json!(false), json!(null), json!("false"), json!(1)] {
            assert_accepted(&app, &with("thief", &email, unproven)).await;
        }
        assert_accepted(&app, &with("other", "other@example.com", json!(true))).await;
        // The app sends several requests at once when it opens.
        let token = with("jane", &email, json!(true));
        for claimed in join_all((0..8).map(|_| profile(&app, &token))).await {
            assert_eq!(claimed.ok().body["operator_id"], json!(operator.id));
        }
        // The account has an owner now.
        assert_accepted(&app, &with("thief", &email, json!("true"))).await;
        profile(&app, &with("jane", "new@example.com", json!(true))).await.ok();
    }

    async fn one_person_registers_once_and_two_do_not_share_an_address(store) {
        let key = Key::es256("k");
        let issuer = Issuer::start(&[&key]).await;
        let app = start(store, &issuer).await;
        let registered = async |sub: &str, email: &str| {
            let mut claims = claims(&app, &issuer, sub);
            claims["email"] = json!(email);
            let answer = register(&app, &key.sign(&claims), &json!({"name": "Jane Doe"})).await;
            answer.status
        };
        let count = |statuses: Vec<u16>| {
            assert!(statuses.iter().all(|it| [201, 409].contains(it)), "{statuses:?}");
            statuses.into_iter().filter(|status| *status == 201).count()
        };
        let same = join_all((0..6).map(|_| registered("jane", "jane@example.com"))).await;
        assert_eq!(count(same), 1);
        let subs: Vec<_> = (0..6).map(|n| format!("joe{n}")).collect();
        let others = subs.iter().map(|sub| registered(sub, "joe@example.com"));
        assert_eq!(count(join_all(others).await), 1);
    }

    async fn an_address_that_only_looks_like_a_known_one_is_not_its_owners(store) {
        let key = Key::es256("k");
        let issuer = Issuer::start(&[&key]).await;
        let app = start(store, &issuer).await;
        let phone = Device::sign_in(&app, "mike@example.com").await;
        phone.register(json!({"name": "Mike Doe"})).await.created();
        let spelled = [
            "mi\u{212a}e@example.com", "m\u{456}ke@example.com", "m\u{131}ke@example.com",
            "\u{ff4d}ike@example.com", "mike\u{200b}@example.com", "mike@example.com\0",
            "mike@example.com,x@example.org", " mike@example.com", "mike@example.com.",
        ];
        for (n, email) in spelled.into_iter().enumerate() {
            let mut claims = claims(&app, &issuer, &format!("stranger-{n}"));
            claims["email"] = json!(email);
            assert_accepted(&app, &key.sign(&claims)).await;
        }
    }

    async fn an_operator_signs_in_both_here_and_at_the_issuer(store) {
        let key = Key::es256("k");
        let issuer = Issuer::start(&[&key]).await;
        let app = start(store, &issuer).await;
        let token = key.sign(&claims(&app, &issuer, "jane"));
        let registered = register(&app, &token, &json!({"name": "Jane Doe"})).await.created();
        let phone = Device::sign_in(&app, "jane@example.com").await;
        assert_eq!(phone.operator_id, registered.body["operator_id"]);

        let joe = Device::sign_in(&app, "joe@example.com").await;
        let registered = joe.register(json!({"name": "Joe Doe"})).await.created();
        let token = key.sign(&claims(&app, &issuer, "joe"));
        let same = profile(&app, &token).await.ok();
        assert_eq!(same.body["operator_id"], registered.body["operator_id"]);
    }
}
