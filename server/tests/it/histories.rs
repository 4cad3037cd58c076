//! Random histories: whatever several agents and operators do in whatever order, the ledger is
//! consistent to the micro-dollar (contract §4), and all public numbers agree with it.
//!
//! Every step goes through HTTP and is either done or refused. The seed is fixed, so that failures
//! are reproducible. `HISTORIES_SEED` sets another seed, `HISTORIES_CASES` the number of histories.
//! proptest prints the shortest history that fails.

use std::collections::HashSet;
use std::time::Duration;

use api_types::{AgentId, MicroUsd, OperatorId, TaskId, paths};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::{Value, json};
use server::domain::dispute::{Award, Ruling};
use server::http::error::ApiError;
use server::store::{ledger, moves, tasks};

use crate::harness::{Answer, Caller, TestApp, photo_task};
use crate::support::{self, FreshStore};

/// An action in a history. Numbers select from what exists.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// An agent deposits money, by USDC or by card.
    Deposit {
        agent: usize,
        dollars: u32,
        by_card: bool,
    },
    /// An agent posts a task with a reward of this many cents.
    Post { agent: usize, cents: u32 },
    /// The task's agent, or rarely another one, does something with it.
    AsAgent {
        stranger: bool,
        task: usize,
        what: AgentAction,
    },
    /// An operator does something with a task, claimed by this operator or not.
    AsOperator {
        operator: usize,
        task: usize,
        what: OperatorAction,
    },
    /// An operator claims a task and submits the proof at once.
    Work { operator: usize, task: usize },
    /// The host resolves a dispute.
    Resolve { task: usize, award: u32 },
    /// An operator requests a payout.
    Payout {
        operator: usize,
        cents: u32,
        usdc: bool,
    },
    /// Time passes, and the jobs that are due then run.
    Wait { hours: u32 },
}

#[derive(Clone, Copy, Debug)]
enum AgentAction {
    ApproveEstimate,
    RejectEstimate,
    Approve,
    Reject,
    RequestRevision,
    Dispute,
    Cancel,
}

#[derive(Clone, Copy, Debug)]
enum OperatorAction {
    Accept,
    Estimate,
    Start,
    Withdraw,
    SubmitGood,
    SubmitPoor,
}

fn step() -> impl Strategy<Value = Step> {
    use {AgentAction as A, OperatorAction as O};
    let agent_action = prop::sample::select(vec![
        A::ApproveEstimate,
        A::RejectEstimate,
        A::Approve,
        A::Reject,
        A::RequestRevision,
        A::Dispute,
        A::Dispute,
        A::Dispute,
        A::Cancel,
    ]);
    let operator_action = prop::sample::select(vec![
        O::Accept,
        O::Estimate,
        O::Start,
        O::Withdraw,
        O::SubmitGood,
        O::SubmitPoor,
    ]);
    prop_oneof![
        2 => (0..2_usize, 5..=60_u32, any::<bool>())
            .prop_map(|(agent, dollars, by_card)| Step::Deposit { agent, dollars, by_card }),
        4 => (0..2_usize, 900..=3000_u32).prop_map(|(agent, cents)| Step::Post { agent, cents }),
        6 => (prop::bool::weighted(0.05), 0..12_usize, agent_action)
            .prop_map(|(stranger, task, what)| Step::AsAgent { stranger, task, what }),
        6 => (0..2_usize, 0..12_usize, operator_action)
            .prop_map(|(operator, task, what)| Step::AsOperator { operator, task, what }),
        4 => (0..2_usize, 0..12_usize)
            .prop_map(|(operator, task)| Step::Work { operator, task }),
        2 => (0..12_usize, 0..4_u32).prop_map(|(task, award)| Step::Resolve { task, award }),
        2 => (0..2_usize, 900..=1600_u32, any::<bool>())
            .prop_map(|(operator, cents, usdc)| Step::Payout { operator, cents, usdc }),
        3 => prop::sample::select(vec![0, 1, 3, 25, 73, 169])
            .prop_map(|hours| Step::Wait { hours }),
    ]
}

