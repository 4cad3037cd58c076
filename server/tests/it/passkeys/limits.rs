//! Limits: passkeys of a person, ceremonies that are open, and how long they are kept.

use std::time::Duration;

use api_types::{PasskeyId, paths};
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::json;
use server::domain::passkey::{OPEN_REGISTRATIONS_MAX, OPEN_SIGN_INS_MAX, PASSKEYS_MAX};
use server::jobs::runner;
use tokio_util::sync::CancellationToken;

use super::authenticator::Authenticator;
use super::{
    ORIGIN, add, creation_options, list, remove, request_options, send_credential, sign_in, start,
};
use crate::harness::Ask;
use crate::sessions::{Device, JANE};
use crate::support::{self, on_both_databases};

const OPEN: &str = "SELECT challenge_hash FROM passkey_ceremony";

on_both_databases! {
    async fn a_person_has_at_most_twenty_passkeys(store) {
        let app = start(store).await;
        let phone = Device::sign_in(&app, JANE).await;
        let most = u8::try_from(PASSKEYS_MAX).unwrap();
        for seed in 1..most {
            add(&app, &phone, &mut Authenticator::new(seed, ORIGIN)).await;
        }
        // Of two that are added at the same time, one is too many.
        let [one, other] = [most, most + 1].map(|seed| Authenticator::new(seed, ORIGIN));
        let mut bodies = Vec::new();
        for mut key in [one, other] {
            bodies.push(key.create(&creation_options(&phone).await));
        }
        let sent = bodies.iter().map(|body| send_credential(&phone, body));
        let mut sent = join_all(sent).await;
        sent.sort_by_key(|answer| answer.status);
        assert_eq!(sent[0].status, 201);
        assert!(sent[1].refused(422, "limit_exceeded").contains("at most 20 passkeys"));
        let request = phone.request(Method::POST, paths::PASSKEY_OPTIONS);
        request.answer().await.refused(422, "limit_exceeded");
        app.drain_jobs().await;
        let all = list(&phone).await;
        assert_eq!(all.len(), PASSKEYS_MAX);
        let first: PasskeyId = all[0]["passkey_id"].as_str().unwrap().parse().unwrap();
        remove(&phone, first).await.ok();
        add(&app, &phone, &mut Authenticator::new(most + 2, ORIGIN)).await;
        // Another person is not concerned.
        let stranger = Device::sign_in(&app, "joe@example.com").await;
        creation_options(&stranger).await;
    }

    async fn a_person_begins_few_registrations_at_a_time(store) {
        let app = start(store).await;
        let phone = Device::sign_in(&app, JANE).await;
        for _ in 0..OPEN_REGISTRATIONS_MAX {
            creation_options(&phone).await;
        }
        let request = phone.request(Method::POST, paths::PASSKEY_OPTIONS);
        let refused = request.answer().await;
        refused.refused(429, "rate_limited");
        assert_eq!(refused.header("retry-after"), "60");
        let stranger = Device::sign_in(&app, "joe@example.com").await;
        creation_options(&stranger).await;
        app.advance(Duration::from_secs(5 * 60));
        creation_options(&phone).await;
    }

    async fn an_address_begins_a_bounded_number_of_sign_ins(store) {
        let app = start(store).await;
        for _ in 0..OPEN_SIGN_INS_MAX {
            request_options(&app).await;
        }
        let refused = app.post(paths::SIGN_IN_BY_PASSKEY_OPTIONS, &json!({})).await;
        refused.refused(429, "rate_limited");
        app.advance(Duration::from_secs(5 * 60));
        request_options(&app).await;
    }

    async fn ceremonies_that_are_over_are_deleted(store) {
        let app = start(store).await;
        let phone = Device::sign_in(&app, JANE).await;
        let mut key = Authenticator::new(1, ORIGIN);
        add(&app, &phone, &mut key).await;
        sign_in(&app, &mut key).await.ok();
        let open = async || app.app.store.read(|tx| tx.query(OPEN, &[])).await.unwrap().len();
        assert_eq!(open().await, 0, "finished ceremonies");
        creation_options(&phone).await;
        request_options(&app).await;
        app.advance(Duration::from_secs(5 * 60));
        request_options(&app).await;
        assert_eq!(open().await, 3);
        let stop = CancellationToken::new();
        let running = tokio::spawn(runner::run(app.app.clone(), stop.clone()));
        let swept = async {
            while open().await > 1 {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(60), swept).await.unwrap();
        stop.cancel();
        running.await.unwrap();
        assert_eq!(open().await, 1);
    }
}
