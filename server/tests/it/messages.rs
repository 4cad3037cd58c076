//! Messages between an agent and its operator, and ratings (contract §4).

use api_types::{paths, status::Status};
use serde_json::{Value, json};

use crate::harness::TestApp;
use crate::moves::{DAY, Pair};
use crate::support::{self, on_both_databases};

fn hello() -> Value {
    json!({"body": "Is the back door fine?"})
}

on_both_databases! {
    async fn a_message_is_read_when_the_other_side_reads_it(store) {
        let app = TestApp::start(store).await;
        let pair = Pair::new(&app).await;
        pair.operator.accept(pair.task).await;
        let (ours, theirs) = (paths::operator_messages(pair.task), paths::messages(pair.task));
        let sent = pair.operator.post(&ours, &hello()).await.created();
        assert_eq!((&sent.body["from"], &sent.body["read_at"]), (&json!("operator"), &json!(null)));
        // Reading one's own messages does not mark them as read.
        let own = pair.operator.get(&ours).await.ok();
        assert_eq!(own.body["data"][0]["read_at"], json!(null));
        app.advance(DAY / 24);
        assert_eq!(pair.view().await["messages"][0]["body"], "Is the back door fine?");
        assert_eq!(pair.agent.get(&theirs).await.ok().body["pagination"]["total"], 1);
        let read = pair.operator.get(&ours).await.ok();
        assert_eq!(read.body["data"][0]["read_at"], "2026-02-05T13:00:00.000Z");
        pair.agent.post(&theirs, &json!({"body": "Yes."})).await.created();
        let both = pair.operator.get(&ours).await.ok();
        let from: Vec<_> = both.body["data"].as_array().unwrap().iter()
            .map(|message| message["from"].as_str().unwrap()).collect();
        assert_eq!(from, ["operator", "agent"]);
    }

    async fn messages_are_written_from_the_claim_until_it_is_settled(store) {
        let app = TestApp::start(store).await;
        let pair = Pair::new(&app).await;
        let (ours, theirs) = (paths::operator_messages(pair.task), paths::messages(pair.task));
        pair.agent.post(&theirs, &hello()).await.refused(409, "invalid_state");
        pair.operator.post(&ours, &hello()).await.refused(404, "not_found");
        pair.reach(Status::EstimatePending).await;
        pair.agent.post(&theirs, &hello()).await.created();
        pair.agent.post(&paths::approve_estimate(pair.task), &json!({})).await.ok();
        pair.resubmit(crate::moves::GOOD).await;
        app.drain_jobs().await;
        pair.operator.post(&ours, &hello()).await.created();
        app.advance(7 * DAY);
        app.drain_jobs().await;
        pair.agent.post(&theirs, &hello()).await.refused(409, "invalid_state");
        pair.operator.post(&ours, &hello()).await.refused(409, "invalid_state");
        // Messages stay readable after the task has ended.
        assert!(pair.operator.get(&ours).await.ok().body["pagination"]["total"].as_u64() > Some(2));
    }

    async fn messages_belong_to_one_claim(store) {
        let app = TestApp::start(store).await;
        let pair = Pair::new(&app).await;
        pair.operator.accept(pair.task).await;
        let ours = paths::operator_messages(pair.task);
        let secret = json!({"body": "The code of my door is 1234."});
        pair.operator.post(&ours, &secret).await.created();
        pair.operator.post(&paths::withdraw(pair.task), &json!({})).await.ok();
        let next = app.operator().await;
        next.get(&ours).await.refused(404, "not_found");
        next.accept(pair.task).await;
        assert_eq!(next.get(&ours).await.ok().body["data"], json!([]));
        let stranger = app.agent().await;
        stranger.get(&paths::messages(pair.task)).await.refused(404, "not_found");
        pair.operator.post(&ours, &hello()).await.refused(404, "not_found");
    }

    async fn a_message_is_neither_empty_nor_endless(store) {
        let app = TestApp::start(store).await;
        let pair = Pair::new(&app).await;
        pair.operator.accept(pair.task).await;
        let path = paths::messages(pair.task);
        for body in [json!({}), json!({"body": " "}), json!({"body": "x".repeat(2001)})] {
            pair.agent.post(&path, &body).await.refused(400, "validation");
        }
        pair.agent.post(&path, &json!({"body": "x".repeat(2000)})).await.created();
    }

    async fn each_side_rates_the_other_once_after_completion(store) {
        let app = TestApp::start(store).await;
        let pair = Pair::new(&app).await;
        let (ours, theirs) = (paths::rate_agent(pair.task), paths::rate_operator(pair.task));
        let stars = |stars: u32| json!({"stars": stars, "comment": "Quick."});
        pair.agent.post(&theirs, &stars(5)).await.refused(409, "invalid_state");
        pair.submit(crate::moves::GOOD).await;
        app.drain_jobs().await;
        for bad in [json!({"stars": 0}), json!({"stars": 6}), json!({"stars": 4.5}), json!({})] {
            pair.agent.post(&theirs, &bad).await.refused(400, "validation");
        }
        pair.agent.post(&theirs, &stars(5)).await.ok();
        pair.agent.post(&theirs, &stars(1)).await.refused(409, "invalid_state");
        pair.operator.post(&ours, &stars(4)).await.ok();
        app.operator().await.post(&ours, &stars(1)).await.refused(404, "not_found");
        let view = pair.view().await;
        assert_eq!(view["operator"]["rating"].to_string(), "5.0");
        assert!(!view["actions"].to_string().contains("rate"));
        let mine = pair.operator.get(&paths::operator_task(pair.task)).await.ok();
        assert_eq!(mine.body["agent"]["rating"].to_string(), "4.0");
    }

    async fn a_rating_is_the_mean_of_the_stars_to_one_decimal(store) {
        let app = TestApp::start(store).await;
        let (agent, operator) = (app.agent().await, app.operator().await);
        let rating = async || operator.get(paths::OPERATOR_PROFILE).await.ok().body["rating"].clone();
        assert_eq!(rating().await, json!(null));
        for (stars, mean) in [(5, "5.0"), (5, "5.0"), (4, "4.7"), (5, "4.8")] {
            let task = agent.post_confirmation_task().await;
            operator.accept(task).await;
            operator.confirm(task).await;
            app.drain_jobs().await;
            agent.post(&paths::rate_operator(task), &json!({"stars": stars})).await.ok();
            assert_eq!(rating().await.to_string(), mean);
        }
    }
}
