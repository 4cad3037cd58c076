//! Passkeys: added, listed, used to sign in, and removed (contract §2, Built-in sign-in).

pub(crate) mod authenticator;
mod faults;
mod limits;

use std::sync::Arc;
use std::time::Duration;

use api_types::{PasskeyId, paths};
use reqwest::Method;
use serde_json::{Value, json};
use server::app::App;
use server::clock::SeededEntropy;
use server::serve::connections::{self, ConnectionLimits};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::harness::{Answer, Ask, TestApp};
use crate::sessions::{Device, JANE};
use crate::support::{self, on_both_databases};
use authenticator::Authenticator;

/// The public URL of the servers in these tests. Browsers have passkeys for `localhost`, and not
/// for the address at which the server listens.
pub(crate) const ORIGIN: &str = "http://localhost:8787";

/// A server that has passkeys.
async fn start(store: support::FreshStore) -> TestApp {
    let settings = [
        "--allow-dev-operator-id-header=false",
        "--public-url",
        ORIGIN,
    ];
    TestApp::start_with(store, &settings).await
}

/// Requests the options of a new passkey.
async fn creation_options(device: &Device<'_>) -> Value {
    let answer = device.request(Method::POST, paths::PASSKEY_OPTIONS);
    let answer = answer.answer().await.ok();
    assert_eq!(answer.header("cache-control"), "no-store");
    answer.body
}

/// Sends a new credential.
async fn send_credential(device: &Device<'_>, credential: &Value) -> Answer {
    let request = device.request(Method::POST, paths::PASSKEYS);
    request.json(credential).answer().await
}

/// Adds the passkey of an authenticator.
async fn add(app: &TestApp, device: &Device<'_>, authenticator: &mut Authenticator) -> Answer {
    let options = creation_options(device).await;
    let added = send_credential(device, &authenticator.create(&options)).await;
    app.advance(Duration::from_millis(1));
    app.drain_jobs().await;
    added.created()
}

/// Requests the options of a sign-in.
async fn request_options(app: &TestApp) -> Value {
    let request = app.request(Method::POST, paths::SIGN_IN_BY_PASSKEY_OPTIONS);
    let answer = request.answer().await.ok();
    assert_eq!(answer.header("cache-control"), "no-store");
    answer.body
}

/// Sends an assertion.
async fn send_assertion(app: &TestApp, assertion: &Value) -> Answer {
    app.post(paths::SIGN_IN_BY_PASSKEY, assertion).await
}

/// Signs in by the passkey of an authenticator.
async fn sign_in(app: &TestApp, authenticator: &mut Authenticator) -> Answer {
    let options = request_options(app).await;
    send_assertion(app, &authenticator.get(&options)).await
}

/// Returns the person's passkeys.
async fn list(device: &Device<'_>) -> Vec<Value> {
    let list = device.get(paths::PASSKEYS).await.ok();
    list.body["data"].as_array().unwrap().clone()
}

async fn remove(device: &Device<'_>, id: PasskeyId) -> Answer {
    device
        .request(Method::DELETE, &paths::passkey(id))
        .answer()
        .await
}

/// Starts a second server on the database of the first one, and returns its URL.
async fn second_server(app: &TestApp) -> String {
    let first = &app.app;
    let (config, entropy) = ((*first.config).clone(), Arc::new(SeededEntropy::new(99)));
    let second = App::new(config, first.store.clone(), first.clock.clone(), entropy).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(connections::serve(
        listener,
        server::http::router(second).unwrap(),
        ConnectionLimits::of(64),
        CancellationToken::new(),
    ));
    url
}

