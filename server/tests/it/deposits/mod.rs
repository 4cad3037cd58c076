//! Deposits by card and bank, the provider's notices, and the agent's ledger (contract §3).

mod ledger;
mod notices;
mod payments;
mod provider;

use api_types::{AgentId, paths};
use serde_json::{Value, json};

use crate::harness::Caller;

fn hundred() -> Value {
    json!({"amount_usd": 100, "payment_method": "card", "return_url": "https://example.com/paid"})
}

/// Returns the status of a payment, and checks that GET and POST agree.
async fn status(agent: &Caller<'_, AgentId>, id: &str) -> String {
    let asked = agent
        .post(paths::PAY_IN_STATUS, &json!({"payment_id": id}))
        .await
        .ok();
    let path = format!("{}?payment_id={id}", paths::PAY_IN_STATUS);
    assert_eq!(agent.get(&path).await.ok().body, asked.body);
    assert_eq!(asked.text("payment_id"), id);
    asked.text("status")
}
