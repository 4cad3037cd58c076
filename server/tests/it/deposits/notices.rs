//! Notices of the provider: which of them credit a payment, and which are refused.

use api_types::paths;
use serde_json::json;

use super::provider::{LOGIN, Provider, hmac, notify, notify_with};
use super::{hundred, status};
use crate::support::{self, on_both_databases};

on_both_databases! {
    async fn notices_at_once_credit_once(store) {
        let (provider, app) = Provider::and_server(store).await;
        let agent = app.poor_agent().await;
        agent.post(paths::PAY_IN, &hundred()).await.created();
        let order = provider.asked()[0].1["order_id"].clone();
        let paid = json!({"status": "PAID", "order_id": order, "amount": 100});
        let answers = futures_util::future::join_all((0..10).map(|_| notify(&app, &paid))).await;
        // Requests that lost the race are retried by the server, and not refused temporarily.
        let statuses: Vec<_> = answers.iter().map(|answer| answer.status).collect();
        assert_eq!(statuses, [200; 10]);
        assert_eq!(agent.balance().await.0, "100.00");
    }

    async fn a_notice_that_is_not_the_providers_changes_nothing(store) {
        let (provider, app) = Provider::and_server(store).await;
        let agent = app.poor_agent().await;
        agent.post(paths::PAY_IN, &hundred()).await.created();
        let order = provider.asked()[0].1["order_id"].clone();
        let paid = json!({"status": "PAID", "order_id": order, "amount": 100}).to_string();
        let other = hmac(b"another body");
        let good = hmac(paid.as_bytes());
        let wrong: [&[(&str, &str)]; 7] = [
            &[],
            &[("x-signature", "")],
            &[("x-signature", "not hexadecimal")],
            &[("x-signature", &other)],
            &[("x-signature", &good[..62])],
            &[("authorization", &format!("V2-HMAC-SHA256, Signature: {good}"))],
            &[("authorization", &format!("V2-HMAC-SHA256, Signature: {good}")),
                ("x-date", "2026-02-05T12:00:00.000Z")],
        ];
        for headers in wrong {
            let refused = notify_with(&app, &paid, headers).await;
            assert_eq!(refused.refused(401, "unauthorized"), "Invalid signature", "{headers:?}");
        }
        assert_eq!(agent.balance().await.0, "0.00");
        // dLocal's own signature also covers login and date.
        let date = "2026-02-05T12:00:00.000Z";
        let signature = hmac(format!("{LOGIN}{date}{paid}").as_bytes());
        let authorization = format!("V2-HMAC-SHA256, Signature: {signature}");
        let headers = [("authorization", authorization.as_str()), ("x-date", date)];
        notify_with(&app, &paid, &headers).await.ok();
        assert_eq!(agent.balance().await.0, "100.00");
    }

    async fn a_notice_about_another_amount_or_order_is_refused(store) {
        let (provider, app) = Provider::and_server(store).await;
        let agent = app.poor_agent().await;
        agent.post(paths::PAY_IN, &hundred()).await.created();
        let order = provider.asked()[0].1["order_id"].clone();
        for notice in [
            json!({"status": "PAID", "order_id": order, "amount": 99.99}),
            json!({"status": "PAID", "order_id": order, "amount": 1000}),
            json!({"status": "PAID", "order_id": order, "amount": 100, "currency": "BRL"}),
        ] {
            notify(&app, &notice).await.refused(422, "rule_violation");
        }
        for order in [format!("{}_1770000000000", agent.id), "x".to_owned()] {
            let notice = json!({"status": "PAID", "order_id": order, "amount": 100});
            let refused = notify(&app, &notice).await;
            assert_eq!(refused.refused(404, "not_found"), "Order not found");
        }
        let faulty = notify(&app, &json!({"amount": "much"})).await;
        faulty.refused(400, "validation");
        assert_eq!(faulty.faulty_fields(), ["order_id", "status", "amount"]);
        assert_eq!(agent.balance().await.0, "0.00");
    }

    async fn a_notice_with_a_fault_in_any_field_credits_nothing(store) {
        let (provider, app) = Provider::and_server(store).await;
        let agent = app.poor_agent().await;
        agent.post(paths::PAY_IN, &hundred()).await.created();
        let order = provider.asked()[0].1["order_id"].clone();
        for (field, faulty) in [
            ("currency", json!(986)),
            ("currency", json!("")),
            ("currency", json!(["USD"])),
            ("currency", json!({"code": "BRL"})),
            ("currency", json!(false)),
            ("currency", json!("a currency of more characters than ten")),
            ("amount", json!([100])),
            ("status", json!(["PAID"])),
            ("order_id", json!({})),
        ] {
            let mut notice = json!({"status": "PAID", "order_id": order, "amount": 100});
            notice[field] = faulty;
            let refused = notify(&app, &notice).await;
            refused.refused(400, "validation");
            assert_eq!(refused.faulty_fields(), [field], "{notice}");
            assert_eq!(agent.balance().await.0, "0.00", "{notice}");
        }
        let paid = json!({"status": "PAID", "order_id": order, "amount": 100,
            "currency": "USD", "id": "D-4-086e1efe", "country": "BR"});
        notify(&app, &paid).await.ok();
        assert_eq!(agent.balance().await.0, "100.00");
    }

    async fn what_was_not_paid_is_told_and_may_be_paid_after_all(store) {
        let (provider, app) = Provider::and_server(store).await;
        let agent = app.poor_agent().await;
        for (nth, (word, told)) in
            [("REJECTED", "failed"), ("EXPIRED", "failed"), ("CANCELLED", "cancelled"),
                ("AUTHORIZED", "pending"), ("PENDING", "pending")].into_iter().enumerate()
        {
            let opened = agent.post(paths::PAY_IN, &hundred()).await.created();
            let order = provider.asked()[nth].1["order_id"].clone();
            let notice = json!({"status": word, "order_id": order, "amount": 100});
            assert_eq!(notify(&app, &notice).await.ok().text("status"), told);
            assert_eq!(status(&agent, &opened.text("payment_id")).await, told);
        }
        assert_eq!(agent.balance().await.0, "0.00");
        let order = provider.asked()[0].1["order_id"].clone();
        let paid = json!({"status": "PAID", "order_id": order, "amount": 100});
        notify(&app, &paid).await.ok();
        assert_eq!(agent.balance().await.0, "100.00");
    }
}
