//! The refresh cookie under attack: theft, foreign pages, two cookies (contract §2).

use std::time::Duration;

use api_types::paths;
use reqwest::Method;
use serde_json::json;

use crate::harness::{Answer, Ask, TestApp};
use crate::sessions::{Device, JANE, mailed_code, start};
use crate::support::{self, on_both_databases};

const SECOND: Duration = Duration::from_secs(1);

/// Sends cookies from a page of this server.
async fn refresh_with(app: &TestApp, cookies: &str) -> Answer {
    let request = app.request(Method::POST, paths::REFRESH);
    let request = request.header("origin", &app.origin);
    request.header("cookie", cookies).answer().await
}

on_both_databases! {
    async fn two_tabs_that_renew_at_the_same_moment_both_go_on(store) {
        let app = start(store).await;
        let first = Device::sign_in(&app, JANE).await;
        let (one, two) = tokio::join!(first.refresh(), first.refresh());
        let tabs = [Device::of(&app, &one.ok()), Device::of(&app, &two.ok())];
        first.refresh().await.refused(401, "unauthorized");
        app.advance(60 * SECOND);
        for tab in &tabs {
            let renewed = Device::of(&app, &tab.refresh().await.ok());
            let sessions = renewed.get(paths::SESSIONS).await.ok();
            assert_eq!(sessions.body["data"].as_array().unwrap().len(), 1, "one family");
        }
    }

    async fn a_stolen_token_ends_the_session_on_every_server(store) {
        let app = start(store).await;
        let other_server = app.serve_again().await;
        let owner = Device::sign_in(&app, JANE).await;
        let renewed = Device::of(&app, &owner.refresh().await.ok());
        let elsewhere = async || {
            let url = format!("{other_server}{}", paths::SESSIONS);
            let request = reqwest::Client::new().get(url).bearer_auth(&renewed.token);
            request.answer().await
        };
        elsewhere().await.ok();
        app.advance(10 * SECOND);
        owner.refresh().await.refused(401, "unauthorized");
        elsewhere().await.refused(401, "unauthorized");
        renewed.refresh().await.refused(401, "unauthorized");
        // The owner is told once, however often the thief tries.
        owner.refresh().await.refused(401, "unauthorized");
        app.drain_jobs().await;
        let mails = app.mails();
        assert_eq!(mails.len(), 2);
        assert!(mails[1].contains(&format!("To: {JANE}")), "{}", mails[1]);
        assert!(mails[1].contains("was used twice"), "{}", mails[1]);
    }

    async fn an_alert_is_in_the_language_of_the_person_and_no_strangers(store) {
        let app = start(store).await;
        let code = mailed_code(&app, JANE).await;
        let signed_in = app.request(Method::POST, paths::VERIFY_CODE);
        let signed_in = signed_in.header("accept-language", "pt-BR,pt;q=0.9,en;q=0.8");
        let signed_in = signed_in.json(&json!({"email": JANE, "code": code})).answer().await;
        let owner = Device::of(&app, &signed_in.ok());
        app.advance(Duration::from_millis(1));
        let stranger = app.request(Method::POST, paths::SIGN_IN_CODE);
        let stranger = stranger.header("accept-language", "de");
        let requested = stranger.json(&json!({"email": JANE})).answer().await;
        assert_eq!(requested.status, 202);
        app.drain_jobs().await;
        owner.refresh().await.ok();
        app.advance(10 * SECOND);
        owner.refresh().await.refused(401, "unauthorized");
        app.drain_jobs().await;
        let mails = app.mails();
        let languages = mails.iter().map(|mail| {
            let mut lines = mail.lines();
            lines.find_map(|line| line.strip_prefix("Content-Language: ")).unwrap()
        });
        assert_eq!(languages.collect::<Vec<_>>(), ["en", "de", "pt"]);
    }

    async fn a_page_at_another_url_is_told_which_one_is_expected(store) {
        let app = start(store).await;
        let phone = Device::sign_in(&app, JANE).await;
        let (rest, _) = app.origin.rsplit_once(':').unwrap();
        let https = app.origin.replace("http:", "https:");
        let origins = [
            None,
            Some("null"),
            Some(""),
            Some("https://evil.example.com"),
            Some(rest),
            Some(&https),
            Some(&app.origin.replace("127.0.0.1", "localhost")),
            Some(&format!("{rest}:1")),
            Some(&format!("{}/", app.origin)),
            Some(&format!("{}.evil.example.com", app.origin)),
        ]
        .map(|origin| origin.map(str::to_owned));
        for path in [paths::REFRESH, paths::SIGN_OUT] {
            for origin in &origins {
                let request = app.request(Method::POST, path).header("cookie", &phone.cookie);
                let request = match origin {
                    Some(origin) => request.header("origin", origin),
                    None => request,
                };
                let answer = request.answer().await;
                let sentence = answer.refused(403, "forbidden");
                assert!(sentence.contains(&app.origin), "{sentence}");
                assert!(sentence.contains("PUBLIC_URL"), "{sentence}");
                assert_eq!(answer.header("set-cookie"), "");
            }
        }
        phone.refresh().await.ok();
    }

    async fn of_two_cookies_with_the_name_neither_is_believed(store) {
        let app = start(store).await;
        let (jane, joe) = (
            Device::sign_in(&app, JANE).await,
            Device::sign_in(&app, "joe@example.com").await,
        );
        let both = format!("{}; {}", jane.cookie, joe.cookie);
        refresh_with(&app, &both).await.refused(401, "unauthorized");
        let other = format!("theme=dark; {}; __Host-{}", jane.cookie, joe.cookie);
        let renewed = Device::of(&app, &refresh_with(&app, &other).await.ok());
        let sessions = renewed.get(paths::SESSIONS).await.ok();
        assert_eq!(sessions.body["data"].as_array().unwrap().len(), 1);
        joe.refresh().await.ok();
    }

    async fn a_cookie_that_is_no_token_is_deleted(store) {
        let app = start(store).await;
        let phone = Device::sign_in(&app, JANE).await;
        let (name, token) = phone.cookie.split_once('=').unwrap();
        let (half, _) = token.split_at(20);
        for value in ["", half, &"x".repeat(10 * 1024), "%00", "\u{e9}"] {
            let answer = refresh_with(&app, &format!("{name}={value}")).await;
            answer.refused(401, "unauthorized");
        }
        let answer = refresh_with(&app, &format!("{name}={half}")).await;
        assert!(answer.header("set-cookie").starts_with(&format!("{name}=; ")), "{answer:?}");
        refresh_with(&app, "").await.refused(401, "unauthorized");
        phone.refresh().await.ok();
    }

    async fn expired_tokens_of_a_session_that_goes_on_are_deleted(store) {
        let app = start(store).await;
        let mut device = Device::sign_in(&app, JANE).await;
        for _ in 0..10 {
            app.advance(Duration::from_secs(10 * 24 * 60 * 60));
            device = Device::of(&app, &device.refresh().await.ok());
        }
        let query = "SELECT COUNT(*) AS n FROM refresh_token";
        let count = app.app.store.read(move |tx| tx.first(query, &[])?.unwrap().get::<i64>("n"));
        // The current one, and those that are not older than 30 days.
        assert_eq!(count.await.unwrap(), 3);
    }
}
