//! Runs every pair of moves of one agent and its operator concurrently. On PostgreSQL no deadlock
//! may occur, because all transactions lock rows in one order (`migrations/README.md`, "Locks").

use std::thread;

use api_types::{AgentId, MicroUsd, OperatorId, TaskId, paths, task::Status};
use futures_util::future::join_all;
use postgres::{Client, NoTls};
use serde_json::{Value, json};
use server::domain::dispute::{Award, Ruling};
use server::store::{ledger, moves, tasks};

use crate::harness::{Answer, Caller, TestApp, confirmation_task};
use crate::moves::{DAY, GOOD, UNCLEAR};
use crate::support;

/// Number of concurrent runs of each move of a pair.
const AT_ONCE: usize = 3;

/// The operations: first the moves of tasks, then others that lock rows of the same accounts.
#[derive(Clone, Copy, Debug)]
enum Deed {
    Post,
    PostWithinPolicy,
    AskForApproval,
    Cancel,
    Accept,
    Withdraw,
    Submit,
    RunJobs,
    Approve,
    Reject,
    Dispute,
    Release,
    Refund,
    Split,
    Expire,
    Settle,
    Deposit,
    PayIn,
    PayOut,
    ChangeAgent,
    MakeAndRevokeKey,
    ReadMessages,
}

const DEEDS: [Deed; 22] = [
    Deed::Post,
    Deed::PostWithinPolicy,
    Deed::AskForApproval,
    Deed::Cancel,
    Deed::Accept,
    Deed::Withdraw,
    Deed::Submit,
    Deed::RunJobs,
    Deed::Approve,
    Deed::Reject,
    Deed::Dispute,
    Deed::Release,
    Deed::Refund,
    Deed::Split,
    Deed::Expire,
    Deed::Settle,
    Deed::Deposit,
    Deed::PayIn,
    Deed::PayOut,
    Deed::ChangeAgent,
    Deed::MakeAndRevokeKey,
    Deed::ReadMessages,
];

impl Deed {
    /// Returns the status that a task must have for this operation, or `None` if it needs no task.
    fn from(self) -> Option<Status> {
        Some(match self {
            Self::Cancel | Self::Accept | Self::Expire => Status::Pending,
            Self::Withdraw | Self::Submit | Self::RunJobs => Status::Accepted,
            Self::Approve | Self::Reject | Self::ReadMessages => Status::ManualReview,
            Self::Dispute | Self::Settle => Status::Completed,
            Self::Release | Self::Refund | Self::Split => Status::Disputed,
            _ => return None,
        })
    }
}

/// An agent and an operator, whose accounts all moves write.
struct Both<'a> {
    app: &'a TestApp,
    agent: Caller<'a, AgentId>,
    limited: Caller<'a, AgentId>,
    asking: Caller<'a, AgentId>,
    operator: Caller<'a, OperatorId>,
}

impl<'a> Both<'a> {
    async fn new(app: &'a TestApp) -> Self {
        let agent = app.poor_agent().await;
        for _ in 0..20 {
            agent.deposit(10_000).await;
        }
        Self {
            limited: agent.with_policy(json!({"max_day_usd": 1_000_000})).await,
            asking: agent.with_policy(json!({"approval_above_usd": 1})).await,
            operator: app.operator().await,
            app,
            agent,
        }
    }

    /// Creates a task in the status that the operation needs, if it needs one.
    async fn prepare(&self, deed: Deed) -> Option<TaskId> {
        let status = deed.from()?;
        let task = self.agent.post_confirmation_task().await;
        if status != Status::Pending {
            self.operator.accept(task).await;
        }
        let proof = match status {
            Status::Disputed | Status::Completed => GOOD,
            Status::ManualReview => UNCLEAR,
            _ => return Some(task),
        };
        let proof = json!({"confirmation_text": proof});
        let submitted = self.operator.post(&paths::submit_proof(task), &proof).await;
        submitted.ok();
        if status == Status::Disputed {
            let verdict = json!({"decision": "REJECT"});
            self.agent
                .post(&paths::verify_task(task), &verdict)
                .await
                .ok();
        }
        Some(task)
    }

    async fn run(&self, deed: Deed, task: Option<TaskId>, nth: usize) {
        let on = task.unwrap_or(TaskId::new(self.app.now(), 0));
        let (agent, operator, nothing) = (&self.agent, &self.operator, json!({}));
        // The task has the same type as those that are moved, because tasks are counted by type.
        let body = confirmation_task(self.app);
        let answer = match deed {
            Deed::Post => agent.post(paths::TASKS, &body).await,
            Deed::PostWithinPolicy => self.limited.post(paths::TASKS, &body).await,
            Deed::AskForApproval => return self.ask_and_post(nth).await,
            Deed::Cancel => {
                let key = format!("cancel {on}");
                agent
                    .post_once(&paths::cancel_task(on), &key, &nothing)
                    .await
            }
            Deed::Accept => operator.post(&paths::accept_task(on), &nothing).await,
            Deed::Withdraw => operator.post(&paths::withdraw(on), &nothing).await,
            Deed::Submit => {
                let proof = json!({"confirmation_text": GOOD});
                operator.post(&paths::submit_proof(on), &proof).await
            }
            Deed::RunJobs => {
                operator.confirm(on).await;
                return self.app.drain_jobs().await;
            }
            Deed::Approve => self.verdict(on, "APPROVE").await,
            Deed::Reject => self.verdict(on, "REJECT").await,
            Deed::Dispute => {
                let reason = json!({"reason": "It is another shop"});
                agent.post(&paths::open_dispute(on), &reason).await
            }
            Deed::Release => return self.resolve(on, Award::Release).await,
            Deed::Refund => return self.resolve(on, Award::Refund).await,
            Deed::Split => return self.resolve(on, Award::Split(MicroUsd::usd(10))).await,
            Deed::Expire | Deed::Settle => return self.clock_moves(on).await,
            Deed::Deposit => return agent.deposit(100).await,
            Deed::PayIn => {
                let body = json!({"amount_usd": 100, "payment_method": "card"});
                agent.post(paths::PAY_IN, &body).await
            }
            Deed::PayOut => {
                let body = json!({"amount_usd": 10, "payoneer_payee_id": "payee"});
                operator.post(paths::PAYOUT, &body).await
            }
            Deed::ChangeAgent => agent.patch(paths::ME, &json!({"name": "agent"})).await,
            Deed::MakeAndRevokeKey => return self.make_and_revoke_key().await,
            Deed::ReadMessages => {
                operator.get(&paths::operator_messages(on)).await.ok();
                agent.get(&paths::messages(on)).await
            }
        };
        assert_no_accident(deed, &answer);
    }

