//! Credentials: sealed for one task and one key, stored unread, retrieved by their agent (contract
//! §5).

use std::collections::HashSet;
use std::time::Duration;

use api_types::{AgentId, OperatorId, TaskId, paths};
use crypto_wasm::{AgentPublicKey, AgentSecretKey, Envelope, EnvelopeText};
use reqwest::Method;
use serde_json::{Value, json};
use server::store::engine::snapshot::{self, Column, ColumnType};
use server::store::{Row, StoreError, Tx};

use crate::harness::{Ask, Caller, TestApp, photo_task};
use crate::support::{self, on_both_databases};

const SECRET: &str = r#"{"api_key":"sk_test_🔑"}"#;

fn credential_task(app: &TestApp, public_key: &Value) -> Value {
    let mut task = photo_task(app);
    task["task_type"] = json!("API_KEY_PROCUREMENT");
    task["location"] = json!(null);
    task["agent_public_key"] = public_key.clone();
    task
}

fn base64(bytes: &[u8]) -> String {
    use base64::{Engine, prelude::BASE64_STANDARD};
    BASE64_STANDARD.encode(bytes)
}

pub(crate) struct PostedTask {
    secret_key: AgentSecretKey,
    public_key: AgentPublicKey,
    pub(crate) id: TaskId,
}

/// Creates a credential task that `operator` has claimed.
pub(crate) async fn claimed(
    agent: &Caller<'_, AgentId>,
    operator: &Caller<'_, OperatorId>,
) -> PostedTask {
    let secret_key = AgentSecretKey::generate().unwrap();
    let public_key = secret_key.public_key();
    let key = json!(base64(&public_key.to_bytes()));
    let task = credential_task(agent.app, &key);
    let created = agent.post(paths::TASKS, &task).await.created();
    assert_eq!(
        created.text("agent_key_fingerprint"),
        public_key.fingerprint().groups()
    );
    let id = created.id("task_id");
    operator.accept(id).await;
    PostedTask {
        secret_key,
        public_key,
        id,
    }
}

fn sealed(posted: &PostedTask, plaintext: &str) -> Value {
    let envelope = crypto_wasm::seal(
        &posted.public_key,
        &posted.id.to_string(),
        plaintext.as_bytes(),
    )
    .unwrap();
    json!({
        "v": Envelope::VERSION,
        "algorithm": Envelope::ALGORITHM,
        "ciphertext": envelope.ciphertext_base64(),
        "iv": envelope.iv_base64(),
        "ephemeralPublicKey": envelope.ephemeral_public_key_base64(),
        "createdAt": "2026-02-06T14:30:00.000Z",
    })
}

fn opened(posted: &PostedTask, envelope: &Value) -> Option<String> {
    let text = |field: &str| envelope[field].as_str().unwrap().to_owned();
    let (algorithm, ciphertext, iv) = (text("algorithm"), text("ciphertext"), text("iv"));
    let point = text("ephemeralPublicKey");
    let envelope = EnvelopeText {
        v: envelope["v"].as_u64().unwrap(),
        algorithm: &algorithm,
        ciphertext: &ciphertext,
        iv: &iv,
        ephemeral_public_key: &point,
    };
    let opened = crypto_wasm::open(&posted.secret_key, &posted.id.to_string(), &envelope);
    opened
        .ok()
        .map(|bytes| String::from_utf8(bytes.to_vec()).unwrap())
}

async fn submit(operator: &Caller<'_, OperatorId>, posted: &PostedTask) {
    let proof = json!({"encrypted_credential": sealed(posted, SECRET)});
    operator
        .post(&paths::submit_proof(posted.id), &proof)
        .await
        .ok();
    operator.app.drain_jobs().await;
}

/// Returns the tables of the database that contain this text in any row.
async fn tables_with(app: &TestApp, text: &str) -> Vec<String> {
    let text = text.to_owned();
    let look = move |tx: &mut Tx<'_>| {
        let mut found = Vec::new();
        for table in snapshot::tables(tx)? {
            let rows = tx.query(&format!("SELECT * FROM {}", table.name), &[])?;
            let holds = |row: &Row, column: &Column| match column.kind {
                ColumnType::Text => row.get::<Option<String>>(&column.name).unwrap(),
                ColumnType::Bytes => (row.get::<Option<Vec<u8>>>(&column.name).unwrap())
                    .map(|bytes| String::from_utf8_lossy(&bytes).into_owned()),
                ColumnType::Int => None,
            };
            let holds = |row: &Row| {
                let mut columns = table.columns.iter();
                columns.any(|column| holds(row, column).is_some_and(|it| it.contains(&text)))
            };
            if rows.iter().any(holds) {
                found.push(table.name);
            }
        }
        Ok::<_, StoreError>(found)
    };
    app.app.store.read(look).await.unwrap()
}

