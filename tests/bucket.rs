//! Proof files in a bucket: two servers that share a database and a bucket, but no folder.

use std::{env, fs, net::SocketAddr, path::Path, time::Duration};

use anyhow::{Context, Result, ensure};
use reqwest::{
    Client, RequestBuilder,
    multipart::{Form, Part},
};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tokio::{
    process::{Child, Command},
    time::{interval, timeout},
};

use crate::{
    cluster::Cluster,
    host::{Host, binary, free_address, fresh_folder, in_two_days},
    picture,
    sign_up::sign_up,
};

/// Timeout for the start of the bucket's server.
const START_TIME_MAX: Duration = Duration::from_secs(60);

/// Size of a file that takes three parts. S3 requires at least 5 MiB for every part but the last.
const DOCUMENT_BYTES: usize = 11 * 1024 * 1024;

#[tokio::test]
async fn servers_that_share_a_bucket_need_no_common_folder() -> Result<()> {
    let (folder, other) = (fresh_folder("bucket")?, fresh_folder("bucket-other")?);
    let bucket = Bucket::start().await?;
    let database = Cluster::start("-c fsync=off")?;
    let url = database.url("postgres");
    humanops(&["migrate"], &[("DATABASE_URL", url.clone())]).await?;
    let mut settings = bucket.settings();
    settings.push(("DATABASE_URL", url));
    let first = Host::start(&folder, free_address()?, &settings).await?;
    // The key that signs the URLs of files is all that the machines must share.
    fs::create_dir_all(other.join("data"))?;
    let key = "data/file-url.key";
    fs::copy(folder.join(key), other.join(key))?;
    let second = Host::start(&other, free_address()?, &settings).await?;

    let photo = folder.join("entrance.png");
    picture::write(&photo)?;
    let mut document = b"%PDF-1.7\n".to_vec();
    document.resize(DOCUMENT_BYTES, b' ');
    let files = [fs::read(&photo)?, document];
    let proof = proved(&first, &files).await?;
    for (address, bytes) in proof.iter().zip(&files) {
        let path = address.split_once("/api/").context("an address")?.1;
        let seen = reqwest::get(second.url(&format!("/api/{path}"))).await?;
        let seen = seen.error_for_status()?.bytes().await?;
        ensure!(
            Sha256::digest(&seen) == Sha256::digest(bytes),
            "not what was sent, but {} bytes of {}",
            seen.len(),
            bytes.len()
        );
    }
    let here = fs::read_dir(folder.join("data"))?.flatten();
    let names: Vec<_> = here.map(|entry| entry.file_name()).collect();
    ensure!(
        !names.contains(&"files".into()),
        "no file lies in {names:?}"
    );

    // A backup includes the files in the bucket, and a restore can write them into a folder.
    let archive = folder.join("archive.tar.gz");
    let archive = archive.to_str().context("a path in UTF-8")?;
    let data = folder.join("data");
    let saved = at(&["backup", archive], &data, &settings).await?;
    ensure!(saved.contains("2 proof files"), "{saved}");
    let restored = at(&["restore", archive], &folder.join("restored"), &[]).await?;
    ensure!(
        restored.contains("2 proof files") && restored.contains("The ledger is consistent."),
        "{restored}"
    );
    second.stop().await?;
    first.ends().await
}

