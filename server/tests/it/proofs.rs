//! Proofs: submitted by the operator who claimed the task, judged by the Guardian or the agent
//! (contract §4).

use std::io::Cursor;

use api_types::{OperatorId, TaskId, paths};
use image::{ImageFormat, Rgb, RgbImage};
use reqwest::{Method, multipart};
use serde_json::{Value, json};

use crate::harness::{Answer, Ask, Caller, TestApp, photo_task};
use crate::support::{self, on_both_databases};
use crate::tasks::text_task;

/// Returns a picture that depends on `seed`, so that two seeds look different.
pub(crate) fn picture(seed: u32, format: ImageFormat) -> Vec<u8> {
    let scene = RgbImage::from_fn(320, 240, |x, y| {
        let (dx, dy) = (x as f32 - (40 + seed * 60) as f32, y as f32 - 90.0);
        let glow = (255.0 - (dx * dx + dy * dy).sqrt() * 2.0).max(0.0);
        let tone = (glow * 0.6 + (x * 2 / 5 + y / 4) as f32 / 2.0).min(255.0) as u8;
        Rgb([tone, tone / 2 + 40, 255 - tone])
    });
    let mut bytes = Cursor::new(Vec::new());
    scene.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

async fn upload(operator: &Caller<'_, OperatorId>, task: TaskId, bytes: Vec<u8>) -> Answer {
    let file = multipart::Part::bytes(bytes).file_name("proof.jpg");
    let form = multipart::Form::new()
        .text("task_id", task.to_string())
        .part("file", file);
    operator
        .request(Method::POST, paths::UPLOAD)
        .multipart(form)
        .answer()
        .await
        .created()
}

/// Claims the task, submits these pictures, and runs the Guardian.
async fn prove(operator: &Caller<'_, OperatorId>, task: TaskId, pictures: Vec<Vec<u8>>) -> Value {
    operator.accept(task).await;
    let mut urls = Vec::new();
    for bytes in pictures {
        urls.push(upload(operator, task, bytes).await.text("url"));
    }
    let proof = json!({"photos": urls, "notes": "Done."});
    let receipt = operator.post(&paths::submit_proof(task), &proof).await.ok();
    assert_eq!(receipt.text("status"), "SUBMITTED");
    assert_eq!(
        receipt.text("message"),
        "Proof submitted. AI Guardian verification in progress."
    );
    operator.app.drain_jobs().await;
    operator.get(&paths::operator_task(task)).await.ok().body
}

on_both_databases! {
    async fn one_picture_does_not_answer_for_two_requirements(store) {
        let app = TestApp::start(store).await;
        let (agent, operator) = (app.agent().await, app.operator().await);
        let mut body = photo_task(&app);
        body["proof_requirements"] = json!(["The door", "The sign"]);
        let task = agent.post(paths::TASKS, &body).await.created().id("task_id");
        let twice = vec![picture(90, ImageFormat::Png); 2];
        let seen = prove(&operator, task, twice).await;
        assert_eq!(seen["status"], "MANUAL_REVIEW");
        let second = &seen["guardian_result"]["requirement_results"][1];
        assert_eq!(second["met"], Value::Null);
        assert!(second["note"].as_str().unwrap().contains("twice"), "{second}");
    }

    async fn good_photos_are_approved_and_pay_both_sides(store) {
        let app = TestApp::start(store).await;
        let (agent, operator) = (app.agent().await, app.operator().await);
        let task = agent.post_photo_task().await;
        let seen = prove(&operator, task, vec![picture(0, ImageFormat::Jpeg)]).await;
        assert_eq!(seen["status"], "COMPLETED", "{seen}");
        assert_eq!(seen["guardian_result"]["requirement_results"][0]["met"], Value::Null);
        assert_eq!(agent.balance().await, ("970.50".to_owned(), "0.00".to_owned()));
        let earnings = operator.get(paths::EARNINGS).await.ok().body;
        assert_eq!(earnings["pending_balance"].to_string(), "25.00");
        assert_eq!(earnings["available_balance"].to_string(), "0.00");
        assert_eq!(earnings["recent_tasks"][0]["available_at"], "2026-02-12T12:00:00.000Z");

        let read = agent.get(&paths::task(task)).await.ok();
        assert_eq!(read.body["operator"]["name"], "Jane D.");
        let photo = read.body["proof"]["photos"][0].as_str().unwrap();
        assert_eq!(app.get(photo).await.ok().bytes, picture(0, ImageFormat::Jpeg));
    }

    async fn rules_alone_leave_photos_to_the_agent_where_they_may_not_approve(store) {
        let app = TestApp::start_with(store, &["--guardian-rules-may-approve=false"]).await;
        let (agent, operator) = (app.agent().await, app.operator().await);
        let task = agent.post_photo_task().await;
        let seen = prove(&operator, task, vec![picture(0, ImageFormat::Png)]).await;
        assert_eq!(seen["status"], "MANUAL_REVIEW");
        assert_eq!(operator.get(paths::EARNINGS).await.ok().body["in_review"].to_string(), "25.00");
        let verdict = json!({"decision": "APPROVE"});
        let answer = agent.post(&paths::verify_task(task), &verdict).await.ok();
        assert_eq!(answer.text("message"), "Task manually approved and completed.");
        let earnings = operator.get(paths::EARNINGS).await.ok().body;
        assert_eq!((earnings["in_review"].to_string(), earnings["pending_balance"].to_string()),
            ("0.00".to_owned(), "25.00".to_owned()));
    }

    async fn a_picture_that_another_task_has_seen_is_disputed(store) {
        let app = TestApp::start(store).await;
        let (agent, operator) = (app.agent().await, app.operator().await);
        let first = agent.post_photo_task().await;
        prove(&operator, first, vec![picture(0, ImageFormat::Jpeg)]).await;
        // A duplicate is recognised from another operator and in another format.
        let second = agent.post_photo_task().await;
        let thief = app.operator().await;
        let seen = prove(&thief, second, vec![picture(0, ImageFormat::Png)]).await;
        assert_eq!(seen["status"], "DISPUTED", "{seen}");
        assert_eq!(seen["guardian_result"]["requirement_results"][0]["met"], false);
        assert_eq!(agent.balance().await.1, "29.50");
    }

    async fn fewer_pictures_than_requirements_are_left_to_the_agent(store) {
        let app = TestApp::start(store).await;
        let (agent, operator) = (app.agent().await, app.operator().await);
        let mut task = photo_task(&app);
        task["proof_requirements"] = json!(["The door", "The sign"]);
        let task = agent.post(paths::TASKS, &task).await.created().id("task_id");
        let seen = prove(&operator, task, vec![picture(1, ImageFormat::Jpeg)]).await;
        assert_eq!(seen["status"], "MANUAL_REVIEW");
        assert_eq!(seen["guardian_result"]["requirement_results"][1]["met"], Value::Null);
    }

    async fn rejection_keeps_the_escrow_and_its_reasons(store) {
        let app = TestApp::start_with(store, &["--guardian-rules-may-approve=false"]).await;
        let (agent, operator) = (app.agent().await, app.operator().await);
        let task = agent.post_photo_task().await;
        prove(&operator, task, vec![picture(2, ImageFormat::Jpeg)]).await;
        let unknown = json!({"decision": "REJECT", "unmet_requirements": ["Something else"]});
        let answer = agent.post(&paths::verify_task(task), &unknown).await;
        answer.refused(400, "validation");
        assert_eq!(answer.faulty_fields(), ["unmet_requirements[0]"]);
        let verdict = json!({"decision": "REJECT", "reason": "The prices cannot be read.",
            "unmet_requirements": ["The prices can be read"]});
        let answer = agent.post(&paths::verify_task(task), &verdict).await.ok();
        assert_eq!(answer.text("status"), "DISPUTED");
        assert_eq!(agent.balance().await.1, "29.50");
        let seen = operator.get(&paths::operator_task(task)).await.ok().body;
        assert_eq!(seen["rejection"]["reason"], "The prices cannot be read.");
        assert_eq!(seen["rejection"]["unmet_requirements"], json!(["The prices can be read"]));
        let again = agent.post(&paths::verify_task(task), &json!({"decision": "APPROVE"})).await;
        again.refused(404, "invalid_state");
    }

    async fn submit_proof_by_another_operator_is_refused(store) {
        let app = TestApp::start(store).await;
        let (agent, operator) = (app.agent().await, app.operator().await);
        let other = app.operator().await;
        let task = agent.post(paths::TASKS, &text_task(&app)).await.created().id("task_id");
        let path = paths::submit_proof(task);
        let proof = json!({"confirmation_text": "It reads: open from nine."});
        let sentence = "Task not found or not in submittable status";
        assert_eq!(operator.post(&path, &proof).await.refused(404, "not_found"), sentence);
        operator.accept(task).await;
        assert_eq!(other.post(&path, &proof).await.refused(404, "not_found"), sentence);
        other.get(&paths::operator_task(task)).await.refused(404, "not_found");
        operator.post(&path, &proof).await.ok();
        app.drain_jobs().await;
        assert_eq!(operator.post(&path, &proof).await.refused(404, "invalid_state"), sentence);
    }

    async fn a_repeated_submission_is_answered_with_the_first_result(store) {
        let app = TestApp::start(store).await;
        let (agent, operator) = (app.agent().await, app.operator().await);
        let task = agent.post(paths::TASKS, &text_task(&app)).await.created().id("task_id");
        operator.accept(task).await;
        let text = "It reads: open from nine.";
        let proof = json!({"confirmation_text": text, "submission_id": "phone-0001"});
        let path = paths::submit_proof(task);
        let first = operator.post(&path, &proof).await.ok();
        app.drain_jobs().await;
        app.advance(std::time::Duration::from_secs(60));
        let again = operator.post(&path, &proof).await.ok();
        assert_eq!(first.body, again.body);
        // Clients written after the HumanOps reference read both fields of every proof.
        let shown = agent.get(&paths::task(task)).await.ok().body;
        assert_eq!((&shown["proof"]["photos"], shown["proof"].get("notes")), (&json!([]), Some(&Value::Null)));

        let other = agent.post(paths::TASKS, &text_task(&app)).await.created().id("task_id");
        operator.accept(other).await;
        let reused = operator.post(&paths::submit_proof(other), &proof).await;
        reused.refused(400, "validation");
        assert_eq!(reused.faulty_fields(), ["submission_id"]);
    }

    async fn photos_of_another_operator_are_refused(store) {
        let app = TestApp::start(store).await;
        let (agent, operator) = (app.agent().await, app.operator().await);
        let other = app.operator().await;
        let (task, others) = (agent.post_photo_task().await, agent.post_photo_task().await);
        operator.accept(task).await;
        other.accept(others).await;
        let foreign = upload(&other, others, picture(0, ImageFormat::Jpeg)).await.text("url");
        let proof = json!({"photos": [foreign, "https://example.com/proof-1.jpg", 7]});
        let answer = operator.post(&paths::submit_proof(task), &proof).await;
        answer.refused(400, "validation");
        assert_eq!(answer.faulty_fields(), ["photos[0]", "photos[1]", "photos[2]"]);
    }

    async fn proof_of_another_kind_is_refused(store) {
        let app = TestApp::start(store).await;
        let (agent, operator) = (app.agent().await, app.operator().await);
        let task = agent.post(paths::TASKS, &text_task(&app)).await.created().id("task_id");
        operator.accept(task).await;
        let proof = json!({"photos": [], "notes": 1, "reference_url": "javascript:alert(1)"});
        let answer = operator.post(&paths::submit_proof(task), &proof).await;
        answer.refused(400, "validation");
        let faulty = ["confirmation_text", "reference_url", "notes", "photos"];
        assert_eq!(answer.faulty_fields(), faulty);
    }

    /// The document has one schema for the proofs of all types; fields of the other types are null.
    async fn null_makes_no_field_of_another_kind_of_proof(store) {
        let app = TestApp::start(store).await;
        let (agent, operator) = (app.agent().await, app.operator().await);
        let task = agent.post(paths::TASKS, &text_task(&app)).await.created().id("task_id");
        operator.accept(task).await;
        let proof = json!({
            "confirmation_text": "The door says open until six.", "reference_url": null,
            "photos": null, "artifacts": null, "encrypted_credential": null, "result": null,
            "notes": null,
        });
        operator.post(&paths::submit_proof(task), &proof).await.ok();
        app.drain_jobs().await;
    }
}