/// Returns the key tests of the crypto crate: one key in every form, and keys that are refused.
fn key_cases(kind: &str) -> Vec<Value> {
    let text = include_str!("../../../crypto-wasm/tests/vectors/keys.json");
    let mut cases: Value = serde_json::from_str(text).unwrap();
    serde_json::from_value(cases[kind].take()).unwrap()
}

on_both_databases! {
    async fn a_public_key_is_taken_in_every_form_and_echoed_as_it_came(store) {
        let app = TestApp::start(store).await;
        let agent = app.agent().await;
        let mut fingerprints = HashSet::new();
        for case in key_cases("public") {
            let mut task = credential_task(&app, &case["text"]);
            task["dry_run"] = json!(true);
            let quoted = agent.post(paths::TASKS, &task).await;
            assert_eq!(quoted.status, 200, "{}: {}", case["name"], quoted.body);
            // A JWK may be an object or a text.
            let text = case["text"].as_str().unwrap().trim_start_matches('\u{feff}');
            if let Ok(jwk) = serde_json::from_str::<Value>(text) {
                task["agent_public_key"] = jwk;
                agent.post(paths::TASKS, &task).await.ok();
            }
        }
        for name in ["PEM after explanatory text", "PEM after a byte order mark", "JWK"] {
            let cases = key_cases("public");
            let case = cases.iter().find(|case| case["name"] == name).unwrap();
            let created = agent.post(paths::TASKS, &credential_task(&app, &case["text"])).await;
            let created = created.created();
            fingerprints.insert(created.text("agent_key_fingerprint"));
            let shown = agent.get(&paths::task(created.id("task_id"))).await.ok();
            assert_eq!(shown.body["agent_public_key"], case["text"]);
        }
        assert_eq!(fingerprints.len(), 1);
    }

    async fn what_is_no_public_key_is_refused_with_what_it_is(store) {
        let app = TestApp::start(store).await;
        let agent = app.agent().await;
        // A text that is repeated exceeds the limit of the field, which has its own message.
        let cases = key_cases("refused_public");
        for case in cases.iter().filter(|case| case["times"].is_null()) {
            let refused = agent.post(paths::TASKS, &credential_task(&app, &case["text"])).await;
            let sentence = refused.refused(400, "validation");
            let says = case["says"].as_str().unwrap();
            assert!(sentence.contains(says), "{}: {sentence}", case["name"]);
            assert_eq!(refused.faulty_fields(), ["agent_public_key"], "{}", case["name"]);
        }
    }

    async fn a_sealed_credential_is_completed_and_opens_for_its_agent(store) {
        let app = TestApp::start(store).await;
        let (agent, operator) = (app.agent().await, app.operator().await);
        let posted = claimed(&agent, &operator).await;
        submit(&operator, &posted).await;
        let task = agent.get(&paths::task(posted.id)).await.ok();
        assert_eq!(task.text("status"), "COMPLETED");
        let actions = json!(["dispute", "message", "rate", "retrieve_credential"]);
        assert_eq!(task.body["actions"], actions);
        assert_eq!(task.body["proof"]["has_credential"], true);
        let reasoning = task.body["guardian_result"]["reasoning"].as_str().unwrap();
        assert!(reasoning.contains("Only the structure"), "{reasoning}");
        assert!(!task.body.to_string().contains("ciphertext"));

        let path = paths::retrieve_credential(posted.id);
        let by_post = agent.post(&path, &Value::Null).await.ok();
        let by_get = agent.get(&path).await.ok();
        assert_eq!(by_post.body, by_get.body);
        assert_eq!(by_get.header("cache-control"), "no-store");
        let envelope = &by_get.body["encrypted_credential"];
        assert_eq!(opened(&posted, envelope).as_deref(), Some(SECRET));
    }

    async fn a_purged_credential_is_gone(store) {
        let app = TestApp::start(store).await;
        let (agent, operator) = (app.agent().await, app.operator().await);
        let posted = claimed(&agent, &operator).await;
        submit(&operator, &posted).await;
        let path = paths::retrieve_credential(posted.id);
        let last = agent.post(&format!("{path}?purge=true"), &Value::Null).await.ok();
        assert!(opened(&posted, &last.body["encrypted_credential"]).is_some());
        agent.get(&path).await.refused(410, "expired");
        agent.get(&format!("{path}?purge=perhaps")).await.refused(400, "validation");
    }

    async fn a_purged_credential_is_in_no_table_of_the_database(store) {
        let app = TestApp::start(store).await;
        let (agent, operator) = (app.agent().await, app.operator().await);
        let posted = claimed(&agent, &operator).await;
        submit(&operator, &posted).await;
        let path = paths::retrieve_credential(posted.id);
        let taken = agent.post_once(&path, "taken", &Value::Null).await.ok();
        let sealed = &taken.body["encrypted_credential"];
        let parts = ["ciphertext", "iv", "ephemeralPublicKey"];
        let parts = parts.map(|part| sealed[part].as_str().unwrap().to_owned());
        for part in &parts {
            assert_eq!(tables_with(&app, part).await, ["credential"], "{part}");
        }
        let purge = format!("{path}?purge=true");
        agent.post_once(&purge, "purged", &Value::Null).await.ok();
        for part in &parts {
            assert!(tables_with(&app, part).await.is_empty(), "{part}");
        }
    }

    async fn a_credential_that_came_after_a_purge_can_be_purged_too(store) {
        let app = TestApp::start(store).await;
        let (agent, operator) = (app.agent().await, app.operator().await);
        let posted = claimed(&agent, &operator).await;
        submit(&operator, &posted).await;
        let path = paths::retrieve_credential(posted.id);
        let purge = format!("{path}?purge=true");
        agent.post(&purge, &Value::Null).await.ok();
        let dispute = json!({"reason": "It does not work."});
        agent.post(&paths::open_dispute(posted.id), &dispute).await.ok();
        let revision = json!({"reason": "Please make another.", "unmet_requirements": []});
        agent.post(&paths::request_revision(posted.id), &revision).await.ok();
        app.advance(std::time::Duration::from_secs(1));
        submit(&operator, &posted).await;
        agent.post(&purge, &Value::Null).await.ok();
        agent.get(&path).await.refused(410, "expired");
    }

    async fn a_credential_is_not_retrieved_before_completion_or_by_another_agent(store) {
        let app = TestApp::start(store).await;
        let (agent, operator) = (app.agent().await, app.operator().await);
        let posted = claimed(&agent, &operator).await;
        let path = paths::retrieve_credential(posted.id);
        let sentence = "Credential task not found or not completed";
        assert_eq!(agent.get(&path).await.refused(404, "invalid_state"), sentence);
        submit(&operator, &posted).await;
        let other = app.agent().await;
        assert_eq!(other.get(&path).await.refused(404, "not_found"), sentence);
        assert_eq!(other.post(&path, &Value::Null).await.refused(404, "not_found"), sentence);
        let photo = agent.post_photo_task().await;
        agent.get(&paths::retrieve_credential(photo)).await.refused(404, "not_found");
    }

    async fn every_retrieval_is_written_down_whatever_it_calls_itself(store) {
        let app = TestApp::start(store).await;
        let (agent, operator) = (app.agent().await, app.operator().await);
        let posted = claimed(&agent, &operator).await;
        submit(&operator, &posted).await;
        for _ in 0..2 {
            app.advance(Duration::from_secs(1));
            let get = agent.request(Method::GET, &paths::retrieve_credential(posted.id));
            get.header("x-request-id", "the-same-again").answer().await.ok();
        }
        let log = "SELECT request_id FROM credential_access ORDER BY accessed_at_ms";
        let rows = app.app.store.read(move |tx| tx.query(log, &[])).await.unwrap();
        let ids: Vec<String> = rows.iter().map(|row| row.get("request_id").unwrap()).collect();
        assert_eq!(ids.len(), 2, "{ids:?}");
        assert!(ids.iter().all(|id| id.starts_with("the-same-again")), "{ids:?}");
    }

    async fn an_envelope_moved_to_another_task_does_not_open(store) {
        let app = TestApp::start(store).await;
        let (agent, operator) = (app.agent().await, app.operator().await);
        let (one, mut two) = (claimed(&agent, &operator).await, claimed(&agent, &operator).await);
        let envelope = sealed(&one, SECRET);
        assert!(opened(&one, &envelope).is_some());
        assert!(opened(&two, &envelope).is_none());
        // The envelope does not open even with the same key.
        two.secret_key = one.secret_key;
        assert!(opened(&two, &envelope).is_none());
    }

    async fn envelopes_that_are_not_well_formed_are_refused_field_by_field(store) {
        let app = TestApp::start(store).await;
        let (agent, operator) = (app.agent().await, app.operator().await);
        let posted = claimed(&agent, &operator).await;
        let good = sealed(&posted, SECRET);
        let changed = |field: &str, value: Value| {
            let mut envelope = good.clone();
            envelope[field] = value;
            envelope
        };
        let mut point = [4; 65];
        point[64] = 5;
        for (field, value) in [
            ("v", json!(2)),
            ("v", json!("1")),
            ("algorithm", json!("none")),
            ("ciphertext", json!("@@@")),
            ("ciphertext", json!(base64(&[0; 16]))),
            ("ciphertext", json!(base64(&vec![0; 65_536 + 16 + 1]))),
            ("iv", json!(base64(&[0; 11]))),
            ("iv", json!(base64(&[0; 13]))),
            ("ephemeralPublicKey", json!(base64(&point))),
            ("ephemeralPublicKey", json!(base64(&[0]))),
            ("ephemeralPublicKey", json!(7)),
            ("createdAt", json!("yesterday")),
            ("createdAt", json!(1_770_000_000)),
            ("algorithm", json!("")),
        ] {
            let proof = json!({"encrypted_credential": changed(field, value.clone())});
            let answer = operator.post(&paths::submit_proof(posted.id), &proof).await;
            answer.refused(400, "validation");
            let place = format!("encrypted_credential.{field}");
            assert_eq!(answer.faulty_fields(), [place], "{value}");
        }
        let beside = json!({"encrypted_credential": changed("plaintext", json!("sk_test"))});
        let answer = operator.post(&paths::submit_proof(posted.id), &beside).await;
        answer.refused(400, "validation");
        assert_eq!(answer.faulty_fields(), ["encrypted_credential"]);
        let several = json!({"encrypted_credential": {"v": 3, "algorithm": "x", "ciphertext": "",
            "iv": "!", "ephemeralPublicKey": "AA==", "createdAt": "2026-02-06T14:30:00.000Z"}});
        let answer = operator.post(&paths::submit_proof(posted.id), &several).await;
        answer.refused(400, "validation");
        let mut named = answer.faulty_fields();
        named.sort_unstable();
        let all = ["algorithm", "ciphertext", "ephemeralPublicKey", "iv", "v"];
        assert_eq!(named, all.map(|field| format!("encrypted_credential.{field}")));
        let task = operator.get(&paths::operator_task(posted.id)).await.ok();
        assert_eq!(task.text("status"), "ACCEPTED");
    }

    async fn plaintext_beside_a_credential_is_refused_and_not_repeated(store) {
        let app = TestApp::start(store).await;
        let (agent, operator) = (app.agent().await, app.operator().await);
        let posted = claimed(&agent, &operator).await;
        let proof = json!({
            "encrypted_credential": sealed(&posted, SECRET),
            "confirmation_text": "hunter2", "password": "hunter2", "result": {"api_key": "hunter2"},
        });
        let answer = operator.post(&paths::submit_proof(posted.id), &proof).await;
        answer.refused(400, "validation");
        // The first two are fields of this API. The last one stands for all other names.
        assert_eq!(answer.faulty_fields(), ["confirmation_text", "result", ""]);
        assert!(!answer.body.to_string().contains("hunter2"));
    }

    async fn an_envelope_of_ciphertext_iv_and_point_alone_is_taken_and_filled_in(store) {
        let app = TestApp::start(store).await;
        let (agent, operator) = (app.agent().await, app.operator().await);
        for left_out in [
            &["createdAt", "v", "algorithm"][..],
            &["createdAt"],
            &["v"],
            &["algorithm"],
        ] {
            let posted = claimed(&agent, &operator).await;
            let mut envelope = sealed(&posted, SECRET);
            let created_at = match left_out.contains(&"createdAt") {
                true => json!(app.now()),
                false => envelope["createdAt"].clone(),
            };
            for field in left_out {
                envelope.as_object_mut().unwrap().remove(*field);
            }
            let proof = json!({"encrypted_credential": envelope});
            operator.post(&paths::submit_proof(posted.id), &proof).await.ok();
            app.drain_jobs().await;
            app.advance(Duration::from_secs(60));
            let retrieved = agent.get(&paths::retrieve_credential(posted.id)).await.ok();
            let envelope = &retrieved.body["encrypted_credential"];
            assert_eq!(envelope["v"], Envelope::VERSION, "{left_out:?}");
            assert_eq!(envelope["algorithm"], Envelope::ALGORITHM, "{left_out:?}");
            assert_eq!(envelope["createdAt"], created_at, "{left_out:?}");
            assert_eq!(opened(&posted, envelope).as_deref(), Some(SECRET));
        }
    }

    async fn keys_that_are_no_p256_public_key_are_refused_in_a_sentence(store) {
        let app = TestApp::start(store).await;
        let agent = app.agent().await;
        let public = AgentSecretKey::generate().unwrap().public_key().to_bytes();
        let mut off_curve = public;
        off_curve[64] ^= 1;
        let jwk_private = json!({"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA", "d": "AA"});
        for key in [
            json!(""),
            json!("{}"),
            json!({"kty": "EC"}),
            jwk_private,
            json!(7),
            json!(base64(&public[..64])),
            json!(base64(&off_curve)),
            json!(base64(&[0; 32])),
            json!(base64(&[4; 97])),
            json!("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----"),
        ] {
            let answer = agent.post(paths::TASKS, &credential_task(&app, &key)).await;
            answer.refused(400, "validation");
            assert_eq!(answer.faulty_fields(), ["agent_public_key"], "{key}");
        }
        let missing = agent.post(paths::TASKS, &credential_task(&app, &Value::Null)).await;
        missing.refused(400, "validation");
        assert_eq!(missing.faulty_fields(), ["agent_public_key"]);
        assert_eq!(agent.balance().await.1, "0.00");
    }

    async fn the_public_key_is_echoed_as_it_came(store) {
        let app = TestApp::start(store).await;
        let agent = app.agent().await;
        let bytes = AgentSecretKey::generate().unwrap().public_key().to_bytes();
        let unpadded = base64(&bytes).trim_end_matches('=').replace('+', "-").replace('/', "_");
        let task = credential_task(&app, &json!(unpadded));
        let id = agent.post(paths::TASKS, &task).await.created().id("task_id");
        assert_eq!(agent.get(&paths::task(id)).await.ok().text("agent_public_key"), unpadded);
    }
}

