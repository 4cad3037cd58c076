//! The sandbox: tasks simulated from end to end, which move no money and reach no operators
//! (contract §3).

use std::time::Duration;

use api_types::{AgentId, TaskId, paths};
use crypto_wasm::{AgentSecretKey, EnvelopeText};
use serde_json::{Value, json};
use server::store::ledger;

use crate::harness::{Ask, Caller, TestApp, photo_task};
use crate::support::{self, on_both_databases};
use crate::tasks::text_task;

/// The duration of a step in the sandbox.
const STEP: Duration = Duration::from_secs(2);

/// Returns a task that requires this type of proof.
fn asking_for(app: &TestApp, task_type: &str, proof_type: &str) -> Value {
    let mut task = photo_task(app);
    task["reward_usd"] = json!(10);
    task["task_type"] = json!(task_type);
    task["proof_type"] = json!(proof_type);
    task
}

async fn posted(agent: &Caller<'_, AgentId>, task: &Value) -> TaskId {
    let created = agent.post(paths::TASKS, task).await.created();
    said(&created.body);
    created.id("task_id")
}

/// Asserts that the response marks the task as simulated.
fn said(answer: &Value) {
    assert_eq!(answer["sandbox"], true, "{answer}");
    let notice = answer["sandbox_notice"].as_str().unwrap();
    assert!(notice.contains("simulated"), "{notice}");
}

/// Runs the next step of the sandbox.
async fn step(app: &TestApp) {
    app.advance(STEP);
    app.drain_jobs().await;
}

async fn status(agent: &Caller<'_, AgentId>, id: TaskId) -> String {
    let task = agent.get(&paths::task(id)).await.ok();
    said(&task.body);
    task.text("status")
}

/// Asserts that there are no transfers.
async fn nothing_was_paid(app: &TestApp) {
    let checked = app.app.store.read(ledger::check).await.unwrap();
    assert_eq!((checked.transfers, checked.accounts), (0, 0));
}