    async fn verdict(&self, task: TaskId, decision: &str) -> Answer {
        let verdict = json!({"decision": decision});
        self.agent.post(&paths::verify_task(task), &verdict).await
    }

    async fn resolve(&self, id: TaskId, award: Award) {
        let turn = self.app.app.move_context();
        let note = "Both sides were heard.".to_owned();
        let ruling = Ruling { award, note };
        let resolved = self.app.app.store.write(move |tx| {
            let task = tasks::get(tx, id)?.unwrap();
            moves::record(tx, &task.resolve(&ruling, turn).unwrap())
        });
        resolved.await.unwrap();
    }

    /// Makes the clock's move as of ten days from now.
    async fn clock_moves(&self, id: TaskId) {
        let mut turn = self.app.app.move_context();
        turn.now = turn.now.after(10 * DAY);
        let moved = self.app.app.store.write(move |tx| {
            let task = tasks::get(tx, id)?.unwrap();
            match task.move_by_clock(turn) {
                Ok(moved) => moves::record(tx, &moved),
                Err(_) => Ok(()),
            }
        });
        moved.await.unwrap();
    }

    async fn ask_and_post(&self, nth: usize) {
        let mut body = confirmation_task(self.app);
        body["title"] = json!(format!("Photograph menu {nth}"));
        let asked = self.asking.post(paths::TASKS, &body).await;
        assert_no_accident(Deed::AskForApproval, &asked);
        let Some(id) = asked.body["approval_id"].as_str() else {
            return;
        };
        let path = paths::approval(id.parse().unwrap());
        let decided = self
            .agent
            .post(&path, &json!({"decision": "APPROVE"}))
            .await;
        assert_no_accident(Deed::AskForApproval, &decided);
        let posted = self.asking.post(paths::TASKS, &body).await;
        assert_no_accident(Deed::AskForApproval, &posted);
    }

    async fn make_and_revoke_key(&self) {
        let made = self.agent.post(paths::KEYS, &json!({"name": "k"})).await;
        assert_no_accident(Deed::MakeAndRevokeKey, &made);
        if let Some(id) = made.body["id"].as_str() {
            self.agent
                .delete(&paths::key(id.parse().unwrap()))
                .await
                .ok();
        }
    }
}

fn assert_no_accident(deed: Deed, answer: &Answer) {
    assert!(answer.status < 500, "{deed:?}: {}", answer.body);
    // An operation that lost a race is retried by the server, and never by the caller.
    assert_ne!(
        answer.body["retryable"],
        Value::Bool(true),
        "{deed:?}: {}",
        answer.body
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_two_moves_of_one_agent_wait_for_each_other() {
    let store = support::on_postgres();
    let url = store.postgres_url().unwrap();
    let tiers = "--tiers=STANDARD=1000000/10000/100000000";
    let app = TestApp::start_with(store, &[tiers]).await;
    let both = Both::new(&app).await;
    for (nth, one) in DEEDS.into_iter().enumerate() {
        for other in &DEEDS[nth..] {
            let deeds = [one, *other].repeat(AT_ONCE);
            let prepared = deeds.iter().map(|deed| both.prepare(*deed));
            let prepared = join_all(prepared).await;
            app.drain_jobs().await;
            let running = deeds.iter().zip(prepared).enumerate();
            join_all(running.map(|(nth, (deed, task))| both.run(*deed, task, nth))).await;
        }
    }
    app.drain_jobs().await;
    let checked = app.app.store.read(ledger::check).await.unwrap();
    assert_eq!(checked.faults, Vec::<String>::new());
    assert_eq!(deadlocks_of(&app, url), 0);
}

/// Closes the app's database, and returns the number of deadlocks that PostgreSQL has counted in
/// it. Connections report their counts when they end.
fn deadlocks_of(app: &TestApp, url: String) -> i64 {
    let store = app.app.store.clone();
    let counting = thread::spawn(move || {
        store.close();
        let mut client = Client::connect(&url, NoTls).unwrap();
        let mut count = |sql: &str| -> i64 { client.query_one(sql, &[]).unwrap().get(0) };
        let others = "SELECT COUNT(*) FROM pg_stat_activity
             WHERE datname = current_database() AND pid <> pg_backend_pid()";
        while count(others) > 0 {}
        count("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
    });
    counting.join().unwrap()
}