/// The agents and operators of a history, with their tasks.
struct World<'a> {
    app: &'a TestApp,
    agents: Vec<Caller<'a, AgentId>>,
    operators: Vec<Caller<'a, OperatorId>>,
    /// The tasks, each with the index of its agent.
    tasks: Vec<(usize, TaskId)>,
    paid_in: MicroUsd,
}

/// Runs one history, and returns the codes of all its transfers.
async fn run_history(store: FreshStore, steps: &[Step]) -> HashSet<String> {
    let app = TestApp::start(store).await;
    let mut world = World {
        app: &app,
        agents: vec![app.poor_agent().await, app.poor_agent().await],
        operators: vec![app.operator().await, app.operator().await],
        tasks: Vec::new(),
        paid_in: MicroUsd::ZERO,
    };
    for agent in 0..2 {
        world.deposit(agent, 60, false).await;
    }
    for step in steps {
        // Every step takes some time.
        app.advance(Duration::from_secs(1));
        world.run_step(*step).await;
        world.check_ledger(step).await;
    }
    app.drain_jobs().await;
    world.check_public_balances().await;
    let codes = "SELECT DISTINCT code FROM transfer";
    let rows = app
        .app
        .store
        .read(move |tx| tx.query(codes, &[]))
        .await
        .unwrap();
    rows.iter().map(|row| row.get("code").unwrap()).collect()
}

