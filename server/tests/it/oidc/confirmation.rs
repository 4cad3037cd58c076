//! Operators whose token has no verified address: they prove one by a code.

use std::time::Duration;

use api_types::paths;
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use super::issuer::{Issuer, Key};
use super::{assert_accepted, claims, find_tasks, profile, register, start};
use crate::harness::{Answer, Ask, TestApp};
use crate::sessions::Device;
use crate::support::{self, FreshStore, on_both_databases};

const EMAIL: &str = "jane@example.com";

/// A server, its issuer, and the key of the issuer.
struct Confirming {
    app: TestApp,
    issuer: Issuer,
    key: Key,
}

impl Confirming {
    async fn start(store: FreshStore) -> Self {
        let key = Key::es256("k");
        let issuer = Issuer::start(&[&key]).await;
        let app = start(store, &issuer).await;
        Self { app, issuer, key }
    }

    /// Returns a token without an address, as Clerk's session tokens are.
    fn token(&self, sub: &str) -> String {
        let mut claims = claims(&self.app, &self.issuer, sub);
        for name in ["email", "email_verified"] {
            claims.as_object_mut().unwrap().remove(name);
        }
        self.key.sign(&claims)
    }

    /// Registers a person with an address that is not proven.
    async fn register(&self, sub: &str, email: &str) -> Answer {
        // Mails are ordered by their time.
        self.app.advance(Duration::from_millis(1));
        let body = json!({"name": "Jane Doe", "email": email});
        let registered = register(&self.app, &self.token(sub), &body).await.created();
        self.app.drain_jobs().await;
        registered
    }

    async fn post(&self, sub: &str, path: &str, body: &Value) -> Answer {
        let request = self.app.request(Method::POST, path);
        request
            .bearer_auth(self.token(sub))
            .json(body)
            .answer()
            .await
    }

    async fn confirm(&self, sub: &str, code: &str) -> Answer {
        self.post(sub, paths::CONFIRM_EMAIL, &json!({"code": code}))
            .await
    }

    /// Requests another code, and sends the mail.
    async fn send_code(&self, sub: &str, body: &Value) -> Answer {
        self.app.advance(Duration::from_millis(1));
        let answer = self.post(sub, paths::EMAIL_CODE, body).await;
        self.app.drain_jobs().await;
        answer
    }

    /// Returns the code of the last mail, which must be to this address.
    fn code(&self, email: &str) -> String {
        let mails = self.app.mails();
        let mail = mails.last().unwrap();
        assert!(mail.contains(&format!("To: {email}")), "{mail}");
        let subject = mail.lines().find_map(|line| line.strip_prefix("Subject: "));
        let (code, rest) = subject.unwrap().split_at(6);
        assert_eq!(rest, " confirms your e-mail address at HumanOps");
        code.to_owned()
    }
}

