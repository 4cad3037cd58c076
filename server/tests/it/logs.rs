//! The log never contains secrets, names, or texts of people, at any level.

use std::io::Read;
use std::time::{Duration, Instant};

use api_types::{TaskId, Timestamp, paths};
use crypto_wasm::AgentSecretKey;
use image::ImageFormat;
use reqwest::multipart::{Form, Part};
use reqwest::{Client, Method, RequestBuilder};
use serde_json::{Value, json};
use server::clock::{Clock, SystemClock};

use crate::harness::ADMIN_KEY;
use crate::mail::link;
use crate::process::{Server, client};
use crate::smtp_server::{SmtpReply, SmtpServer};
use crate::support::{self, FreshStore, on_both_databases};
use crate::uploads::picture;
use crate::webhooks::{LOOPBACK, Receiver};

/// A word in every text that a person or an agent writes.
const CANARY: &str = "canary";

on_both_databases! {
    async fn no_level_of_the_log_shows_a_secret_or_a_personal_word(store) {
        let database = database_url(&store).await;
        let (mut log, writer) = std::io::pipe().unwrap();
        let log = std::thread::spawn(move || {
            let mut text = String::new();
            log.read_to_string(&mut text).unwrap();
            text
        });
        let mut mails = SmtpServer::start(|_| SmtpReply::Accept).await;
        let mut settings = vec!["--log=trace", "--log-format=json", "--admin-key", ADMIN_KEY];
        settings.extend(LOOPBACK.iter().chain(&mails.settings()));
        settings.extend(database.iter().flat_map(|url| ["--database-url", url]));
        let server = Server::start(writer.into(), &settings).await;
        let secrets = live(&server, &mut mails).await;
        assert!(server.stop().await.success());
        let log = log.join().unwrap();
        for secret in secrets.iter().map(String::as_str).chain([CANARY, ADMIN_KEY]) {
            let found = log.lines().find(|line| line.contains(secret));
            assert_eq!(found, None, "{secret}");
        }
        let lines = log.lines().map(|line| serde_json::from_str(line).unwrap());
        let lines: Vec<Value> = lines.collect();
        assert!(lines.iter().any(|line| line["message"] == "request answered"));
        let below_info = lines.iter().filter(|line| line["level"] == "DEBUG" || line["level"] == "TRACE");
        for line in below_info {
            let target = line["target"].as_str().unwrap();
            assert!(target.starts_with("server") || target == "humanops", "{line}");
        }
    }

    async fn the_log_tells_the_story_of_a_refused_request_and_of_a_job(store) {
        let database = database_url(&store).await;
        let (mut log, writer) = std::io::pipe().unwrap();
        let log = std::thread::spawn(move || {
            let mut text = String::new();
            log.read_to_string(&mut text).unwrap();
            text
        });
        let mut mails = SmtpServer::start(|_| SmtpReply::Accept).await;
        let mut settings = vec!["--log=debug", "--log-format=json"];
        settings.extend(&mails.settings());
        settings.extend(database.iter().flat_map(|url| ["--database-url", url]));
        let server = Server::start(writer.into(), &settings).await;
        let caller = |key: &str| LoggedCaller {
            server: &server,
            client: client(),
            header: "x-api-key",
            key: key.to_owned(),
        };
        let body = json!({"name": "poor agent", "email": "poor@example.com"});
        let registered = caller("").post(paths::REGISTER_AGENT, body).await;
        let poor = caller(&text(&registered, "api_key"));
        let deposit = json!({"tx_hash": format!("0x{:064x}", 7), "amount_usdc": 5});
        poor.post(paths::DEPOSIT_USDC, deposit).await;
        // The task's reward is above what the agent's tier allows.
        let post = poor.request(Method::POST, paths::TASKS).header("x-request-id", "story-1");
        let refused = post.json(&task(&json!({}))).send().await.unwrap();
        let (status, body) = (refused.status(), refused.text().await.unwrap());
        assert_eq!(status, 422, "{body}");
        let mail = tokio::time::timeout(Duration::from_secs(30), mails.mails.recv()).await;
        assert!(mail.unwrap().is_some());
        assert!(server.stop().await.success());
        let log = log.join().unwrap();
        let lines = log.lines().map(|line| serde_json::from_str(line).unwrap());
        let lines: Vec<Value> = lines.collect();

        let of_request = |line: &&Value| line["span"]["request_id"] == "story-1";
        let story: Vec<&Value> = lines.iter().filter(of_request).collect();
        for line in &story {
            assert_eq!(line["span"]["method"], "POST");
            assert_eq!(line["span"]["route"], paths::TASKS);
        }
        let told = |message: &str| {
            let line = story.iter().find(|line| line["message"] == message);
            line.unwrap_or_else(|| panic!("{message}: {story:#?}"))
        };
        assert_eq!(told("an agent was authenticated")["agent_id"], registered["agent_id"]);
        assert_eq!(told("a transaction ran")["target"], "server::store::engine::queue");
        assert_eq!(told("a request was refused")["code"], "rule_violation");
        assert_eq!(told("request answered")["status"], 422);

        let job = lines.iter().find(|line| line["message"] == "a job was done").unwrap();
        assert_eq!(job["span"]["kind"], "send_verification");
        assert_eq!(job["span"]["id"], registered["agent_id"]);
    }
}

