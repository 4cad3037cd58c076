//! Deliveries in progress when the server dies or stops.

use std::time::{Duration, Instant};

use api_types::paths;
use serde_json::json;
use server::jobs::runner;
use server::store::Tx;
use server::store::jobs::{self, LeaseScope};
use tokio_util::sync::CancellationToken;

use super::receiver::Receiver;
use super::{LOOPBACK, start, submitted, with_callback};
use crate::harness::TestApp;
use crate::support::{self, on_both_databases};
use crate::uploads::eventually;

on_both_databases! {
    async fn what_a_server_held_when_it_died_is_free_after_half_a_minute(store) {
        let app = start(store).await;
        let (agent, slow) = (app.agent().await, Receiver::start().await);
        let mut task = with_callback(&app, &slow.hang());
        task["webhook_style"] = json!("all");
        agent.post(paths::TASKS, &task).await.created();
        let running = tokio::spawn(runner::run(app.app.clone(), CancellationToken::new()));
        slow.got(1).await;
        running.abort();
        assert!(running.await.unwrap_err().is_cancelled());
        app.advance(Duration::from_secs(30));
        let now = app.now();
        let ended = move |tx: &mut Tx<'_>| jobs::take_back(tx, now, LeaseScope::Lease);
        app.app.store.write(ended).await.unwrap();
        let due = app.claim_jobs(Duration::from_secs(30)).await;
        assert_eq!((due[0].job.kind(), due[0].attempts), ("deliver_webhook", 2));
    }

    /// The process ended during these calls, and nobody knows during which.
    async fn calls_that_may_have_ended_a_process_are_made_one_after_the_other(store) {
        let app = start(store).await;
        let (other, good) = (app.agent().await, Receiver::start().await);
        let mut suspects = Vec::new();
        for _ in 0..3 {
            let one = Receiver::start().await;
            let mut task = with_callback(&app, &one.hang());
            task["webhook_style"] = json!("all");
            app.agent().await.post(paths::TASKS, &task).await.created();
            suspects.push(one);
        }
        assert_eq!(app.claim_jobs(Duration::from_secs(30)).await.len(), 3);
        let now = app.now();
        let ended = move |tx: &mut Tx<'_>| jobs::take_back(tx, now, LeaseScope::Every);
        app.app.store.write(ended).await.unwrap();

        let called = || suspects.iter().filter(|one| !one.all().is_empty()).count();
        let begun = Instant::now();
        let running = tokio::spawn(runner::run(app.app.clone(), CancellationToken::new()));
        eventually(|| called() > 0).await;
        // A delivery that is no suspect does not wait, which proves that the runner continues.
        submitted(&other, &with_callback(&app, &good.hook())).await;
        good.got(1).await;
        let most = 1 + begun.elapsed().as_secs() / 2;
        assert!(called() as u64 <= most, "{} of them run at once", called());
        running.abort();
        app.app.store.close();
    }

    async fn a_stop_hands_unfinished_jobs_back(store) {
        let arguments = [&LOOPBACK[..], &["--stop-seconds", "0"]].concat();
        let app = TestApp::start_with(store, &arguments).await;
        let (agent, slow) = (app.agent().await, Receiver::start().await);
        submitted(&agent, &with_callback(&app, &slow.hang())).await;
        let stop = CancellationToken::new();
        let running = tokio::spawn(runner::run(app.app.clone(), stop.clone()));
        slow.got(1).await;
        stop.cancel();
        running.await.unwrap();
        let due = app.claim_jobs(Duration::from_secs(60)).await;
        assert_eq!((due[0].job.kind(), due[0].attempts), ("deliver_webhook", 1));
    }
}
