//! Failed deliveries: sent again by the schedule, by the agent, or by the host.

use std::time::Duration;

use api_types::paths;
use reqwest::Method;
use serde_json::{Value, json};

use super::receiver::Receiver;
use super::{LOOPBACK, completed, deliveries, only_delivery, start, with_callback};
use crate::admin::host;
use crate::harness::{ADMIN_KEY, Agent, Answer, TestApp};
use crate::support::{self, on_both_databases};

async fn redeliver(agent: &Agent<'_>, delivery: &Value) -> Answer {
    let id = delivery["id"].as_str().unwrap().parse().unwrap();
    agent.post(&paths::redeliver(id), &json!({})).await
}

on_both_databases! {
    async fn a_list_shows_each_delivery_with_its_own_attempts(store) {
        let app = start(store).await;
        let (agent, receiver) = (app.agent().await, Receiver::start().await);
        let mut posted = with_callback(&app, &receiver.hook());
        posted["webhook_style"] = json!("all");
        receiver.answers(503, &[]);
        let task = completed(&agent, &posted).await;
        app.advance(Duration::from_secs(30));
        app.drain_jobs().await;
        let listed = deliveries(&agent, task).await;
        let attempts = listed.iter().map(|delivery| {
            let attempts = delivery["attempts"].as_array().unwrap().iter();
            attempts.map(|one| json!([one["number"], one["status"]])).collect::<Vec<_>>()
        });
        let mut attempts: Vec<_> = attempts.collect();
        attempts.sort_by_key(Vec::len);
        let once = vec![json!([1, 204])];
        let twice = vec![json!([1, 503]), json!([2, 204])];
        assert_eq!(attempts, [once.clone(), once.clone(), once.clone(), once, twice]);
    }

    async fn a_callback_that_fails_is_told_again_by_the_schedule(store) {
        let app = start(store).await;
        let (agent, receiver) = (app.agent().await, Receiver::start().await);
        receiver.answers(500, &[]);
        receiver.answers(302, &[("location", "/elsewhere")]);
        let task = completed(&agent, &with_callback(&app, &receiver.hook())).await;
        for (wait, attempts) in [(29, 1), (1, 2), (59, 2), (1, 3), (86_400, 3)] {
            app.advance(Duration::from_secs(wait));
            app.drain_jobs().await;
            assert_eq!(receiver.all().len(), attempts, "{wait}");
        }
        let all = receiver.all();
        assert!(all.iter().all(|sent| sent.body == all[0].body));
        assert!(all.iter().all(|sent| sent.header("webhook-id") == all[0].header("webhook-id")));
        assert_ne!(all[0].header("webhook-signature"), all[1].header("webhook-signature"));
        let delivery = only_delivery(&agent, task).await;
        let attempts = delivery["attempts"].as_array().unwrap();
        let statuses: Vec<_> = attempts.iter().map(|attempt| &attempt["status"]).collect();
        assert_eq!(statuses, [500, 302, 204]);
        assert_eq!(attempts[0]["answer"], "noted");
        assert_eq!(delivery["state"], "DELIVERED");
    }

    async fn a_callback_may_ask_for_time(store) {
        let app = start(store).await;
        let (agent, receiver) = (app.agent().await, Receiver::start().await);
        receiver.answers(429, &[("retry-after", "7200")]);
        let task = completed(&agent, &with_callback(&app, &receiver.hook())).await;
        let delivery = only_delivery(&agent, task).await;
        let due = app.now().after(Duration::from_secs(7200));
        assert_eq!(delivery["next_attempt_at"], json!(due));
        app.advance(Duration::from_secs(7199));
        app.drain_jobs().await;
        assert_eq!(receiver.all().len(), 1);
        app.advance(Duration::from_secs(1));
        app.drain_jobs().await;
        assert_eq!(receiver.all().len(), 2);
    }

    async fn a_delivery_that_failed_for_good_can_be_sent_again(store) {
        let app = start(store).await;
        let (agent, receiver) = (app.agent().await, Receiver::start().await);
        (0..12).for_each(|_| receiver.answers(503, &[]));
        let task = completed(&agent, &with_callback(&app, &receiver.hook())).await;
        for _ in 0..12 {
            app.advance(Duration::from_secs(86_400));
            app.drain_jobs().await;
        }
        let failed = only_delivery(&agent, task).await;
        assert_eq!((&failed["state"], receiver.all().len()), (&json!("FAILED"), 12));
        let other = app.agent().await;
        redeliver(&other, &failed).await.refused(404, "not_found");
        assert_eq!(redeliver(&agent, &failed).await.ok().body["state"], "PENDING");
        app.drain_jobs().await;
        let all = receiver.all();
        assert_eq!(all[12].header("webhook-id"), all[0].header("webhook-id"));
        let delivered = only_delivery(&agent, task).await;
        assert_eq!(delivered["state"], "DELIVERED");
        assert_eq!(delivered["attempts"].as_array().unwrap().len(), 13);
    }

    async fn the_host_sees_every_delivery_and_sends_one_again(store) {
        let arguments = [&LOOPBACK[..], &["--admin-key", ADMIN_KEY]].concat();
        let app = TestApp::start_with(store, &arguments).await;
        let (agent, receiver) = (app.agent().await, Receiver::start().await);
        let task = completed(&agent, &with_callback(&app, &receiver.hook())).await;
        let sent = only_delivery(&agent, task).await;
        let by_host = async |method, path: &str| host(&app, method, path, &Value::Null).await;
        let seen = by_host(Method::GET, paths::ADMIN_DELIVERIES).await.ok().body;
        assert_eq!((&seen["data"], &seen["pagination"]["total"]), (&json!([sent]), &json!(1)));
        let none = format!("{}?state=FAILED", paths::ADMIN_DELIVERIES);
        assert_eq!(by_host(Method::GET, &none).await.ok().body["data"], json!([]));

        let again = paths::admin_redeliver(sent["id"].as_str().unwrap().parse().unwrap());
        app.post(&again, &json!({})).await.refused(403, "forbidden");
        assert_eq!(by_host(Method::POST, &again).await.ok().body["state"], "PENDING");
        app.drain_jobs().await;
        let all = receiver.all();
        assert_eq!(all.len(), 2);
        assert_eq!(all[1].header("webhook-id"), all[0].header("webhook-id"));
        let entry = by_host(Method::GET, paths::AUDIT).await.ok().body["data"][0].clone();
        assert_eq!((&entry["action"], &entry["subject"]), (&json!("delivery.redeliver"), &sent["id"]));
        let unknown = again.replace("whd_", "whd_7");
        by_host(Method::POST, &unknown).await.refused(404, "not_found");
    }

    async fn a_callback_that_is_gone_is_told_no_more_until_a_repetition_arrives(store) {
        let app = start(store).await;
        let (agent, receiver) = (app.agent().await, Receiver::start().await);
        let posted = with_callback(&app, &receiver.hook());
        receiver.answers(410, &[]);
        let first = completed(&agent, &posted).await;
        assert_eq!(only_delivery(&agent, first).await["state"], "DISABLED");
        let second = completed(&agent, &posted).await;
        let disabled = only_delivery(&agent, second).await;
        assert_eq!((&disabled["state"], receiver.all().len()), (&json!("DISABLED"), 1));
        // Another agent may use the same URL, which this agent cannot disable.
        completed(&app.agent().await, &posted).await;
        assert_eq!(receiver.all().len(), 2);

        redeliver(&agent, &disabled).await.ok();
        app.drain_jobs().await;
        assert_eq!(only_delivery(&agent, second).await["state"], "DELIVERED");
        let third = completed(&agent, &posted).await;
        assert_eq!(only_delivery(&agent, third).await["state"], "DELIVERED");
        let listed = agent.get(&format!("{}?state=DISABLED", paths::DELIVERIES)).await.ok();
        assert_eq!(listed.body["pagination"]["total"], 1);
    }
}