impl World<'_> {
    async fn run_step(&mut self, step: Step) {
        match step {
            Step::Deposit {
                agent,
                dollars,
                by_card,
            } => self.deposit(agent, dollars, by_card).await,
            Step::Post { agent, cents } => self.post(agent, cents).await,
            Step::AsAgent {
                stranger,
                task,
                what,
            } => {
                if let Some((owner, id)) = self.task(task) {
                    let agent = if stranger { 1 - owner } else { owner };
                    self.act_as_agent(agent, id, what).await;
                }
            }
            Step::AsOperator {
                operator,
                task,
                what,
            } => {
                if let Some((_, id)) = self.task(task) {
                    self.act_as_operator(operator, id, what).await;
                }
            }
            Step::Work { operator, task } => {
                if let Some((_, id)) = self.task(task) {
                    self.act_as_operator(operator, id, OperatorAction::Accept)
                        .await;
                    self.act_as_operator(operator, id, OperatorAction::SubmitGood)
                        .await;
                    self.app.drain_jobs().await;
                }
            }
            Step::Resolve { task, award } => {
                if let Some((_, id)) = self.task(task) {
                    self.resolve(id, award).await;
                }
            }
            Step::Payout {
                operator,
                cents,
                usdc,
            } => self.payout(operator, cents, usdc).await,
            Step::Wait { hours } => {
                self.app
                    .advance(Duration::from_secs(u64::from(hours) * 3600));
                self.app.drain_jobs().await;
            }
        }
    }

    /// Returns one of the latest tasks, and the index of its agent.
    fn task(&self, nth: usize) -> Option<(usize, TaskId)> {
        let latest = self.tasks.iter().rev().take(6).collect::<Vec<_>>();
        let nth = nth.checked_rem(latest.len())?;
        latest.get(nth).map(|task| **task)
    }

    async fn deposit(&mut self, agent: usize, dollars: u32, by_card: bool) {
        if by_card {
            let body = json!({"amount_usd": dollars, "payment_method": "card"});
            self.agents[agent]
                .post(paths::PAY_IN, &body)
                .await
                .created();
        } else {
            self.agents[agent].deposit(dollars).await;
        }
        self.paid_in = self.paid_in.checked_add(MicroUsd::usd(dollars)).unwrap();
    }

    async fn post(&mut self, agent: usize, cents: u32) {
        let mut task = photo_task(self.app);
        task["proof_type"] = json!("CONFIRMATION");
        task["task_type"] = json!("VERIFICATION");
        task["reward_usd"] = json!(format!("{}.{:02}", cents / 100, cents % 100));
        let posted = expected(self.agents[agent].post(paths::TASKS, &task).await);
        if posted.status == 201 {
            self.tasks.push((agent, posted.id("task_id")));
        }
    }

    async fn act_as_agent(&self, agent: usize, task: TaskId, what: AgentAction) {
        let (path, body) = match what {
            AgentAction::ApproveEstimate => (paths::approve_estimate(task), json!({})),
            AgentAction::RejectEstimate => (paths::reject_estimate(task), json!({})),
            AgentAction::Approve => (paths::verify_task(task), json!({"decision": "APPROVE"})),
            AgentAction::Reject => (paths::verify_task(task), json!({"decision": "REJECT"})),
            AgentAction::RequestRevision => (
                paths::request_revision(task),
                json!({"reason": "It is blurred."}),
            ),
            AgentAction::Dispute => (
                paths::open_dispute(task),
                json!({"reason": "It is closed."}),
            ),
            AgentAction::Cancel => (paths::cancel_task(task), json!({})),
        };
        expected(self.agents[agent].post(&path, &body).await);
    }

    async fn act_as_operator(&self, operator: usize, task: TaskId, what: OperatorAction) {
        let good = "It is open from nine to five, as the sign beside the door says.";
        let (path, body) = match what {
            OperatorAction::Accept => (paths::accept_task(task), json!({})),
            OperatorAction::Estimate => {
                (paths::give_estimate(task), json!({"estimate_minutes": 90}))
            }
            OperatorAction::Start => (paths::start_task(task), json!({})),
            OperatorAction::Withdraw => (paths::withdraw(task), json!({})),
            OperatorAction::SubmitGood => (
                paths::submit_proof(task),
                json!({"confirmation_text": good}),
            ),
            OperatorAction::SubmitPoor => (
                paths::submit_proof(task),
                json!({"confirmation_text": "open"}),
            ),
        };
        expected(self.operators[operator].post(&path, &body).await);
    }

    async fn resolve(&self, id: TaskId, award: u32) {
        let award = match award {
            0 => Award::Release,
            1 => Award::Refund,
            nth => Award::Split(MicroUsd::from_micros(i64::from(nth) * 1_230_000).unwrap()),
        };
        let ruling = Ruling {
            award,
            note: "Both have a point.".to_owned(),
        };
        let turn = self.app.app.move_context();
        let resolved = self.app.app.store.write(move |tx| {
            let task = tasks::get(tx, id)?.unwrap();
            let moved = task.resolve(&ruling, turn)?;
            Ok::<_, ApiError>(moves::record(tx, &moved)?)
        });
        // Resolving a task that is not disputed is refused, which is correct.
        drop(resolved.await);
    }

    async fn payout(&self, operator: usize, cents: u32, usdc: bool) {
        let amount = format!("{}.{:02}", cents / 100, cents % 100);
        let body = if usdc {
            let wallet = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed";
            json!({"amount_usd": amount, "method": "usdc", "wallet_address": wallet})
        } else {
            json!({"amount_usd": amount, "payoneer_payee_id": "payee_123"})
        };
        expected(self.operators[operator].post(paths::PAYOUT, &body).await);
    }

    /// Runs the checks of `humanops check-ledger`: the sum, negative balances, escrow of finished
    /// tasks, and others.
    async fn check_ledger(&self, step: &Step) {
        let checked = self.app.app.store.read(ledger::check).await.unwrap();
        assert_eq!(
            (checked.sum, checked.faults),
            (MicroUsd::ZERO, Vec::new()),
            "{step:?}"
        );
    }

    /// Checks that every deposited dollar is part of a balance that somebody can read.
    async fn check_public_balances(&self) {
        let checked = self.app.app.store.read(ledger::check).await.unwrap();
        let mut found = vec![checked.platform];
        for (number, agent) in self.agents.iter().enumerate() {
            let balance = agent.get(paths::BALANCE).await.ok().body;
            let (spendable, held) = (
                usd(&balance["deposit_balance"]),
                usd(&balance["escrow_balance"]),
            );
            assert_eq!(ledger_of(agent).await, spendable);
            assert_eq!(self.held_by_tasks_of(number).await, held);
            found.extend([spendable, held]);
        }
        for operator in &self.operators {
            let earnings = operator.get(paths::EARNINGS).await.ok().body;
            let parts = ["pending_balance", "available_balance", "paid_out"];
            let parts = parts.map(|part| usd(&earnings[part]));
            assert_eq!(sum(parts), usd(&earnings["total_earned"]), "{earnings}");
            found.extend(parts);
        }
        assert!(
            found.iter().all(|amount| *amount >= MicroUsd::ZERO),
            "{found:?}"
        );
        assert_eq!(sum(found), self.paid_in);
    }

    /// Returns the reward and fee of the agent's unfinished tasks.
    async fn held_by_tasks_of(&self, agent: usize) -> MicroUsd {
        let mut held = Vec::new();
        for (_, id) in self.tasks.iter().filter(|(owner, _)| *owner == agent) {
            let task = self.agents[agent].get(&paths::task(*id)).await.ok().body;
            if !["COMPLETED", "CANCELLED"].contains(&task["status"].as_str().unwrap()) {
                held.extend([usd(&task["reward_usd"]), usd(&task["platform_fee_usd"])]);
            }
        }
        sum(held)
    }
}

