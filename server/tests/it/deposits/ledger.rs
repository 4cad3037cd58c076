//! The agent's ledger: every change of its balance, page by page.

use api_types::paths;
use serde_json::json;

use super::hundred;
use crate::harness::TestApp;
use crate::support::{self, on_both_databases};

on_both_databases! {
    async fn the_ledger_tells_every_change_of_the_balance(store) {
        let app = TestApp::start(store).await;
        let (agent, other) = (app.poor_agent().await, app.poor_agent().await);
        other.deposit(500).await;
        agent.deposit(100).await;
        let task = agent.post_photo_task().await;
        agent.post(&paths::cancel_task(task), &json!({})).await.ok();
        let paid = agent.post(paths::PAY_IN, &hundred()).await.created();

        let ledger = agent.get(paths::LEDGER).await.ok();
        let rows: Vec<_> = ledger.body["data"].as_array().unwrap().iter().map(|row| {
            let printed = |field: &str| row[field].to_string();
            (row["code"].as_str().unwrap(), printed("amount_usd"), printed("balance_after"))
        }).collect();
        let row = |code, amount: &str, after: &str| (code, amount.to_owned(), after.to_owned());
        assert_eq!(rows, [
            row("deposit", "100.00", "100.00"),
            row("hold", "-29.50", "70.50"),
            row("refund", "29.50", "100.00"),
            row("deposit", "100.00", "200.00"),
        ]);
        let data = &ledger.body["data"];
        assert_eq!(data[1]["task_id"], json!(task));
        assert_eq!(data[2]["task_id"], json!(task));
        assert_eq!(data[3]["deposit_id"], paid.body["transaction_id"]);
        assert!(data[0]["deposit_id"].as_str().unwrap().starts_with("txn_"));
        assert_eq!((&data[0]["task_id"], &data[1]["deposit_id"]), (&json!(null), &json!(null)));
        assert_eq!(ledger.body["pagination"]["total"], 4);
    }

    async fn the_ledger_is_walked_by_its_cursor(store) {
        let app = TestApp::start(store).await;
        let agent = app.poor_agent().await;
        for _ in 0..5 {
            agent.deposit(10).await;
        }
        let mut path = format!("{}?limit=2", paths::LEDGER);
        let mut balances = Vec::new();
        loop {
            let page = agent.get(&path).await.ok();
            balances.extend(page.body["data"].as_array().unwrap().iter()
                .map(|row| row["balance_after"].to_string()));
            // A new entry during the walk comes at the end, and no entry is repeated.
            if balances.len() == 2 {
                agent.deposit(10).await;
            }
            let Some(cursor) = page.body["pagination"]["next_cursor"].as_str() else {
                break;
            };
            path = format!("{}?limit=2&cursor={cursor}", paths::LEDGER);
        }
        assert_eq!(balances, ["10.00", "20.00", "30.00", "40.00", "50.00", "60.00"]);
        let foreign = agent.get(&format!("{}?cursor=eHl6", paths::LEDGER)).await;
        foreign.refused(400, "validation");
    }
}
