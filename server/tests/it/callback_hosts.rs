//! Callback hosts that were not called yet: how many of the runner's places one agent gets for
//! them.

use std::time::Duration;

use api_types::paths;
use serde_json::json;
use server::jobs::runner;
use tokio_util::sync::CancellationToken;

use crate::harness::TestApp;
use crate::support::{self, on_both_databases};
use crate::webhooks::{Agent, LOOPBACK, Receiver, with_callback};

/// More hosts than the runner has places for hosts that were not called yet.
const NEW_HOSTS: usize = 80;

/// Places that an agent has for hosts that were not called yet.
const PLACES_OF_AGENT: usize = 4;

/// Posts a task whose callback is called at once, because it wants every event.
async fn post_with_callback(agent: &Agent<'_>, url: &str) {
    let mut task = with_callback(agent.app, url);
    task["webhook_style"] = json!("all");
    agent.post(paths::TASKS, &task).await.created();
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
}
