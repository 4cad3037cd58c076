//! Prometheus metrics: stable names, labels whose number callers cannot increase, and a separate
//! listener.

use std::time::Duration;

use api_types::paths;
use reqwest::Method;
use server::serve::metrics;
use server::store::StoreError;
use tokio_util::sync::CancellationToken;

use crate::harness::{Ask, TestApp};
use crate::support::{self, on_both_databases};

/// A server with metrics, and the change of one series. Counters belong to the process, so other
/// tests increase them too.
struct MeasuredServer {
    app: TestApp,
    address: String,
}

impl MeasuredServer {
    async fn start(store: support::FreshStore) -> Self {
        let listening = metrics::listen("127.0.0.1:0".parse().unwrap())
            .await
            .unwrap();
        let address = format!("http://{}/metrics", listening.0.local_addr().unwrap());
        let app = TestApp::start(store).await;
        tokio::spawn(metrics::serve(
            app.app.clone(),
            listening,
            CancellationToken::new(),
        ));
        Self { app, address }
    }

    async fn text(&self) -> String {
        let answer = reqwest::get(&self.address).await.unwrap();
        assert_eq!(answer.status(), 200);
        answer.text().await.unwrap()
    }

    async fn value(&self, series: &str) -> f64 {
        let text = self.text().await;
        let line = text
            .lines()
            .find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
        line.map_or(0.0, |value| value.parse().unwrap())
    }
}

on_both_databases! {
    async fn requests_moves_and_money_are_counted(store) {
        let measured = MeasuredServer::start(store).await;
        let requests = r#"humanops_http_requests_total{method="POST",path="/api/v1/tasks",status="201"}"#;
        let moves = r#"humanops_moves_total{event="task.created"}"#;
        let money = r#"humanops_money_moved_microusd_total{code="hold"}"#;
        let before = [
            measured.value(requests).await,
            measured.value(moves).await,
            measured.value(money).await,
        ];
        measured.app.agent().await.post_photo_task().await;
        assert!(measured.value(requests).await >= before[0] + 1.0);
        assert!(measured.value(moves).await >= before[1] + 1.0);
        assert!(measured.value(money).await >= before[2] + 29_500_000.0);
        let text = measured.text().await;
        for name in [
            "humanops_http_request_duration_seconds_bucket",
            "humanops_store_commit_duration_seconds_count",
            "humanops_store_waiting{kind=\"write\"}",
            "humanops_build_info{version=",
        ] {
            assert!(text.contains(name), "{name} in {text}");
        }
    }

    async fn work_that_waits_is_measured(store) {
        let measured = MeasuredServer::start(store).await;
        let (agent, operator) = (measured.app.agent().await, measured.app.operator().await);
        let task = agent.post_confirmation_task().await;
        operator.accept(task).await;
        operator.confirm(task).await;
        measured.app.advance(Duration::from_secs(90));
        let text = measured.text().await;
        let told = |line: &str| assert!(text.contains(line), "{line} in {text}");
        told("humanops_oldest_due_job_age_seconds 90\n");
        told("humanops_jobs{state=\"failed\"} 0\n");
        measured.app.drain_jobs().await;
        let done = r#"humanops_jobs_run_total{kind="review_proof",outcome="done"}"#;
        assert!(measured.value(done).await >= 1.0);
    }

    /// A transfer whose transaction is rolled back moves no money, whatever was counted before
    /// that.
    async fn what_is_undone_is_not_counted(store) {
        use server::domain::ledger::{Account, Transfer, TransferCode};
        use server::store::{Tx, ledger};
        let measured = MeasuredServer::start(store).await;
        let agent = measured.app.agent().await;
        let amount = api_types::MicroUsd::usd(1);
        let transfer = Transfer {
            event_id: api_types::EventId::new(measured.app.now(), 1),
            code: TransferCode::Fee,
            debit: Account::Deposit(agent.id),
            credit: Account::Platform,
            amount,
            agent_id: Some(agent.id),
            deposit_id: None,
            at: measured.app.now(),
        };
        let undone = move |tx: &mut Tx<'_>| {
            ledger::post(tx, &transfer)?;
            Err::<(), _>(ledger::PostError::Store(StoreError::Changed))
        };
        // No other test in this process pays fees of exactly a dollar a thousand times.
        let fee = r#"humanops_money_moved_microusd_total{code="fee"}"#;
        let before = measured.value(fee).await;
        for _ in 0..100 {
            measured.app.app.store.write(undone).await.unwrap_err();
        }
        assert!(measured.value(fee).await < before + 100_000_000.0);
    }

    /// Paths and methods that callers choose must not create series.
    async fn nobody_outside_can_make_series(store) {
        let measured = MeasuredServer::start(store).await;
        let app = &measured.app;
        let method = Method::from_bytes(b"MADEUP").unwrap();
        app.request(method, "/api/v1/made-up-path").answer().await;
        app.get(&paths::TASK.replace("{id}", "task_made-up-id"))
            .await;
        let text = measured.text().await;
        assert!(!text.to_lowercase().contains("made-up"), "{text}");
        assert!(!text.contains("MADEUP"), "{text}");
        assert!(text.contains(r#"path="/api/v1/tasks/{id}""#), "{text}");
        let public = app.get("/metrics").await;
        assert!(!String::from_utf8_lossy(&public.bytes).contains("humanops_"));
    }
}
