//! Successes: in Remno's envelope, unchanged in the other dialects, and repeated in the dialect of
//! the repetition.

use api_types::paths;
use reqwest::Method;
use serde_json::{Value, json};

use super::{InDialect, nonhumans, remno};
use crate::harness::{Answer, Ask, TestApp, photo_task};
use crate::support::{self, on_both_databases};

fn data(answer: &Answer) -> Value {
    assert!((200..300).contains(&answer.status), "{}", answer.body);
    assert_eq!(
        answer.body["meta"]["requestId"],
        answer.header("x-request-id")
    );
    assert!(answer.body["meta"]["timestamp"].is_string());
    assert_eq!(answer.body["errors"], json!([]));
    assert_eq!(answer.body.as_object().unwrap().len(), 3, "{}", answer.body);
    answer.body["data"].clone()
}

on_both_databases! {
    async fn successes_are_enveloped_for_remno_and_for_nobody_else(store) {
        let app = TestApp::start(store).await;
        let agent = app.agent().await;
        let post = agent.request(Method::POST, paths::TASKS).json(&photo_task(&app));
        let answer = post.in_dialect("remno").answer().await;
        assert_eq!(answer.status, 201);
        // The envelope does not change the form of amounts.
        assert!(String::from_utf8_lossy(&answer.bytes).contains("\"total_escrow\":29.50"));
        let task = data(&answer)["task_id"].clone();
        let list = agent.request(Method::GET, paths::TASKS).in_dialect("remno").answer().await;
        assert_eq!(list.body["data"][0]["task_id"], task);
        assert_eq!(list.body["meta"]["pagination"]["total"], 1);
        assert_eq!(list.body.as_object().unwrap().len(), 3);
        let keys = agent.request(Method::GET, paths::KEYS).in_dialect("remno").answer().await;
        assert_eq!(data(&keys)[0]["name"], "default");
        for dialect in ["humanops", "humcli", "nonhumans"] {
            let list = agent.request(Method::GET, paths::TASKS).in_dialect(dialect).answer().await;
            assert_eq!(list.body["data"][0]["task_id"], task);
            assert_eq!(list.body["pagination"]["total"], 1);
        }
    }

    async fn a_repeated_answer_is_given_in_the_dialect_of_who_asks_again(store) {
        let app = TestApp::start(store).await;
        let agent = app.agent().await;
        let task = photo_task(&app);
        let again = async |body: &Value, key: &str, dialect: &str| {
            let post = agent.request(Method::POST, paths::TASKS).json(body);
            post.header("idempotency-key", key).in_dialect(dialect).answer().await
        };
        let first = agent.post_once(paths::TASKS, "k1", &task).await.created();
        let repeated = again(&task, "k1", "remno").await;
        assert_eq!(repeated.header("idempotent-replayed"), "true");
        assert_eq!(data(&repeated)["task_id"], first.body["task_id"]);
        // A response that was first sent to remno is stored independently of the dialect.
        again(&task, "k2", "remno").await;
        let plain = agent.post_once(paths::TASKS, "k2", &task).await.created();
        assert!(plain.text("task_id").starts_with("task_"));

        let mut dear = photo_task(&app);
        dear["reward_usd"] = json!(5000);
        agent.post_once(paths::TASKS, "k3", &dear).await.refused(402, "insufficient_funds");
        let repeated = again(&dear, "k3", "nonhumans").await;
        assert_eq!(repeated.header("idempotent-replayed"), "true");
        let told = (402, "insufficient_funds", "Insufficient balance for escrow");
        assert_eq!(nonhumans(&repeated), told);
        let mismatch = again(&task, "k3", "remno").await;
        assert_eq!(remno(&mismatch), (422, vec![("IDEMPOTENCY_MISMATCH", None)]));
    }

    async fn files_and_documents_pass_as_they_are(store) {
        let app = TestApp::start(store).await;
        for path in ["/openapi.json", "/healthz", "/"] {
            let plain = app.get(path).await;
            let asked = app
                .request(Method::GET, path)
                .in_dialect("remno")
                .answer()
                .await;
            assert_eq!(
                (asked.status, asked.bytes),
                (plain.status, plain.bytes),
                "{path}"
            );
        }
    }
}
