//! Numbers in requests: JSON has many notations for a number, and each is read exactly (contract
//! §1). Texts and query parameters are plain decimals.

use api_types::paths;
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Answer, Ask, Caller, TestApp, photo_task};
use crate::support::{self, on_both_databases};

/// Placeholder in a body for the digits of a number.
const NUMBER: &str = "a number goes here";

/// Sends a body whose number is written exactly as `number`.
async fn send<Id>(
    caller: &Caller<'_, Id>,
    method: Method,
    path: &str,
    body: &Value,
    number: &str,
) -> Answer {
    let text = body.to_string().replace(&format!("\"{NUMBER}\""), number);
    let request = caller.request(method, path);
    let request = request.header("content-type", "application/json");
    request.body(text).answer().await
}

on_both_databases! {
    async fn a_reward_is_taken_exactly_in_every_notation_of_json(store) {
        let app = TestApp::start(store).await;
        let agent = app.agent().await;
        let mut task = photo_task(&app);
        task["reward_usd"] = json!(NUMBER);
        let post = async |number: &str| {
            send(&agent, Method::POST, paths::TASKS, &task, number).await
        };
        for number in ["2.5e1", "25", "25.0", "0.25E+2", "2500e-2", "25.000000000000e0", "\"25\""] {
            let answer = post(number).await.created();
            assert_eq!(answer.body["reward_usd"].to_string(), "25.00", "{number}");
        }
        assert_eq!(post("1E+2").await.created().body["reward_usd"].to_string(), "100.00");
        for number in [
            "2.50001e1", "25e-3", "-2.5e1", "1e400", "1e-400", "1e999999999", "1e-999999999",
            "\"2.5e1\"", "\"1E+2\"", "\"-0\"",
        ] {
            let answer = post(number).await;
            answer.refused(400, "validation");
            assert_eq!(answer.faulty_fields(), ["reward_usd"], "{number}");
        }
        for number in ["-0", "0e5", "1e-1", "0.0"] {
            post(number).await.refused(422, "rule_violation");
        }
        let long = format!("25{}e-100000", "0".repeat(100_000));
        post(&long).await.created();
    }

    async fn all_other_money_is_read_alike(store) {
        let app = TestApp::start(store).await;
        let agent = app.poor_agent().await;
        let deposit = json!({"tx_hash": format!("0x{:064x}", 77), "amount_usdc": NUMBER});
        send(&agent, Method::POST, paths::DEPOSIT_USDC, &deposit, "1.00000001E+2").await.created();
        assert_eq!(agent.balance().await.0, "100.000001");
        let pay_in = json!({"amount_usd": NUMBER, "payment_method": "card"});
        send(&agent, Method::POST, paths::PAY_IN, &pay_in, "5e1").await.created();
        assert_eq!(agent.balance().await.0, "150.000001");

        let key = json!({"name": "limited", "policy": {"max_task_usd": NUMBER}});
        for (number, printed) in [("1e2", "100.00"), ("-0", "0.00"), ("100e-2", "1.00")] {
            let made = send(&agent, Method::POST, paths::KEYS, &key, number).await.created();
            assert_eq!(made.body["policy"]["max_task_usd"].to_string(), printed);
        }

        let operator = app.operator().await;
        let payout = json!({"amount_usd": NUMBER});
        let asked = send(&operator, Method::POST, paths::PAYOUT, &payout, "1e1").await;
        asked.refused(402, "insufficient_funds");
        let asked = send(&operator, Method::POST, paths::PAYOUT, &payout, "9.99e0").await;
        asked.refused(400, "validation");
    }

    async fn a_whole_number_may_be_written_with_a_point_or_an_exponent(store) {
        let app = TestApp::start(store).await;
        let (agent, operator) = (app.agent().await, app.operator().await);
        let settings = json!({"settings": {"auto_approve_estimate_minutes": NUMBER}});
        let set = async |number: &str| {
            send(&agent, Method::PATCH, paths::ME, &settings, number).await
        };
        for number in ["30", "30.0", "3e1", "300e-1"] {
            let me = set(number).await.ok();
            assert_eq!(me.body["settings"]["auto_approve_estimate_minutes"], 30, "{number}");
        }
        for number in ["1.5", "15e-1", "-3e1", "1e400", "1e999999999", "\"30\""] {
            let refused = set(number).await;
            refused.refused(400, "validation");
            let field = "settings.auto_approve_estimate_minutes";
            assert_eq!(refused.faulty_fields(), [field], "{number}");
        }

        let task = agent.post_confirmation_task().await;
        let estimate = json!({"estimate_hours": NUMBER});
        let path = paths::give_estimate(task);
        let given = send(&operator, Method::POST, &path, &estimate, "1e0").await.ok();
        assert_eq!(given.body["estimate_minutes"], 60);
        agent.post(&paths::approve_estimate(task), &json!({})).await.ok();
        operator.confirm(task).await;
        app.drain_jobs().await;
        let stars = json!({"stars": NUMBER});
        let rate = paths::rate_operator(task);
        send(&agent, Method::POST, &rate, &stars, "4.5").await.refused(400, "validation");
        let rated = send(&agent, Method::POST, &rate, &stars, "0.5e1").await.ok();
        assert_eq!(rated.body["stars"], 5);

        let mut rated_task = photo_task(&app);
        rated_task["min_operator_rating"] = json!(NUMBER);
        let posted = send(&agent, Method::POST, paths::TASKS, &rated_task, "45e-1").await.created();
        let id: api_types::TaskId = posted.id("task_id");
        let read = agent.get(&paths::task(id)).await.ok();
        assert_eq!(read.body["min_operator_rating"], 4.5);
    }

    async fn query_parameters_are_plain_decimal(store) {
        let app = TestApp::start(store).await;
        let (agent, operator) = (app.poor_agent().await, app.operator().await);
        for number in ["1e1", "5.0", "+5", "-0", "1E0"] {
            let list = format!("{}?limit={number}", paths::TASKS);
            agent.get(&list).await.refused(400, "validation");
        }
        for number in ["2.5e1", "-0", "1E%2B2"] {
            let list = format!("{}?min_reward={number}", paths::FIND_TASKS);
            operator.get(&list).await.refused(400, "validation");
        }
        operator.get(&format!("{}?min_reward=25.50", paths::FIND_TASKS)).await.ok();
    }
}