/// Reads an agent's whole ledger by cursor, and checks that each balance follows from the previous
/// one.
async fn ledger_of(agent: &Caller<'_, AgentId>) -> MicroUsd {
    let (mut balance, mut seen, mut cursor) = (MicroUsd::ZERO, HashSet::new(), String::new());
    loop {
        let page = agent
            .get(&format!("{}?limit=3{cursor}", paths::LEDGER))
            .await
            .ok()
            .body;
        for entry in page["data"].as_array().unwrap() {
            balance = balance.checked_add(usd(&entry["amount_usd"])).unwrap();
            assert_eq!(usd(&entry["balance_after"]), balance, "{entry}");
            assert!(balance >= MicroUsd::ZERO, "{entry}");
            assert!(seen.insert(entry["id"].to_string()), "{entry} twice");
        }
        match page["pagination"]["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => {
                assert_eq!(page["pagination"]["total"], seen.len());
                return balance;
            }
        }
    }
}

/// Asserts that a step was done or refused, and is not a fault of the server.
fn expected(answer: Answer) -> Answer {
    assert!(answer.status < 500, "{}", answer.body);
    answer
}

fn usd(value: &Value) -> MicroUsd {
    serde_json::from_value(value.clone()).unwrap_or_else(|_| panic!("{value} is no amount"))
}

fn sum(amounts: impl IntoIterator<Item = MicroUsd>) -> MicroUsd {
    let add = |sum: MicroUsd, amount| sum.checked_add(amount).unwrap();
    amounts.into_iter().fold(MicroUsd::ZERO, add)
}

fn setting(name: &str, default: u64) -> u64 {
    let given = std::env::var(name).ok();
    given.map_or(default, |text| text.parse().unwrap())
}

#[test]
fn random_histories_keep_the_books_right() {
    let seed = setting("HISTORIES_SEED", 20_260_205);
    let cases = u32::try_from(setting("HISTORIES_CASES", 8)).unwrap();
    println!("HISTORIES_SEED={seed} HISTORIES_CASES={cases}");
    let config = Config {
        cases,
        failure_persistence: None,
        max_shrink_iters: 100,
        ..Config::default()
    };
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let mut runner = TestRunner::new_with_rng(config, rng);
    let runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = { runtime }.enable_all().build().unwrap();
    let seen = std::cell::RefCell::new(HashSet::new());
    let histories = proptest::collection::vec(step(), 50..90);
    let result = runner.run(&histories, |steps| {
        let sqlite = runtime.block_on(run_history(support::on_sqlite(), &steps));
        let postgres = runtime.block_on(run_history(support::on_postgres(), &steps));
        prop_assert_eq!(&sqlite, &postgres);
        seen.borrow_mut().extend(sqlite);
        Ok(())
    });
    result.unwrap();
    // Histories without a refund or a payout would prove nothing about them.
    let mut seen: Vec<_> = seen.into_inner().into_iter().collect();
    seen.sort();
    let all = [
        "deposit",
        "fee",
        "fee_return",
        "hold",
        "payout",
        "payout_sent",
        "reclaim",
        "refund",
        "release",
        "settle",
    ];
    assert_eq!(seen, all);
}
