//! Built-in sign-in: codes by e-mail, sessions, their renewal and their end (contract §2).

use std::time::Duration;

use api_types::{OperatorId, paths};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use server::domain::access_token::SigningKey;
use server::store::{Tx, signing_keys};
use zeroize::Zeroizing;

use crate::harness::{Answer, Ask, TestApp};
use crate::support::{self, on_both_databases};

/// The address of most people in these tests.
pub(crate) const JANE: &str = "jane@example.com";
const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);

/// Requests a code for an address.
pub(crate) async fn request_code(app: &TestApp, email: &str) -> Answer {
    let answer = app
        .post(paths::SIGN_IN_CODE, &json!({"email": email}))
        .await;
    assert_eq!((answer.status, &answer.body), (202, &json!({"sent": true})));
    answer
}

/// Requests a code for an address, and returns it from the mail.
pub(crate) async fn mailed_code(app: &TestApp, email: &str) -> String {
    // Mails are ordered by their time.
    app.advance(Duration::from_millis(1));
    request_code(app, email).await;
    app.drain_jobs().await;
    let mails = app.mails();
    let mail = mails.last().unwrap();
    assert!(
        mail.contains(&format!("To: {}", email.to_lowercase())),
        "{mail}"
    );
    code_in(mail)
}

/// Returns the code in an English mail.
pub(crate) fn code_in(mail: &str) -> String {
    let subject = mail.lines().find_map(|line| line.strip_prefix("Subject: "));
    let (code, rest) = subject.unwrap().split_at(6);
    assert_eq!(rest, " is your HumanOps sign-in code");
    code.to_owned()
}

/// Sends a code for an address.
pub(crate) async fn verify(app: &TestApp, email: &str, code: &str) -> Answer {
    let body = json!({"email": email, "code": code});
    app.post(paths::VERIFY_CODE, &body).await
}

/// A device on which a person is signed in.
pub(crate) struct Device<'a> {
    app: &'a TestApp,
    /// The access token.
    pub(crate) token: String,
    /// The refresh cookie, as `name=value`.
    pub(crate) cookie: String,
    /// The operator account, or null.
    pub(crate) operator_id: Value,
}

impl<'a> Device<'a> {
    /// Signs in by a code.
    pub(crate) async fn sign_in(app: &'a TestApp, email: &str) -> Self {
        let code = mailed_code(app, email).await;
        Self::of(app, &verify(app, email, &code).await.ok())
    }

    /// Returns the device that a response signs in.
    pub(crate) fn of(app: &'a TestApp, session: &Answer) -> Self {
        assert_eq!(session.header("cache-control"), "no-store");
        let (cookie, attributes) = session.header("set-cookie").split_once("; ").unwrap();
        assert_eq!(
            attributes,
            "HttpOnly; SameSite=Strict; Path=/; Max-Age=2592000"
        );
        assert_eq!(
            (&session.body["token_type"], &session.body["expires_in"]),
            (&json!("Bearer"), &json!(900))
        );
        Self {
            app,
            token: session.text("access_token"),
            cookie: cookie.to_owned(),
            operator_id: session.body["operator_id"].clone(),
        }
    }

    /// Creates a request with the access token.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.app.request(method, path).bearer_auth(&self.token)
    }

    /// Sends a GET with the access token.
    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.request(Method::GET, path).answer().await
    }

    /// Sends the refresh cookie from a page of this server.
    async fn post_cookie(&self, path: &str) -> Answer {
        let request = self
            .app
            .request(Method::POST, path)
            .header("cookie", &self.cookie);
        request.header("origin", &self.app.origin).answer().await
    }

    /// Renews the session from a page of this server.
    pub(crate) async fn refresh(&self) -> Answer {
        self.post_cookie(paths::REFRESH).await
    }

    /// Creates an operator account.
    pub(crate) async fn register(&self, body: Value) -> Answer {
        self.request(Method::POST, paths::REGISTER_OPERATOR)
            .json(&body)
            .answer()
            .await
    }
}

