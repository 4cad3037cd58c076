//! Sign-in codes under attack, and with a mail server that fails (contract §2).

use std::time::Duration;

use api_types::paths;
use reqwest::Method;
use serde_json::{Value, json};
use server::outside::mail::SENT_WITHIN;
use server::store::Tx;

use crate::harness::{Answer, Ask, TestApp};
use crate::sessions::{Device, JANE, code_in, mailed_code, request_code, start, verify};
use crate::smtp_server::{SmtpReply, SmtpServer};
use crate::support::{self, FreshStore, on_both_databases};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);

/// Returns codes that differ from `code`.
fn wrong_codes(code: &str) -> impl Iterator<Item = String> {
    let right: u32 = code.parse().unwrap();
    (1..).map(move |n| format!("{:06}", (right + n) % 1_000_000))
}

/// Enters a code from a network address, as a trusted proxy states it.
async fn guess(app: &TestApp, from: u32, code: &str) -> Answer {
    let [_, a, b, c] = from.to_be_bytes();
    let request = app.request(Method::POST, paths::VERIFY_CODE);
    let request = request.header("x-forwarded-for", format!("203.{a}.{b}.{c}"));
    let body = json!({"email": JANE, "code": code});
    request.json(&body).answer().await
}

/// A server with a rate limit, behind a proxy that states the addresses of its clients.
async fn start_behind_proxy(store: FreshStore) -> TestApp {
    let settings = ["--rate-limit=100", "--trusted-proxies=127.0.0.1"];
    TestApp::start_with(store, &settings).await
}

/// Returns whether the response to a request for a code says that the mail is delayed.
async fn is_delayed(app: &TestApp, email: &str) -> bool {
    let answer = app
        .post(paths::SIGN_IN_CODE, &json!({"email": email}))
        .await;
    assert_eq!(answer.status, 202);
    match answer.body {
        body if body == json!({"sent": true}) => false,
        body if body == json!({"sent": true, "delayed": true}) => true,
        body => panic!("{body}"),
    }
}

async fn count(app: &TestApp, query: &'static str) -> i64 {
    let count = move |tx: &mut Tx<'_>| tx.first(query, &[])?.unwrap().get("n");
    app.app.store.read(count).await.unwrap()
}

