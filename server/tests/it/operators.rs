//! Operators: registration, what they find, what they claim (contract §6).

use api_types::paths;
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Ask, TestApp, photo_task};
use crate::moves::Pair;
use crate::support::{self, on_both_databases};
use crate::tasks::text_task;

on_both_databases! {
    async fn register_operator_names_every_fault_at_once(store) {
        let app = TestApp::start(store).await;
        let body = json!({
            "name": " ", "email": "x", "phone": "12", "location": {"city": "", "country": "USA"},
            "skills": ["VERIFICATION", "JUGGLING"], "kyc_status": "APPROVED",
        });
        let answer = app.post(paths::REGISTER_OPERATOR, &body).await;
        answer.refused(400, "validation");
        assert_eq!(answer.faulty_fields(), [
            "name", "email", "phone", "location.city", "location.country", "skills[1]",
            "kyc_status",
        ]);
    }

    async fn an_operator_whose_identity_is_not_approved_cannot_accept(store) {
        let app = TestApp::start_with(store, &["--kyc=manual"]).await;
        let (agent, operator) = (app.agent().await, app.operator().await);
        let task = agent.post_photo_task().await;
        let answer = operator.post(&paths::accept_task(task), &json!({})).await;
        assert_eq!(
            answer.refused(403, "kyc_required"),
            "KYC verification required before accepting tasks"
        );
    }

    async fn a_list_shows_each_task_with_its_own_proof_and_ratings(store) {
        let app = TestApp::start(store).await;
        let (agent, operator) = (app.agent().await, app.operator().await);
        let prove = async |task, text: &str| {
            let body = json!({"confirmation_text": text});
            operator.post(&paths::submit_proof(task), &body).await.ok();
            app.drain_jobs().await;
        };
        let mut tasks = Vec::new();
        for text in ["short", "It reads: open from nine.", "It reads: open from ten.", ""] {
            app.advance(std::time::Duration::from_secs(1));
            let task = agent.post(paths::TASKS, &text_task(&app)).await.created().id("task_id");
            operator.accept(task).await;
            if !text.is_empty() {
                prove(task, text).await;
            }
            tasks.push(task);
        }
        let revision = json!({"reason": "Please say more."});
        agent.post(&paths::request_revision(tasks[0]), &revision).await.ok();
        app.advance(std::time::Duration::from_secs(1));
        prove(tasks[0], "It reads: closed on Mondays.").await;
        operator.post(&paths::rate_agent(tasks[1]), &json!({"stars": 5})).await.ok();

        let listed = operator.get(paths::MY_TASKS).await.ok().body;
        let shown: Vec<_> = listed["data"].as_array().unwrap().iter().map(|row| {
            let may_rate = row["actions"].as_array().unwrap().contains(&json!("rate"));
            (row["task_id"].clone(), row["proof"]["confirmation_text"].clone(), may_rate)
        }).collect();
        assert_eq!(shown, [
            (json!(tasks[3]), Value::Null, false),
            (json!(tasks[2]), json!("It reads: open from ten."), true),
            (json!(tasks[1]), json!("It reads: open from nine."), false),
            (json!(tasks[0]), json!("It reads: closed on Mondays."), true),
        ]);
        app.advance(std::time::Duration::from_secs(8 * 24 * 60 * 60));
        app.drain_jobs().await;
    }

    async fn exactly_one_of_many_accepts_wins(store) {
        let app = TestApp::start(store).await;
        let agent = app.agent().await;
        let task = agent.post_photo_task().await;
        let mut operators = Vec::new();
        for _ in 0..12 {
            operators.push(app.operator().await);
        }
        let path = paths::accept_task(task);
        let body = json!({});
        let answers = join_all(operators.iter().map(|one| one.post(&path, &body))).await;
        let won: Vec<_> = answers.iter().filter(|answer| answer.status == 200).collect();
        assert_eq!(won.len(), 1);
        for lost in answers.iter().filter(|answer| answer.status != 200) {
            let sentence = lost.refused(404, "not_found");
            assert_eq!(sentence, "Task not found or already claimed");
        }
        let winner = answers.iter().position(|answer| answer.status == 200).unwrap();
        let read = agent.get(&paths::task(task)).await.ok();
        assert_eq!(read.body["operator"]["id"], operators[winner].key);
    }

    async fn accepting_twice_is_refused_the_second_time(store) {
        let app = TestApp::start(store).await;
        let (agent, operator) = (app.agent().await, app.operator().await);
        let task = agent.post_photo_task().await;
        operator.accept(task).await;
        let again = operator.post(&paths::accept_task(task), &json!({})).await;
        again.refused(404, "invalid_state");
    }

    async fn a_task_past_its_deadline_is_gone(store) {
        let app = TestApp::start(store).await;
        let (agent, operator) = (app.agent().await, app.operator().await);
        let task = agent.post_photo_task().await;
        app.advance(std::time::Duration::from_secs(24 * 60 * 60));
        let answer = operator.post(&paths::accept_task(task), &json!({})).await;
        assert_eq!(answer.refused(410, "expired"), "Task has expired");
        app.drain_jobs().await;
        let answer = operator.post(&paths::accept_task(task), &json!({})).await;
        assert_eq!(answer.refused(410, "expired"), "Task has expired");
        assert_eq!(operator.get(paths::FIND_TASKS).await.ok().body["data"], json!([]));
    }

    async fn the_exact_place_is_shown_after_accepting_alone(store) {
        let app = TestApp::start(store).await;
        let (agent, operator) = (app.agent().await, app.operator().await);
        let mut body = photo_task(&app);
        let address = "Pariser Platz 1";
        body["location"] = json!({"lat": 52.516275, "lng": 13.377704, "address": address});
        body["digital_instructions"] = json!("Ring twice.");
        let task = agent.post(paths::TASKS, &body).await.created().id("task_id");
        let found = operator.get(paths::FIND_TASKS).await.ok().body["data"][0].clone();
        assert_eq!(found["location"], json!({"lat": 52.52, "lng": 13.38}));
        assert_eq!(found["digital_instructions"], Value::Null);
        operator.accept(task).await;
        let mine = operator.get(paths::MY_TASKS).await.ok().body["data"][0].clone();
        assert_eq!(mine["location"], body["location"]);
        assert_eq!(mine["digital_instructions"], "Ring twice.");
        assert_eq!(operator.get(paths::FIND_TASKS).await.ok().body["data"], json!([]));
    }

    async fn an_estimate_alone_does_not_show_the_exact_place(store) {
        let app = TestApp::start(store).await;
        let pair = Pair::with(&app, json!({"digital_instructions": "Ring twice."})).await;
        pair.estimate(30).await;
        let seen = async || pair.operator.get(&paths::operator_task(pair.task)).await.ok().body;
        let asked = seen().await;
        assert_eq!(asked["location"]["address"], Value::Null);
        assert_eq!(asked["digital_instructions"], Value::Null);
        pair.agent.post(&paths::approve_estimate(pair.task), &json!({})).await.ok();
        let agreed = seen().await;
        assert!(agreed["location"]["address"].is_string());
        assert_eq!(agreed["digital_instructions"], "Ring twice.");
    }

    async fn an_address_without_a_place_is_shown_after_accepting_alone_too(store) {
        let app = TestApp::start(store).await;
        let (agent, operator) = (app.agent().await, app.operator().await);
        let mut body = text_task(&app);
        body["location"] = json!({"address": "Pariser Platz 1"});
        let task = agent.post(paths::TASKS, &body).await.created().id("task_id");
        let found = operator.get(paths::FIND_TASKS).await.ok().body["data"][0].clone();
        assert_eq!(found["location"], json!({"address": "Remote/Digital"}));
        operator.accept(task).await;
        let mine = operator.get(&paths::operator_task(task)).await.ok().body;
        assert_eq!(mine["location"], body["location"]);
    }

    async fn operators_find_what_fits_their_skills(store) {
        let app = TestApp::start(store).await;
        let agent = app.agent().await;
        let photo = agent.post_photo_task().await;
        let text = agent.post(paths::TASKS, &text_task(&app)).await.created();
        let skills = ["CONTENT_REVIEW"];
        let body = json!({"name": "Reader", "email": "reader@example.com", "skills": skills});
        let id = app.post(paths::REGISTER_OPERATOR, &body).await.created().text("operator_id");
        let by_reader = |method, path: &str| app.request(method, path).header("x-operator-id", &id);
        let found = by_reader(Method::GET, paths::FIND_TASKS).answer().await.ok();
        assert_eq!(found.body["pagination"]["total"], 1);
        assert_eq!(found.body["data"][0]["task_id"], text.body["task_id"]);
        assert_eq!(found.body["data"][0]["actions"], json!(["accept", "estimate"]));
        let foreign = by_reader(Method::GET, &paths::operator_task(photo)).answer().await.ok();
        assert_eq!(foreign.body["actions"], json!([]));
        let accept = by_reader(Method::POST, &paths::accept_task(photo));
        accept.answer().await.refused(403, "forbidden");
        let other = app.operator().await;
        let narrowed = other.get("/api/v1/operator/tasks?min_reward=25.01").await.ok();
        assert_eq!(narrowed.body["data"], json!([]));
    }
}
