//! Tasks that a caller cannot move because they are unknown, another's or in another status: the
//! same message in each dialect.

use api_types::{TaskId, paths};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use super::{InDialect, nonhumans, remno};
use crate::credentials;
use crate::harness::{Ask, TestApp};
use crate::support::{self, on_both_databases};

/// A function of `paths` that returns the path of a task.
type PathOf = fn(TaskId) -> String;

/// Asserts that the message is HumCLI's in every dialect, and that no dialect reveals more.
async fn not_found_in_each_dialect(ask: impl Fn() -> RequestBuilder, sentence: &str) {
    let humanops = ask().answer().await;
    assert_eq!(humanops.refused(404, "not_found"), sentence);
    let humcli = ask().in_dialect("humcli").answer().await;
    assert_eq!(humcli.refused(404, "not_found"), sentence);
    let answer = ask().in_dialect("nonhumans").answer().await;
    assert_eq!(nonhumans(&answer), (404, "not_found", sentence));
    let answer = ask().in_dialect("remno").answer().await;
    assert_eq!(remno(&answer), (404, vec![("NOT_FOUND", None)]));
    assert_eq!(answer.body["errors"][0]["message"], sentence);
}

on_both_databases! {
    async fn a_task_in_the_wrong_state_is_not_found_to_humcli_and_a_conflict_to_the_others(store) {
        let app = TestApp::start(store).await;
        let agent = app.agent().await;
        let task = agent.post_photo_task().await;
        let cancel = async |dialect: &str| {
            let post = agent.request(Method::POST, &paths::cancel_task(task));
            post.in_dialect(dialect).answer().await
        };
        cancel("humcli").await.ok();
        let sentence = "Task not found or cannot be cancelled";
        assert_eq!(cancel("humcli").await.refused(404, "invalid_state"), sentence);
        assert_eq!(nonhumans(&cancel("nonhumans").await), (409, "conflict", sentence));
        let wrong = vec![("INVALID_STATE_TRANSITION", None)];
        assert_eq!(remno(&cancel("remno").await), (409, wrong));
    }

    async fn a_task_that_is_unknown_or_foreign_is_not_found_in_each_dialect(store) {
        let app = TestApp::start(store).await;
        let (agent, other) = (app.agent().await, app.agent().await);
        let (claimer, operator) = (app.operator().await, app.operator().await);
        let foreign = agent.post_confirmation_task().await;
        claimer.accept(foreign).await;
        let unknown: TaskId = "task_01JKB3M5N6P7Q8R9S0T1V2W3X4".parse().unwrap();
        let verdict = json!({"decision": "APPROVE"});
        let proof = json!({"confirmation_text": "It is open from nine to five, as it says."});
        let none = Value::Null;
        let reviewable = "Task not found or not in reviewable status";
        let waiting = "Task not found or not in ESTIMATE_PENDING status";
        let of_agent: [(PathOf, &Value, &str); 5] = [
            (paths::cancel_task, &none, "Task not found or cannot be cancelled"),
            (paths::verify_task, &verdict, reviewable),
            (paths::approve_estimate, &none, waiting),
            (paths::reject_estimate, &none, waiting),
            (paths::retrieve_credential, &none, "Credential task not found or not completed"),
        ];
        let submittable = "Task not found or not in submittable status";
        let of_operator: [(PathOf, &Value, &str); 3] = [
            (paths::submit_proof, &proof, submittable),
            (paths::withdraw, &none, "Task not found or not claimed by you"),
            (paths::start_task, &none, "Task not found or not claimed by you"),
        ];
        let claimed = "Task not found or already claimed";
        for id in [foreign, unknown] {
            for (path, body, sentence) in of_agent {
                let ask = || other.request(Method::POST, &path(id)).json(body);
                not_found_in_each_dialect(ask, sentence).await;
            }
            for (path, body, sentence) in of_operator {
                let ask = || operator.request(Method::POST, &path(id)).json(body);
                not_found_in_each_dialect(ask, sentence).await;
            }
        }
        // An operator who is second to accept gets HumCLI's message, in every dialect the same as
        // for an unknown task. The operator who has claimed the task gets a conflict.
        for path in [paths::accept_task, paths::give_estimate] {
            for id in [foreign, unknown] {
                let body = json!({"estimate_hours": 1});
                let ask = || operator.request(Method::POST, &path(id)).json(&body);
                not_found_in_each_dialect(ask, claimed).await;
            }
            let again = claimer.request(Method::POST, &path(foreign));
            let again = again.json(&json!({"estimate_hours": 1}));
            let again = again.in_dialect("nonhumans").answer().await;
            assert_eq!(nonhumans(&again), (409, "conflict", claimed));
        }
    }

    async fn a_credential_that_is_not_ready_is_a_conflict_to_its_own_agent(store) {
        let app = TestApp::start(store).await;
        let (agent, operator) = (app.agent().await, app.operator().await);
        let posted = credentials::claimed(&agent, &operator).await;
        let ask = async |dialect: &str| {
            let get = agent.request(Method::GET, &paths::retrieve_credential(posted.id));
            get.in_dialect(dialect).answer().await
        };
        let sentence = "Credential task not found or not completed";
        assert_eq!(ask("humanops").await.refused(404, "invalid_state"), sentence);
        assert_eq!(nonhumans(&ask("nonhumans").await), (409, "conflict", sentence));
        let wrong = vec![("INVALID_STATE_TRANSITION", None)];
        assert_eq!(remno(&ask("remno").await), (409, wrong));
    }
}