/// Returns the URL of the store's database for a separate process, or `None` for SQLite, which the
/// process creates itself.
async fn database_url(store: &FreshStore) -> Option<String> {
    let sql =
        "SELECT current_database() AS name, current_setting('unix_socket_directories') AS folder";
    let rows = store.read(move |tx| tx.query(sql, &[])).await.ok()?;
    let text = |column: &str| rows[0].get::<String>(column).unwrap();
    let folder = text("folder").replace('/', "%2F");
    Some(format!("postgres://postgres@{folder}/{}", text("name")))
}

/// A caller with the header that authenticates it.
struct LoggedCaller<'a> {
    server: &'a Server,
    client: Client,
    header: &'static str,
    key: String,
}

impl LoggedCaller<'_> {
    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self
            .client
            .request(method, format!("{}{path}", self.server.origin));
        request.header(self.header, &self.key)
    }

    async fn get(&self, path: &str) -> Value {
        answered(self.request(Method::GET, path)).await
    }

    async fn post(&self, path: &str, body: Value) -> Value {
        answered(self.request(Method::POST, path).json(&body)).await
    }
}

async fn answered(request: RequestBuilder) -> Value {
    let answer = request.send().await.unwrap();
    let (status, text) = (answer.status(), answer.text().await.unwrap());
    assert!(status.is_success(), "{status} {text}");
    serde_json::from_str(&text).unwrap()
}

fn text(value: &Value, field: &str) -> String {
    let text = value[field].as_str();
    text.unwrap_or_else(|| panic!("{field} in {value}"))
        .to_owned()
}

/// Sends secrets and texts in every request that takes them, and returns the secrets that the
/// server generated.
async fn live(server: &Server, mails: &mut SmtpServer) -> Vec<String> {
    let nobody = |header, key: &str| LoggedCaller {
        server,
        client: client(),
        header,
        key: key.to_owned(),
    };
    let stranger = nobody("x-api-key", "ho_live_canary");
    let body =
        json!({"name": "canary agent", "email": "canary.agent@example.com", "company": "canary"});
    let registered = stranger.post(paths::REGISTER_AGENT, body).await;
    let agent = nobody("x-api-key", &text(&registered, "api_key"));
    let body = json!({"name": "Canary Operator", "email": "canary.operator@example.com"});
    let registered = stranger.post(paths::REGISTER_OPERATOR, body).await;
    let operator = nobody("x-operator-id", &text(&registered, "operator_id"));
    let deposit = json!({"tx_hash": format!("0x{:064x}", 7), "amount_usdc": 500});
    agent.post(paths::DEPOSIT_USDC, deposit).await;
    let made = agent.post(paths::KEYS, json!({"name": "canary key"})).await;
    let mut secrets = vec![agent.key.clone(), text(&made, "api_key")];
    secrets.push(mailed(server, mails).await);
    secrets.extend(photographed(&agent, &operator).await);
    secrets.extend(sealed(&agent, &operator).await);
    let host = nobody("x-admin-key", ADMIN_KEY);
    host.get(&format!("{}?search=canary", paths::ADMIN_OPERATORS))
        .await;
    host.get(&format!("{}?search=canary", paths::ADMIN_AGENTS))
        .await;
    let refused = stranger
        .request(Method::GET, paths::TASKS)
        .send()
        .await
        .unwrap();
    assert_eq!(refused.status(), 401);
    secrets
}