on_both_databases! {
    async fn an_operator_may_look_and_accepts_after_proving_the_address(store) {
        let setup = Confirming::start(store).await;
        let app = &setup.app;
        let token = setup.token("jane");
        let refused = register(app, &token, &json!({"name": "Jane Doe"})).await;
        refused.refused(400, "validation");
        assert_eq!(refused.faulty_fields(), ["email"]);
        let registered = setup.register("jane", "Jane@Example.com").await;
        let jane = profile(app, &token).await.ok();
        assert_eq!((jane.text("email"), &jane.body["email_confirmed"]), (EMAIL.into(), &json!(false)));

        let agent = app.agent().await;
        let task = agent.post_photo_task().await;
        let found = find_tasks(app, &token).await.ok();
        assert_eq!(found.body["data"][0]["task_id"], json!(task));
        assert_eq!(found.body["data"][0]["actions"], json!([]));
        let accept = async || setup.post("jane", &paths::accept_task(task), &json!({})).await;
        let answer = accept().await;
        let sentence = answer.refused(403, "forbidden");
        assert!(sentence.contains("POST /auth/email/confirm"), "{sentence}");
        let search = "/api/v1/operators/search?lat=52.5&lng=13.4";
        assert_eq!(agent.get(search).await.ok().body["pagination"]["total"], json!(0));

        let code = setup.code(EMAIL);
        let wrong = if code == "000000" { "000001" } else { "000000" };
        setup.confirm("jane", wrong).await.refused(401, "unauthorized");
        let confirmed = setup.confirm("jane", &code).await.ok();
        let account = json!({"operator_id": registered.body["operator_id"], "email": EMAIL});
        assert_eq!(confirmed.body, account);
        // The response was lost, and the request is sent again.
        assert_eq!(setup.confirm("jane", &code).await.ok().body, account);
        setup.send_code("jane", &json!({})).await.refused(409, "invalid_state");
        let jane = profile(app, &token).await.ok();
        assert_eq!((jane.text("email"), &jane.body["email_confirmed"]), (EMAIL.into(), &json!(true)));
        accept().await.ok();
        // The address is the account's now.
        let phone = Device::sign_in(app, EMAIL).await;
        assert_eq!(phone.operator_id, registered.body["operator_id"]);
        let request = app.request(Method::POST, paths::EMAIL_CODE).bearer_auth(&phone.token);
        request.json(&json!({})).answer().await.refused(409, "invalid_state");
    }

    async fn an_address_is_nobodys_until_it_is_proven(store) {
        let setup = Confirming::start(store).await;
        let app = &setup.app;
        let squatter = setup.register("squatter", EMAIL).await;
        // Its owner registers here, and another person at the issuer with a verified address.
        let owner = Device::sign_in(app, EMAIL).await;
        assert_eq!(owner.operator_id, Value::Null);
        let owned = owner.register(json!({"name": "Jane Doe"})).await.created();
        let verified = setup.key.sign(&claims(app, &setup.issuer, "jane"));
        let same = profile(app, &verified).await.ok();
        assert_eq!(same.body["operator_id"], owned.body["operator_id"]);
        let mut mine = profile(app, &setup.token("squatter")).await.ok();
        assert_eq!(mine.body["operator_id"], squatter.body["operator_id"]);
        // Even the right code does not help, because somebody else of the issuer has the account.
        setup.send_code("squatter", &json!({})).await;
        let code = setup.code(EMAIL);
        setup.confirm("squatter", &code).await.refused(409, "already_exists");
        mine = profile(app, &setup.token("squatter")).await.ok();
        assert_eq!(mine.body["email_confirmed"], json!(false));
    }

    async fn whoever_proves_a_known_address_gets_its_account(store) {
        let setup = Confirming::start(store).await;
        let app = &setup.app;
        let phone = Device::sign_in(app, EMAIL).await;
        let known = phone.register(json!({"name": "Jane Doe"})).await.created();
        // The response does not tell that the address is known.
        let registered = setup.register("jane", EMAIL).await;
        assert_ne!(registered.body["operator_id"], known.body["operator_id"]);
        let confirmed = setup.confirm("jane", &setup.code(EMAIL)).await.ok();
        assert_eq!(confirmed.body["operator_id"], known.body["operator_id"]);
        let jane = profile(app, &setup.token("jane")).await.ok();
        assert_eq!(jane.body["operator_id"], known.body["operator_id"]);
        assert_eq!(jane.body["email_confirmed"], json!(true));
        let accounts = move |tx: &mut server::store::Tx<'_>| {
            let count = "SELECT COUNT(*) AS n FROM operator WHERE created_at_ms > 0";
            tx.first(count, &[])?.unwrap().get::<i64>("n")
        };
        assert_eq!(app.app.store.read(accounts).await.unwrap(), 1);
    }

    async fn a_wrong_address_is_corrected_and_codes_are_bound_to_theirs(store) {
        let setup = Confirming::start(store).await;
        setup.register("jane", "jame@example.com").await;
        let old = setup.code("jame@example.com");
        let answer = setup.send_code("jane", &json!({"email": "no address"})).await;
        answer.refused(400, "validation");
        let sent = setup.send_code("jane", &json!({"email": EMAIL})).await;
        assert_eq!((sent.status, &sent.body), (202, &json!({"sent": true})));
        let jane = profile(&setup.app, &setup.token("jane")).await.ok();
        assert_eq!(jane.text("email"), EMAIL);
        let new = setup.code(EMAIL);
        if old != new {
            setup.confirm("jane", &old).await.refused(401, "unauthorized");
        }
        assert_eq!(setup.confirm("jane", &new).await.ok().text("email"), EMAIL);
    }

    async fn codes_are_guessed_five_times_and_mailed_five_times_an_hour(store) {
        let setup = Confirming::start(store).await;
        setup.register("jane", EMAIL).await;
        let code = setup.code(EMAIL);
        let wrong = if code == "000000" { "000001" } else { "000000" };
        for _ in 0..5 {
            setup.confirm("jane", wrong).await.refused(401, "unauthorized");
        }
        setup.confirm("jane", &code).await.refused(401, "unauthorized");
        for _ in 0..6 {
            assert_eq!(setup.send_code("jane", &json!({})).await.status, 202);
        }
        assert_eq!(setup.app.mails().len(), 5);
        // The address has had its mails, whoever names it, and the person theirs.
        setup.register("joe", EMAIL).await;
        setup.send_code("jane", &json!({"email": "other@example.com"})).await;
        assert_eq!(setup.app.mails().len(), 5);
        setup.app.advance(Duration::from_secs(60 * 60));
        setup.send_code("joe", &json!({})).await;
        setup.confirm("joe", &setup.code(EMAIL)).await.ok();
    }

    async fn guesses_at_the_same_time_are_all_counted(store) {
        let setup = Confirming::start(store).await;
        setup.register("jane", EMAIL).await;
        let code = setup.code(EMAIL);
        let guesses: Vec<_> = (0..20)
            .map(|n| format!("{n:06}"))
            .filter(|guess| *guess != code)
            .collect();
        let guess = async |guess: &String| setup.confirm("jane", guess).await.status;
        let statuses = join_all(guesses.iter().map(guess)).await;
        assert!(statuses.iter().all(|status| *status == 401), "{statuses:?}");
        setup.confirm("jane", &code).await.refused(401, "unauthorized");
    }

    async fn a_code_is_for_its_purpose_and_its_person(store) {
        let setup = Confirming::start(store).await;
        let app = &setup.app;
        assert_accepted(app, &setup.token("jane")).await;
        for path in [paths::CONFIRM_EMAIL, paths::EMAIL_CODE] {
            let body = match path {
                paths::EMAIL_CODE => json!({}),
                _ => json!({"code": "123456"}),
            };
            setup.post("jane", path, &body).await.refused(403, "forbidden");
            app.post(path, &body).await.refused(401, "unauthorized");
        }
        setup.register("jane", EMAIL).await;
        let code = setup.code(EMAIL);
        let body = json!({"email": EMAIL, "code": code});
        app.post(paths::VERIFY_CODE, &body).await.refused(401, "unauthorized");
        setup.register("joe", EMAIL).await;
        let other = setup.code(EMAIL);
        if code != other {
            setup.confirm("joe", &code).await.refused(401, "unauthorized");
        }
        setup.confirm("jane", &code).await.ok();
        for bad in ["", "12345", "1234567", "abcdef"] {
            setup.confirm("joe", bad).await.refused(400, "validation");
        }
    }
}
