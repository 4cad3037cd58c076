//! Every field of POST /tasks on both sides of its limits (contract §4), and the effects of the
//! fields that the HumanOps reference does not have.

use std::time::Duration;

use api_types::paths;
use serde_json::{Map, Value, json};

use crate::harness::{Ask, TestApp, photo_task};
use crate::support::{self, on_both_databases};
use crate::tasks::text_task;

/// Returns a text of this many characters, each with several bytes.
fn long(chars: usize) -> String {
    "ä".repeat(chars)
}

fn after(app: &TestApp, milliseconds: u64) -> Value {
    json!(app.now().after(Duration::from_millis(milliseconds)))
}

/// Returns fields with a value, and whether it is valid.
fn bounds(app: &TestApp) -> Vec<(&'static str, Value, bool)> {
    let place =
        |lat: f64, lng: f64, chars: usize| json!({"lat": lat, "lng": lng, "address": long(chars)});
    let (minutes, days) = (60_000, 24 * 60 * 60_000);
    vec![
        ("title", json!(""), false),
        ("title", json!("  "), false),
        ("title", json!("a"), true),
        ("title", json!(long(200)), true),
        ("title", json!(long(201)), false),
        ("title", json!("a\u{0}"), false),
        ("description", json!(""), false),
        ("description", json!(long(10_000)), true),
        ("description", json!(long(10_001)), false),
        ("location", place(90.0, 180.0, 500), true),
        ("location", place(-90.0, -180.0, 1), true),
        ("location", place(90.001, 0.0, 5), false),
        ("location", place(0.0, -180.001, 5), false),
        ("location", place(0.0, 0.0, 501), false),
        ("location", json!({"lat": 1, "lng": 1}), false),
        ("location", json!(null), false),
        ("reward_usd", json!(10), true),
        ("reward_usd", json!("10.50"), true),
        ("reward_usd", json!(10.001), false),
        ("reward_usd", json!(-10), false),
        ("reward_usd", json!("ten"), false),
        ("deadline", after(app, 10 * minutes), true),
        ("deadline", after(app, 10 * minutes - 1), false),
        ("deadline", after(app, 90 * days), true),
        ("deadline", after(app, 90 * days + 1), false),
        ("proof_requirements", json!([]), false),
        ("proof_requirements", json!(vec![long(500); 20]), true),
        ("proof_requirements", json!(vec!["a"; 21]), false),
        ("proof_requirements", json!([long(501)]), false),
        ("task_domain", json!("PHYSICAL"), true),
        ("task_domain", json!("DIGITAL"), false),
        ("proof_type", json!("PHOTO"), true),
        ("proof_type", json!("ARTIFACT"), false),
        ("digital_instructions", json!(long(10_000)), true),
        ("digital_instructions", json!(long(10_001)), false),
    ]
}

fn further_bounds() -> Vec<(&'static str, Value, bool)> {
    vec![
        ("callback_url", json!("https://example.com/hook?x=1"), true),
        ("callback_url", json!("http://example.com"), false),
        (
            "callback_url",
            json!("https://user:secret@example.com"),
            false,
        ),
        ("callback_url", json!("https://127.0.0.1/"), false),
        ("callback_url", json!("https://[::1]/"), false),
        ("callback_url", json!("https://192.168.1.1/"), false),
        (
            "callback_url",
            json!("https://169.254.169.254/latest"),
            false,
        ),
        ("callback_url", json!("https://localhost/"), false),
        ("callback_secret", json!(long(15)), false),
        ("callback_secret", json!(long(16)), true),
        ("callback_secret", json!(long(256)), true),
        ("callback_secret", json!(long(257)), false),
        ("external_id", json!(""), false),
        ("external_id", json!(long(200)), true),
        ("external_id", json!(long(201)), false),
        ("min_operator_rating", json!(0.99), false),
        ("min_operator_rating", json!(1), true),
        ("min_operator_rating", json!(4.75), true),
        ("min_operator_rating", json!(4.755), false),
        ("min_operator_rating", json!(5.01), false),
        ("min_operator_rating", json!("4"), false),
        ("webhook_style", json!("humcli"), true),
        ("webhook_style", json!("HUMCLI"), false),
        ("result_schema", json!({"type": "object"}), true),
        ("result_schema", json!({"type": "colour"}), false),
        ("result_schema", json!("{}"), false),
        (
            "result_schema",
            json!({"$comment": "x".repeat(16 * 1024 - 15)}),
            true,
        ),
        (
            "result_schema",
            json!({"$comment": "x".repeat(16 * 1024 - 14)}),
            false,
        ),
        ("status", json!("COMPLETED"), false),
        ("agent_id", json!("ag_00000000000000000000000000"), false),
    ]
}

