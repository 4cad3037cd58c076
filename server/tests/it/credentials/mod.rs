//! Credentials: sealed for one task and one key, stored unread, retrieved by their agent (contract
//! §5). The files of this folder share the credential tasks, sealing and opening.

mod envelopes;
mod public_keys;
mod purge;
mod retrieval;

use api_types::{AgentId, OperatorId, TaskId, paths};
use crypto_wasm::{AgentPublicKey, AgentSecretKey, Envelope, EnvelopeText};
use serde_json::{Value, json};

use crate::harness::{Caller, TestApp, photo_task};

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
