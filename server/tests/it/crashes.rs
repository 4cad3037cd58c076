//! The binary as a host runs it: killed during its work, started again, and with bounded memory
//! whatever it receives.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use api_types::{TaskId, paths};
use jpeg_encoder::{ColorType, Encoder};
use reqwest::multipart::{Form, Part};
use reqwest::{Client, Method, RequestBuilder};
use serde_json::{Value, json};
use server::clock::{Clock, SystemClock};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

use crate::harness::{ADMIN_KEY, Answer, Ask};
use crate::process;

/// Timeout that is shorter than the lease of a job, and long enough for a request or a simulated
/// task.
const SOON: Duration = Duration::from_secs(15);

/// A server in a process of its own, with a client.
struct ServerWithClient {
    process: process::Server,
    client: Client,
}

impl ServerWithClient {
    /// Starts a server on this folder, and waits until it responds.
    async fn start(data: &Path, arguments: &[&str]) -> Self {
        let mut all = vec!["--admin-key", ADMIN_KEY, "--allow-http-targets=true"];
        all.extend(["--target-ports", "1-65535"]);
        all.extend(["--allow-private-targets", "127.0.0.0/8"]);
        all.extend(arguments);
        Self {
            process: process::Server::start_on(data, Stdio::null(), &all).await,
            client: process::client(),
        }
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client
            .request(method, format!("{}{path}", self.process.origin))
    }

    async fn host(&self, method: Method, path: &str) -> Answer {
        let request = self.request(method, path).header("x-admin-key", ADMIN_KEY);
        request.answer().await.ok()
    }

    /// Registers an agent, and returns its key.
    async fn agent(&self) -> String {
        let body = json!({"name": "agent", "email": "agent@example.com"});
        let request = self
            .request(Method::POST, paths::REGISTER_AGENT)
            .json(&body);
        request.answer().await.created().text("api_key")
    }

    async fn post(&self, key: &str, path: &str, body: &Value) -> Answer {
        let request = self.request(Method::POST, path).header("x-api-key", key);
        request.json(body).answer().await
    }

    /// Registers an operator, and returns the id.
    async fn operator(&self) -> String {
        let body = json!({"name": "Jane Doe", "email": "operator@example.com"});
        let request = self.request(Method::POST, paths::REGISTER_OPERATOR);
        let registered = request.json(&body).answer().await.created();
        registered.text("operator_id")
    }

    fn by_operator(&self, operator: &str, path: &str) -> RequestBuilder {
        self.request(Method::POST, path)
            .header("x-operator-id", operator)
    }

    /// Posts a real, paid task, and has the operator claim it.
    async fn claimed(&self, key: &str, operator: &str, task: &Value) -> TaskId {
        let deposit = json!({"tx_hash": format!("0x{:064x}", 7), "amount_usdc": 1000});
        self.post(key, paths::DEPOSIT_USDC, &deposit)
            .await
            .created();
        let mut task = task.clone();
        task["sandbox"] = json!(false);
        let posted = self.post(key, paths::TASKS, &task).await.created();
        let id = posted.id("task_id");
        let accept = self.by_operator(operator, &paths::accept_task(id));
        accept.json(&json!({})).answer().await.ok();
        id
    }

    /// Returns the peak memory of the process in bytes.
    fn peak_memory(&self) -> u64 {
        let path = format!("/proc/{}/status", self.process.id());
        let status = std::fs::read_to_string(path).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kilobytes = line.unwrap().trim().trim_end_matches("kB").trim();
        kilobytes.parse::<u64>().unwrap() * 1024
    }
}

fn confirmation_task() -> Value {
    json!({
        "title": "Is the shop open?",
        "description": "Look at the door and say when it is open.",
        "location": {"lat": 52.52, "lng": 13.405, "address": "1 Main Street"},
        "reward_usd": 10,
        "deadline": SystemClock.now().after(Duration::from_secs(24 * 60 * 60)),
        "proof_requirements": ["The hours are given"],
        "task_type": "VERIFICATION",
        "proof_type": "CONFIRMATION",
    })
}

async fn next_call(hook: &TcpListener) -> TcpStream {
    timeout(SOON, hook.accept()).await.unwrap().unwrap().0
}

async fn answer_it(mut call: TcpStream) {
    let mut request = vec![0; 4096];
    assert_ne!(call.read(&mut request).await.unwrap(), 0);
    let answer = b"HTTP/1.1 204 No Content\r\n\r\n";
    call.write_all(answer).await.unwrap();
}

async fn failed_jobs(server: &ServerWithClient) -> Vec<Value> {
    let listed = server.host(Method::GET, paths::FAILED_JOBS).await;
    listed.body["data"].as_array().unwrap().clone()
}

