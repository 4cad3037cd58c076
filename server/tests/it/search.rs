//! Search by distance: tasks for operators, operators for agents (contract §6).

use std::time::Duration;

use api_types::{AgentId, TaskId, paths};
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Ask, Caller, TestApp, photo_task};
use crate::support::{self, on_both_databases};

const HERE: &str = "lat=52.52&lng=13.405";

/// A tier in which a test can post a thousand tasks.
const MANY_A_DAY: [&str; 2] = ["--tiers", "STANDARD=2000/10000/1000000"];

async fn post_at(agent: &Caller<'_, AgentId>, lat: f64, lng: f64) -> TaskId {
    let mut body = photo_task(agent.app);
    body["location"]["lat"] = json!(lat);
    body["location"]["lng"] = json!(lng);
    agent
        .post(paths::TASKS, &body)
        .await
        .created()
        .id("task_id")
}

fn field<'a>(rows: &'a Value, name: &str) -> Vec<&'a Value> {
    let rows = rows["data"].as_array().unwrap();
    rows.iter().map(|row| &row[name]).collect()
}

/// Returns every task of a list, read by cursor in pages of two.
async fn walked(operator: &Caller<'_, api_types::OperatorId>, query: &str) -> Vec<String> {
    let walked = walked_in(operator, &format!("{query}&limit=2")).await;
    walked.into_iter().map(|(id, _)| id).collect()
}

/// Returns every task of a list in pages of another size, with the distances in kilometres.
async fn walked_in(
    operator: &Caller<'_, api_types::OperatorId>,
    query: &str,
) -> Vec<(String, f64)> {
    let (mut ids, mut cursor) = (Vec::new(), String::new());
    loop {
        let path = format!("{}?{query}{cursor}", paths::FIND_TASKS);
        let page = operator.get(&path).await.ok().body;
        for row in page["data"].as_array().unwrap() {
            let (id, kilometres) = (row["task_id"].as_str(), row["distance_km"].as_f64());
            ids.push((id.unwrap().to_owned(), kilometres.unwrap()));
        }
        match page["pagination"]["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return ids,
        }
        assert!(ids.len() < 1_000, "the walk does not end");
    }
}

