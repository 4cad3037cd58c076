//! Targets that must not be called, and names that resolve to them.

use std::collections::BTreeSet;

use api_types::paths;
use serde_json::Value;
use server::domain::target::TargetRules;
use server::outside::http::UserTargets;
use server::store::deliveries as stored_deliveries;
use server::store::search::PageWindow;

use super::receiver::Receiver;
use super::{completed, only_delivery, start, submitted, with_callback};
use crate::harness::TestApp;
use crate::support::{self, on_both_databases};

/// Returns a name that the hosts file maps to this machine. `localhost` is refused before it is
/// resolved.
fn name_on_this_machine() -> Option<String> {
    let hosts = std::fs::read_to_string("/etc/hosts").ok()?;
    let loopback = |line: &&str| line.starts_with("127.") || line.starts_with("::1");
    let names = hosts.lines().filter(loopback);
    let mut names = names.flat_map(|line| line.split_whitespace().skip(1));
    let other = names.find(|name| !name.starts_with('#') && *name != "localhost");
    other.map(str::to_owned)
}

on_both_databases! {
    async fn an_address_that_may_not_be_called_is_refused_with_its_task(store) {
        let app = TestApp::start(store).await;
        let agent = app.agent().await;
        for url in [
            "http://example.com/hook", "https://127.0.0.1/hook", "https://localhost/hook",
            "https://[::ffff:10.0.0.1]/hook", "https://user:pass@example.com/hook",
            "https://example.com:22/hook", "https://169.254.169.254/latest/meta-data",
        ] {
            let answer = agent.post(paths::TASKS, &with_callback(&app, url)).await;
            answer.refused(400, "validation");
            assert_eq!(answer.faulty_fields(), ["callback_url"], "{url}");
        }
    }

    async fn an_address_that_may_no_longer_be_called_is_not(store) {
        let mut app = start(store).await;
        let receiver = Receiver::start().await;
        let task = submitted(&app.agent().await, &with_callback(&app, &receiver.hook())).await;
        // The host has changed its rules since the task was posted.
        app.app.targets = UserTargets::new(TargetRules::default()).unwrap();
        app.drain_jobs().await;
        assert_eq!(receiver.all().len(), 0);
        let all = app.app.store.read(|tx| {
            stored_deliveries::list(tx, Default::default(), PageWindow::first(10))
        });
        let all = all.await.unwrap().rows;
        assert_eq!(all[0].task_id, task);
        let error = all[0].attempts[0].error.as_deref().unwrap();
        assert!(error.contains("https"), "{error}");
    }

    /// Neither name can be called: one is on loopback, which the rules do not allow, and the other
    /// does not exist.
    async fn a_name_on_the_hosts_network_looks_in_the_log_as_one_that_nobody_has(store) {
        let arguments = ["--allow-http-targets=true", "--target-ports", "9"];
        let app = TestApp::start_with(store, &arguments).await;
        let agent = app.agent().await;
        let Some(inner) = name_on_this_machine() else {
            return;
        };
        let mut seen = BTreeSet::new();
        for name in [inner.as_str(), "no-such-name.invalid"] {
            let task = with_callback(&app, &format!("http://{name}:9/hook"));
            let task = completed(&agent, &task).await;
            let mut delivery = only_delivery(&agent, task).await;
            for own in ["id", "event_id", "task_id", "url"] {
                delivery[own] = Value::Null;
            }
            seen.insert(delivery.to_string());
        }
        assert_eq!(seen.len(), 1, "{seen:?}");
    }
}
