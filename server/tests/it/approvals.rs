//! Requests that need an approval: requested, approved, and used once (contract §3).

use std::time::Duration;

use api_types::{AgentId, ApprovalId, paths};
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{ADMIN_KEY, Answer, Ask, Caller, TestApp, photo_task};
use crate::support::{self, on_both_databases};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Returns an agent with a balance, and a key of it that needs approval for tasks above $20.
pub(crate) async fn pair(app: &TestApp) -> (Caller<'_, AgentId>, Caller<'_, AgentId>) {
    let owner = app.agent().await;
    let limited = owner.with_policy(json!({"approval_above_usd": 20})).await;
    (owner, limited)
}

pub(crate) async fn asked(limited: &Caller<'_, AgentId>, task: &Value) -> ApprovalId {
    let answer = limited.post(paths::TASKS, task).await;
    answer.refused(403, "human_approval_required");
    answer.id("approval_id")
}

pub(crate) async fn decide(by: &Caller<'_, AgentId>, id: ApprovalId, decision: &str) -> Answer {
    by.post(&paths::approval(id), &json!({"decision": decision}))
        .await
}

on_both_databases! {
    async fn a_request_goes_through_once_a_person_has_approved_it(store) {
        let app = TestApp::start(store).await;
        let (owner, limited) = pair(&app).await;
        let mut task = photo_task(&app);
        task["callback_secret"] = json!("a-secret-that-is-not-shown");
        let answer = limited.post(paths::TASKS, &task).await;
        let sentence = answer.refused(403, "human_approval_required");
        let id: ApprovalId = answer.id("approval_id");
        assert!(sentence.contains(&id.to_string()), "{sentence}");
        assert_eq!(owner.balance().await.1, "0.00");

        let in_dialect = |header: &'static str, value: &'static str| {
            let post = limited.request(Method::POST, paths::TASKS).json(&task);
            post.header(header, value).answer()
        };
        let told = in_dialect("x-api-dialect", "remno").await.body;
        assert_eq!((&told["errors"][0]["code"], &told["errors"][0]["approval_id"]),
            (&json!("HUMAN_APPROVAL_REQUIRED"), &json!(id)));
        let told = in_dialect("accept", "application/problem+json").await.body;
        assert_eq!(told["approval_id"], json!(id));

        let view = owner.get(&paths::approval(id)).await.ok();
        assert_eq!((view.text("status").as_str(), view.body["total_usd"].to_string().as_str()), ("PENDING", "29.50"));
        assert_eq!(view.body["request"]["title"], task["title"]);
        assert!(!view.body.to_string().contains("a-secret"), "{}", view.body);
        let decided = decide(&owner, id, "APPROVE").await.ok();
        assert_eq!(decided.text("status"), "APPROVED");
        assert_eq!(decided.body["decided_by"], json!(owner.key_id().await));
        // A dry run is covered by the same approval, and does not use it up.
        let mut dry = task.clone();
        dry["dry_run"] = json!(true);
        let quote = limited.post(paths::TASKS, &dry).await.ok().body;
        assert_eq!((&quote["would_be_created"], &quote["obstacles"]), (&json!(true), &json!([])));

        let posted = limited.post(paths::TASKS, &task).await.created();
        let used = owner.get(&paths::approval(id)).await.ok();
        assert_eq!(used.text("status"), "USED");
        assert_eq!(used.text("task_id"), posted.text("task_id"));
        // An approval can be used once: the next request needs a new one.
        assert_ne!(asked(&limited, &task).await, id);
        assert_eq!(owner.balance().await.1, "29.50");
    }

    async fn what_needs_no_approval_is_not_asked_about(store) {
        let app = TestApp::start(store).await;
        let owner = app.agent().await;
        let limited = owner.with_policy(json!({"approval_above_usd": 29.5, "max_task_usd": 40})).await;
        let mut task = photo_task(&app);
        limited.post(paths::TASKS, &task).await.created();
        // A task that violates another limit requests no approval.
        task["reward_usd"] = json!(100);
        limited.post(paths::TASKS, &task).await.refused(403, "delegation_exceeded");
        task["reward_usd"] = json!(9);
        limited.post(paths::TASKS, &task).await.refused(422, "rule_violation");
        assert_eq!(owner.get(paths::APPROVALS).await.ok().body["pagination"]["total"], 0);
    }

    async fn the_same_request_asks_the_same_question_and_another_asks_another(store) {
        let app = TestApp::start(store).await;
        let (owner, limited) = pair(&app).await;
        let task = photo_task(&app);
        let ask = async || asked(&limited, &task).await;
        let ids = join_all((0..10).map(|_| ask())).await;
        assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
        let mut other = task.clone();
        other["title"] = json!("Photograph another menu");
        let another = asked(&limited, &other).await;
        assert_ne!(another, ids[0]);
        // An approval is not valid for another request, nor for another key.
        decide(&owner, another, "APPROVE").await.ok();
        assert_eq!(ask().await, ids[0]);
        let second = owner.with_policy(json!({"approval_above_usd": 20})).await;
        assert_ne!(asked(&second, &other).await, another);
        limited.post(paths::TASKS, &other).await.created();
    }

    async fn a_request_is_known_by_what_it_says_not_by_its_spelling(store) {
        let app = TestApp::start(store).await;
        let (owner, limited) = pair(&app).await;
        let task = photo_task(&app);
        let id = asked(&limited, &task).await;
        decide(&owner, id, "APPROVE").await.ok();
        let fields: Vec<_> = task.as_object().unwrap().iter().rev()
            .map(|(name, value)| format!("\"{name}\" : {value}")).collect();
        let spelled = format!("{{\n{}\n}}", fields.join(" ,\n"));
        let request = limited.request(Method::POST, paths::TASKS)
            .header("content-type", "application/json").body(spelled);
        request.answer().await.created();
    }

    async fn a_refusal_for_want_of_approval_is_not_the_last_word_of_its_key(store) {
        let app = TestApp::start(store).await;
        let (owner, limited) = pair(&app).await;
        let task = photo_task(&app);
        let first = limited.post_once(paths::TASKS, "k", &task).await;
        first.refused(403, "human_approval_required");
        let again = limited.post_once(paths::TASKS, "k", &task).await;
        again.refused(403, "human_approval_required");
        assert_eq!(again.body["approval_id"], first.body["approval_id"]);
        assert_eq!(again.header("idempotent-replayed"), "");
        decide(&owner, first.id("approval_id"), "APPROVE").await.ok();
        let posted = limited.post_once(paths::TASKS, "k", &task).await.created();
        let replayed = limited.post_once(paths::TASKS, "k", &task).await.created();
        assert_eq!(replayed.bytes, posted.bytes);
        assert_eq!(owner.balance().await.1, "29.50");
    }

    async fn of_fifty_posts_with_one_approval_one_goes_through(store) {
        let app = TestApp::start(store).await;
        let (owner, limited) = pair(&app).await;
        let task = photo_task(&app);
        decide(&owner, asked(&limited, &task).await, "APPROVE").await.ok();
        let answers = join_all((0..50).map(|_| limited.post(paths::TASKS, &task))).await;
        let posted = answers.iter().filter(|answer| answer.status == 201).count();
        assert_eq!(posted, 1);
        let others = answers.iter().filter(|answer| answer.status != 201);
        let ids: Vec<_> = others.map(|answer| {
            answer.refused(403, "human_approval_required");
            answer.text("approval_id")
        }).collect();
        assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
        assert_eq!(owner.balance().await.1, "29.50");
    }

    async fn a_rejected_request_is_refused_for_a_day(store) {
        let app = TestApp::start(store).await;
        let (owner, limited) = pair(&app).await;
        let mut task = photo_task(&app);
        task["deadline"] = json!(app.now().after(DAY * 10));
        let id = asked(&limited, &task).await;
        decide(&owner, id, "REJECT").await.ok();
        let answer = limited.post(paths::TASKS, &task).await;
        assert!(answer.refused(403, "delegation_exceeded").contains("rejected"));
        let refused = decide(&owner, id, "APPROVE").await;
        assert!(refused.refused(409, "invalid_state").contains("REJECTED"));
        app.advance(DAY);
        assert_ne!(asked(&limited, &task).await, id);
    }

    async fn an_approval_waits_a_day_and_is_good_for_a_day(store) {
        let app = TestApp::start(store).await;
        let (owner, limited) = pair(&app).await;
        let mut task = photo_task(&app);
        task["deadline"] = json!(app.now().after(DAY * 10));
        let late = asked(&limited, &task).await;
        app.advance(DAY);
        let refused = decide(&owner, late, "APPROVE").await;
        assert!(refused.refused(409, "invalid_state").contains("EXPIRED"));
        assert_eq!(owner.get(&paths::approval(late)).await.ok().text("status"), "EXPIRED");

        let unused = asked(&limited, &task).await;
        assert_ne!(unused, late);
        app.advance(DAY - Duration::from_millis(1));
        decide(&owner, unused, "APPROVE").await.ok();
        app.advance(DAY);
        let in_time = asked(&limited, &task).await;
        assert_ne!(in_time, unused);
        decide(&owner, in_time, "APPROVE").await.ok();
        app.advance(DAY - Duration::from_millis(1));
        limited.post(paths::TASKS, &task).await.created();
    }

    async fn an_approval_is_decided_by_another_key_without_a_policy_or_by_the_host(store) {
        let app = TestApp::start_with(store, &["--admin-key", ADMIN_KEY]).await;
        let (owner, limited) = pair(&app).await;
        let stranger = app.agent().await;
        let id = asked(&limited, &photo_task(&app)).await;
        let path = paths::approval(id);
        decide(&limited, id, "APPROVE").await.refused(403, "forbidden");
        let second = owner.with_policy(json!({})).await;
        decide(&second, id, "APPROVE").await.refused(403, "forbidden");
        assert_eq!(decide(&stranger, id, "APPROVE").await.refused(404, "not_found"), "Approval not found");
        stranger.get(&path).await.refused(404, "not_found");
        app.get(&path).await.refused(401, "unauthorized");
        // A key that requested an approval cannot decide it, even without its policy.
        owner.patch(&paths::key(limited.key_id().await), &json!({"policy": null})).await.ok();
        let own = decide(&limited, id, "APPROVE").await;
        assert!(own.refused(403, "forbidden").contains("Use another key"));

        let by_host = async |key: &str| {
            let request = app.request(Method::POST, &path).header("x-admin-key", key);
            request.json(&json!({"decision": "APPROVE"})).answer().await
        };
        by_host("not the host's key").await.refused(403, "forbidden");
        let decided = by_host(ADMIN_KEY).await.ok();
        assert_eq!((decided.text("status"), decided.text("decided_by")), ("APPROVED".to_owned(), "host".to_owned()));
        let entries = app.app.store.read(|tx| tx.query("SELECT action, subject FROM audit", &[]));
        let entries = entries.await.unwrap();
        assert_eq!(entries.len(), 1);
        assert_eq!(entries[0].get::<String>("subject").unwrap(), id.to_string());
        // Repeating a decision changes nothing, and another decision comes too late.
        decide(&owner, id, "APPROVE").await.ok();
        decide(&owner, id, "REJECT").await.refused(409, "invalid_state");
    }

    async fn of_two_decisions_at_once_one_stands(store) {
        let app = TestApp::start(store).await;
        let (owner, limited) = pair(&app).await;
        let id = asked(&limited, &photo_task(&app)).await;
        let (yes, no) = tokio::join!(decide(&owner, id, "APPROVE"), decide(&owner, id, "REJECT"));
        let (won, lost) = if yes.status == 200 { (yes, no) } else { (no, yes) };
        lost.refused(409, "invalid_state");
        let view = owner.get(&paths::approval(id)).await.ok();
        assert_eq!(view.body["status"], won.ok().body["status"]);
    }

    async fn a_decision_that_is_none_is_refused(store) {
        let app = TestApp::start(store).await;
        let (owner, limited) = pair(&app).await;
        let id = asked(&limited, &photo_task(&app)).await;
        let answer = decide(&owner, id, "PERHAPS").await;
        answer.refused(400, "validation");
        assert_eq!(answer.faulty_fields(), ["decision"]);
        let nobody = paths::APPROVAL.replace("{id}", "apr_x");
        owner.get(&nobody).await.refused(404, "not_found");
    }

    async fn what_was_asked_is_listed_newest_first(store) {
        let app = TestApp::start(store).await;
        let (owner, limited) = pair(&app).await;
        let mut task = photo_task(&app);
        let mut ids = Vec::new();
        for title in ["one", "two", "three"] {
            task["title"] = json!(title);
            app.advance(Duration::from_millis(1));
            ids.insert(0, asked(&limited, &task).await.to_string());
        }
        let listed = |page: &Answer| -> Vec<String> {
            let rows = page.body["data"].as_array().unwrap().iter();
            rows.map(|row| row["approval_id"].as_str().unwrap().to_owned()).collect()
        };
        let page = owner.get(&format!("{}?limit=2", paths::APPROVALS)).await.ok();
        assert_eq!(listed(&page), ids[..2]);
        let cursor = page.body["pagination"]["next_cursor"].as_str().unwrap();
        let page = owner.get(&format!("{}?cursor={cursor}", paths::APPROVALS)).await.ok();
        assert_eq!(listed(&page), ids[2..]);
        let stranger = app.poor_agent().await;
        assert_eq!(listed(&stranger.get(paths::APPROVALS).await.ok()), [""; 0]);
    }

    async fn a_runaway_agent_asks_a_hundred_questions_and_no_more(store) {
        let app = TestApp::start(store).await;
        let (owner, limited) = pair(&app).await;
        let mut task = photo_task(&app);
        let mut last = None;
        for number in 0..100 {
            task["title"] = json!(format!("Photograph menu {number}"));
            last = Some(asked(&limited, &task).await);
        }
        task["title"] = json!("One more");
        limited.post(paths::TASKS, &task).await.refused(422, "limit_exceeded");
        decide(&owner, last.unwrap(), "REJECT").await.ok();
        asked(&limited, &task).await;
    }

    async fn a_revoked_key_posts_nothing_that_was_approved(store) {
        let app = TestApp::start(store).await;
        let (owner, limited) = pair(&app).await;
        let task = photo_task(&app);
        decide(&owner, asked(&limited, &task).await, "APPROVE").await.ok();
        owner.delete(&paths::key(limited.key_id().await)).await.ok();
        limited.post(paths::TASKS, &task).await.refused(401, "unauthorized");
        assert_eq!(owner.balance().await.1, "0.00");
    }
}