on_both_databases! {
    async fn a_page_has_a_hundred_rows_at_most_whatever_is_asked_for(store) {
        let app = TestApp::start_with(store, &MANY_A_DAY).await;
        let (agent, operator) = (app.agent().await, app.operator().await);
        agent.deposit(4000).await;
        for _ in 0..101 {
            agent.post_photo_task().await;
        }
        for (list, total) in [
            (agent.get(&format!("{}?limit=1000", paths::TASKS)).await, 101),
            (agent.get(&format!("{}?limit=1000", paths::EVENTS)).await, 101),
            (agent.get(&format!("{}?limit=1000", paths::LEDGER)).await, 103),
            (operator.get(&format!("{}?limit=1000", paths::FIND_TASKS)).await, 101),
            (operator.get(&format!("{}?limit=1000&{HERE}", paths::FIND_TASKS)).await, 101),
        ] {
            let page = list.ok().body;
            let shown = page["data"].as_array().unwrap().len();
            let told = &page["pagination"];
            assert_eq!((shown, &told["limit"], &told["has_more"], &told["total"]),
                (100, &json!(100), &json!(true), &json!(total)), "{told}");
        }
    }

    async fn a_task_leaves_every_list_at_the_very_millisecond_of_its_deadline(store) {
        let app = TestApp::start(store).await;
        let (agent, operator) = (app.agent().await, app.operator().await);
        let task = agent.post_photo_task().await;
        let listed = async |query: &str| {
            let path = format!("{}?{query}", paths::FIND_TASKS);
            let list = operator.get(&path).await.ok().body;
            let rows = list["data"].as_array().unwrap().len();
            assert_eq!(list["pagination"]["total"], rows, "{query}");
            rows
        };
        let queries = ["", HERE, &format!("{HERE}&radius_km=1"), "task_type=PHOTO"];
        let moment = Duration::from_millis(1);
        app.advance(Duration::from_secs(24 * 60 * 60) - moment);
        for query in queries {
            assert_eq!(listed(query).await, 1, "{query}");
        }
        // The clock's job is due, but has not run.
        app.advance(moment);
        for query in queries {
            assert_eq!(listed(query).await, 0, "{query}");
        }
        let late = operator.post(&paths::accept_task(task), &json!({})).await;
        assert!((400..500).contains(&late.status), "{late:?}");
        app.drain_jobs().await;
    }

    async fn find_tasks_nearest_first_with_their_distance(store) {
        let app = TestApp::start(store).await;
        let (agent, operator) = (app.agent().await, app.operator().await);
        let paris = post_at(&agent, 48.86, 2.35).await;
        let door = post_at(&agent, 52.5201, 13.4049).await;
        let tokyo = post_at(&agent, 35.68, 139.76).await;
        let potsdam = post_at(&agent, 52.40, 13.06).await;
        let path = format!("{}?{HERE}", paths::FIND_TASKS);
        let found = operator.get(&path).await.ok().body;
        assert_eq!(field(&found, "task_id"), [
            &json!(door), &json!(potsdam), &json!(paris), &json!(tokyo),
        ]);
        // The distance is measured to the public position, and not to the address.
        assert_eq!(found["data"][0]["distance_km"], 0.3);
        let kilometres = found["data"][2]["distance_km"].as_f64().unwrap();
        assert!((876.0..880.0).contains(&kilometres), "{kilometres}");
        assert_eq!(found["pagination"]["total"], 4);
        assert_eq!(walked(&operator, HERE).await.len(), 4);
    }

    async fn find_tasks_within_a_radius_alone(store) {
        let app = TestApp::start(store).await;
        let (agent, operator) = (app.agent().await, app.operator().await);
        let door = post_at(&agent, 52.52, 13.40).await;
        post_at(&agent, 52.40, 13.06).await;
        post_at(&agent, 48.86, 2.35).await;
        let path = format!("{}?{HERE}&radius_km=20", paths::FIND_TASKS);
        let found = operator.get(&path).await.ok().body;
        assert_eq!(field(&found, "task_id"), [&json!(door)]);
        assert_eq!(found["pagination"]["total"], 1);
        let path = format!("{}?{HERE}&radius_km=20.5&min_reward=26", paths::FIND_TASKS);
        assert_eq!(operator.get(&path).await.ok().body["data"], json!([]));
        operator.accept(door).await;
        let path = format!("{}?{HERE}&radius_km=20", paths::FIND_TASKS);
        assert_eq!(operator.get(&path).await.ok().body["data"], json!([]));
    }

    async fn a_walk_by_distance_meets_every_task_once(store) {
        let app = TestApp::start(store).await;
        let (agent, operator) = (app.agent().await, app.operator().await);
        let mut posted = Vec::new();
        // Several tasks at one spot, at its neighbours, and on both sides of the date line.
        for lng in [179.99, -179.99, 180.0, -180.0, 179.99, 179.9, 170.0] {
            posted.push(post_at(&agent, 0.0, lng).await.to_string());
        }
        let mut seen = walked(&operator, "lat=0&lng=-179.999").await;
        assert_eq!(seen.len(), posted.len());
        assert_eq!(seen.last(), posted.last(), "the farthest comes last");
        seen.sort();
        posted.sort();
        assert_eq!(seen, posted);
        let passed_over = operator.get("/api/v1/operator/tasks?lat=0&lng=180&offset=5").await;
        assert_eq!(field(&passed_over.ok().body, "task_id").len(), 2);
    }

    async fn a_walk_by_distance_is_in_order_from_everywhere(store) {
        let app = TestApp::start_with(store, &MANY_A_DAY).await;
        let (agent, operator) = (app.agent().await, app.operator().await);
        agent.deposit(9_000).await;
        let mut posted = Vec::new();
        // A town with a task at each of many adjacent spots.
        for n in 0..225 {
            let (lat, lng) = (48.0 + f64::from(n / 15) * 0.01, 2.0 + f64::from(n % 15) * 0.01);
            posted.push(post_at(&agent, lat, lng).await.to_string());
        }
        for n in 0..60 {
            // A third of the tasks is in one town, some of them at one spot. The rest is all over
            // the earth.
            let (lat, lng) = (f64::from(n * 37 % 60) * 2.9 - 85.0, f64::from(n * 83 % 360) - 180.0);
            let (lat, lng) = match n % 3 {
                0 => (52.5 + f64::from(n % 4) * 0.02, 13.4 + f64::from(n % 5) * 0.02),
                _ => (lat, lng),
            };
            posted.push(post_at(&agent, lat, lng).await.to_string());
        }
        posted.sort();
        for from in ["lat=52.51&lng=13.42", "lat=48.3&lng=2.4", "lat=-48&lng=-170", "lat=89.9&lng=0", "lat=-90&lng=0"] {
            let walked = walked_in(&operator, &format!("{from}&limit=7")).await;
            assert!(walked.is_sorted_by_key(|(_, kilometres)| *kilometres), "{from} {walked:?}");
            let at_once = walked_in(&operator, &format!("{from}&limit=100")).await;
            assert_eq!(at_once, walked, "{from}");
            let mut ids: Vec<_> = walked.into_iter().map(|(id, _)| id).collect();
            ids.sort();
            assert_eq!(ids, posted, "{from}");
        }
        let near = "lat=48.3&lng=2.4&radius_km=5000";
        let whole = walked_in(&operator, "lat=48.3&lng=2.4&limit=100").await;
        let (within, beyond): (Vec<_>, Vec<_>) =
            whole.into_iter().partition(|(_, kilometres)| *kilometres <= 5000.0);
        assert!(!beyond.is_empty());
        assert_eq!(walked_in(&operator, &format!("{near}&limit=7")).await, within);
    }

    async fn tasks_are_counted_within_the_distance_and_not_beside_it(store) {
        let app = TestApp::start_with(store, &MANY_A_DAY).await;
        let (agent, operator) = (app.agent().await, app.operator().await);
        for _ in 0..4 {
            agent.deposit(9_000).await;
        }
        // Most tasks are more than 20 km away, but within the square around the circle.
        for (count, lat, lng) in [(60, 50.0, 8.0), (1_000, 50.17, 8.27)] {
            for _ in 0..count / 5 {
                join_all((0..5).map(|_| post_at(&agent, lat, lng))).await;
            }
        }
        for (radius, total) in [(20, 60), (30, 1_000)] {
            let path = format!("{}?lat=50&lng=8&radius_km={radius}", paths::FIND_TASKS);
            assert_eq!(operator.get(&path).await.ok().body["pagination"]["total"], total);
        }
    }

    async fn a_search_that_makes_no_sense_is_refused_with_every_fault(store) {
        let app = TestApp::start(store).await;
        let operator = app.operator().await;
        for (query, fields) in [
            ("lat=91&lng=x", &["lat", "lng"][..]),
            ("lat=1", &["lng"]),
            ("radius_km=5", &["lat"]),
            ("lat=1&lng=1&radius_km=-1", &["radius_km"]),
            ("lat=NaN&lng=inf", &["lat", "lng"]),
            ("lat=1&lng=1&offset=1001", &["offset"]),
            ("lat=1&lng=1&cursor=eA", &["cursor"]),
        ] {
            let answer = operator.get(&format!("{}?{query}", paths::FIND_TASKS)).await;
            answer.refused(400, "validation");
            assert_eq!(answer.faulty_fields(), fields, "{query}");
        }
    }

    async fn search_operators_finds_the_verified_who_said_where_they_work(store) {
        let app = TestApp::start(store).await;
        let (agent, jane) = (app.poor_agent().await, app.operator().await);
        // Operators without a location are not found.
        app.operator().await;
        let place = json!({"city": "Berlin", "country": "DE", "lat": 52.5163, "lng": 13.3777});
        let change = json!({"location": place, "skills": ["PHOTO", "DELIVERY"]});
        let patch = jane.request(Method::PATCH, paths::OPERATOR_PROFILE).json(&change);
        let changed = patch.answer().await.ok().body;
        // An operator's location is stored to a tenth of a degree.
        assert_eq!(changed["location"], json!({
            "city": "Berlin", "country": "DE", "lat": 52.5, "lng": 13.4,
        }));
        assert_eq!(changed["name"], "Jane Doe");
        let search = |query: &str| format!("{}?{HERE}{query}", paths::SEARCH_OPERATORS);
        let found = agent.get(&search("")).await.ok().body;
        assert_eq!(found["data"], json!([{
            "id": jane.id, "name": "Jane D.", "rating": null, "skills": ["PHOTO", "DELIVERY"],
            "completed_tasks": 0, "distance_km": 2,
        }]));
        assert_eq!(found["pagination"]["total"], 1);
        for (query, count) in [
            ("&task_type=PHOTO", 1), ("&task_type=INSPECTION", 0), ("&radius_km=1", 0),
            ("&min_rating=1", 0),
        ] {
            let found = agent.get(&search(query)).await.ok().body;
            assert_eq!(field(&found, "id").len(), count, "{query}");
        }
        let answer = agent.get(paths::SEARCH_OPERATORS).await;
        answer.refused(400, "validation");
        assert_eq!(answer.faulty_fields(), ["lat", "lng"]);
        app.get(&search("")).await.refused(401, "unauthorized");
    }

    async fn search_operators_counts_what_each_of_them_completed(store) {
        let app = TestApp::start(store).await;
        let agent = app.agent().await;
        let mut expected = Vec::new();
        for (count, lng) in [(2, 13.4), (0, 13.8), (1, 14.2)] {
            let operator = app.operator().await;
            let place = json!({"city": "Here", "country": "DE", "lat": 52.5, "lng": lng});
            let patch = operator.request(Method::PATCH, paths::OPERATOR_PROFILE);
            patch.json(&json!({"location": place})).answer().await.ok();
            for _ in 0..count {
                let task = agent.post_confirmation_task().await;
                operator.accept(task).await;
                operator.confirm(task).await;
                app.drain_jobs().await;
            }
            expected.push((json!(operator.id), count));
        }
        let query = format!("{}?{HERE}&radius_km=100", paths::SEARCH_OPERATORS);
        let found = agent.get(&query).await.ok().body;
        let counts = field(&found, "completed_tasks").into_iter().map(|n| n.as_u64().unwrap());
        let ids = field(&found, "id").into_iter().cloned();
        assert_eq!(ids.zip(counts).collect::<Vec<_>>(), expected);
    }

    async fn an_operator_is_not_found_before_their_identity_is_approved(store) {
        let app = TestApp::start_with(store, &["--kyc=manual"]).await;
        let (agent, operator) = (app.poor_agent().await, app.operator().await);
        let place = json!({"city": "Berlin", "country": "DE", "lat": 52.5, "lng": 13.4});
        let patch = operator.request(Method::PATCH, paths::OPERATOR_PROFILE);
        patch.json(&json!({"location": place})).answer().await.ok();
        let found = agent.get(&format!("{}?{HERE}", paths::SEARCH_OPERATORS)).await.ok();
        assert_eq!(found.body["data"], json!([]));
    }
}
