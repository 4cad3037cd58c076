//! Payments of an agent: opened once, credited once, visible to the agent alone.

use api_types::paths;
use serde_json::json;

use super::provider::{Provider, notify};
use super::{hundred, status};
use crate::harness::{TestApp, photo_task};
use crate::support::{self, on_both_databases};

on_both_databases! {
    async fn in_test_mode_money_is_there_at_once(store) {
        let app = TestApp::start(store).await;
        let agent = app.poor_agent().await;
        // The request is as the HumanOps reference prints it.
        let body = json!({"amount_usd": 100, "payment_method": "card", "return_url": "https://example.com"});
        let paid = agent.post_once(paths::PAY_IN, "k", &body).await.created();
        assert!(paid.text("transaction_id").starts_with("txn_"));
        assert_eq!(paid.body["amount_usd"].as_f64(), Some(100.0));
        assert_eq!(paid.text("status"), "completed");
        assert_eq!(paid.text("message"), "Funds added (test mode)");
        agent.post_once(paths::PAY_IN, "k", &body).await.created();
        assert_eq!(agent.balance().await.0, "100.00");
        assert_eq!(status(&agent, &paid.text("transaction_id")).await, "completed");
        // Deposits of $50 or more lift the tier, by whichever method they are made.
        let mut task = photo_task(&app);
        task["reward_usd"] = json!(80);
        agent.post(paths::TASKS, &task).await.created();
    }

    async fn a_payment_is_opened_at_the_provider_and_credited_once(store) {
        let (provider, app) = Provider::and_server(store).await;
        let agent = app.poor_agent().await;
        let opened = agent.post(paths::PAY_IN, &hundred()).await.created();
        assert_eq!(opened.text("status"), "pending");
        let id = opened.text("transaction_id");
        let [(key, asked)] = <[_; 1]>::try_from(provider.asked()).unwrap();
        assert_eq!(key, id);
        let order = asked["order_id"].as_str().unwrap();
        assert_eq!(order, format!("{}_{}", agent.id, id.strip_prefix("txn_").unwrap()));
        assert_eq!(opened.text("redirect_url"), format!("https://pay.dlocal.com/{order}"));
        assert_eq!(asked["amount"].to_string(), "100.00");
        assert_eq!((&asked["currency"], &asked["country"]), (&json!("USD"), &json!("BR")));
        assert_eq!(asked["payment_method_id"], "CARD");
        assert_eq!(asked["payment_method_flow"], "REDIRECT");
        assert_eq!(asked["callback_url"], "https://example.com/paid");
        assert_eq!(asked["notification_url"], format!("{}{}", app.origin, paths::PAYMENT_WEBHOOK));
        assert!(asked["payer"]["email"].as_str().unwrap().ends_with("@example.com"));
        assert_eq!(status(&agent, &id).await, "pending");
        assert_eq!(agent.balance().await.0, "0.00");

        let paid = json!({"status": "PAID", "order_id": order, "amount": 100});
        assert_eq!(notify(&app, &paid).await.ok().text("status"), "completed");
        let again = json!({"status": "COMPLETED", "order_id": order, "amount": 100.00, "currency": "USD"});
        assert_eq!(notify(&app, &again).await.ok().text("status"), "completed");
        let late = json!({"status": "CANCELLED", "order_id": order, "amount": 100});
        assert_eq!(notify(&app, &late).await.ok().text("status"), "completed");
        assert_eq!(agent.balance().await.0, "100.00");
        assert_eq!(status(&agent, &id).await, "completed");
    }

    async fn a_retried_payment_is_opened_once(store) {
        let (provider, app) = Provider::and_server(store).await;
        let agent = app.poor_agent().await;
        // The provider is unreachable, and nobody knows whether it has created the payment.
        provider.refuse(503, json!({}));
        let refused = agent.post_once(paths::PAY_IN, "k", &hundred()).await;
        refused.refused(503, "unavailable");
        let opened = agent.post_once(paths::PAY_IN, "k", &hundred()).await.created();
        let again = agent.post_once(paths::PAY_IN, "k", &hundred()).await.created();
        assert_eq!(opened.body, again.body);
        assert_eq!(again.header("idempotent-replayed"), "true");
        let mut other = hundred();
        other["amount_usd"] = json!(101);
        agent.post_once(paths::PAY_IN, "k", &other).await.refused(422, "idempotency_mismatch");

        let asked = provider.asked();
        assert_eq!(asked.len(), 2);
        assert_eq!(asked[0], asked[1], "the same order under the same key");
        app.advance(std::time::Duration::from_secs(48 * 60 * 60));
        let anew = agent.post_once(paths::PAY_IN, "k", &hundred()).await.created();
        assert_ne!(anew.text("payment_id"), opened.text("payment_id"));
    }

    async fn a_payment_that_the_provider_refuses_has_failed(store) {
        let (provider, app) = Provider::and_server(store).await;
        let agent = app.poor_agent().await;
        provider.refuse(400, json!({"code": 5001, "message": "Invalid parameter: country"}));
        let refused = agent.post_once(paths::PAY_IN, "k", &hundred()).await;
        let sentence = refused.refused(422, "rule_violation").to_owned();
        assert!(!sentence.contains("country"), "the provider's words are for the host: {sentence}");
        let again = agent.post_once(paths::PAY_IN, "k", &hundred()).await;
        again.refused(422, "rule_violation");
        assert_eq!(provider.asked().len(), 1);
    }

    async fn a_payment_is_its_agents_own(store) {
        let app = TestApp::start(store).await;
        let (mine, other) = (app.poor_agent().await, app.poor_agent().await);
        let paid = mine.post(paths::PAY_IN, &hundred()).await.created();
        for id in [paid.text("payment_id"), "pay_abc123".to_owned()] {
            let body = json!({"payment_id": id});
            let refused = other.post(paths::PAY_IN_STATUS, &body).await;
            assert_eq!(refused.refused(404, "not_found"), "Payment not found");
        }
        let nothing = mine.get(paths::PAY_IN_STATUS).await;
        nothing.refused(400, "validation");
        assert_eq!(nothing.faulty_fields(), ["payment_id"]);
    }

    async fn without_a_provider_and_a_chain_nothing_is_believed(store) {
        let app = TestApp::start_with(store, &["--payments", "base"]).await;
        app.app.config.check().unwrap();
        let agent = app.poor_agent().await;
        agent.post(paths::PAY_IN, &hundred()).await.refused(501, "not_implemented");
        let body = json!({"tx_hash": format!("0x{}", "1".repeat(64)), "amount_usdc": 100});
        agent.post(paths::DEPOSIT_USDC, &body).await.refused(501, "not_implemented");
        let notice = json!({"status": "PAID", "order_id": "x", "amount": 100});
        notify(&app, &notice).await.refused(401, "unauthorized");
        assert_eq!(agent.balance().await.0, "0.00");
    }

    async fn a_payment_out_of_bounds_is_refused_with_every_fault(store) {
        let app = TestApp::start(store).await;
        let agent = app.poor_agent().await;
        let wrong = json!({"amount_usd": 4.99, "payment_method": "cash",
            "return_url": "http://x.example", "more": 1});
        let refused = agent.post(paths::PAY_IN, &wrong).await;
        refused.refused(400, "validation");
        let expected = ["amount_usd", "payment_method", "return_url", "more"];
        assert_eq!(refused.faulty_fields(), expected);
        for amount in [json!("10000.01"), json!("5.001"), json!(-5), json!(null)] {
            let body = json!({"amount_usd": amount, "payment_method": "bank_transfer"});
            agent
                .post(paths::PAY_IN, &body)
                .await
                .refused(400, "validation");
        }
        let body = json!({"amount_usd": "10000", "payment_method": "bank_transfer"});
        agent.post(paths::PAY_IN, &body).await.created();
        assert_eq!(agent.balance().await.0, "10000.00");
    }
}
