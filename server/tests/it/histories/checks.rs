//! What must hold after each step of a history, and at its end.

use std::collections::HashSet;

use api_types::{AgentId, MicroUsd, paths};
use serde_json::Value;
use server::store::ledger;

use super::step::Step;
use super::world::World;
use crate::harness::Caller;

impl World<'_> {
    /// Runs the checks of `humanops check-ledger`: the sum, negative balances, escrow of finished
    /// tasks, and others.
    pub(super) async fn check_ledger(&self, step: &Step) {
        let checked = self.app.app.store.read(ledger::check).await.unwrap();
        assert_eq!(
            (checked.sum, checked.faults),
            (MicroUsd::ZERO, Vec::new()),
            "{step:?}"
        );
    }

    /// Checks that every deposited dollar is part of a balance that somebody can read.
    pub(super) async fn check_public_balances(&self) {
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

fn usd(value: &Value) -> MicroUsd {
    serde_json::from_value(value.clone()).unwrap_or_else(|_| panic!("{value} is no amount"))
}

fn sum(amounts: impl IntoIterator<Item = MicroUsd>) -> MicroUsd {
    let add = |sum: MicroUsd, amount| sum.checked_add(amount).unwrap();
    amounts.into_iter().fold(MicroUsd::ZERO, add)
}
