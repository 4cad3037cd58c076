//! Authentication by the host's key.

use api_types::paths;
use reqwest::Method;

use super::{SETTINGS, record};
use crate::harness::{ADMIN_KEY, Ask, TestApp};
use crate::support::{self, on_both_databases};

on_both_databases! {
    async fn the_hosts_routes_open_to_the_hosts_key_alone(store) {
        let app = TestApp::start_with(store, &SETTINGS).await;
        let routes = [
            (Method::GET, paths::ADMIN_OPERATORS.to_owned()),
            (Method::GET, paths::ADMIN_AGENTS.to_owned()),
            (Method::GET, paths::TASK_TYPE_SWITCHES.to_owned()),
            (Method::PUT, paths::TASK_TYPE_SWITCHES.to_owned()),
            (Method::GET, paths::CHECK_LEDGER.to_owned()),
            (Method::GET, paths::FAILED_JOBS.to_owned()),
            (Method::POST, paths::retry_job("e30")),
            (Method::GET, paths::AUDIT.to_owned()),
            (Method::POST, paths::ADMIN_OPERATOR.replace("{id}", "x") + "/kyc"),
        ];
        for (method, path) in routes {
            for key in ["", "another-key-of-thirty-two-characters", &ADMIN_KEY[1..]] {
                let request = app.request(method.clone(), &path).header("x-admin-key", key);
                let answer = request.answer().await;
                assert!(answer.refused(403, "forbidden").contains("X-Admin-Key"), "{path}");
            }
        }
        assert_eq!(record(&app).await, []);
    }

    async fn a_server_without_a_hosts_key_has_no_host(store) {
        let app = TestApp::start(store).await;
        for key in ["", "x"] {
            let request = app.request(Method::GET, paths::AUDIT).header("x-admin-key", key);
            request.answer().await.refused(403, "forbidden");
        }
        app.get(paths::AUDIT).await.refused(403, "forbidden");
    }
}
