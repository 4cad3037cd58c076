//! Settings from the environment: how the binary reads its variables, and what it logs at start.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use api_types::paths;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStderr, Command};

use crate::harness::ADMIN_KEY;

/// Timeout of the start of a debug build on a busy machine.
const STARTS_WITHIN: Duration = Duration::from_secs(60);

/// Returns the command `humanops serve` with these variables and no others.
fn serve(data: &Path, variables: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_humanops"));
    command
        .arg("serve")
        .arg("--data")
        .arg(data)
        .env_clear()
        .envs(variables.iter().copied())
        .kill_on_drop(true);
    command
}

/// A server that listens, and its log until then.
struct StartedServer {
    origin: String,
    said: String,
    // The log stays open; a server whose log is not read is tested elsewhere.
    log: Lines<BufReader<ChildStderr>>,
    _server: Child,
    _folder: TempDir,
}

async fn start(variables: &[(&str, &str)]) -> StartedServer {
    let folder = tempfile::tempdir().unwrap();
    let mut server = serve(folder.path(), variables)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut log = BufReader::new(server.stderr.take().unwrap()).lines();
    let mut said = String::new();
    let listening = async {
        loop {
            let line = log.next_line().await.unwrap();
            let line = line.unwrap_or_else(|| panic!("it ended: {said}"));
            said.push_str(&line);
            said.push('\n');
            if let Some((_, origin)) = line.split_once("listening on ") {
                break origin.to_owned();
            }
        }
    };
    let listening = tokio::time::timeout(STARTS_WITHIN, listening);
    StartedServer {
        origin: listening.await.unwrap(),
        said,
        log,
        _server: server,
        _folder: folder,
    }
}

/// Returns the error with which a server with these variables refuses to start.
async fn refused(variables: &[(&str, &str)]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let ended = serve(folder.path(), variables).output();
    let ended = tokio::time::timeout(STARTS_WITHIN, ended).await;
    let ended = ended.unwrap_or_else(|_| panic!("it serves with {variables:?}"));
    let ended = ended.unwrap();
    let said = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert!(!ended.status.success(), "{variables:?}: {said}");
    said
}