#[tokio::test]
async fn a_job_of_a_killed_server_runs_at_once_and_is_set_aside_after_the_second_time() {
    let folder = tempfile::tempdir().unwrap();
    let hook = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let start = || ServerWithClient::start(folder.path(), &["--sandbox-step-seconds", "3600"]);

    let server = start().await;
    let key = server.agent().await;
    let mut task = confirmation_task();
    task["callback_url"] = json!(format!("http://{}/", hook.local_addr().unwrap()));
    task["webhook_style"] = json!("all");
    server.post(&key, paths::TASKS, &task).await.created();
    let _first = next_call(&hook).await;
    server.process.kill().await;

    let server = start().await;
    let _second = next_call(&hook).await;
    server.process.kill().await;

    let server = start().await;
    let set_aside = async {
        loop {
            if let Some(job) = failed_jobs(&server).await.pop() {
                return job;
            }
        }
    };
    let job = timeout(SOON, set_aside).await.unwrap();
    assert_eq!(job["kind"], "deliver_webhook");
    let why = job["last_error"].as_str().unwrap();
    assert!(why.contains("ended twice while it ran"), "{why}");

    let retry = paths::retry_job(job["job_id"].as_str().unwrap());
    server.host(Method::POST, &retry).await;
    answer_it(next_call(&hook).await).await;
    assert_eq!(failed_jobs(&server).await, Vec::<Value>::new());
}

/// Each of these bodies has a few kilobytes and causes millions of faults.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_schema_whose_faults_multiply_takes_little_memory() {
    const MEMORY_MAX: u64 = 48 * 1024 * 1024;
    let folder = tempfile::tempdir().unwrap();
    let server = ServerWithClient::start(folder.path(), &["--sandbox-step-seconds", "0"]).await;
    let key = server.agent().await;
    let operator = server.operator().await;
    let simulated = async |task: &Value| {
        let posted = server.post(&key, paths::TASKS, task).await.created();
        let path = paths::task(posted.id("task_id"));
        let completed = async {
            loop {
                let read = server.request(Method::GET, &path).header("x-api-key", &key);
                if read.answer().await.ok().text("status") == "COMPLETED" {
                    return;
                }
            }
        };
        timeout(SOON, completed).await.unwrap();
    };
    simulated(&confirmation_task()).await;
    let before = server.peak_memory();

    let mut task = confirmation_task();
    task["result_schema"] = json!({
        "items": {"allOf": vec![json!(false); 900]},
        "examples": [vec![1; 4300]],
    });
    simulated(&task).await;

    task["result_schema"] = json!({"items": {"allOf": vec![json!(false); 400]}});
    let task = server.claimed(&key, &operator, &task).await;
    let proof = json!({
        "confirmation_text": "It is open from nine to five, as the door says.",
        "result": vec![1; 32_000],
    });
    let request = server.by_operator(&operator, &paths::submit_proof(task));
    let refused = request.json(&proof).answer().await;
    refused.refused(400, "schema_validation_failed");
    assert_eq!(refused.faulty_fields(), ["result"]);
    let grown = server.peak_memory() - before;
    assert!(grown < MEMORY_MAX, "{} MiB", grown >> 20);
}

/// The pixels of the picture take 150 MB.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_large_photo_is_measured_in_little_memory() {
    const MEMORY_MAX: u64 = 96 * 1024 * 1024;
    let (width, height) = (8192_u16, 6144_u16);
    let stripes = [
        [40, 80, 160].repeat(width.into()),
        [200; 3].repeat(width.into()),
    ];
    let rows = (0..usize::from(height)).flat_map(|row| &stripes[row / 1024 % 2]);
    let pixels: Vec<u8> = rows.copied().collect();
    let mut photo = Vec::new();
    Encoder::new(&mut photo, 60)
        .encode(&pixels, width, height, ColorType::Rgb)
        .unwrap();
    drop(pixels);

    let folder = tempfile::tempdir().unwrap();
    let server = ServerWithClient::start(folder.path(), &[]).await;
    let (key, operator) = (server.agent().await, server.operator().await);
    let mut task = confirmation_task();
    task["proof_type"] = json!("PHOTO");
    let task = server.claimed(&key, &operator, &task).await;
    let form = Form::new()
        .text("task_id", task.to_string())
        .part("file", Part::bytes(photo));
    let upload = server.by_operator(&operator, paths::UPLOAD).multipart(form);
    let upload = upload.answer().await.created();
    let before = server.peak_memory();
    let proof = json!({"photos": [upload.text("url")]});
    let submit = server.by_operator(&operator, &paths::submit_proof(task));
    submit.json(&proof).answer().await.ok();
    let path = paths::task(task);
    let judged = async {
        loop {
            let read = server.request(Method::GET, &path).header("x-api-key", &key);
            let read = read.answer().await.ok();
            if read.text("status") != "SUBMITTED" {
                return read.body["guardian_result"].clone();
            }
        }
    };
    let result = timeout(Duration::from_secs(60), judged).await.unwrap();
    let note = &result["requirement_results"][0]["note"];
    assert!(
        note.as_str().unwrap().contains("can be decoded"),
        "{result}"
    );
    let grown = server.peak_memory() - before;
    assert!(grown < MEMORY_MAX, "{} MiB", grown >> 20);
}
