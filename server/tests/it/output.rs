//! Standard output and standard error that are closed, full, or not read. Log lines may be lost,
//! but no response and no command's work.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use api_types::paths;
use reqwest::Client;
use serde_json::{Value, json};
use server::http::{self, openapi::SerializedDocument};
use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe;
use tokio::process::Child;

use crate::process::{Server, WITHIN, client, free_address};

/// Number of lines that exceeds the 64 KiB of a pipe.
const LINES: usize = 700;

fn full_disk() -> Stdio {
    File::options()
        .write(true)
        .open("/dev/full")
        .unwrap()
        .into()
}

fn without_reader() -> Stdio {
    let (_, writer) = std::io::pipe().unwrap();
    writer.into()
}

/// Sends requests of every kind, and checks that each is answered and has taken effect.
async fn answers_everything(server: &Server) {
    let client = client();
    let at = |path: &str| format!("{}{path}", server.origin);
    for _ in 0..LINES {
        let refused = client.get(at(paths::TASKS)).send().await.unwrap();
        assert_eq!(refused.status(), 401);
    }
    let key = register(&client, &server.origin).await;
    let me = client.get(at(paths::ME)).header("x-api-key", key);
    assert_eq!(me.send().await.unwrap().status(), 200);
}

async fn register(client: &Client, origin: &str) -> String {
    let body = json!({"name": "agent", "email": "agent@example.com"});
    let request = client.post(format!("{origin}{}", paths::REGISTER_AGENT));
    let registered = request.json(&body).send().await.unwrap();
    assert_eq!(registered.status(), 201);
    let registered: Value = registered.json().await.unwrap();
    registered["api_key"].as_str().unwrap().to_owned()
}

async fn serves_and_stops(stderr: Stdio, format: &str) {
    let server = Server::start(stderr, &["--log-format", format]).await;
    answers_everything(&server).await;
    assert!(server.stop().await.success());
}

#[tokio::test]
async fn a_request_is_answered_though_nobody_reads_the_log_any_more() {
    for format in ["text", "json"] {
        serves_and_stops(without_reader(), format).await;
    }
}

#[tokio::test]
async fn a_request_is_answered_though_the_disk_of_the_log_is_full() {
    for format in ["text", "json"] {
        serves_and_stops(full_disk(), format).await;
    }
}

#[tokio::test]
async fn a_request_is_answered_though_the_logs_pipe_is_full_and_not_read() {
    for format in ["text", "json"] {
        let (_held, writer) = std::io::pipe().unwrap();
        serves_and_stops(writer.into(), format).await;
    }
}

#[tokio::test]
async fn a_request_is_answered_though_the_logs_non_blocking_pipe_is_full() {
    for format in ["text", "json"] {
        let (writer, _held) = pipe::pipe().unwrap();
        serves_and_stops(writer.into_nonblocking_fd().unwrap().into(), format).await;
    }
}

#[tokio::test]
async fn lines_of_the_log_that_are_lost_are_counted() {
    let address = free_address();
    let server = Server::start(full_disk(), &["--metrics-listen", &address]).await;
    let client = client();
    let begun = Instant::now();
    let lost = async || {
        let metrics = client.get(format!("http://{address}/metrics"));
        let metrics = metrics.send().await.unwrap().text().await.unwrap();
        let mut lines = metrics.lines();
        lines.any(|line| {
            let count = line.strip_prefix("humanops_log_lines_lost_total ");
            count.is_some_and(|count| count != "0")
        })
    };
    while !lost().await {
        assert!(begun.elapsed() < Duration::from_secs(20), "none is counted");
    }
    assert!(server.stop().await.success());
}

#[tokio::test]
async fn a_stop_writes_every_line_of_the_log() {
    let (mut log, writer) = std::io::pipe().unwrap();
    let read = std::thread::spawn(move || {
        let mut text = String::new();
        log.read_to_string(&mut text).unwrap();
        text
    });
    let server = Server::start(writer.into(), &["--log-format", "json"]).await;
    answers_everything(&server).await;
    assert!(server.stop().await.success());
    let text = read.join().unwrap();
    let lines = text.lines().map(serde_json::from_str::<Value>);
    let lines: Vec<_> = lines.map(Result::unwrap).collect();
    let answered = |line: &&Value| line["status"] == 401;
    assert_eq!(lines.iter().filter(answered).count(), LINES);
    assert_eq!(lines.last().unwrap()["message"], "stopped");
}

fn humanops(data: &Path, line: &[&str], stdout: Stdio, stderr: Stdio) -> Output {
    let mut process = Command::new(env!("CARGO_BIN_EXE_humanops"));
    process
        .args(line)
        .env("DATA_DIR", data)
        .env_remove("DATABASE_URL");
    let started = process.stdout(stdout).stderr(stderr).spawn();
    started.unwrap().wait_with_output().unwrap()
}