#[tokio::test]
async fn variables_from_mounted_files_and_empty_templates_are_taken() {
    let key = format!("{ADMIN_KEY}\n");
    let server = start(&[
        ("LISTEN", " localhost:0\n"),
        ("ADMIN_KEY", &key),
        ("ALLOW_PRIVATE_TARGETS", "10.0.0.0/8,\n fd00::/8\n"),
        ("DATABASE_URL", ""),
        ("FILES_URL", "\n"),
        ("KYC", ""),
        ("METRICS_LISTEN", " "),
        ("PUBLIC_URL", ""),
        ("SETTLEMENT_HOLD_DAYS", ""),
        ("TRUSTED_PROXIES", "10.0.0.0/8, fd00::/8\r\n"),
    ])
    .await;
    assert!(
        server.origin.starts_with("http://127.0.0.1:"),
        "{}",
        server.origin
    );
    let address = format!("{}{}", server.origin, paths::CHECK_LEDGER);
    let request = reqwest::Client::new()
        .get(address)
        .header("x-admin-key", ADMIN_KEY);
    assert_eq!(request.send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn a_value_that_can_never_match_is_refused_at_start_in_a_sentence() {
    let spaced = "a host key of more than thirty-two characters";
    for (name, value, sentence) in [
        ("ADMIN_KEY", spaced, "cannot be sent in a header"),
        ("KYC_WEBHOOK_SECRET", "canary", "at least 16 characters"),
        ("LISTEN", "localhost", "such as 127.0.0.1:8787"),
        ("PUBLIC_URL", "tasks.example.com", "http:// or https://"),
        ("TRUSTED_PROXIES", "10.1.2.3/8", "must be zero"),
        ("FORWARDED_HEADER", "x real ip", "x-forwarded-for"),
        ("CONNECTIONS_MAX", "0", "0 is not in 1.."),
    ] {
        let said = refused(&[("LISTEN", "127.0.0.1:0"), (name, value)]).await;
        assert!(said.contains(sentence), "{name}: {said}");
        let secret = ["ADMIN_KEY", "KYC_WEBHOOK_SECRET"].contains(&name);
        assert!(!secret || !said.contains(value), "{name}: {said}");
    }
}

/// The check resolves the name, and does not depend on how it is written.
#[tokio::test]
async fn the_development_header_is_judged_by_the_addresses_of_a_name() {
    let header = ("ALLOW_DEV_OPERATOR_ID_HEADER", "true");
    let server = start(&[header, ("LISTEN", "localhost:0")]).await;
    assert!(
        server.origin.starts_with("http://127.0.0.1:"),
        "{}",
        server.origin
    );
    let said = refused(&[header, ("LISTEN", "0.0.0.0:0")]).await;
    assert!(said.contains("listen on 127.0.0.1"), "{said}");
}

#[tokio::test]
async fn a_host_is_told_at_start_what_suits_development_alone() {
    let told = [
        "Money is test money",
        "Operators are approved automatically",
        "No mail leaves this machine",
        "everybody on this machine can act as any operator",
    ];
    let listen = ("LISTEN", "127.0.0.1:0");
    let header = ("ALLOW_DEV_OPERATOR_ID_HEADER", "true");
    let mail = [
        ("SMTP_URL", "smtps://mail.example.com"),
        ("MAIL_FROM", "HumanOps <mail@example.com>"),
    ];
    for (variables, expected) in [
        (&[listen][..], [true, true, true, false]),
        (&[listen, header], [true, true, true, true]),
        (&[listen, mail[0], mail[1]], [true, true, false, false]),
        (&[listen, ("PAYMENTS", "base")], [false, true, true, false]),
        (&[listen, ("KYC", "manual")], [true, false, true, false]),
        (&[listen, ("LOG_FORMAT", "json")], [true, true, true, false]),
    ] {
        let said = start(variables).await.said;
        assert_eq!(
            told.map(|sentence| said.contains(sentence)),
            expected,
            "{said}"
        );
    }
}

#[tokio::test]
async fn a_host_is_told_at_start_what_the_public_url_lacks() {
    let told = ["PUBLIC_URL is plain http", "cannot sign in at the proxy"];
    let listen = ("LISTEN", "127.0.0.1:0");
    let proxies = ("TRUSTED_PROXIES", "127.0.0.1");
    let at = |url| ("PUBLIC_URL", url);
    for (variables, expected) in [
        (&[listen][..], [false, false]),
        (&[listen, proxies], [false, true]),
        (&[listen, proxies, at("http://localhost:9")], [false, true]),
        (&[listen, at("http://tasks.example.com")], [true, false]),
        (&[listen, proxies, at("http://10.0.0.7:9")], [true, false]),
        (
            &[listen, proxies, at("https://127.0.0.1:9")],
            [false, false],
        ),
    ] {
        let server = start(variables).await;
        let (said, own) = (&server.said, &server.origin);
        assert_eq!(
            told.map(|sentence| said.contains(sentence)),
            expected,
            "{said}"
        );
        let url = variables.iter().find(|(name, _)| *name == "PUBLIC_URL");
        let url = url.map_or(own.as_str(), |(_, url)| url);
        assert!(
            said.contains(&format!("clients reach this server at {url}")),
            "{said}"
        );
    }
}

#[tokio::test]
async fn a_host_is_told_once_of_a_proxy_that_is_not_listed() {
    for (variables, expected) in [
        (&[("LISTEN", "127.0.0.1:0")][..], 1),
        (
            &[("LISTEN", "127.0.0.1:0"), ("TRUSTED_PROXIES", "127.0.0.1")],
            0,
        ),
    ] {
        let mut server = start(variables).await;
        for _ in 0..2 {
            let address = format!("{}{}", server.origin, paths::OPERATOR_PROFILE);
            let request = reqwest::Client::new().get(address);
            let request = request.header("x-forwarded-for", "203.0.113.9");
            assert_eq!(request.send().await.unwrap().status(), 401);
        }
        let (mut answers, mut warnings) = (0, 0);
        while answers < 2 {
            let line = server.log.next_line().await.unwrap().unwrap();
            answers += usize::from(line.contains("status=401"));
            warnings += usize::from(line.contains("Set TRUSTED_PROXIES=127.0.0.1"));
        }
        assert_eq!(warnings, expected);
    }
}
