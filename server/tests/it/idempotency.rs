//! An `Idempotency-Key` has one effect and one response, however often the request is retried
//! (contract §8).

use std::time::Duration;

use api_types::paths;
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};
use server::jobs::runner;
use tokio_util::sync::CancellationToken;

use crate::harness::{Answer, Ask, TestApp, photo_task};
use crate::support::{self, on_both_databases};

on_both_databases! {
    async fn a_post_is_answered_again_when_its_deadline_has_come_too_near(store) {
        let app = TestApp::start(store).await;
        let agent = app.agent().await;
        let mut body = photo_task(&app);
        body["deadline"] = json!("2026-02-05T12:11:00Z");
        let first = agent.post_once(paths::TASKS, "near", &body).await.created();
        app.advance(std::time::Duration::from_secs(120));
        let again = agent.post_once(paths::TASKS, "near", &body).await.created();
        assert_eq!(again.body, first.body);
        assert_eq!(again.header("idempotent-replayed"), "true");
        agent.post_once(paths::TASKS, "new", &body).await.refused(400, "validation");
        body["title"] = json!("Another");
        agent.post_once(paths::TASKS, "near", &body).await.refused(422, "idempotency_mismatch");
        assert_eq!(agent.get(paths::TASKS).await.ok().body["pagination"]["total"], 1);
    }

    async fn a_repeated_post_is_answered_with_the_first_result(store) {
        let app = TestApp::start(store).await;
        let agent = app.agent().await;
        let task = photo_task(&app);
        let first = agent.post_once(paths::TASKS, "k1", &task).await.created();
        app.advance(Duration::from_secs(60));
        let again = agent.post_once(paths::TASKS, "k1", &task).await.created();
        assert_eq!(again.bytes, first.bytes);
        assert_eq!(first.header("idempotent-replayed"), "");
        assert_eq!(again.header("idempotent-replayed"), "true");
        assert_eq!(agent.balance().await, ("970.50".to_owned(), "29.50".to_owned()));
    }

    async fn the_same_key_with_another_body_is_refused(store) {
        let app = TestApp::start(store).await;
        let agent = app.agent().await;
        agent.post_once(paths::TASKS, "k1", &photo_task(&app)).await.created();
        let mut other = photo_task(&app);
        other["reward_usd"] = json!(26);
        let answer = agent.post_once(paths::TASKS, "k1", &other).await;
        assert!(answer.refused(422, "idempotency_mismatch").contains("new key"));
    }

    async fn fifty_equal_posts_at_once_have_one_effect(store) {
        let app = TestApp::start(store).await;
        let agent = app.agent().await;
        let task = photo_task(&app);
        let posts = (0..50).map(|_| agent.post_once(paths::TASKS, "race", &task));
        let answers = join_all(posts).await;
        let ids: Vec<_> = answers.iter().map(|answer| answer.text("task_id")).collect();
        assert!(ids.iter().all(|id| id == &ids[0]), "{ids:?}");
        let replayed = |answer: &&Answer| answer.header("idempotent-replayed") == "true";
        assert_eq!(answers.iter().filter(replayed).count(), 49);
        assert_eq!(agent.balance().await.1, "29.50");
    }

    async fn another_account_and_another_path_have_keys_of_their_own(store) {
        let app = TestApp::start(store).await;
        let (one, two) = (app.agent().await, app.agent().await);
        let task = photo_task(&app);
        let first = one.post_once(paths::TASKS, "k", &task).await.created();
        let second = two.post_once(paths::TASKS, "k", &task).await.created();
        assert_ne!(first.text("task_id"), second.text("task_id"));
        one.post_once(paths::KEYS, "k", &json!({"name": "k"})).await.created();
    }

    async fn a_refusal_is_kept_like_an_answer(store) {
        let app = TestApp::start(store).await;
        let agent = app.poor_agent().await;
        agent.deposit(50).await;
        let task = {
            let mut task = photo_task(&app);
            task["reward_usd"] = json!(49);
            task
        };
        let first = agent.post_once(paths::TASKS, "k", &task).await;
        first.refused(402, "insufficient_funds");
        agent.deposit(1000).await;
        // The retry refers to the first request, which was refused. A new attempt needs a new key.
        let again = agent.post_once(paths::TASKS, "k", &task).await;
        assert_eq!(again.refused(402, "insufficient_funds"), first.text("error"));
        assert_eq!(again.header("idempotent-replayed"), "true");
        agent.post_once(paths::TASKS, "k2", &task).await.created();
    }

    async fn a_secret_is_shown_once_and_left_out_of_the_repetition(store) {
        let app = TestApp::start(store).await;
        let agent = app.poor_agent().await;
        let body = json!({"name": "ci"});
        let first = agent.post_once(paths::KEYS, "k", &body).await.created();
        assert!(first.text("api_key").starts_with("ho_live_"));
        let again = agent.post_once(paths::KEYS, "k", &body).await.created();
        assert_eq!(again.body.get("api_key"), None);
        assert_eq!(again.body["id"], first.body["id"]);
        assert_eq!(agent.get(paths::KEYS).await.ok().body["data"].as_array().unwrap().len(), 2);
    }

    async fn strangers_who_register_under_one_key_do_not_meet(store) {
        let app = TestApp::start(store).await;
        let register = async |path: &str, body: &Value| {
            let post = app.request(Method::POST, path).header("idempotency-key", "1");
            post.json(body).answer().await.created()
        };
        for (path, id) in [
            (paths::REGISTER_AGENT, "agent_id"),
            (paths::REGISTER_OPERATOR, "operator_id"),
        ] {
            let (one, two) = (
                json!({"name": "One", "email": "one@example.com"}),
                json!({"name": "Two", "email": "two@example.com"}),
            );
            let first = register(path, &one).await;
            let second = register(path, &two).await;
            assert_ne!(first.text(id), second.text(id));
            assert_eq!(second.header("idempotent-replayed"), "");
            let again = register(path, &one).await;
            assert_eq!(again.text(id), first.text(id));
            assert_eq!(again.header("idempotent-replayed"), "true");
            assert_eq!(again.body.get("api_key"), None);
        }
    }

    async fn a_key_is_forgotten_after_48_hours(store) {
        let app = TestApp::start(store).await;
        let agent = app.agent().await;
        let body = json!({"name": "ci"});
        let first = agent.post_once(paths::KEYS, "k", &body).await.created();
        app.advance(Duration::from_secs(48 * 60 * 60 - 1));
        let kept = agent.post_once(paths::KEYS, "k", &body).await.created();
        assert_eq!(kept.body["id"], first.body["id"]);
        app.advance(Duration::from_secs(1));
        let anew = agent.post_once(paths::KEYS, "k", &body).await.created();
        assert_ne!(anew.body["id"], first.body["id"]);
    }

    async fn the_runner_deletes_answers_that_are_no_longer_kept(store) {
        let app = TestApp::start(store).await;
        let agent = app.poor_agent().await;
        for key in ["old", "young"] {
            agent.post_once(paths::KEYS, key, &json!({"name": key})).await.created();
            app.advance(Duration::from_secs(24 * 60 * 60));
        }
        let stop = CancellationToken::new();
        let running = tokio::spawn(runner::run(app.app.clone(), stop.clone()));
        let all = "SELECT idempotency_key FROM idempotent_answer";
        let swept = async {
            loop {
                let rows = app.app.store.read(move |tx| tx.query(all, &[])).await.unwrap();
                if rows.len() < 2 {
                    return rows;
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        let left = tokio::time::timeout(Duration::from_secs(60), swept).await;
        let left = left.expect("the old answer is deleted");
        stop.cancel();
        running.await.unwrap();
        assert_eq!(left.len(), 1);
        assert_eq!(left[0].get::<String>("idempotency_key").unwrap(), "young");
    }

    async fn a_key_that_is_no_key_is_refused(store) {
        let app = TestApp::start(store).await;
        let agent = app.poor_agent().await;
        for key in ["", &"k".repeat(256), "clé"] {
            let request = agent
                .request(Method::POST, paths::KEYS)
                .header("idempotency-key", key);
            let answer = request.json(&json!({})).answer().await;
            answer.refused(400, "validation");
            assert_eq!(answer.faulty_fields(), ["Idempotency-Key"]);
        }
        agent
            .post_once(paths::KEYS, &"k".repeat(255), &json!({}))
            .await
            .created();
    }
}
