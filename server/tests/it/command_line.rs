//! The host's commands: the same decisions and the same audit log as over HTTP, on the database
//! itself, also while a server runs.

use std::path::Path;
use std::process::{Command as Process, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use api_types::{AgentId, Timestamp, agent::RegisterAgent, paths};
use serde_json::{Value, json};
use server::clock::{SeededEntropy, SystemClock};
use server::command_line;
use server::command_line::{Cli, Command};
use server::config::FILES;
use server::store::{Store, StoreError, Tx, agents, shared_settings};

use crate::admin::disputed;
use crate::harness::{TestApp, photo_task};
use crate::moves::Pair;
use crate::process::Server;
use crate::sessions::Device;
use crate::support::{self, on_both_databases};

/// Runs `humanops admin …` on this server's database. Returns its output or its error.
async fn admin(app: &TestApp, line: &[&str]) -> Result<String, String> {
    let line = ["humanops", "admin"].iter().chain(line);
    let Command::Admin(asked) = Cli::read(line, &|_| None).unwrap().command else {
        panic!("no command of the host");
    };
    let (entropy, mut out) = (SeededEntropy::new(11), Vec::new());
    let store = &app.app.store;
    let ran = command_line::run(*asked, store, &SystemClock, &entropy, &mut out).await;
    ran.map_err(|error| format!("{error:#}"))?;
    Ok(String::from_utf8(out).unwrap())
}

async fn admin_json(app: &TestApp, line: &[&str]) -> Value {
    let line: Vec<_> = line.iter().chain(&["--json"]).copied().collect();
    serde_json::from_str(&admin(app, &line).await.unwrap()).unwrap()
}

on_both_databases! {
    async fn an_operator_is_approved_on_the_command_line(store) {
        let app = TestApp::start_with(store, &["--kyc", "manual"]).await;
        let (agent, operator) = (app.agent().await, app.operator().await);
        let task = agent.post_photo_task().await;
        let waiting = admin(&app, &["operators", "list", "--kyc", "pending"]).await.unwrap();
        assert!(waiting.starts_with("OPERATOR"), "{waiting}");
        assert!(waiting.contains(&operator.id.to_string()), "{waiting}");
        let id = operator.id.to_string();
        let approve = ["operators", "approve", &id, "--note", "passport seen"];
        let shown = admin(&app, &approve).await.unwrap();
        assert!(shown.contains("APPROVED") && shown.contains("passport seen"), "{shown}");
        operator.accept(task).await;
        let record = admin_json(&app, &["audit", "--subject", &id]).await;
        assert_eq!((&record[0]["who"], &record[0]["action"], &record[0]["request_id"]),
            (&json!("command line"), &json!("kyc.approve"), &json!(null)));
        assert_eq!(record[0]["details"], json!("passport seen"));
        let listed = admin_json(&app, &["operators", "list"]).await;
        assert_eq!(listed[0]["kyc_status"], json!("APPROVED"));
        let rejected = admin_json(&app, &["operators", "reject", &id]).await;
        assert_eq!(rejected["kyc_status"], json!("REJECTED"));
        let nobody = ["operators", "approve", "op_01KB0000000000000000000000"];
        assert!(admin(&app, &nobody).await.unwrap_err().contains("no such operator"));
    }

    async fn a_task_type_is_switched_on_the_command_line(store) {
        let app = TestApp::start(store).await;
        let agent = app.agent().await;
        let off = admin(&app, &["task-types", "off", "photo", "DELIVERY"]).await.unwrap();
        assert!(off.contains("PHOTO:") && off.contains("off"), "{off}");
        agent.post(paths::TASKS, &photo_task(&app)).await.refused(422, "rule_violation");
        admin(&app, &["task-types", "on", "PHOTO"]).await.unwrap();
        agent.post_photo_task().await;
        let all = admin_json(&app, &["task-types", "list"]).await;
        assert_eq!((&all["PHOTO"], &all["DELIVERY"]), (&json!("on"), &json!("off")));
    }

    async fn a_new_key_signs_after_it_was_rotated_on_the_command_line(store) {
        let app = TestApp::start(store).await;
        let keys = async || {
            let set = app.get("/.well-known/jwks.json").await.ok();
            set.body["keys"].as_array().unwrap().iter().map(|key| key["kid"].clone()).collect::<Vec<_>>()
        };
        let first = admin_json(&app, &["rotate-keys"]).await;
        assert_eq!(keys().await, [first["kid"].clone()]);
        let record = admin_json(&app, &["audit"]).await;
        assert_eq!((&record[0]["action"], &record[0]["subject"]), (&json!("signing_key.rotate"), &first["kid"]));
    }

    async fn tokens_that_a_stranger_makes_with_a_copied_key_are_revoked(store) {
        let app = TestApp::start_with(store, &["--allow-dev-operator-id-header=false"]).await;
        let phone = Device::sign_in(&app, "jane@example.com").await;
        phone.get(paths::SESSIONS).await.ok();
        admin(&app, &["rotate-keys", "--revoke"]).await.unwrap();
        phone.get(paths::SESSIONS).await.refused(401, "unauthorized");
        let renewed = Device::of(&app, &phone.refresh().await.ok());
        renewed.get(paths::SESSIONS).await.ok();
    }

    async fn a_key_that_signs_no_more_is_in_no_later_backup(store) {
        let app = TestApp::start(store).await;
        let phone = Device::sign_in(&app, "jane@example.com").await;
        admin(&app, &["rotate-keys"]).await.unwrap();
        let stored = |tx: &mut Tx<'_>| {
            let sql = "SELECT private_key FROM signing_key ORDER BY retired_at_ms IS NULL";
            let rows = tx.query(sql, &[])?;
            rows.iter().map(|row| row.get("private_key")).collect::<Result<Vec<Vec<u8>>, _>>()
        };
        let keys = app.app.store.read(stored).await.unwrap();
        assert_eq!(keys.iter().map(Vec::is_empty).collect::<Vec<_>>(), [true, false]);
        // Its tokens are verified until they expire.
        phone.get(paths::SESSIONS).await.ok();
    }

    async fn a_delivery_is_seen_and_sent_again_on_the_command_line(store) {
        // No server listens on this port.
        let reached = ["--allow-private-targets", "127.0.0.0/8", "--target-ports", "1"];
        let app = TestApp::start_with(store, &reached).await;
        let further = json!({"callback_url": "https://127.0.0.1:1/hook", "webhook_style": "all"});
        let pair = Pair::with(&app, further).await;
        let told = admin_json(&app, &["deliveries", "list"]).await;
        assert_eq!((&told[0]["event"], &told[0]["task_id"]), (&json!("task.created"), &json!(pair.task)));
        let again = ["deliveries", "redeliver", told[0]["id"].as_str().unwrap()];
        assert!(admin(&app, &again).await.unwrap().contains("PENDING"));
        let record = admin_json(&app, &["audit"]).await;
        assert_eq!(record[0]["action"], "delivery.redeliver");
        app.drain_jobs().await;
        let nobody = ["deliveries", "redeliver", "whd_01KB0000000000000000000000"];
        assert!(admin(&app, &nobody).await.unwrap_err().contains("no such delivery"));
    }

    async fn agents_books_and_failed_work_are_seen_on_the_command_line(store) {
        let app = TestApp::start(store).await;
        let (agent, operator) = (app.agent().await, app.operator().await);
        let task = agent.post_confirmation_task().await;
        operator.accept(task).await;
        operator.confirm(task).await;
        let agents = admin(&app, &["agents", "list", "--search", "agent"]).await.unwrap();
        assert!(agents.contains("STANDARD") && agents.contains("970.50"), "{agents}");
        let one = admin_json(&app, &["agents", "show", &agent.id.to_string()]).await;
        assert_eq!(one["tasks"], json!(1));
        let books = admin_json(&app, &["ledger"]).await;
        assert_eq!((&books["ok"], &books["transfers"]), (&json!(true), &json!(2)));
        app.fail_jobs("the disk is full").await;
        let failed = admin_json(&app, &["jobs", "list"]).await;
        let retry = ["jobs", "retry", failed[0]["job_id"].as_str().unwrap()];
        admin(&app, &retry).await.unwrap();
        assert!(admin(&app, &retry).await.unwrap_err().contains("no such failed job"));
    }

    async fn a_dispute_is_resolved_on_the_command_line(store) {
        let app = TestApp::start_with(store, &["--guardian-rules-may-approve=false"]).await;
        let (agent, operator) = (app.agent().await, app.operator().await);
        let task = disputed(&app, &agent, &operator).await;
        let open = admin_json(&app, &["disputes", "list", "--open"]).await;
        let id = open[0]["dispute_id"].as_str().unwrap();
        let refused = ["disputes", "resolve", id, "split", "--note", "x"];
        assert!(admin(&app, &refused).await.unwrap_err().contains("operator_usd"));
        let split = ["disputes", "resolve", id, "split", "--operator-usd", "10", "--note", "half"];
        let resolved = admin_json(&app, &split).await;
        assert_eq!(resolved["outcome"], json!("SPLIT"));
        assert!(admin(&app, &split).await.unwrap_err().contains("has ended"));
        assert_eq!(agent.get(&paths::task(task)).await.ok().text("status"), "COMPLETED");
        let listed = admin(&app, &["disputes", "list"]).await.unwrap();
        assert!(listed.contains("SPLIT"), "{listed}");
    }

    async fn a_dispute_is_resolved_with_the_hold_of_the_server(store) {
        let settings = ["--guardian-rules-may-approve=false", "--settlement-hold-days=30"];
        let app = TestApp::start_with(store, &settings).await;
        let (agent, operator) = (app.agent().await, app.operator().await);
        let task = disputed(&app, &agent, &operator).await;
        let open = admin_json(&app, &["disputes", "list", "--open"]).await;
        let id = open[0]["dispute_id"].as_str().unwrap();
        admin(&app, &["disputes", "resolve", id, "release", "--note", "seen"]).await.unwrap();
        let earned = operator.get(paths::EARNINGS).await.ok().body["recent_tasks"][0].clone();
        assert_eq!(earned["task_id"], json!(task));
        let at = |field: &str| earned[field].as_str().unwrap().parse::<Timestamp>().unwrap();
        let hold = Duration::from_secs(30 * 24 * 60 * 60);
        assert_eq!(at("available_at"), at("completed_at").after(hold));
    }

    async fn no_dispute_is_resolved_before_a_server_has_told_its_hold(store) {
        let app = TestApp::start(store).await;
        let forget = |tx: &mut Tx<'_>| tx.execute("DELETE FROM shared_setting", &[]);
        app.app.store.write(forget).await.unwrap();
        let line = ["disputes", "resolve", "dsp_01KB0000000000000000000000", "refund", "--note", "x"];
        let refused = admin(&app, &line).await.unwrap_err();
        assert!(refused.contains("SETTLEMENT_HOLD_DAYS is not known"), "{refused}");
        assert!(Cli::read(["humanops", "admin"].iter().chain(&line)
            .chain(&["--settlement-hold-days=1"]), &|_| None).is_err());
    }

    async fn books_that_are_wrong_fail_the_command(store) {
        let app = TestApp::start(store).await;
        let _agent = app.agent().await;
        let forge = |by: i64| {
            let sql = format!("UPDATE account SET balance_micros = balance_micros + {by}");
            app.app
                .store
                .write(move |tx: &mut Tx<'_>| tx.execute(&sql, &[]))
        };
        forge(1).await.unwrap();
        assert!(
            admin(&app, &["ledger"])
                .await
                .unwrap_err()
                .contains("faults")
        );
        forge(-1).await.unwrap();
        admin(&app, &["ledger"]).await.unwrap();
    }
}

fn humanops(data: &Path, line: &[&str]) -> Output {
    let mut process = Process::new(env!("CARGO_BIN_EXE_humanops"));
    process
        .args(line)
        .arg("--data")
        .arg(data)
        .env_remove("DATABASE_URL");
    process.output().unwrap()
}

fn said(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    text(&output.stdout) + &text(&output.stderr)
}

/// Two processes write to one SQLite file. Each waits for the other, and neither fails.
#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_works_beside_a_server_that_writes_all_the_time() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open_sqlite(&folder.path().join("humanops.sqlite")).unwrap();
    let (stop, written) = (
        Arc::new(AtomicBool::new(false)),
        Arc::new(AtomicU32::new(0)),
    );
    let load = (0..8).map(|_| {
        let (store, stop, written) = (store.clone(), stop.clone(), written.clone());
        tokio::spawn(async move {
            while !stop.load(Ordering::Relaxed) {
                let nth = written.fetch_add(1, Ordering::Relaxed);
                store.write(move |tx| register(tx, nth)).await?;
            }
            Ok::<_, StoreError>(())
        })
    });
    let load: Vec<_> = load.collect();
    let data = folder.path().to_owned();
    let beside = tokio::task::spawn_blocking(move || {
        for nth in 0..10 {
            let switch = ["off", "on"][nth % 2];
            let output = humanops(&data, &["admin", "task-types", switch, "PHOTO", "--json"]);
            assert!(output.status.success(), "{}", said(&output));
        }
        let archive = data.join("saved.tar.gz");
        let saved = humanops(&data, &["backup", archive.to_str().unwrap()]);
        assert!(saved.status.success(), "{}", said(&saved));
        let target = data.join("restored");
        let restored = humanops(&target, &["restore", archive.to_str().unwrap()]);
        assert!(
            said(&restored).contains("The ledger is consistent."),
            "{}",
            said(&restored)
        );
        assert!(restored.status.success());
        let again = humanops(&target, &["restore", archive.to_str().unwrap()]);
        assert!(
            !again.status.success() && said(&again).contains("not empty"),
            "{}",
            said(&again)
        );
        let record = humanops(&target, &["admin", "audit", "--json"]);
        serde_json::from_slice::<Value>(&record.stdout)
            .unwrap()
            .as_array()
            .unwrap()
            .len()
    });
    let recorded = beside.await.unwrap();
    stop.store(true, Ordering::Relaxed);
    for writer in load {
        writer.await.unwrap().unwrap();
    }
    assert_eq!(recorded, 10);
    assert!(written.load(Ordering::Relaxed) > 100);
}

