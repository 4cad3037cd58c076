//! Callback hosts that were not called yet: how many deliveries to them one agent may have in
//! progress, and what the delivery log reveals about names that do not resolve.

use std::sync::mpsc::channel;
use std::time::Duration;

use api_types::{Timestamp, paths};
use serde_json::{Value, json};
use server::jobs::runner;
use tokio::runtime::Builder;
use tokio_util::sync::CancellationToken;

use crate::harness::{Agent, TestApp};
use crate::support::{self, FreshStore, on_both_databases};
use crate::webhooks::{LOOPBACK, Receiver, with_callback};

/// More hosts than the limit of the pool for hosts that were not called yet.
const NEW_HOSTS: usize = 80;

/// The limit of one agent in that pool.
const PLACES_OF_AGENT: usize = 4;

/// Delay of a delivery's first retry.
const FIRST_RETRY: Duration = Duration::from_secs(30);

/// Posts a task whose callback is called at once, because it selects every event.
async fn post_with_callback(agent: &Agent<'_>, url: &str) {
    let mut task = with_callback(agent.app, url);
    task["webhook_style"] = json!("all");
    agent.post(paths::TASKS, &task).await.created();
}

/// Calls a name whose lookup lasts until its timeout, while the server's clock advances. Returns
/// the delivery as the log shows it.
async fn called_by_a_name_that_takes_long(store: FreshStore) -> Value {
    let app = TestApp::start_with(store, &["--allow-http-targets=true"]).await;
    let agent = app.agent().await;
    // The mail of the registration needs the thread too.
    app.drain_jobs().await;
    post_with_callback(&agent, "http://no-such-name.invalid/hook").await;
    let (end, ended) = channel::<()>();
    // This task occupies the runtime's only thread for blocking work, for which the lookup waits.
    let busy = tokio::task::spawn_blocking(move || ended.recv());
    let mut ticks = tokio::time::interval(Duration::from_millis(10));
    let time_passes = async {
        loop {
            ticks.tick().await;
            app.advance(Duration::from_millis(1));
        }
    };
    tokio::select! {
        () = app.drain_jobs() => {}
        () = time_passes => {}
    }
    drop(end);
    busy.await.unwrap().unwrap_err();
    let listed = agent.get(paths::DELIVERIES).await.ok();
    listed.body["data"][0].clone()
}

on_both_databases! {
    async fn an_agent_with_many_new_hosts_leaves_places_for_the_new_host_of_another(store) {
        let tiers = ["--tiers", "STANDARD=1000000/10000/100000000"];
        let app = TestApp::start_with(store, &[&LOOPBACK[..], &tiers].concat()).await;
        let (agent, other) = (app.agent().await, app.agent().await);
        agent.deposit(10_000).await;
        let mut hanging = Vec::new();
        for _ in 0..NEW_HOSTS {
            let host = Receiver::start().await;
            post_with_callback(&agent, &host.hang()).await;
            hanging.push(host);
        }
        app.advance(Duration::from_millis(1));
        let receiver = Receiver::start().await;
        post_with_callback(&other, &receiver.hook()).await;
        let running = tokio::spawn(runner::run(app.app.clone(), CancellationToken::new()));
        receiver.got(1).await;
        let called: usize = hanging.iter().map(Receiver::calls).sum();
        assert!(called <= PLACES_OF_AGENT, "{called} calls of one agent hang at once");
        running.abort();
        app.app.store.close();
    }

    /// Otherwise an agent that tries names could distinguish those of the host's network from
    /// unknown ones by the durations of their lookups.
    async fn the_log_does_not_show_how_long_the_lookup_of_a_name_took(store) {
        let one_blocking_thread = || {
            let mut runtime = Builder::new_current_thread();
            let runtime = runtime.enable_all().max_blocking_threads(1).build().unwrap();
            runtime.block_on(called_by_a_name_that_takes_long(store))
        };
        let delivery = std::thread::scope(|scope| scope.spawn(one_blocking_thread).join().unwrap());
        let attempt = &delivery["attempts"][0];
        assert_eq!(attempt["error"], "its name resolves to no address on the public internet");
        assert_eq!(attempt["duration_ms"], 0);
        let at: Timestamp = attempt["at"].as_str().unwrap().parse().unwrap();
        assert_eq!(delivery["next_attempt_at"], json!(at.after(FIRST_RETRY)));
    }
}