on_both_databases! {
    /// 25 guesses an hour among a million codes.
    async fn a_thousand_guesses_from_everywhere_are_worth_five_a_code(store) {
        let app = start_behind_proxy(store).await;
        let mut guesses = 0..1000_u32;
        for hour in 0..2 {
            for nth in 1..=6 {
                request_code(&app, JANE).await;
                app.advance(Duration::from_millis(1));
                app.drain_jobs().await;
                let mails = app.mails();
                assert_eq!(mails.len(), hour * 5 + nth.min(5), "the sixth is not sent");
                let code = code_in(mails.last().unwrap());
                let mut wrong = wrong_codes(&code);
                for count in [5, 75] {
                    for from in guesses.by_ref().take(count) {
                        let answer = guess(&app, from, &wrong.next().unwrap()).await;
                        answer.refused(401, "unauthorized");
                    }
                    guess(&app, 5000, &code).await.refused(401, "unauthorized");
                }
                app.advance(5 * MINUTE);
            }
            app.advance(60 * MINUTE);
        }
        let code = mailed_code(&app, JANE).await;
        guess(&app, 5001, &code).await.ok();
    }

    async fn five_codes_at_once_are_worth_five_guesses_together(store) {
        let app = start(store).await;
        let mut codes = Vec::new();
        for _ in 0..5 {
            codes.push(mailed_code(&app, JANE).await);
        }
        let mut wrong = wrong_codes(&codes[0]).filter(|code| !codes.contains(code));
        for _ in 0..5 {
            verify(&app, JANE, &wrong.next().unwrap()).await.refused(401, "unauthorized");
        }
        for code in &codes {
            verify(&app, JANE, code).await.refused(401, "unauthorized");
        }
    }

    /// They may be guessed at the same moment, too.
    async fn of_many_guesses_at_once_five_are_compared(store) {
        let app = start(store).await;
        let code = mailed_code(&app, JANE).await;
        let wrong: Vec<_> = wrong_codes(&code).take(40).collect();
        let guesses = wrong.iter().map(|wrong| verify(&app, JANE, wrong));
        for answer in futures_util::future::join_all(guesses).await {
            answer.refused(401, "unauthorized");
        }
        let tries = "SELECT tries AS n FROM sign_in_code";
        assert_eq!(count(&app, tries).await, 40);
        verify(&app, JANE, &code).await.refused(401, "unauthorized");
    }

    async fn of_two_who_enter_a_code_at_once_one_is_signed_in(store) {
        let app = start(store).await;
        let code = mailed_code(&app, JANE).await;
        let (one, two) = tokio::join!(verify(&app, JANE, &code), verify(&app, JANE, &code));
        let mut statuses = [one.status, two.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 401]);
    }

    async fn of_two_codes_in_a_row_both_work_until_one_is_used(store) {
        let app = start(store).await;
        let (first, second) = (mailed_code(&app, JANE).await, mailed_code(&app, JANE).await);
        verify(&app, JANE, &first).await.ok();
        verify(&app, JANE, &second).await.refused(401, "unauthorized");
        verify(&app, JANE, &first).await.refused(401, "unauthorized");
        app.advance(60 * MINUTE);
        let first = mailed_code(&app, JANE).await;
        app.advance(9 * MINUTE);
        let second = mailed_code(&app, JANE).await;
        app.advance(MINUTE);
        verify(&app, JANE, &first).await.refused(401, "unauthorized");
        verify(&app, JANE, &second).await.ok();
    }

    async fn an_address_is_one_person_in_any_case_and_another_with_dots_or_plus(store) {
        let app = start(store).await;
        let jane = Device::sign_in(&app, "jane.doe@example.com").await;
        jane.register(json!({"name": "Jane Doe"})).await.created();
        let same = Device::sign_in(&app, "Jane.Doe@EXAMPLE.com").await;
        let id = &same.operator_id;
        assert!(id.is_string());
        for other in ["janedoe@example.com", "jane.doe+tasks@example.com"] {
            let device = Device::sign_in(&app, other).await;
            assert_eq!(device.operator_id, Value::Null, "{other}");
        }
        let code = mailed_code(&app, "janedoe@example.com").await;
        verify(&app, "jane.doe@example.com", &code).await.refused(401, "unauthorized");
        let code = mailed_code(&app, "JANE.DOE@example.com").await;
        let device = Device::of(&app, &verify(&app, "jane.doe@example.com", &code).await.ok());
        assert_eq!(device.operator_id, *id);
    }

    async fn malformed_and_huge_bodies_are_refused(store) {
        let app = start(store).await;
        let long = format!("{}@example.com", "a".repeat(1_000_000));
        for (body, fields) in [
            (json!({}), vec!["email"]),
            (json!({"email": null}), vec!["email"]),
            (json!({"email": [JANE]}), vec!["email"]),
            (json!({"email": long}), vec!["email"]),
            (json!({"email": JANE, "admin": true}), vec!["admin"]),
        ] {
            let answer = app.post(paths::SIGN_IN_CODE, &body).await;
            answer.refused(400, "validation");
            assert_eq!(answer.faulty_fields(), fields);
            assert!(answer.bytes.len() < 1000, "{}", answer.bytes.len());
        }
        for (body, fields) in [
            (json!({"email": JANE}), vec!["code"]),
            (json!({"code": "123456"}), vec!["email"]),
            (json!({"email": JANE, "code": 123_456}), vec!["code"]),
            (json!({"email": JANE, "code": "１２３４５６"}), vec!["code"]),
            (json!({"email": JANE, "code": "1".repeat(1_000_000)}), vec!["code"]),
        ] {
            let answer = app.post(paths::VERIFY_CODE, &body).await;
            answer.refused(400, "validation");
            assert_eq!(answer.faulty_fields(), fields);
        }
        for path in [paths::SIGN_IN_CODE, paths::VERIFY_CODE] {
            let post = |body: Vec<u8>| {
                let request = app.request(Method::POST, path);
                request.header("content-type", "application/json").body(body).answer()
            };
            post(vec![b' '; 2_000_000]).await.refused(413, "too_large");
            post(b"{\"email\":".to_vec()).await.refused(400, "validation");
            post(b"[]".to_vec()).await.refused(400, "validation");
        }
        assert_eq!(count(&app, "SELECT COUNT(*) AS n FROM subject").await, 0);
        assert_eq!(count(&app, "SELECT COUNT(*) AS n FROM job").await, 0);
    }

    async fn a_code_is_sent_once_the_mail_server_accepts_mails_again(store) {
        let mut server = SmtpServer::start(|nth| match nth {
            1 | 2 => SmtpReply::PutOff,
            3 => SmtpReply::RefuseService,
            _ => SmtpReply::Accept,
        })
        .await;
        let app = TestApp::start_with(store, &server.settings()).await;
        assert!(!is_delayed(&app, JANE).await);
        app.drain_jobs().await;
        // The operator and the stranger read the same.
        assert!(is_delayed(&app, JANE).await);
        assert!(is_delayed(&app, "nobody@example.com").await);
        for _ in 0..4 {
            app.advance(8 * SECOND);
            app.drain_jobs().await;
        }
        let mut mails = Vec::new();
        while let Ok(mail) = server.mails.try_recv() {
            mails.push(mail);
        }
        assert_eq!(mails.len(), 3);
        let mine = mails.iter().find(|mail| mail.contains(&format!("To: {JANE}")));
        verify(&app, JANE, &code_in(mine.unwrap())).await.ok();
        assert!(!is_delayed(&app, JANE).await);
        app.drain_jobs().await;
    }

    async fn a_code_that_cannot_be_sent_for_ten_minutes_is_given_up(store) {
        let server = SmtpServer::start(|_| SmtpReply::PutOff).await;
        let app = TestApp::start_with(store, &server.settings()).await;
        assert!(!is_delayed(&app, JANE).await);
        let mut tried = Vec::new();
        for _ in 0..60 {
            app.drain_jobs().await;
            tried.push(server.connections());
            app.advance(15 * SECOND);
        }
        // At 0 s, then within 15 seconds of each other, and not after ten minutes.
        assert!(tried.windows(2).take(39).all(|pair| pair[0] < pair[1]), "{tried:?}");
        assert_eq!(tried[40], tried[59], "{tried:?}");
        assert_eq!(count(&app, "SELECT COUNT(*) AS n FROM job").await, 0);
        assert!(!is_delayed(&app, JANE).await);
        app.drain_jobs().await;
    }

    async fn a_code_for_an_address_that_the_mail_server_refuses_is_tried_once(store) {
        let server = SmtpServer::start(|_| SmtpReply::RefuseRecipient).await;
        let app = TestApp::start_with(store, &server.settings()).await;
        assert!(!is_delayed(&app, JANE).await);
        for _ in 0..20 {
            app.drain_jobs().await;
            app.advance(30 * SECOND);
        }
        assert_eq!(server.connections(), 1);
        assert_eq!(count(&app, "SELECT COUNT(*) AS n FROM job").await, 0);
        assert!(!is_delayed(&app, "joe@example.com").await);
        app.drain_jobs().await;
    }

    async fn a_mail_server_that_hangs_is_given_up_and_tried_again(store) {
        let mut server = SmtpServer::start(|nth| match nth {
            1 => SmtpReply::Hang,
            _ => SmtpReply::Accept,
        })
        .await;
        let app = TestApp::start_with(store, &server.settings()).await;
        assert!(!is_delayed(&app, JANE).await);
        let pass_time = async {
            while server.connections() == 0 {
                tokio::task::yield_now().await;
            }
            tokio::time::pause();
            tokio::time::advance(SENT_WITHIN).await;
            tokio::time::resume();
        };
        tokio::join!(app.drain_jobs(), pass_time);
        assert!(is_delayed(&app, "joe@example.com").await);
        app.advance(SECOND);
        app.drain_jobs().await;
        let (one, two) = (server.mails.try_recv().unwrap(), server.mails.try_recv().unwrap());
        let mine = [one, two].into_iter().find(|mail| mail.contains(&format!("To: {JANE}")));
        verify(&app, JANE, &code_in(&mine.unwrap())).await.ok();
    }

    /// Not every mail server can send to such an address (RFC 6531).
    async fn an_address_that_the_mail_server_cannot_write_delays_nobody(store) {
        let server = SmtpServer::start(|_| SmtpReply::Accept).await;
        let app = TestApp::start_with(store, &server.settings()).await;
        assert!(!is_delayed(&app, "jos\u{e9}@example.com").await);
        app.drain_jobs().await;
        assert!(!is_delayed(&app, JANE).await);
        assert_eq!(count(&app, "SELECT COUNT(*) AS n FROM job").await, 1);
        app.drain_jobs().await;
    }

    async fn of_many_requests_at_once_five_are_answered_by_a_mail(store) {
        let app = start(store).await;
        let requests = (0..30).map(|_| request_code(&app, JANE));
        futures_util::future::join_all(requests).await;
        app.drain_jobs().await;
        assert_eq!(app.mails().len(), 5);
    }

    async fn a_code_that_is_mailed_twice_gives_no_further_guesses(store) {
        let mut server = SmtpServer::start(|nth| match nth {
            1 => SmtpReply::BreakOff,
            _ => SmtpReply::Accept,
        })
        .await;
        let app = TestApp::start_with(store, &server.settings()).await;
        let mut mailed = async || code_in(&server.mails.recv().await.unwrap());
        request_code(&app, JANE).await;
        app.drain_jobs().await;
        let first = mailed().await;
        let mut wrong = wrong_codes(&first);
        for _ in 0..4 {
            verify(&app, JANE, &wrong.next().unwrap()).await.refused(401, "unauthorized");
        }
        app.advance(SECOND);
        app.drain_jobs().await;
        let second = mailed().await;
        assert_ne!(first, second);
        // The fifth guess.
        verify(&app, JANE, &first).await.refused(401, "unauthorized");
        verify(&app, JANE, &second).await.refused(401, "unauthorized");
    }

    async fn codes_of_one_address_do_not_make_the_queue_or_the_tables_grow(store) {
        let server = SmtpServer::start(|_| SmtpReply::PutOff).await;
        let app = TestApp::start_with(store, &server.settings()).await;
        for _ in 0..50 {
            is_delayed(&app, JANE).await;
            app.drain_jobs().await;
            app.advance(SECOND);
        }
        assert_eq!(count(&app, "SELECT COUNT(*) AS n FROM job").await, 5);
        assert_eq!(count(&app, "SELECT COUNT(*) AS n FROM sign_in_code").await, 5);
        app.advance(10 * MINUTE);
        app.drain_jobs().await;
    }
}
