//! Retrieval of a credential: by its agent alone, after completion, and recorded.

use std::time::Duration;

use api_types::paths;
use reqwest::Method;
use serde_json::{Value, json};

use super::{SECRET, claimed, opened, submit};
use crate::harness::{Ask, TestApp};
use crate::support::{self, on_both_databases};

on_both_databases! {
    async fn a_sealed_credential_is_completed_and_opens_for_its_agent(store) {
        let app = TestApp::start(store).await;
        let (agent, operator) = (app.agent().await, app.operator().await);
        let posted = claimed(&agent, &operator).await;
        submit(&operator, &posted).await;
        let task = agent.get(&paths::task(posted.id)).await.ok();
        assert_eq!(task.text("status"), "COMPLETED");
        let actions = json!(["dispute", "message", "rate", "retrieve_credential"]);
        assert_eq!(task.body["actions"], actions);
        assert_eq!(task.body["proof"]["has_credential"], true);
        let reasoning = task.body["guardian_result"]["reasoning"].as_str().unwrap();
        assert!(reasoning.contains("Only the structure"), "{reasoning}");
        assert!(!task.body.to_string().contains("ciphertext"));

        let path = paths::retrieve_credential(posted.id);
        let by_post = agent.post(&path, &Value::Null).await.ok();
        let by_get = agent.get(&path).await.ok();
        assert_eq!(by_post.body, by_get.body);
        assert_eq!(by_get.header("cache-control"), "no-store");
        let envelope = &by_get.body["encrypted_credential"];
        assert_eq!(opened(&posted, envelope).as_deref(), Some(SECRET));
    }

    async fn a_credential_is_not_retrieved_before_completion_or_by_another_agent(store) {
        let app = TestApp::start(store).await;
        let (agent, operator) = (app.agent().await, app.operator().await);
        let posted = claimed(&agent, &operator).await;
        let path = paths::retrieve_credential(posted.id);
        let sentence = "Credential task not found or not completed";
        assert_eq!(agent.get(&path).await.refused(404, "invalid_state"), sentence);
        submit(&operator, &posted).await;
        let other = app.agent().await;
        assert_eq!(other.get(&path).await.refused(404, "not_found"), sentence);
        assert_eq!(other.post(&path, &Value::Null).await.refused(404, "not_found"), sentence);
        let photo = agent.post_photo_task().await;
        agent.get(&paths::retrieve_credential(photo)).await.refused(404, "not_found");
    }

    async fn every_retrieval_is_written_down_whatever_it_calls_itself(store) {
        let app = TestApp::start(store).await;
        let (agent, operator) = (app.agent().await, app.operator().await);
        let posted = claimed(&agent, &operator).await;
        submit(&operator, &posted).await;
        for _ in 0..2 {
            app.advance(Duration::from_secs(1));
            let get = agent.request(Method::GET, &paths::retrieve_credential(posted.id));
            get.header("x-request-id", "the-same-again").answer().await.ok();
        }
        let log = "SELECT request_id FROM credential_access ORDER BY accessed_at_ms";
        let rows = app.app.store.read(move |tx| tx.query(log, &[])).await.unwrap();
        let ids: Vec<String> = rows.iter().map(|row| row.get("request_id").unwrap()).collect();
        assert_eq!(ids.len(), 2, "{ids:?}");
        assert!(ids.iter().all(|id| id.starts_with("the-same-again")), "{ids:?}");
    }
}