on_both_databases! {
    async fn a_person_adds_a_passkey_and_signs_in_by_it(store) {
        let app = start(store).await;
        let phone = Device::sign_in(&app, JANE).await;
        let operator = phone.register(json!({"name": "Jane Doe"})).await.created();
        let mut key = Authenticator::new(1, ORIGIN);
        let mails = app.mails().len();
        let added = add(&app, &phone, &mut key).await;
        assert_eq!(added.text("name"), "Passkey");
        let mails = app.mails().split_off(mails);
        assert_eq!(mails.len(), 1);
        assert!(mails[0].contains("Subject: A passkey was added"), "{}", mails[0]);
        assert!(mails[0].contains(&format!("To: {JANE}")), "{}", mails[0]);

        app.advance(Duration::from_secs(60));
        let tablet = Device::of(&app, &sign_in(&app, &mut key).await.ok());
        assert_eq!(tablet.operator_id, operator.body["operator_id"]);
        tablet.get(paths::MY_TASKS).await.ok();
        let listed = list(&tablet).await;
        assert_eq!(listed, [json!({
            "passkey_id": added.body["passkey_id"],
            "name": "Passkey",
            "created_at": added.body["created_at"],
            "last_used_at": app.now(),
        })]);
        let sessions = tablet.get(paths::SESSIONS).await.ok();
        assert_eq!(sessions.body["data"].as_array().unwrap().len(), 2);
        // The counter of an authenticator goes on, and that of a synchronised passkey stays zero.
        sign_in(&app, &mut key).await.ok();
        let mut synced = Authenticator { counter: 0, ..Authenticator::new(2, ORIGIN) };
        add(&app, &phone, &mut synced).await;
        for _ in 0..2 {
            sign_in(&app, &mut synced).await.ok();
        }
    }

    async fn a_person_without_an_account_signs_in_by_a_passkey_too(store) {
        let app = start(store).await;
        let phone = Device::sign_in(&app, JANE).await;
        let mut key = Authenticator::new(1, ORIGIN);
        add(&app, &phone, &mut key).await;
        let tablet = Device::of(&app, &sign_in(&app, &mut key).await.ok());
        assert_eq!(tablet.operator_id, Value::Null);
        tablet.register(json!({"name": "Jane Doe"})).await.created();
    }

    async fn a_removed_passkey_signs_in_no_longer_and_ends_no_session(store) {
        let app = start(store).await;
        let phone = Device::sign_in(&app, JANE).await;
        let stranger = Device::sign_in(&app, "joe@example.com").await;
        let mut key = Authenticator::new(1, ORIGIN);
        let id: PasskeyId = add(&app, &phone, &mut key).await.id("passkey_id");
        let tablet = Device::of(&app, &sign_in(&app, &mut key).await.ok());
        assert_eq!(list(&stranger).await, [] as [Value; 0]);
        remove(&stranger, id).await.refused(404, "not_found");
        let begun = key.get(&request_options(&app).await);
        assert_eq!(remove(&phone, id).await.ok().body, json!({"removed": true}));
        remove(&phone, id).await.refused(404, "not_found");
        send_assertion(&app, &begun).await.refused(401, "unauthorized");
        sign_in(&app, &mut key).await.refused(401, "unauthorized");
        tablet.get(paths::SESSIONS).await.ok();
        assert_eq!(list(&phone).await, [] as [Value; 0]);
        // The authenticator still has it, and it can be added again.
        add(&app, &phone, &mut key).await;
        sign_in(&app, &mut key).await.ok();
    }

    async fn any_server_finishes_what_another_one_began(store) {
        let app = start(store).await;
        let second = second_server(&app).await;
        let phone = Device::sign_in(&app, JANE).await;
        let mut key = Authenticator::new(1, ORIGIN);
        let client = reqwest::Client::new();
        let credential = key.create(&creation_options(&phone).await);
        let token = phone.request(Method::POST, paths::PASSKEYS).build().unwrap();
        let token = token.headers()["authorization"].clone();
        let request = client.post(format!("{second}{}", paths::PASSKEYS));
        request.header("authorization", token).json(&credential).answer().await.created();
        app.drain_jobs().await;
        let assertion = key.get(&request_options(&app).await);
        let request = client.post(format!("{second}{}", paths::SIGN_IN_BY_PASSKEY));
        request.json(&assertion).answer().await.ok();
        send_assertion(&app, &assertion).await.refused(401, "unauthorized");
    }

    async fn a_passkey_is_named_by_its_owner_or_after_its_authenticator_or_browser(store) {
        let app = start(store).await;
        let phone = Device::sign_in(&app, JANE).await;
        let named = async |seed: u8, aaguid: u128, name: Option<&str>| {
            app.advance(Duration::from_millis(1));
            let aaguid = aaguid.to_be_bytes();
            let mut key = Authenticator { aaguid, ..Authenticator::new(seed, ORIGIN) };
            let mut body = key.create(&creation_options(&phone).await);
            if let Some(name) = name {
                body["name"] = json!(name);
            }
            let chrome = "Mozilla/5.0 (Linux; Android 15) Chrome/148.0 Mobile Safari/537.36";
            let request = phone.request(Method::POST, paths::PASSKEYS).json(&body);
            request.header("user-agent", chrome).answer().await
        };
        let bitwarden = 0xd548826e_79b4_db40_a3d8_11116f7e8349;
        assert_eq!(named(1, bitwarden, Some(" My\tkey ")).await.created().text("name"), "My key");
        assert_eq!(named(2, bitwarden, None).await.created().text("name"), "Bitwarden");
        assert_eq!(named(3, 0, None).await.created().text("name"), "Chrome on Android");
        for bad in ["", " ", "a\u{0}", &"n".repeat(65)] {
            let refused = named(4, 0, Some(bad)).await;
            refused.refused(400, "validation");
            assert_eq!(refused.faulty_fields(), ["name"]);
        }
        app.drain_jobs().await;
        let names: Vec<_> = list(&phone).await.iter().map(|one| one["name"].clone()).collect();
        assert_eq!(names, ["My key", "Bitwarden", "Chrome on Android"]);
    }

    async fn the_options_of_a_sign_in_tell_nothing_about_anybody(store) {
        let app = start(store).await;
        let mut before = request_options(&app).await;
        let phone = Device::sign_in(&app, JANE).await;
        add(&app, &phone, &mut Authenticator::new(1, ORIGIN)).await;
        let request = phone.request(Method::POST, paths::SIGN_IN_BY_PASSKEY_OPTIONS);
        let mut after = request.answer().await.ok().body;
        assert_ne!(before["challenge"], after["challenge"]);
        assert_eq!(authenticator::decoded(&after["challenge"]).len(), 32);
        for options in [&mut before, &mut after] {
            options["challenge"] = Value::Null;
        }
        assert_eq!(before, after);
        assert_eq!(before["rpId"], json!("localhost"));
        let body = json!({"email": JANE});
        let refused = app.post(paths::SIGN_IN_BY_PASSKEY_OPTIONS, &body).await;
        refused.refused(400, "validation");
    }

    async fn the_options_of_a_new_passkey_exclude_those_that_exist(store) {
        let app = start(store).await;
        let phone = Device::sign_in(&app, JANE).await;
        let mut key = Authenticator::new(1, ORIGIN);
        let options = creation_options(&phone).await;
        assert_eq!(options["excludeCredentials"], json!([]));
        assert_eq!(options["rp"]["id"], json!("localhost"));
        let selection = &options["authenticatorSelection"];
        assert_eq!(selection["residentKey"], json!("required"));
        assert_eq!(selection["userVerification"], json!("required"));
        add(&app, &phone, &mut key).await;
        let tablet = Device::sign_in(&app, JANE).await;
        let again = creation_options(&tablet).await;
        assert_eq!(again["excludeCredentials"][0]["id"], json!(authenticator::encoded(&key.id)));
        // The user handle is the person's, and no address.
        assert_eq!(again["user"]["id"], options["user"]["id"]);
        let handle = authenticator::decoded(&options["user"]["id"]);
        assert_eq!(handle.len(), 16);
        let refused = send_credential(&tablet, &key.create(&again)).await;
        refused.refused(400, "validation");
        let stranger = Device::sign_in(&app, "joe@example.com").await;
        let options = creation_options(&stranger).await;
        assert_eq!(options["excludeCredentials"], json!([]));
        assert_ne!(options["user"]["id"], again["user"]["id"]);
        let refused = send_credential(&stranger, &key.clone().create(&options)).await;
        refused.refused(409, "already_exists");
        sign_in(&app, &mut key).await.ok();
    }

    async fn a_repeated_request_adds_one_passkey(store) {
        let app = start(store).await;
        let phone = Device::sign_in(&app, JANE).await;
        let body = Authenticator::new(1, ORIGIN).create(&creation_options(&phone).await);
        let send = async || {
            let request = phone.request(Method::POST, paths::PASSKEYS).json(&body);
            request.header("idempotency-key", "k1").answer().await.created()
        };
        let (first, again) = (send().await, send().await);
        assert_eq!(first.body, again.body);
        assert_eq!(again.header("idempotent-replayed"), "true");
        app.drain_jobs().await;
        assert_eq!(list(&phone).await.len(), 1);
        send_credential(&phone, &body).await.refused(400, "validation");
    }
}
