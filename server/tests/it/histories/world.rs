//! The agents and operators of a history, and how they make each of its steps.

use std::time::Duration;

use api_types::{AgentId, MicroUsd, OperatorId, TaskId, paths};
use serde_json::json;
use server::domain::dispute::{Award, Ruling};
use server::http::error::ApiError;
use server::store::{moves, tasks};

use super::step::{AgentAction, OperatorAction, Step};
use crate::harness::{Answer, Caller, TestApp, photo_task};

/// The agents and operators of a history, with their tasks.
pub(super) struct World<'a> {
    pub(super) app: &'a TestApp,
    pub(super) agents: Vec<Caller<'a, AgentId>>,
    pub(super) operators: Vec<Caller<'a, OperatorId>>,
    /// The tasks, each with the index of its agent.
    pub(super) tasks: Vec<(usize, TaskId)>,
    pub(super) paid_in: MicroUsd,
}

impl World<'_> {
    pub(super) async fn run_step(&mut self, step: Step) {
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

    pub(super) async fn deposit(&mut self, agent: usize, dollars: u32, by_card: bool) {
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
}

/// Asserts that a step was done or refused, and is not a fault of the server.
fn expected(answer: Answer) -> Answer {
    assert!(answer.status < 500, "{}", answer.body);
    answer
}
