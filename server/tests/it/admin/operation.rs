//! What the host sees and changes while the server runs: accounts, the ledger, failed jobs, and
//! switches of task types.

use std::time::Duration;

use api_types::paths;
use reqwest::Method;
use serde_json::{Value, json};

use super::{SETTINGS, decide, host, look, record};
use crate::harness::{TestApp, photo_task};
use crate::support::{self, on_both_databases};

on_both_databases! {
    async fn operators_and_agents_are_listed_searched_and_paged(store) {
        let app = TestApp::start_with(store, &SETTINGS).await;
        let (agent, _poor) = (app.agent().await, app.poor_agent().await);
        let body = json!({"name": "100% Ann_", "email": "ann@example.com", "phone": "+4930123456"});
        let ann = app.post(paths::REGISTER_OPERATOR, &body).await.created();
        // Ids of the same millisecond are in no order.
        app.advance(Duration::from_millis(1));
        let _others = (app.operator().await, app.operator().await);
        let found = async |query: &str| {
            let page = look(&app, &format!("{}?{query}", paths::ADMIN_OPERATORS)).await;
            page.body["pagination"]["total"].as_u64().unwrap()
        };
        assert_eq!(found("").await, 3);
        for (query, count) in [("q=ann", 1), ("q=%25%20ANN_", 1), ("q=%25", 1), ("q=jane", 2),
            ("q=nobody", 0), ("q=example.com", 3), ("kyc_status=APPROVED", 0)]
        {
            assert_eq!(found(query).await, count, "{query}");
        }
        // Letters beyond ASCII are found in either case, also after a change of the name.
        let names = [("ÉLODIE", "q=%C3%A9lodie"), ("Юлия", "q=%D0%AE%D0%9B%D0%98%D0%AF")];
        for (name, query) in names {
            let change = json!({"name": name});
            let path = paths::OPERATOR_PROFILE;
            let me = app.operator_with_id(&ann.text("operator_id"));
            me.patch(path, &change).await.ok();
            assert_eq!(found(query).await, 1, "{query}");
        }
        let one = look(&app, &paths::admin_operator(ann.id("operator_id"))).await;
        assert_eq!(one.text("phone"), "+4930123456");
        let first = look(&app, &format!("{}?limit=2", paths::ADMIN_OPERATORS)).await;
        let cursor = first.body["pagination"]["next_cursor"].as_str().unwrap();
        let next = format!("{}?limit=2&cursor={cursor}", paths::ADMIN_OPERATORS);
        let last = look(&app, &next).await;
        assert_eq!(last.body["data"][0]["operator_id"], json!(ann.text("operator_id")));
        let agents = look(&app, &format!("{}?q=agent", paths::ADMIN_AGENTS)).await;
        assert_eq!(agents.body["pagination"]["total"], 2);
        agent.patch(paths::ME, &json!({"name": "Élodie"})).await.ok();
        let agents = look(&app, &format!("{}?q=%C3%89LODIE", paths::ADMIN_AGENTS)).await;
        assert_eq!(agents.body["pagination"]["total"], 1);
        agent.post_photo_task().await;
        let seen = look(&app, &paths::admin_agent(agent.id)).await.body;
        assert_eq!((&seen["tier"], &seen["tasks"], &seen["active_keys"]),
            (&json!("STANDARD"), &json!(1), &json!(1)));
        assert_eq!(seen["deposit_balance"].to_string(), "970.50");
        let junk = format!("{}?kyc_status=MAYBE", paths::ADMIN_OPERATORS);
        host(&app, Method::GET, &junk, &Value::Null).await.refused(400, "validation");
    }

    async fn the_ledger_is_checked_on_demand(store) {
        let app = TestApp::start_with(store, &SETTINGS).await;
        let agent = app.agent().await;
        agent.post_photo_task().await;
        let report = look(&app, paths::CHECK_LEDGER).await.body;
        assert_eq!((&report["ok"], &report["faults"]), (&json!(true), &json!([])));
        assert_eq!((&report["transfers"], report["sum_usd"].to_string()),
            (&json!(2), "0.00".to_owned()));
    }

    async fn a_job_that_failed_for_good_is_seen_and_sent_again(store) {
        let app = TestApp::start_with(store, &SETTINGS).await;
        let (agent, operator) = (app.agent().await, app.operator().await);
        decide(&app, operator.id, &json!({"decision": "APPROVE"})).await.ok();
        let task = agent.post_confirmation_task().await;
        operator.accept(task).await;
        operator.confirm(task).await;
        app.fail_jobs("the model is away").await;
        let failed = look(&app, paths::FAILED_JOBS).await.body["data"][0].clone();
        assert_eq!((&failed["kind"], &failed["last_error"]),
            (&json!("review_proof"), &json!("the model is away")));
        let retry = paths::retry_job(failed["job_id"].as_str().unwrap());
        // Entries of the same millisecond are in no order.
        app.advance(Duration::from_millis(1));
        host(&app, Method::POST, &retry, &Value::Null).await.ok();
        app.drain_jobs().await;
        assert_eq!(agent.get(&paths::task(task)).await.ok().text("status"), "COMPLETED");
        host(&app, Method::POST, &retry, &Value::Null).await.refused(404, "not_found");
        assert_eq!(record(&app).await[0].1, "job.retry");
        for junk in ["x", "!", "e30"] {
            let path = paths::retry_job(junk);
            host(&app, Method::POST, &path, &Value::Null).await.refused(404, "not_found");
        }
    }

    async fn a_task_type_that_is_switched_off_takes_no_new_task(store) {
        let app = TestApp::start_with(store, &SETTINGS).await;
        let (agent, operator) = (app.agent().await, app.operator().await);
        decide(&app, operator.id, &json!({"decision": "APPROVE"})).await.ok();
        let running = agent.post_photo_task().await;
        let switch = async |body: &Value| {
            app.advance(Duration::from_secs(1));
            host(&app, Method::PUT, paths::TASK_TYPE_SWITCHES, body).await
        };
        let switched = switch(&json!({"PHOTO": "off", "BROWSER_NAVIGATION": "off"})).await.ok();
        assert_eq!((&switched.body["PHOTO"], &switched.body["BROWSER_INTERACTION"]),
            (&json!("off"), &json!("off")));
        assert_eq!(switched.body["DELIVERY"], json!("on"));
        assert_eq!(look(&app, paths::TASK_TYPE_SWITCHES).await.body, switched.body);
        let refused = agent.post(paths::TASKS, &photo_task(&app)).await;
        assert!(refused.refused(422, "rule_violation").contains("PHOTO"));
        assert_eq!(agent.balance().await.0, "970.50");
        // Tasks that were posted before are listed, accepted and completed as usual.
        let found = operator.get(paths::FIND_TASKS).await.ok();
        assert_eq!(found.body["pagination"]["total"], 1);
        operator.accept(running).await;
        agent.post_confirmation_task().await;
        switch(&json!({"PHOTO": "on"})).await.ok();
        switch(&json!({"PHOTO": "on"})).await.ok();
        agent.post_photo_task().await;
        let actions: Vec<_> = record(&app).await.into_iter().map(|(_, action, _)| action).collect();
        assert_eq!(actions,
            ["task_type.on", "task_type.off", "task_type.off", "kyc.approve"]);
        let refused = switch(&json!({"PHOTO": "maybe", "GARDENING": "off"})).await;
        refused.refused(400, "validation");
        assert_eq!(refused.faulty_fields(), ["GARDENING", "PHOTO"]);
    }
}