on_both_databases! {
    async fn a_task_of_a_new_agent_is_simulated_end_to_end_without_a_balance(store) {
        let app = TestApp::start(store).await;
        let agent = app.poor_agent().await;
        for (task_type, proof_type, field) in [
            ("PHOTO", "PHOTO", "photos"),
            ("BROWSER_INTERACTION", "SCREENSHOT", "photos"),
            ("VERIFICATION", "CONFIRMATION", "confirmation_text"),
            ("INSPECTION", "ARTIFACT", "artifacts"),
        ] {
            let id = posted(&agent, &asking_for(&app, task_type, proof_type)).await;
            app.drain_jobs().await;
            assert_eq!(status(&agent, id).await, "PENDING", "a step takes its time");
            let mut seen = Vec::new();
            for _ in 0..3 {
                step(&app).await;
                seen.push(status(&agent, id).await);
            }
            assert_eq!(seen, ["ACCEPTED", "SUBMITTED", "COMPLETED"], "{proof_type}");
            let task = agent.get(&paths::task(id)).await.ok().body;
            assert!(task["proof"].get(field).is_some(), "{proof_type}: {task}");
            assert!(task["proof"]["notes"].as_str().unwrap().contains("Synthetic"));
            assert_eq!(task["operator"]["name"], "Sandbox O.");
            assert_eq!(task["guardian_result"]["decision"], "APPROVE");
            let reasoning = task["guardian_result"]["reasoning"].as_str().unwrap();
            assert!(reasoning.starts_with("Simulated"), "{reasoning}");
        }
        nothing_was_paid(&app).await;
        assert_eq!(agent.balance().await, ("0.00".to_owned(), "0.00".to_owned()));
        let list = agent.get(paths::TASKS).await.ok();
        list.body["data"].as_array().unwrap().iter().for_each(said);
    }

    async fn a_synthetic_picture_can_be_fetched_and_each_is_another(store) {
        let app = TestApp::start(store).await;
        let agent = app.poor_agent().await;
        let mut pictures = Vec::new();
        for _ in 0..2 {
            let id = posted(&agent, &asking_for(&app, "PHOTO", "PHOTO")).await;
            for _ in 0..3 {
                step(&app).await;
            }
            let task = agent.get(&paths::task(id)).await.ok().body;
            let url = task["proof"]["photos"][0].as_str().unwrap().to_owned();
            let fetched = app.get(&url).await;
            assert_eq!((fetched.status, fetched.header("content-type")), (200, "image/png"));
            pictures.push(fetched.bytes);
        }
        assert_ne!(pictures[0], pictures[1]);
    }

    /// The credential is sealed to the agent's key like a real one, and its content says that it is
    /// synthetic.
    async fn a_synthetic_credential_opens_for_its_agent(store) {
        let app = TestApp::start(store).await;
        let agent = app.poor_agent().await;
        let key = AgentSecretKey::generate().unwrap();
        let mut task = text_task(&app);
        task["reward_usd"] = json!(10);
        task["task_type"] = json!("API_KEY_PROCUREMENT");
        task["agent_public_key"] = json!(base64(&key.public_key().to_bytes()));
        let id = posted(&agent, &task).await;
        for _ in 0..3 {
            step(&app).await;
        }
        assert_eq!(status(&agent, id).await, "COMPLETED");
        let retrieved = agent.get(&paths::retrieve_credential(id)).await.ok().body;
        said(&retrieved);
        let plaintext = opened(&key, id, &retrieved["encrypted_credential"]);
        assert_eq!(plaintext["synthetic"], true);
        assert_eq!(plaintext["task_id"], json!(id));
    }

    async fn a_typed_result_is_made_up_from_its_schema(store) {
        let app = TestApp::start(store).await;
        let agent = app.poor_agent().await;
        let mut task = asking_for(&app, "VERIFICATION", "CONFIRMATION");
        task["result_schema"] = json!({
            "type": "object", "required": ["open"],
            "properties": {"open": {"type": "boolean"}, "price": {"type": "number", "minimum": 3}},
        });
        let id = posted(&agent, &task).await;
        for _ in 0..2 {
            step(&app).await;
        }
        let read = agent.get(&paths::task(id)).await.ok().body;
        assert_eq!(read["result"], json!({"open": true, "price": 3}));
        step(&app).await;
    }

    async fn any_tier_may_ask_by_header_or_by_body(store) {
        let app = TestApp::start(store).await;
        let agent = app.agent().await;
        let before = app.app.store.read(ledger::check).await.unwrap().transfers;
        let mut task = photo_task(&app);
        let request = agent.request(reqwest::Method::POST, paths::TASKS).json(&task);
        said(&request.header("x-sandbox", "true").answer().await.created().body);
        task["sandbox"] = json!(true);
        let quote = {
            let mut asked = task.clone();
            asked["dry_run"] = json!(true);
            agent.post(paths::TASKS, &asked).await.ok().body
        };
        said(&quote);
        assert_eq!(quote["would_be_created"], true);
        posted(&agent, &task).await;
        let mut untitled = task.clone();
        untitled["title"] = json!("");
        let junk = agent.request(reqwest::Method::POST, paths::TASKS).json(&untitled);
        let refused = junk.header("x-sandbox", "perhaps").answer().await;
        refused.refused(400, "validation");
        assert_eq!(refused.faulty_fields(), ["X-Sandbox", "title"]);
        for _ in 0..3 {
            step(&app).await;
        }
        assert_eq!(app.app.store.read(ledger::check).await.unwrap().transfers, before);
        assert_eq!(agent.balance().await, ("1000.00".to_owned(), "0.00".to_owned()));

        // A real task is not affected by simulated ones, and is not marked.
        let real = agent.post(paths::TASKS, &photo_task(&app)).await.created().body;
        assert_eq!((real.get("sandbox"), real.get("sandbox_notice")), (None, None));
        assert_eq!(agent.balance().await.1, "29.50");
    }

    async fn real_operators_never_see_or_reach_a_simulated_task(store) {
        let app = TestApp::start(store).await;
        let (agent, operator) = (app.poor_agent().await, app.operator().await);
        let mut task = asking_for(&app, "PHOTO", "PHOTO");
        task["sandbox_outcome"] = json!("expire");
        let id = posted(&agent, &task).await;
        for list in [
            paths::FIND_TASKS.to_owned(),
            format!("{}?lat=52.52&lng=13.405", paths::FIND_TASKS),
            paths::MY_TASKS.to_owned(),
        ] {
            let found = operator.get(&list).await.ok();
            assert_eq!(found.body["pagination"]["total"], 0, "{list}");
            assert_eq!(found.body["data"], json!([]), "{list}");
        }
        operator.get(&paths::operator_task(id)).await.refused(404, "not_found");
        let accept = operator.post(&paths::accept_task(id), &json!({})).await;
        assert_eq!(accept.refused(404, "not_found"), "Task not found or already claimed");
        let proof = json!({"photos": ["x"]});
        operator.post(&paths::submit_proof(id), &proof).await.refused(404, "not_found");
        let synthetic = app.request(reqwest::Method::GET, paths::MY_TASKS)
            .header("x-operator-id", server::domain::sandbox::operator().to_string());
        synthetic.answer().await.refused(401, "unauthorized");
    }

    async fn the_outcome_is_the_agents_to_choose_and_the_rest_is_as_in_life(store) {
        let app = TestApp::start(store).await;
        let agent = app.poor_agent().await;
        let mut task = asking_for(&app, "VERIFICATION", "CONFIRMATION");

        task["sandbox_outcome"] = json!("manual_review");
        let unclear = posted(&agent, &task).await;
        task["sandbox_outcome"] = json!("reject");
        let bad = posted(&agent, &task).await;
        for _ in 0..3 {
            step(&app).await;
        }
        assert_eq!(status(&agent, unclear).await, "MANUAL_REVIEW");
        assert_eq!(status(&agent, bad).await, "DISPUTED");

        let verdict = json!({"decision": "APPROVE"});
        let verified = agent.post(&paths::verify_task(unclear), &verdict).await.ok();
        said(&verified.body);
        assert_eq!(verified.text("status"), "COMPLETED");
        let stars = json!({"stars": 5});
        said(&agent.post(&paths::rate_operator(unclear), &stars).await.ok().body);
        let objection = json!({"reason": "It was closed."});
        let disputed = agent.post(&paths::open_dispute(unclear), &objection).await.ok();
        said(&disputed.body);

        let wish = json!({"reason": "Say when it opens."});
        said(&agent.post(&paths::request_revision(bad), &wish).await.ok().body);
        assert_eq!(status(&agent, bad).await, "IN_PROGRESS");
        for _ in 0..2 {
            step(&app).await;
        }
        assert_eq!(status(&agent, bad).await, "COMPLETED", "a revised proof is good");
        nothing_was_paid(&app).await;
    }

    async fn an_estimate_is_the_agents_to_answer(store) {
        let app = TestApp::start(store).await;
        let agent = app.poor_agent().await;
        let mut task = asking_for(&app, "VERIFICATION", "CONFIRMATION");
        task["require_estimate"] = json!(true);
        let id = posted(&agent, &task).await;
        for _ in 0..3 {
            step(&app).await;
        }
        assert_eq!(status(&agent, id).await, "ESTIMATE_PENDING", "it waits for the agent");
        said(&agent.post(&paths::reject_estimate(id), &json!({})).await.ok().body);
        step(&app).await;
        assert_eq!(status(&agent, id).await, "ESTIMATE_PENDING", "it asks again");
        let approved = agent.post(&paths::approve_estimate(id), &json!({})).await.ok();
        said(&approved.body);
        assert_eq!(approved.body["estimate_minutes"], 30);
        for _ in 0..2 {
            step(&app).await;
        }
        assert_eq!(status(&agent, id).await, "COMPLETED");
    }

    async fn a_task_that_nobody_shall_accept_expires_and_another_is_cancelled(store) {
        let app = TestApp::start(store).await;
        let agent = app.poor_agent().await;
        let mut task = asking_for(&app, "VERIFICATION", "CONFIRMATION");
        task["sandbox_outcome"] = json!("expire");
        task["deadline"] = json!(app.now().after(Duration::from_secs(600)));
        let expires = posted(&agent, &task).await;
        let called_off = posted(&agent, &task).await;
        let cancelled = agent.post(&paths::cancel_task(called_off), &json!({})).await.ok();
        said(&cancelled.body);
        step(&app).await;
        assert_eq!(status(&agent, expires).await, "PENDING");
        app.advance(Duration::from_secs(600));
        app.drain_jobs().await;
        let read = agent.get(&paths::task(expires)).await.ok();
        assert_eq!(read.text("status"), "CANCELLED");
        assert_eq!(read.body["cancel_reason"], "EXPIRED");
        nothing_was_paid(&app).await;
    }

    async fn simulated_tasks_are_counted_apart_from_real_ones(store) {
        let tiers = "SANDBOX=2/10/600,STANDARD=1/10000/50000";
        let app = TestApp::start_with(store, &["--tiers", tiers]).await;
        let agent = app.agent().await;
        let mut task = photo_task(&app);
        task["sandbox"] = json!(true);
        for _ in 0..2 {
            posted(&agent, &task).await;
        }
        let third = agent.post(paths::TASKS, &task).await;
        let sentence = third.refused(422, "rule_violation");
        assert_eq!(sentence, "2 simulated tasks are allowed in a UTC day. Try again tomorrow.");
        task["sandbox"] = json!(false);
        agent.post(paths::TASKS, &task).await.created();
        agent.post(paths::TASKS, &task).await.refused(422, "rule_violation");
        let poor = app.poor_agent().await;
        task["reward_usd"] = json!("10.01");
        let dear = poor.post(paths::TASKS, &task).await;
        let sentence = dear.refused(422, "rule_violation");
        assert_eq!(sentence, "Maximum task value for SANDBOX tier is $10");
    }

    /// The record of an agent that operators read consists of paid tasks only.
    async fn simulated_tasks_are_no_record_and_no_spending(store) {
        let app = TestApp::start(store).await;
        let (agent, operator) = (app.agent().await, app.operator().await);
        let mut task = photo_task(&app);
        task["sandbox"] = json!(true);
        task["reward_usd"] = json!(6000);
        posted(&agent, &task).await;
        for _ in 0..3 {
            step(&app).await;
        }
        let real = agent.post_photo_task().await;
        let seen = operator.get(&paths::operator_task(real)).await.ok();
        assert_eq!(seen.body["agent"]["completed_tasks"], 0);
        let read = agent.get(&paths::task(real)).await.ok();
        assert_eq!(read.body["platform_fee_usd"].to_string(), "4.50", "18 % still");
    }

    async fn an_outcome_is_refused_for_a_real_task(store) {
        let app = TestApp::start(store).await;
        let agent = app.agent().await;
        let mut task = photo_task(&app);
        task["sandbox_outcome"] = json!("reject");
        task["title"] = json!("");
        let refused = agent.post(paths::TASKS, &task).await;
        refused.refused(400, "validation");
        assert_eq!(refused.faulty_fields(), ["title", "sandbox_outcome"]);
    }
}

fn base64(bytes: &[u8]) -> String {
    use base64::{Engine, prelude::BASE64_STANDARD};
    BASE64_STANDARD.encode(bytes)
}

fn opened(key: &AgentSecretKey, id: TaskId, envelope: &Value) -> Value {
    let text = |field: &str| envelope[field].as_str().unwrap();
    let envelope = EnvelopeText {
        v: envelope["v"].as_u64().unwrap(),
        algorithm: text("algorithm"),
        ciphertext: text("ciphertext"),
        iv: text("iv"),
        ephemeral_public_key: text("ephemeralPublicKey"),
    };
    let opened = crypto_wasm::open(key, &id.to_string(), &envelope).unwrap();
    serde_json::from_slice(&opened).unwrap()
}
