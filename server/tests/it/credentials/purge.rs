//! Purged credentials: nothing of them is left in a response, a table or a database file.

use api_types::paths;
use serde_json::{Value, json};
use server::store::engine::snapshot::{self, Column, ColumnType};
use server::store::{Row, StoreError, Tx};

use super::{claimed, opened, sealed, submit};
use crate::harness::TestApp;
use crate::support::{self, on_both_databases};

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

on_both_databases! {
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