on_both_databases! {
    async fn every_field_is_taken_to_its_bound_and_not_beyond(store) {
        let app = TestApp::start(store).await;
        let agent = app.agent().await;
        for (field, value, fits) in bounds(&app).into_iter().chain(further_bounds()) {
            let mut task = photo_task(&app);
            task["dry_run"] = json!(true);
            task[field] = value.clone();
            let answer = agent.post(paths::TASKS, &task).await;
            let shown: String = value.to_string().chars().take(60).collect();
            if fits {
                assert_eq!(answer.status, 200, "{field} {shown}: {}", answer.body);
            } else {
                answer.refused(400, "validation");
                let place = answer.faulty_fields()[0];
                assert!(place.starts_with(field), "{field} {shown}: {place}");
            }
        }
    }

    async fn the_largest_reward_is_the_smallest_of_its_bounds(store) {
        let app = TestApp::start_with(store, &["--tiers", "STANDARD=100/300/50000"]).await;
        let agent = app.agent().await;
        for (task_type, most) in [
            ("CAPTCHA_SOLVING", 10), ("FORM_FILLING", 50), ("BROWSER_INTERACTION", 100),
            ("CONTENT_REVIEW", 25), ("DATA_VALIDATION", 50), ("PHOTO", 300),
        ] {
            let mut task = photo_task(&app);
            task["task_type"] = json!(task_type);
            task["dry_run"] = json!(true);
            for (reward, fits) in [(most, true), (most + 1, false)] {
                task["reward_usd"] = json!(reward);
                let quote = agent.post(paths::TASKS, &task).await.ok();
                assert_eq!(quote.body["would_be_created"], fits, "{task_type} {reward}");
            }
        }
    }

    async fn credential_tasks_may_be_called_digital_and_are_listed_under_both(store) {
        let app = TestApp::start(store).await;
        let agent = app.agent().await;
        let key = crypto_wasm::AgentSecretKey::generate().unwrap().public_key();
        let mut task = text_task(&app);
        agent.post(paths::TASKS, &task).await.created();
        task["task_type"] = json!("PHONE_VERIFICATION");
        task["agent_public_key"] = json!(base64(&key.to_bytes()));
        for domain in ["CREDENTIAL", "DIGITAL"] {
            task["task_domain"] = json!(domain);
            agent.post(paths::TASKS, &task).await.created();
        }
        task["task_domain"] = json!("PHYSICAL");
        let refused = agent.post(paths::TASKS, &task).await;
        refused.refused(400, "validation");
        assert_eq!(refused.faulty_fields(), ["task_domain"]);
        agent.post_photo_task().await;
        for (domain, many) in [("DIGITAL", 3), ("CREDENTIAL", 2), ("PHYSICAL", 1)] {
            let list = agent.get(&format!("{}?task_domain={domain}", paths::TASKS)).await.ok();
            assert_eq!(list.body["pagination"]["total"], many, "{domain}");
        }
        let junk = agent.get(&format!("{}?task_domain=digital", paths::TASKS)).await;
        junk.refused(400, "validation");
    }

    async fn a_task_type_has_an_alias_that_lists_understand(store) {
        let app = TestApp::start(store).await;
        let agent = app.agent().await;
        let mut task = text_task(&app);
        task["task_type"] = json!("BROWSER_NAVIGATION");
        task["external_id"] = json!("my-7");
        let id = agent.post(paths::TASKS, &task).await.created().id("task_id");
        let read = agent.get(&paths::task(id)).await.ok();
        assert_eq!(read.text("task_type"), "BROWSER_INTERACTION");
        assert_eq!(read.text("external_id"), "my-7");
        agent.post_photo_task().await;
        for query in ["task_type=BROWSER_NAVIGATION", "external_id=my-7", "status=PENDING&\
            task_type=BROWSER_INTERACTION&external_id=my-7"] {
            let list = agent.get(&format!("{}?{query}", paths::TASKS)).await.ok();
            assert_eq!(list.body["pagination"]["total"], 1, "{query}");
            assert_eq!(list.body["data"][0]["external_id"], "my-7");
        }
    }

    async fn an_empty_place_is_none(store) {
        let app = TestApp::start(store).await;
        let agent = app.agent().await;
        let mut task = text_task(&app);
        task["location"] = json!({});
        let id = agent.post(paths::TASKS, &task).await.created().id("task_id");
        let read = agent.get(&paths::task(id)).await.ok();
        assert_eq!(read.body["location"], json!({"address": "Remote/Digital"}));
    }

    async fn a_typed_result_must_satisfy_its_schema(store) {
        let app = TestApp::start(store).await;
        let (agent, operator) = (app.agent().await, app.operator().await);
        let schema = json!({
            "type": "object",
            "properties": {"open": {"type": "boolean"}, "price": {"type": "number"}},
            "required": ["open"], "additionalProperties": false,
        });
        let mut task = text_task(&app);
        task["result_schema"] = schema.clone();
        let id = agent.post(paths::TASKS, &task).await.created().id("task_id");
        operator.accept(id).await;
        let seen = operator.get(&paths::operator_task(id)).await.ok();
        assert_eq!(seen.body["result_schema"], schema);

        let path = paths::submit_proof(id);
        let words = "It is open from nine to five, as the door says.";
        let mut proof = json!({"confirmation_text": words});
        let missing = operator.post(&path, &proof).await;
        missing.refused(400, "schema_validation_failed");
        assert_eq!(missing.faulty_fields(), ["result"]);
        proof["result"] = json!({"price": "cheap", "more": [1]});
        let unfit = operator.post(&path, &proof).await;
        unfit.refused(400, "schema_validation_failed");
        let mut places = unfit.faulty_fields();
        places.sort_unstable();
        assert_eq!(places, ["result", "result", "result.price"]);
        let empty = json!({"confirmation_text": "", "result": {}});
        let both = operator.post(&path, &empty).await;
        both.refused(400, "validation");
        assert_eq!(both.faulty_fields(), ["confirmation_text", "result"]);

        proof["result"] = json!({"open": true, "price": 7.10});
        operator.post(&path, &proof).await.ok();
        let own = operator.get(&paths::operator_task(id)).await.ok();
        assert_eq!(own.body["result"]["open"], true);
        let read = agent.get(&paths::task(id)).await.ok();
        assert_eq!(read.body["result"].to_string(), r#"{"open":true,"price":7.1}"#);
        assert_eq!(read.body["result_schema"], schema);
        app.drain_jobs().await;
    }

    async fn a_result_that_nobody_asked_for_is_refused(store) {
        let app = TestApp::start(store).await;
        let (agent, operator) = (app.agent().await, app.operator().await);
        let id = agent.post(paths::TASKS, &text_task(&app)).await.created().id("task_id");
        operator.accept(id).await;
        let proof = json!({"confirmation_text": "It is open.", "result": {"open": true}});
        let refused = operator.post(&paths::submit_proof(id), &proof).await;
        refused.refused(400, "validation");
        assert_eq!(refused.faulty_fields(), ["result"]);
    }

    /// The server reads typed results, but must not read a credential.
    async fn a_credential_task_takes_no_result_schema(store) {
        let app = TestApp::start(store).await;
        let agent = app.agent().await;
        let key = crypto_wasm::AgentSecretKey::generate().unwrap().public_key();
        let mut task = text_task(&app);
        task["task_type"] = json!("ACCOUNT_CREATION");
        task["agent_public_key"] = json!(base64(&key.to_bytes()));
        task["result_schema"] = json!({"properties": {"password": {"type": "string"}}});
        let refused = agent.post(paths::TASKS, &task).await;
        refused.refused(400, "validation");
        assert_eq!(refused.faulty_fields(), ["result_schema"]);
    }

    /// Each definition refers to the next one twice: a billion schemas in a kilobyte.
    async fn a_result_schema_that_would_take_for_ever_is_refused_at_once(store) {
        let app = TestApp::start(store).await;
        let agent = app.agent().await;
        let mut defs = Map::new();
        for nth in 0..30 {
            let next = json!({"$ref": format!("#/$defs/d{}", nth + 1)});
            defs.insert(format!("d{nth}"), json!({"allOf": [next, next]}));
        }
        defs.insert("d30".to_owned(), json!({"type": "string"}));
        let mut task = text_task(&app);
        for schema in [
            json!({"$ref": "#/$defs/d0", "$defs": defs}),
            json!({"properties": {"again": {"$ref": "#"}}}),
            json!({"$ref": "https://example.com/schema.json"}),
        ] {
            task["result_schema"] = schema;
            let refused = agent.post(paths::TASKS, &task).await;
            refused.refused(400, "validation");
            assert_eq!(refused.faulty_fields(), ["result_schema"]);
        }
    }

    async fn operators_below_the_asked_rating_neither_see_nor_accept_a_task(store) {
        let app = TestApp::start(store).await;
        let (agent, unrated) = (app.agent().await, app.operator().await);
        let mut task = photo_task(&app);
        task["min_operator_rating"] = json!(4.5);
        let id = agent.post(paths::TASKS, &task).await.created().id("task_id");
        let read = agent.get(&paths::task(id)).await.ok();
        assert_eq!(read.body["min_operator_rating"], 4.5);
        for list in [
            paths::FIND_TASKS.to_owned(),
            format!("{}?lat=52.52&lng=13.4", paths::FIND_TASKS),
        ] {
            let found = unrated.get(&list).await.ok();
            assert_eq!(found.body["pagination"]["total"], 0, "{list}");
        }
        unrated.get(&paths::operator_task(id)).await.refused(404, "not_found");
        unrated.post(&paths::accept_task(id), &json!({})).await.refused(404, "not_found");
    }

    async fn a_rating_opens_tasks_up_to_itself(store) {
        let app = TestApp::start(store).await;
        let (agent, operator) = (app.agent().await, app.operator().await);
        for stars in [5, 4] {
            let done = agent.post_confirmation_task().await;
            operator.accept(done).await;
            operator.confirm(done).await;
            app.drain_jobs().await;
            agent.post(&paths::rate_operator(done), &json!({"stars": stars})).await.ok();
        }
        let place = json!({"city": "Berlin", "country": "DE", "lat": 52.5, "lng": 13.4});
        let patch = operator.request(reqwest::Method::PATCH, paths::OPERATOR_PROFILE);
        patch.json(&json!({"location": place})).answer().await.ok();
        for (least, fits) in [(4.5, true), (4.51, false)] {
            let search = format!("{}?lat=52.5&lng=13.4&min_rating={least}", paths::SEARCH_OPERATORS);
            let found = agent.get(&search).await.ok();
            assert_eq!(found.body["pagination"]["total"], u32::from(fits));
            let mut task = photo_task(&app);
            task["min_operator_rating"] = json!(least);
            let mut asked = task.clone();
            asked["dry_run"] = json!(true);
            let quote = agent.post(paths::TASKS, &asked).await.ok();
            assert_eq!(quote.body["eligible_operators"], u32::from(fits));
            let id = agent.post(paths::TASKS, &task).await.created().id("task_id");
            let found = operator.get(paths::FIND_TASKS).await.ok();
            assert_eq!(found.body["pagination"]["total"], u32::from(fits));
            let accepted = operator.post(&paths::accept_task(id), &json!({})).await;
            assert_eq!(accepted.status, if fits { 200 } else { 404 });
        }
    }
}

fn base64(bytes: &[u8]) -> String {
    use base64::{Engine, prelude::BASE64_STANDARD};
    BASE64_STANDARD.encode(bytes)
}