/// A server whose operators have to sign in.
pub(crate) async fn start(store: support::FreshStore) -> TestApp {
    TestApp::start_with(store, &["--allow-dev-operator-id-header=false"]).await
}

on_both_databases! {
    async fn a_person_signs_up_by_a_code_and_comes_back_by_another(store) {
        let app = start(store).await;
        let phone = Device::sign_in(&app, JANE).await;
        assert_eq!(phone.operator_id, Value::Null);
        let refused = phone.get(paths::FIND_TASKS).await;
        assert!(refused.refused(403, "forbidden").contains("POST /operator/register"));
        let other = phone.register(json!({"name": "Jane Doe", "email": "other@example.com"})).await;
        other.refused(400, "validation");
        assert_eq!(other.faulty_fields(), ["email"]);
        let registered = phone.register(json!({"name": "Jane Doe"})).await.created();
        phone.get(paths::FIND_TASKS).await.ok();
        let profile = phone.get(paths::OPERATOR_PROFILE).await.ok();
        assert_eq!(profile.text("email"), JANE);
        assert_eq!(profile.body["operator_id"], registered.body["operator_id"]);
        phone.register(json!({"name": "Jane Doe"})).await.refused(409, "already_exists");

        app.advance(Duration::from_secs(7 * 24 * 60 * 60));
        let tablet = Device::sign_in(&app, "Jane@Example.com").await;
        assert_eq!(tablet.operator_id, registered.body["operator_id"]);
        tablet.get(paths::MY_TASKS).await.ok();
    }

    async fn a_code_is_refused_when_it_is_wrong_used_expired_or_of_another_address(store) {
        let app = start(store).await;
        let refused = |answer: &Answer| answer.refused(401, "unauthorized").to_owned();
        let unknown = refused(&verify(&app, "nobody@example.com", "123456").await);
        let code = mailed_code(&app, JANE).await;
        assert_eq!(refused(&verify(&app, "nobody@example.com", &code).await), unknown);
        let other = mailed_code(&app, "joe@example.com").await;
        assert_ne!(code, other);
        assert_eq!(refused(&verify(&app, JANE, &other).await), unknown);
        verify(&app, JANE, &code).await.ok();
        assert_eq!(refused(&verify(&app, JANE, &code).await), unknown);
        let code = mailed_code(&app, JANE).await;
        app.advance(10 * MINUTE);
        assert_eq!(refused(&verify(&app, JANE, &code).await), unknown);
        for bad in ["", "12345", "1234567", "abcdef"] {
            verify(&app, JANE, bad).await.refused(400, "validation");
        }
    }

    async fn a_code_is_worth_nothing_after_five_wrong_guesses(store) {
        let app = start(store).await;
        let code = mailed_code(&app, JANE).await;
        let wrong = if code == "000000" { "000001" } else { "000000" };
        for _ in 0..4 {
            verify(&app, JANE, wrong).await.refused(401, "unauthorized");
        }
        let spaced = format!(" {} {}", &code[..3], &code[3..]);
        verify(&app, JANE, &spaced).await.ok();
        let code = mailed_code(&app, JANE).await;
        let wrong = if code == "000000" { "000001" } else { "000000" };
        for _ in 0..5 {
            verify(&app, JANE, wrong).await.refused(401, "unauthorized");
        }
        verify(&app, JANE, &code).await.refused(401, "unauthorized");
    }

    async fn an_address_gets_five_mails_an_hour_and_the_answer_does_not_tell(store) {
        let app = start(store).await;
        for _ in 0..8 {
            request_code(&app, JANE).await;
            app.drain_jobs().await;
        }
        assert_eq!(app.mails().len(), 5);
        mailed_code(&app, "joe@example.com").await;
        app.advance(60 * MINUTE);
        mailed_code(&app, JANE).await;
        for bad in ["", "jane", "<jane@example.com>", "jane@localhost"] {
            let answer = app.post(paths::SIGN_IN_CODE, &json!({"email": bad})).await;
            answer.refused(400, "validation");
        }
    }

    async fn an_operator_of_the_development_header_signs_in_to_the_same_account(store) {
        let app = TestApp::start(store).await;
        let operator = app.operator().await;
        let email = operator.get(paths::OPERATOR_PROFILE).await.ok().text("email");
        let phone = Device::sign_in(&app, &email).await;
        assert_eq!(phone.operator_id, json!(operator.id));
        let profile = phone.get(paths::OPERATOR_PROFILE).await.ok();
        assert_eq!(profile.id::<OperatorId>("operator_id"), operator.id);
    }

    async fn a_session_is_renewed_and_two_tabs_may_renew_it_at_once(store) {
        let app = start(store).await;
        let first = Device::sign_in(&app, JANE).await;
        first.register(json!({"name": "Jane Doe"})).await.created();
        app.advance(16 * MINUTE);
        first.get(paths::MY_TASKS).await.ok();
        app.advance(SECOND);
        first.get(paths::MY_TASKS).await.refused(401, "unauthorized");
        let one = Device::of(&app, &first.refresh().await.ok());
        app.advance(9 * SECOND);
        let two = Device::of(&app, &first.refresh().await.ok());
        first.refresh().await.refused(401, "unauthorized");
        assert!(one.cookie != two.cookie && one.cookie != first.cookie);
        for tab in [&one, &two] {
            tab.get(paths::MY_TASKS).await.ok();
            tab.refresh().await.ok();
        }
    }

    async fn a_stolen_refresh_token_ends_the_session_at_once_and_its_owner_is_told(store) {
        let app = start(store).await;
        let first = Device::sign_in(&app, JANE).await;
        first.register(json!({"name": "Jane Doe"})).await.created();
        let other = Device::sign_in(&app, JANE).await;
        let renewed = Device::of(&app, &first.refresh().await.ok());
        app.advance(10 * SECOND);
        let stolen = first.refresh().await;
        stolen.refused(401, "unauthorized");
        assert!(stolen.header("set-cookie").contains("humanops_refresh=; "), "{stolen:?}");
        renewed.get(paths::MY_TASKS).await.refused(401, "unauthorized");
        renewed.refresh().await.refused(401, "unauthorized");
        other.get(paths::MY_TASKS).await.ok();
        app.drain_jobs().await;
        let mails = app.mails();
        assert!(mails.last().unwrap().contains("was used twice"), "{:?}", mails.last());
        assert_eq!(mails.len(), 3, "two codes and one alert");
    }

    async fn a_session_that_nobody_renews_ends_after_thirty_days(store) {
        let app = start(store).await;
        let phone = Device::sign_in(&app, JANE).await;
        app.advance(Duration::from_secs(30 * 24 * 60 * 60) - SECOND);
        let renewed = Device::of(&app, &phone.refresh().await.ok());
        app.advance(Duration::from_secs(30 * 24 * 60 * 60));
        renewed.refresh().await.refused(401, "unauthorized");
    }

    async fn a_page_of_another_origin_cannot_use_the_cookie(store) {
        let app = start(store).await;
        let phone = Device::sign_in(&app, JANE).await;
        for path in [paths::REFRESH, paths::SIGN_OUT] {
            for origin in ["https://evil.example.com", "null", "", &app.origin.replace("http:", "https:")] {
                let request = app.request(Method::POST, path).header("cookie", &phone.cookie);
                let answer = request.header("origin", origin).answer().await;
                answer.refused(403, "forbidden");
            }
            let request = app.request(Method::POST, path).header("cookie", &phone.cookie);
            request.answer().await.refused(403, "forbidden");
        }
        phone.refresh().await.ok();
    }

    async fn nobody_is_signed_in_on_a_page_of_another_origin(store) {
        let app = start(store).await;
        let code = mailed_code(&app, JANE).await;
        let before = app.mails().len();
        let own = app.origin.clone();
        for (path, body) in [
            (paths::SIGN_IN_CODE, json!({"email": JANE})),
            (paths::VERIFY_CODE, json!({"email": JANE, "code": code})),
        ] {
            for origin in ["https://tasks.example.com", "null", &own.replace("http:", "https:")] {
                let request = app.request(Method::POST, path).json(&body);
                let answer = request.header("origin", origin).answer().await;
                let sentence = answer.refused(403, "forbidden");
                assert!(sentence.contains("set PUBLIC_URL to the URL"), "{sentence}");
                assert!(sentence.contains(&own), "{sentence}");
            }
        }
        app.drain_jobs().await;
        assert_eq!(app.mails().len(), before);
        let request = app.request(Method::POST, paths::VERIFY_CODE);
        let request = request.json(&json!({"email": JANE, "code": code}));
        request.header("origin", &own).answer().await.ok();
    }

    async fn a_person_signs_out_here_and_on_another_device(store) {
        let app = start(store).await;
        let phone = Device::sign_in(&app, JANE).await;
        let tablet = Device::sign_in(&app, JANE).await;
        let stranger = Device::sign_in(&app, "joe@example.com").await;
        let list = phone.get(paths::SESSIONS).await.ok();
        let sessions = list.body["data"].as_array().unwrap();
        assert_eq!(sessions.len(), 2);
        let current: Vec<_> = sessions.iter().map(|one| one["current"].clone()).collect();
        assert_eq!(current.iter().filter(|one| **one == json!(true)).count(), 1);
        let other = sessions.iter().find(|one| one["current"] == json!(false)).unwrap();
        let path = paths::session(other["session_id"].as_str().unwrap().parse().unwrap());
        let end = async |device: &Device<'_>| device.request(Method::DELETE, &path).answer().await;
        end(&stranger).await.refused(404, "not_found");
        end(&phone).await.ok();
        end(&phone).await.refused(404, "not_found");
        tablet.get(paths::SESSIONS).await.refused(401, "unauthorized");
        tablet.refresh().await.refused(401, "unauthorized");
        let out = phone.post_cookie(paths::SIGN_OUT).await.ok();
        assert!(out.header("set-cookie").ends_with("Max-Age=0"), "{out:?}");
        phone.get(paths::SESSIONS).await.refused(401, "unauthorized");
        phone.post_cookie(paths::SIGN_OUT).await.ok();
        stranger.get(paths::SESSIONS).await.ok();
    }

    async fn a_new_signing_key_does_not_end_sessions(store) {
        let app = start(store).await;
        let old = Device::sign_in(&app, JANE).await;
        let keys = async || {
            let set = app.get("/.well-known/jwks.json").await.ok();
            set.body["keys"].as_array().unwrap().clone()
        };
        let first = keys().await;
        assert_eq!(first.len(), 1);
        let now = app.now();
        let key = SigningKey::from_random(&Zeroizing::new([9; 32])).unwrap();
        let kid = key.kid.clone();
        let rotate = move |tx: &mut Tx<'_>| signing_keys::insert(tx, &key, now);
        app.app.store.write(rotate).await.unwrap();
        assert_eq!(keys().await.len(), 2);
        old.get(paths::SESSIONS).await.ok();
        let new = Device::of(&app, &old.refresh().await.ok());
        let header = new.token.split('.').next().unwrap();
        let header = BASE64_URL_SAFE_NO_PAD.decode(header).unwrap();
        let header: Value = serde_json::from_slice(&header).unwrap();
        assert_eq!(header["kid"], json!(kid));
        app.advance(20 * MINUTE);
        let left = keys().await;
        assert_eq!(left.iter().map(|key| &key["kid"]).collect::<Vec<_>>(), [&json!(kid)]);
        assert!(left.iter().chain(&first).all(|key| key.get("d").is_none()));
        let about = app.get("/.well-known/openid-configuration").await.ok();
        assert_eq!(about.text("issuer"), app.origin);
        assert_eq!(about.text("jwks_uri"), format!("{}/.well-known/jwks.json", app.origin));
    }
}