/// Opens the link in the mail, and returns its token.
async fn mailed(server: &Server, mails: &mut SmtpServer) -> String {
    let mail = tokio::time::timeout(Duration::from_secs(30), mails.mails.recv());
    let link = link(&mail.await.unwrap().unwrap());
    let token = link.split_once("token=").unwrap().1.to_owned();
    let path = format!("{}{}?token={token}", server.origin, paths::VERIFY_EMAIL);
    answered(client().get(path)).await;
    token
}

fn task(more: &Value) -> Value {
    let deadline: Timestamp = SystemClock.now().after(Duration::from_secs(24 * 60 * 60));
    let mut task = json!({
        "title": "canary title",
        "description": "canary description",
        "location": {"lat": 52.52, "lng": 13.405, "address": "1 Canary Street"},
        "reward_usd": 25,
        "deadline": deadline,
        "proof_requirements": ["canary requirement"],
        "task_type": "PHOTO",
    });
    let fields = more.as_object().unwrap().clone();
    task.as_object_mut().unwrap().extend(fields);
    task
}

/// Runs a task with a callback from its post to its payment, and returns the signature of its file.
async fn photographed(agent: &LoggedCaller<'_>, operator: &LoggedCaller<'_>) -> Vec<String> {
    let receiver = Receiver::start().await;
    let callback = format!("{}?canary", receiver.hook());
    let posted = json!({"callback_url": callback, "callback_secret": "canary-callback-secret"});
    let posted = agent.post(paths::TASKS, task(&posted)).await;
    let id: TaskId = text(&posted, "task_id").parse().unwrap();
    operator.post(&paths::accept_task(id), json!({})).await;
    agent
        .post(
            &paths::messages(id),
            json!({"body": "canary to the operator"}),
        )
        .await;
    operator
        .post(
            &paths::operator_messages(id),
            json!({"body": "canary to the agent"}),
        )
        .await;
    let file = Part::bytes(picture(ImageFormat::Jpeg, 1)).file_name("canary.jpg");
    let form = Form::new()
        .text("task_id", id.to_string())
        .part("file", file);
    let uploaded = answered(
        operator
            .request(Method::POST, paths::UPLOAD)
            .multipart(form),
    )
    .await;
    let proof = json!({"photos": [text(&uploaded, "url")], "notes": "canary notes"});
    operator.post(&paths::submit_proof(id), proof).await;
    let done = ended(agent, id).await;
    receiver.got(1).await;
    let url = done["proof"]["photos"][0].as_str().unwrap().to_owned();
    let signature = url.split_once("signature=").unwrap().1.to_owned();
    let file = client().get(url).send().await.unwrap();
    assert_eq!(file.status(), 200);
    let dispute = json!({"reason": "canary reason for the host"});
    agent.post(&paths::open_dispute(id), dispute).await;
    vec![signature]
}

/// Runs a credential task from its post to its retrieval, and returns the parts of the envelope.
async fn sealed(agent: &LoggedCaller<'_>, operator: &LoggedCaller<'_>) -> Vec<String> {
    use base64::{Engine, prelude::BASE64_STANDARD};
    let public_key = AgentSecretKey::generate().unwrap().public_key();
    let posted = json!({
        "task_type": "API_KEY_PROCUREMENT",
        "location": null,
        "agent_public_key": BASE64_STANDARD.encode(public_key.to_bytes()),
    });
    let posted = agent.post(paths::TASKS, task(&posted)).await;
    let id: TaskId = text(&posted, "task_id").parse().unwrap();
    operator.post(&paths::accept_task(id), json!({})).await;
    let envelope = crypto_wasm::seal(&public_key, &id.to_string(), b"canary secret").unwrap();
    let parts = vec![
        envelope.ciphertext_base64(),
        envelope.iv_base64(),
        envelope.ephemeral_public_key_base64(),
    ];
    let proof = json!({"encrypted_credential": {
        "v": 1,
        "algorithm": crypto_wasm::Envelope::ALGORITHM,
        "ciphertext": parts[0],
        "iv": parts[1],
        "ephemeralPublicKey": parts[2],
        "createdAt": SystemClock.now(),
    }});
    operator.post(&paths::submit_proof(id), proof).await;
    ended(agent, id).await;
    agent.get(&paths::retrieve_credential(id)).await;
    parts
}

/// Returns the task once the Guardian has reviewed its proof.
async fn ended(agent: &LoggedCaller<'_>, id: TaskId) -> Value {
    let begun = Instant::now();
    loop {
        let task = agent.get(&paths::task(id)).await;
        if task["status"] == "COMPLETED" {
            return task;
        }
        assert!(begun.elapsed() < Duration::from_secs(30), "{task}");
    }
}
