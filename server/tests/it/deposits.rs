//! Deposits by card and bank, the provider's notices, and the agent's ledger (contract §3).

use std::sync::{Arc, Mutex};

use api_types::{AgentId, paths};
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use axum::{Json, Router};
use hmac::{Hmac, KeyInit, Mac};
use reqwest::Method;
use serde_json::{Value, json};
use sha2::Sha256;
use tokio::net::TcpListener;

use crate::harness::{Answer, Ask, Caller, TestApp, photo_task};
use crate::support::{self, FreshStore, on_both_databases};

const LOGIN: &str = "sak223k2wdksdl2";
const TRANS_KEY: &str = "fm12O7G9fm12O7G9";
const SECRET: &str = "cdpCd3ExeTnS0pkeOhJ1bEvJ";

/// A simulation of dLocal by its documentation: it creates payments if the request is signed
/// correctly.
#[derive(Clone, Default)]
struct Provider {
    /// Every requested payment, with its idempotency key.
    asked: Arc<Mutex<Vec<(String, Value)>>>,
    /// The response to send instead, if any.
    refuses: Arc<Mutex<Option<(u16, Value)>>>,
}

impl Provider {
    /// Starts the simulation, and a server that uses it.
    async fn and_server(store: FreshStore) -> (Self, TestApp) {
        let provider = Self::default();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new()
            .route("/payments", post(open_payment))
            .with_state(provider.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        let settings = [
            ["--payments", "base"],
            ["--dlocal-url", &url],
            ["--dlocal-login", LOGIN],
            ["--dlocal-trans-key", TRANS_KEY],
            ["--dlocal-secret", SECRET],
            ["--dlocal-country", "BR"],
        ];
        let app = TestApp::start_with(store, settings.as_flattened()).await;
        app.app.config.check().unwrap();
        (provider, app)
    }

    fn refuse(&self, status: u16, body: Value) {
        *self.refuses.lock().unwrap() = Some((status, body));
    }

    fn asked(&self) -> Vec<(String, Value)> {
        self.asked.lock().unwrap().clone()
    }
}

async fn open_payment(
    State(provider): State<Provider>,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, Json<Value>) {
    let header = |name: &str| headers.get(name).unwrap().to_str().unwrap().to_owned();
    assert_eq!(
        (header("x-login"), header("x-version")),
        (LOGIN.to_owned(), "2.1".to_owned())
    );
    assert_eq!(header("x-trans-key"), TRANS_KEY);
    let signed = [LOGIN.as_bytes(), header("x-date").as_bytes(), &body].concat();
    let expected = format!("V2-HMAC-SHA256, Signature: {}", hmac(&signed));
    if header("authorization") != expected {
        let refusal = json!({"code": 3001, "message": "Invalid Credentials"});
        return (StatusCode::FORBIDDEN, Json(refusal));
    }
    let asked: Value = serde_json::from_slice(&body).unwrap();
    let order = asked["order_id"].as_str().unwrap().to_owned();
    let key = header("x-idempotency-key");
    provider.asked.lock().unwrap().push((key, asked));
    if let Some((status, body)) = provider.refuses.lock().unwrap().take() {
        return (StatusCode::from_u16(status).unwrap(), Json(body));
    }
    let opened = json!({"id": "D-4-086e1efe", "status": "PENDING", "status_code": "100",
        "order_id": order, "redirect_url": format!("https://pay.dlocal.com/{order}")});
    (StatusCode::OK, Json(opened))
}

fn hmac(bytes: &[u8]) -> String {
    let mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
    let signature = mac.chain_update(bytes).finalize().into_bytes();
    signature.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Sends a notice that is signed as in the contract.
async fn notify(app: &TestApp, notice: &Value) -> Answer {
    let body = notice.to_string();
    notify_with(app, &body, &[("x-signature", &hmac(body.as_bytes()))]).await
}

async fn notify_with(app: &TestApp, body: &str, headers: &[(&str, &str)]) -> Answer {
    let mut request = app
        .request(Method::POST, paths::PAYMENT_WEBHOOK)
        .body(body.to_owned());
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request
        .header("content-type", "application/json")
        .answer()
        .await
}

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
