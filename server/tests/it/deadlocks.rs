//! Runs every pair of moves of one agent and its operator concurrently. On PostgreSQL no deadlock
//! may occur, because all transactions lock rows in one order (`migrations/README.md`, "Locks").

use std::thread;

use api_types::{AgentId, MicroUsd, OperatorId, TaskId, paths, status::Status};
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
enum Operation {
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

const OPERATIONS: [Operation; 22] = [
    Operation::Post,
    Operation::PostWithinPolicy,
    Operation::AskForApproval,
    Operation::Cancel,
    Operation::Accept,
    Operation::Withdraw,
    Operation::Submit,
    Operation::RunJobs,
    Operation::Approve,
    Operation::Reject,
    Operation::Dispute,
    Operation::Release,
    Operation::Refund,
    Operation::Split,
    Operation::Expire,
    Operation::Settle,
    Operation::Deposit,
    Operation::PayIn,
    Operation::PayOut,
    Operation::ChangeAgent,
    Operation::MakeAndRevokeKey,
    Operation::ReadMessages,
];

impl Operation {
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
struct Accounts<'a> {
    app: &'a TestApp,
    agent: Caller<'a, AgentId>,
    limited: Caller<'a, AgentId>,
    asking: Caller<'a, AgentId>,
    operator: Caller<'a, OperatorId>,
}

impl<'a> Accounts<'a> {
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
    async fn prepare(&self, operation: Operation) -> Option<TaskId> {
        let status = operation.from()?;
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

    async fn run(&self, operation: Operation, task: Option<TaskId>, nth: usize) {
        let on = task.unwrap_or(TaskId::new(self.app.now(), 0));
        let (agent, operator, nothing) = (&self.agent, &self.operator, json!({}));
        // The task has the same type as those that are moved, because tasks are counted by type.
        let body = confirmation_task(self.app);
        let answer = match operation {
            Operation::Post => agent.post(paths::TASKS, &body).await,
            Operation::PostWithinPolicy => self.limited.post(paths::TASKS, &body).await,
            Operation::AskForApproval => return self.ask_and_post(nth).await,
            Operation::Cancel => {
                let key = format!("cancel {on}");
                agent
                    .post_once(&paths::cancel_task(on), &key, &nothing)
                    .await
            }
            Operation::Accept => operator.post(&paths::accept_task(on), &nothing).await,
            Operation::Withdraw => operator.post(&paths::withdraw(on), &nothing).await,
            Operation::Submit => {
                let proof = json!({"confirmation_text": GOOD});
                operator.post(&paths::submit_proof(on), &proof).await
            }
            Operation::RunJobs => {
                operator.confirm(on).await;
                return self.app.drain_jobs().await;
            }
            Operation::Approve => self.verdict(on, "APPROVE").await,
            Operation::Reject => self.verdict(on, "REJECT").await,
            Operation::Dispute => {
                let reason = json!({"reason": "It is another shop"});
                agent.post(&paths::open_dispute(on), &reason).await
            }
            Operation::Release => return self.resolve(on, Award::Release).await,
            Operation::Refund => return self.resolve(on, Award::Refund).await,
            Operation::Split => return self.resolve(on, Award::Split(MicroUsd::usd(10))).await,
            Operation::Expire | Operation::Settle => return self.clock_moves(on).await,
            Operation::Deposit => return agent.deposit(100).await,
            Operation::PayIn => {
                let body = json!({"amount_usd": 100, "payment_method": "card"});
                agent.post(paths::PAY_IN, &body).await
            }
            Operation::PayOut => {
                let body = json!({"amount_usd": 10, "payoneer_payee_id": "payee"});
                operator.post(paths::PAYOUT, &body).await
            }
            Operation::ChangeAgent => agent.patch(paths::ME, &json!({"name": "agent"})).await,
            Operation::MakeAndRevokeKey => return self.make_and_revoke_key().await,
            Operation::ReadMessages => {
                operator.get(&paths::operator_messages(on)).await.ok();
                agent.get(&paths::messages(on)).await
            }
        };
        assert_no_failure(operation, &answer);
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
        assert_no_failure(Operation::AskForApproval, &asked);
        let Some(id) = asked.body["approval_id"].as_str() else {
            return;
        };
        let path = paths::approval(id.parse().unwrap());
        let decided = self
            .agent
            .post(&path, &json!({"decision": "APPROVE"}))
            .await;
        assert_no_failure(Operation::AskForApproval, &decided);
        let posted = self.asking.post(paths::TASKS, &body).await;
        assert_no_failure(Operation::AskForApproval, &posted);
    }

    async fn make_and_revoke_key(&self) {
        let made = self.agent.post(paths::KEYS, &json!({"name": "k"})).await;
        assert_no_failure(Operation::MakeAndRevokeKey, &made);
        if let Some(id) = made.body["id"].as_str() {
            self.agent
                .delete(&paths::key(id.parse().unwrap()))
                .await
                .ok();
        }
    }
}

fn assert_no_failure(operation: Operation, answer: &Answer) {
    assert!(answer.status < 500, "{operation:?}: {}", answer.body);
    // An operation that lost a race is retried by the server, and never by the caller.
    assert_ne!(
        answer.body["retryable"],
        Value::Bool(true),
        "{operation:?}: {}",
        answer.body
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_two_moves_of_one_agent_wait_for_each_other() {
    let store = support::on_postgres();
    let url = store.postgres_url().unwrap();
    let tiers = "--tiers=STANDARD=1000000/10000/100000000";
    let app = TestApp::start_with(store, &[tiers]).await;
    let accounts = Accounts::new(&app).await;
    for (nth, one) in OPERATIONS.into_iter().enumerate() {
        for other in &OPERATIONS[nth..] {
            let operations = [one, *other].repeat(AT_ONCE);
            let prepared = operations
                .iter()
                .map(|operation| accounts.prepare(*operation));
            let prepared = join_all(prepared).await;
            app.drain_jobs().await;
            let running = operations.iter().zip(prepared).enumerate();
            join_all(running.map(|(nth, (operation, task))| accounts.run(*operation, task, nth)))
                .await;
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