fn register(tx: &mut Tx<'_>, nth: u32) -> Result<bool, StoreError> {
    let now: Timestamp = "2026-02-05T12:00:00Z".parse().unwrap();
    let stated = RegisterAgent {
        name: "agent".to_owned(),
        email: format!("agent{nth}@example.com"),
        company: None,
    };
    agents::insert(tx, AgentId::new(now, nth.into()), &stated, now)
}

/// With other files the backup would miss every proof file.
#[tokio::test]
async fn a_back_up_that_would_look_for_proof_files_elsewhere_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open_sqlite(&folder.path().join("humanops.sqlite")).unwrap();
    let put = |tx: &mut Tx<'_>| shared_settings::put(tx, FILES, "s3://bucket/folder");
    store.write(put).await.unwrap();
    let archive = folder.path().join("saved.tar.gz");
    let refused = humanops(folder.path(), &["backup", archive.to_str().unwrap()]);
    assert!(!refused.status.success());
    assert!(
        said(&refused).contains("keeps its proof files in s3://bucket/folder"),
        "{}",
        said(&refused)
    );
    assert!(!archive.exists());
}

#[tokio::test]
async fn a_command_works_with_the_settings_that_a_server_has_left() {
    let folder = tempfile::tempdir().unwrap();
    let _server = Server::start_on(folder.path(), Stdio::null(), &[]).await;
    let archive = folder.path().join("saved.tar.gz");
    let elsewhere = ["--files-url", "s3://bucket/folder"];
    let line = [&["backup", archive.to_str().unwrap()], &elsewhere[..]].concat();
    let refused = humanops(folder.path(), &line);
    assert!(!refused.status.success());
    assert!(
        said(&refused).contains("keeps its proof files in the folder `files` of DATA_DIR"),
        "{}",
        said(&refused)
    );
}

#[test]
fn a_place_without_a_database_is_not_made_into_one() {
    let folder = tempfile::tempdir().unwrap();
    let output = humanops(folder.path(), &["admin", "ledger"]);
    assert!(!output.status.success());
    assert!(
        said(&output).contains("there is no database"),
        "{}",
        said(&output)
    );
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}
