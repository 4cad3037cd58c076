//! A running server: jobs run at the same time as requests, and a signal to stop interrupts
//! neither.

use std::time::Duration;

use api_types::paths;
use server::serve::serve;
use server::store::StoreError;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::harness::TestApp;
use crate::support::{self, FreshStore, on_both_databases};
use crate::uploads::{begin_upload, eventually};

async fn running(
    store: FreshStore,
    arguments: &[&str],
) -> (TestApp, CancellationToken, JoinHandle<anyhow::Result<()>>) {
    let (app, listener) = TestApp::bind(store, arguments).await;
    let stop = CancellationToken::new();
    let served = tokio::spawn(serve(app.app.clone(), listener, stop.clone()));
    (app, stop, served)
}

on_both_databases! {
    async fn a_submitted_proof_is_judged_without_being_asked_for(store) {
        let (app, stop, served) = running(store, &[]).await;
        let (agent, operator) = (app.agent().await, app.operator().await);
        let task = agent.post_confirmation_task().await;
        operator.accept(task).await;
        operator.confirm(task).await;
        let judged = async || agent.get(&paths::task(task)).await.ok().text("status");
        let decided = async { while judged().await == "SUBMITTED" {} };
        tokio::time::timeout(Duration::from_secs(10), decided).await.unwrap();
        assert_eq!(judged().await, "COMPLETED");
        stop.cancel();
        served.await.unwrap().unwrap();
    }

    async fn a_request_that_runs_is_finished_before_the_server_stops(store) {
        let (app, stop, served) = running(store, &[]).await;
        let operator = app.operator().await;
        let rest = b"\r\n--b--\r\n";
        let mut upload = begin_upload(&app, &operator, rest.len()).await;
        eventually(|| !app.stored_files().is_empty()).await;
        stop.cancel();
        // The listener is closed as soon as the server has received the signal.
        let address = app.origin.trim_start_matches("http://");
        let closed = async {
            while TcpStream::connect(address).await.is_ok() {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), closed).await.unwrap();
        upload.write_all(rest).await.unwrap();
        let mut answer = String::new();
        upload.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
        served.await.unwrap().unwrap();
        let asked = app.app.store.ping().await;
        assert!(matches!(asked, Err(StoreError::Unavailable(_))), "{asked:?}");
    }

    async fn a_request_that_never_ends_is_cut_off(store) {
        let (app, stop, served) = running(store, &["--stop-seconds", "0"]).await;
        let operator = app.operator().await;
        let _upload = begin_upload(&app, &operator, 1000).await;
        eventually(|| !app.stored_files().is_empty()).await;
        stop.cancel();
        served.await.unwrap().unwrap();
    }
}
