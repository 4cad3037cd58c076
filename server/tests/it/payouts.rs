//! Payouts of operators (contract §6).

use std::time::Duration;

use api_types::{OperatorId, PayoutId, Timestamp, paths};
use serde_json::{Value, json};

use crate::harness::{Caller, TestApp};
use crate::support::{self, on_both_databases};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Registers an operator with 25 dollars available and 25 pending.
pub(crate) async fn earner(app: &TestApp) -> Caller<'_, OperatorId> {
    let (agent, operator) = (app.agent().await, app.operator().await);
    for day in 0..2 {
        let task = agent.post_confirmation_task().await;
        operator.accept(task).await;
        operator.confirm(task).await;
        app.drain_jobs().await;
        if day == 0 {
            app.advance(7 * DAY);
            app.drain_jobs().await;
        }
    }
    assert_eq!(
        balances(&operator).await,
        ["25.00", "25.00", "0.00", "50.00"]
    );
    operator
}

/// Returns the amounts available, pending, paid out and earned, as printed.
async fn balances(operator: &Caller<'_, OperatorId>) -> [String; 4] {
    let earnings = operator.get(paths::EARNINGS).await.ok().body;
    [
        "available_balance",
        "pending_balance",
        "paid_out",
        "total_earned",
    ]
    .map(|field| earnings[field].to_string())
}

on_both_databases! {
    async fn in_test_mode_a_payout_is_completed_at_once(store) {
        let app = TestApp::start(store).await;
        let operator = earner(&app).await;
        // The body is as the HumanOps reference prints it, except for the amount.
        let body = json!({"amount_usd": 15, "payoneer_payee_id": "payee_123"});
        let paid = operator.post(paths::PAYOUT, &body).await.created();
        assert_eq!(paid.text("status"), "completed");
        assert_eq!(paid.body["amount_usd"].as_f64(), Some(15.0));
        assert_eq!(paid.text("message"), "Payout completed (test mode)");
        let id: PayoutId = paid.id("payout_id");
        let status = operator.get(&paths::payout_status(id)).await.ok();
        assert_eq!(status.text("status"), "completed");
        assert_eq!(status.body["amount_usd"].to_string(), "15.00");
        assert_eq!(status.text("method"), "payoneer");
        assert!(status.body["settled_at"].is_string());
        assert!(!status.body.to_string().contains("payee_123"));
        assert_eq!(balances(&operator).await, ["10.00", "25.00", "15.00", "50.00"]);
        let earnings = operator.get(paths::EARNINGS).await.ok();
        assert_eq!(earnings.body["recent_payouts"][0]["payout_id"], json!(id));
        assert_eq!(earnings.body["paying_out"].to_string(), "0.00");
    }

    async fn a_payout_takes_what_is_available_and_no_more(store) {
        let app = TestApp::start(store).await;
        let operator = earner(&app).await;
        let wallet = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed";
        let usdc = |amount: &str| json!({"amount_usd": amount, "method": "usdc",
            "wallet_address": wallet, "chain": "base"});
        let refused = operator.post(paths::PAYOUT, &usdc("25.000001")).await;
        assert_eq!(refused.refused(402, "insufficient_funds"), "Insufficient available balance");
        assert_eq!(balances(&operator).await, ["25.00", "25.00", "0.00", "50.00"]);
        let paid = operator.post(paths::PAYOUT, &usdc("25")).await.created();
        assert_eq!(paid.text("method"), "usdc");
        operator.post(paths::PAYOUT, &usdc("10")).await.refused(402, "insufficient_funds");
        assert_eq!(balances(&operator).await, ["0.00", "25.00", "25.00", "50.00"]);
        let newcomer = app.operator().await;
        newcomer.post(paths::PAYOUT, &usdc("10")).await.refused(402, "insufficient_funds");
    }

    async fn payouts_at_once_never_pay_the_same_money(store) {
        let app = TestApp::start(store).await;
        let operator = earner(&app).await;
        let body = json!({"amount_usd": 10});
        let asked = (0..6).map(|_| operator.post(paths::PAYOUT, &body));
        let answers = futures_util::future::join_all(asked).await;
        assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 2);
        assert_eq!(answers.iter().filter(|answer| answer.status == 402).count(), 4);
        assert_eq!(balances(&operator).await, ["5.00", "25.00", "20.00", "50.00"]);
    }

    async fn a_retried_payout_is_paid_once(store) {
        let app = TestApp::start(store).await;
        let operator = earner(&app).await;
        let body = json!({"amount_usd": 10, "payoneer_payee_id": "payee_123"});
        let first = operator.post_once(paths::PAYOUT, "k", &body).await.created();
        let again = operator.post_once(paths::PAYOUT, "k", &body).await.created();
        assert_eq!(first.body, again.body);
        assert_eq!(balances(&operator).await, ["15.00", "25.00", "10.00", "50.00"]);
    }

    async fn a_payout_is_its_operators_own(store) {
        let app = TestApp::start(store).await;
        let operator = earner(&app).await;
        let paid = operator.post(paths::PAYOUT, &json!({"amount_usd": 10})).await.created();
        let other = app.operator().await;
        let unknown = PayoutId::new(Timestamp::from_millis(1).unwrap(), 1);
        for id in [paid.id("payout_id"), unknown] {
            let refused = other.get(&paths::payout_status(id)).await;
            assert_eq!(refused.refused(404, "not_found"), "Payout not found");
        }
        let junk = operator.get(&paths::PAYOUT_STATUS.replace("{id}", "payout_abc")).await;
        assert_eq!(junk.refused(404, "not_found"), "Payout not found");
    }

    async fn without_a_chain_nothing_is_paid_out(store) {
        let app = TestApp::start_with(store, &["--payments", "base"]).await;
        let operator = app.operator().await;
        let body = json!({"amount_usd": 10, "payoneer_payee_id": "payee_123"});
        operator.post(paths::PAYOUT, &body).await.refused(501, "not_implemented");
    }

    async fn a_payout_that_is_not_as_documented_is_refused_with_every_fault(store) {
        let app = TestApp::start(store).await;
        let operator = app.operator().await;
        let cases: [(Value, &[&str]); 4] = [
            (
                json!({"amount_usd": 9.99, "payoneer_payee_id": ""}),
                &["amount_usd", "payoneer_payee_id"],
            ),
            (
                json!({"amount_usd": 10, "method": "usdc", "chain": "solana"}),
                &["chain", "wallet_address"],
            ),
            (
                json!({"amount_usd": 10, "method": "usdc", "chain": "base",
                    "wallet_address": "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeD"}),
                &["wallet_address"],
            ),
            (
                json!({"amount_usd": 10, "method": "cash", "iban": "x"}),
                &["method", "iban"],
            ),
        ];
        for (body, fields) in cases {
            let refused = operator.post(paths::PAYOUT, &body).await;
            refused.refused(400, "validation");
            assert_eq!(refused.faulty_fields(), fields, "{body}");
        }
    }
}