/// Posts a task, claims it and submits files as proof. Returns the URLs of the files as the task's
/// agent sees them.
async fn proved(host: &Host, files: &[Vec<u8>]) -> Result<Vec<String>> {
    let agent = json!({"name": "Acme", "email": "acme@example.com"});
    let agent = sent(host, "agents/register", "accept", "*/*", &agent).await?;
    let agent = text(&agent, "api_key")?;
    let money = json!({"tx_hash": format!("0x{}", "1".repeat(64)), "amount_usdc": 500});
    sent(host, "agents/deposit/usdc", "x-api-key", &agent, &money).await?;
    let task = json!({
        "title": "Inspect the shop", "description": "Photograph it, and scan its licence.",
        "task_type": "INSPECTION", "proof_type": "ARTIFACT", "reward_usd": 15,
        "location": {"lat": 52.52, "lng": 13.405, "address": "Alexanderplatz 1, Berlin"},
        "proof_requirements": ["The entrance", "The licence"],
        "deadline": in_two_days(),
    });
    let task = text(
        &sent(host, "tasks", "x-api-key", &agent, &task).await?,
        "task_id",
    )?;
    let operator = json!({
        "name": "Jane Doe", "phone": "+12345678901",
        "location": {"city": "Berlin", "country": "DE"},
    });
    let operator = sign_up(host, "jane@example.com", operator).await?;
    let accept = format!("operator/tasks/{task}/accept");
    sent(host, &accept, "authorization", &operator, &json!({})).await?;
    let mut artifacts = Vec::new();
    for file in files {
        let form = Form::new().part("file", Part::bytes(file.clone()).file_name("proof"));
        let upload = Client::new().post(host.url("/api/v1/operator/upload"));
        let upload = upload.header("authorization", &operator).multipart(form);
        artifacts.push(text(&answered(upload).await?, "url")?);
    }
    let submit = format!("operator/tasks/{task}/submit");
    let proof = json!({ "artifacts": artifacts });
    sent(host, &submit, "authorization", &operator, &proof).await?;
    let view = Client::new().get(host.url(&format!("/api/v1/tasks/{task}")));
    let view = answered(view.header("x-api-key", &agent)).await?;
    let artifacts = view.pointer("/proof/artifacts").and_then(Value::as_array);
    let artifacts = artifacts.with_context(|| format!("no artifacts in {view}"))?;
    Ok((artifacts
        .iter()
        .filter_map(Value::as_str)
        .map(str::to_owned))
    .collect())
}

async fn sent(host: &Host, path: &str, header: &str, account: &str, body: &Value) -> Result<Value> {
    let request = Client::new().post(host.url(&format!("/api/v1/{path}")));
    answered(request.header(header, account).json(body)).await
}

async fn answered(request: RequestBuilder) -> Result<Value> {
    let answer = request.send().await?;
    let (status, url) = (answer.status(), answer.url().clone());
    let body: Value = answer.json().await?;
    ensure!(status.is_success(), "{url}: {status} {body}");
    Ok(body)
}

fn text(body: &Value, field: &str) -> Result<String> {
    let text = body.get(field).and_then(Value::as_str);
    Ok(text
        .with_context(|| format!("no {field} in {body}"))?
        .to_owned())
}

async fn at(words: &[&str], data: &Path, settings: &[(&'static str, String)]) -> Result<String> {
    let data = data.to_str().context("a path in UTF-8")?;
    humanops(&[words, &["--data", data]].concat(), settings).await
}

/// Runs a command of the binary to its end, and returns its output.
async fn humanops(words: &[&str], settings: &[(&'static str, String)]) -> Result<String> {
    let mut command = Command::new(binary());
    command.args(words);
    command.envs(settings.iter().map(|(name, value)| (name, value)));
    let said = command.output().await?;
    ensure!(said.status.success(), "{words:?}: {said:?}");
    Ok(String::from_utf8(said.stdout)?)
}

/// A local bucket, simulated by moto. It ends with the story.
struct Bucket {
    address: SocketAddr,
    _server: Child,
}

impl Bucket {
    async fn start() -> Result<Self> {
        let address = free_address()?;
        let program = env::var_os("MOTO_SERVER").unwrap_or_else(|| "moto_server".into());
        let server = Command::new(program)
            .args(["-H", "127.0.0.1", "-p", &address.port().to_string()])
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .context("moto_server: `cargo xtask test` installs it")?;
        let bucket = Self {
            address,
            _server: server,
        };
        timeout(START_TIME_MAX, bucket.made())
            .await
            .context("the bucket was never ready")?;
        Ok(bucket)
    }

    /// Requests the bucket until it has been created.
    async fn made(&self) {
        let mut again = interval(Duration::from_millis(50));
        let url = format!("http://{}/proofs", self.address);
        loop {
            again.tick().await;
            let made = Client::new().put(&url).send().await;
            if made.is_ok_and(|made| made.status().is_success()) {
                return;
            }
        }
    }

    /// Returns the settings with which a server uses the bucket.
    fn settings(&self) -> Vec<(&'static str, String)> {
        vec![
            ("FILES_URL", "s3://proofs/market".to_owned()),
            ("AWS_ACCESS_KEY_ID", "us".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "our secret".to_owned()),
            ("AWS_REGION", "us-east-1".to_owned()),
            ("AWS_ENDPOINT", format!("http://{}", self.address)),
            ("AWS_ALLOW_HTTP", "true".to_owned()),
        ]
    }
}
