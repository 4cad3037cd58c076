//! Writes that lose a race on PostgreSQL: another server commits between their read and their
//! write. They run again and decide on what the other server wrote, and the caller does not have to
//! retry.

use std::sync::mpsc::channel;
use std::thread::{JoinHandle, spawn};
use std::time::{Duration, Instant};

use api_types::{AgentId, ApprovalId, paths};
use postgres::{Client, NoTls};
use serde_json::{Value, json};

use crate::approvals::{asked, decide, pair};
use crate::harness::{Caller, TestApp, photo_task};
use crate::mail::registered;
use crate::process::WITHIN;
use crate::support;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Starts a server on PostgreSQL, and returns it with the URL of its database.
async fn start() -> (TestApp, String) {
    let store = support::on_postgres();
    let url = store.postgres_url().unwrap();
    (TestApp::start(store).await, url)
}

/// The write of another server. It locks its rows until a transaction waits for one of them, and
/// then commits.
struct Winner(JoinHandle<()>);

impl Winner {
    /// Runs the statement, and returns when its rows are locked.
    fn write(url: &str, statement: &'static str) -> Self {
        let (url, (holds, held)) = (url.to_owned(), channel());
        let thread = spawn(move || {
            let mut elsewhere = Client::connect(&url, NoTls).unwrap();
            let mut looking = Client::connect(&url, NoTls).unwrap();
            let mut transaction = elsewhere.transaction().unwrap();
            assert_eq!(transaction.execute(statement, &[]).unwrap(), 1);
            holds.send(()).unwrap();
            let waiting = "SELECT COUNT(*) FROM pg_stat_activity
                 WHERE datname = current_database() AND wait_event_type = 'Lock'";
            let since = Instant::now();
            while looking.query_one(waiting, &[]).unwrap().get::<_, i64>(0) == 0 {
                assert!(since.elapsed() < WITHIN, "no transaction waits for the row");
            }
            transaction.commit().unwrap();
        });
        held.recv().unwrap();
        Self(thread)
    }

    /// Fails if no transaction had to wait.
    fn won(self) {
        self.0.join().unwrap();
    }
}

/// Returns the approval of a task that the key of `limited` may not post without one.
async fn approved(
    owner: &Caller<'_, AgentId>,
    limited: &Caller<'_, AgentId>,
) -> (Value, ApprovalId) {
    let task = photo_task(owner.app);
    let id = asked(limited, &task).await;
    decide(owner, id, "APPROVE").await.ok();
    (task, id)
}

#[tokio::test]
async fn a_request_for_a_mail_that_another_overtakes_is_decided_on_anew() {
    let (app, url) = start().await;
    let (agent, _) = registered(&app).await;
    app.advance(DAY);
    let winner = Winner::write(&url, "UPDATE agent SET link_asks = link_asks + 1");
    let asked = agent.post(paths::RESEND_VERIFICATION, &json!({})).await;
    asked.ok();
    winner.won();
    app.drain_jobs().await;
    assert_eq!(app.mails().len(), 2);
}

#[tokio::test]
async fn a_link_that_is_opened_elsewhere_at_the_same_time_is_answered_as_used() {
    let (app, url) = start().await;
    let (agent, link) = registered(&app).await;
    let winner = Winner::write(
        &url,
        "UPDATE agent SET email_verified_at_ms = 1, tier = 'VERIFIED'",
    );
    let opened = app.get(&link).await;
    assert_eq!(
        opened.refused(400, "invalid_state"),
        "Email already verified"
    );
    winner.won();
    assert_eq!(agent.get(paths::ME).await.ok().text("tier"), "VERIFIED");
}

#[tokio::test]
async fn a_decision_after_the_opposite_one_elsewhere_is_refused_by_it() {
    let (app, url) = start().await;
    let (owner, limited) = pair(&app).await;
    let id = asked(&limited, &photo_task(&app)).await;
    let winner = Winner::write(
        &url,
        "UPDATE approval SET state = 'REJECTED', decided_at_ms = created_at_ms",
    );
    let late = decide(&owner, id, "APPROVE").await;
    let reason = late.refused(409, "invalid_state");
    assert!(reason.contains("REJECTED"), "{reason}");
    winner.won();
    let view = owner.get(&paths::approval(id)).await.ok();
    assert_eq!(view.text("status"), "REJECTED");
}

#[tokio::test]
async fn a_decision_that_was_made_alike_elsewhere_is_confirmed() {
    let (app, url) = start().await;
    let (owner, limited) = pair(&app).await;
    let id = asked(&limited, &photo_task(&app)).await;
    let winner = Winner::write(
        &url,
        "UPDATE approval SET state = 'APPROVED', decided_at_ms = created_at_ms",
    );
    let decided = decide(&owner, id, "APPROVE").await.ok();
    winner.won();
    assert_eq!(decided.text("status"), "APPROVED");
    assert_eq!(decided.text("decided_by"), "host");
}

#[tokio::test]
async fn a_post_whose_approval_is_spent_elsewhere_asks_for_another() {
    let (app, url) = start().await;
    let (owner, limited) = pair(&app).await;
    let (task, spent) = approved(&owner, &limited).await;
    let winner = Winner::write(&url, "UPDATE approval SET state = 'USED'");
    assert_ne!(asked(&limited, &task).await, spent);
    winner.won();
    assert_eq!(owner.balance().await.1, "0.00");
}