/// Returns twenty parts of a ciphertext, each short enough to fit into one page of the database.
fn parts_of(ciphertext: &str) -> Vec<&str> {
    let step = ciphertext.len() / 20;
    let part = |nth| &ciphertext[nth * step..][..step.min(40)];
    (0..20).map(part).collect()
}

#[tokio::test]
async fn a_purged_envelope_is_nowhere_in_the_files_of_sqlite() {
    let app = TestApp::start(support::on_sqlite()).await;
    let (agent, operator) = (app.agent().await, app.operator().await);
    let list = "SELECT file FROM pragma_database_list WHERE name = 'main'";
    let row = app.app.store.read(|tx| tx.first(list, &[])).await.unwrap();
    let file: String = row.unwrap().get("file").unwrap();
    let held = |parts: &[&str]| {
        let read = |suffix| std::fs::read(format!("{file}{suffix}")).unwrap_or_default();
        let files = ["", "-wal"].map(|suffix| String::from_utf8_lossy(&read(suffix)).into_owned());
        let is_there = |part: &&&str| files.iter().any(|file| file.contains(**part));
        parts.iter().filter(is_there).count()
    };
    // One envelope shares a page with others, and two need pages of their own.
    let mut all = Vec::new();
    for length in [200, 6000, 60_000] {
        let posted = claimed(&agent, &operator).await;
        let envelope = sealed(&posted, &"s".repeat(length));
        let proof = json!({"encrypted_credential": envelope});
        let path = paths::submit_proof(posted.id);
        operator.post(&path, &proof).await.ok();
        app.drain_jobs().await;
        let ciphertext = envelope["ciphertext"].as_str().unwrap().to_owned();
        // A part may be split between two pages.
        assert!(held(&parts_of(&ciphertext)) > 10, "{length}");
        all.push((posted.id, ciphertext));
    }
    for (id, ciphertext) in &all {
        let purge = format!("{}?purge=true", paths::retrieve_credential(*id));
        let taken = agent.post(&purge, &Value::Null).await.ok();
        assert_eq!(
            taken.body["encrypted_credential"]["ciphertext"],
            json!(ciphertext)
        );
        assert_eq!(held(&parts_of(ciphertext)), 0);
    }
    // The last checkpoint does not restore anything.
    let store = app.app.store.clone();
    tokio::task::spawn_blocking(move || store.close())
        .await
        .unwrap();
    assert!(
        all.iter()
            .all(|(_, ciphertext)| held(&parts_of(ciphertext)) == 0)
    );
}