/// Runs a command whose report cannot be written, which must not affect its work.
fn does(data: &Path, line: &[&str], broken: fn() -> Stdio) {
    let output = humanops(data, line, broken(), broken());
    assert!(output.status.success(), "{line:?}: {}", output.status);
}

#[test]
fn a_command_does_its_work_though_its_output_is_gone() {
    for broken in [full_disk, without_reader] {
        let folder = tempfile::tempdir().unwrap();
        let (data, other) = (folder.path().join("data"), folder.path().join("other"));
        let archive = folder.path().join("saved.tar.gz");
        let archive = archive.to_str().unwrap();
        does(&data, &["migrate"], broken);
        does(&data, &["admin", "task-types", "off", "PHOTO"], broken);
        does(&data, &["admin", "ledger"], broken);
        does(&data, &["check-ledger"], broken);
        does(&data, &["backup", archive], broken);
        does(&other, &["restore", archive], broken);
        let list = ["admin", "task-types", "list", "--json"];
        let restored = humanops(&other, &list, Stdio::piped(), Stdio::piped());
        let switches: Value = serde_json::from_slice(&restored.stdout).unwrap();
        assert!(
            switches.to_string().contains("\"PHOTO\":\"off\""),
            "{switches}"
        );
        let again = humanops(&other, &["restore", archive], broken(), broken());
        assert_eq!(again.status.code(), Some(1));
    }
}

#[test]
fn a_command_whose_answer_cannot_be_written_says_so_and_fails() {
    for broken in [full_disk, without_reader] {
        let folder = tempfile::tempdir().unwrap();
        does(folder.path(), &["migrate"], broken);
        for line in [
            &["openapi"][..],
            &["--help"],
            &["admin", "audit"],
            &["admin", "operators", "list"],
            &["admin", "task-types", "list", "--json"],
        ] {
            let output = humanops(folder.path(), line, broken(), Stdio::piped());
            let said = String::from_utf8(output.stderr).unwrap();
            assert_eq!(output.status.code(), Some(1), "{line:?}: {said}");
            assert!(said.contains("could not be written"), "{line:?}: {said}");
            assert!(!said.contains("panicked"), "{said}");
        }
    }
}

/// Returns a pipe that is full, and the number of bytes in it.
async fn full_pipe() -> (pipe::Sender, pipe::Receiver, usize) {
    let (writer, reader) = pipe::pipe().unwrap();
    writer.writable().await.unwrap();
    let mut filled = 0;
    while let Ok(taken) = writer.try_write(&[b' '; 4096]) {
        filled += taken;
    }
    (writer, reader, filled)
}

/// Starts `humanops openapi`, whose main thread waits for nothing but its output.
fn print_document(stdout: Stdio, stderr: Stdio) -> Child {
    let mut process = tokio::process::Command::new(env!("CARGO_BIN_EXE_humanops"));
    process.arg("openapi").stdout(stdout).stderr(stderr);
    process.kill_on_drop(true).spawn().unwrap()
}

/// Reads all that a process writes to a full pipe. The reader is slow: it begins when the process
/// waits for it, or has ended.
async fn read_slowly(mut process: Child, mut reader: pipe::Receiver, filled: usize) -> String {
    let stat = format!("/proc/{}/stat", process.id().unwrap());
    let begun = Instant::now();
    while process.try_wait().unwrap().is_none() && !is_asleep(&stat) {
        assert!(
            begun.elapsed() < WITHIN,
            "the command neither waits nor ends"
        );
        tokio::task::yield_now().await;
    }
    let mut read = Vec::new();
    let end = reader.read_to_end(&mut read);
    tokio::time::timeout(WITHIN, end).await.unwrap().unwrap();
    String::from_utf8(read.split_off(filled)).unwrap()
}

/// Returns whether the main thread of a process waits for something.
fn is_asleep(stat: &str) -> bool {
    let stat = std::fs::read_to_string(stat).unwrap();
    let (_, after_name) = stat.rsplit_once(") ").unwrap();
    after_name.starts_with('S')
}

#[tokio::test]
async fn a_command_ends_when_a_slow_reader_has_the_last_line_of_its_errors() {
    let (writer, reader, filled) = full_pipe().await;
    let stderr = writer.into_blocking_fd().unwrap();
    let process = print_document(full_disk(), stderr.into());
    let said = read_slowly(process, reader, filled).await;
    assert!(
        said.contains("could not be written") && said.ends_with('\n'),
        "{said:?}"
    );
}

#[tokio::test]
async fn an_answer_reaches_a_slow_reader_of_a_full_non_blocking_pipe_whole() {
    let (writer, reader, filled) = full_pipe().await;
    let stdout = writer.into_nonblocking_fd().unwrap();
    let process = print_document(stdout.into(), Stdio::null());
    let printed = SerializedDocument::of(&http::document().unwrap()).unwrap();
    let read = read_slowly(process, reader, filled).await;
    assert!(read.as_bytes() == printed.json(), "{} bytes", read.len());
}
