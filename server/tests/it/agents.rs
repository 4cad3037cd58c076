//! Agents: registration, profile, balance, deposits (contract §3).

use api_types::paths;
use serde_json::{Value, json};

use crate::harness::{TestApp, photo_task};
use crate::moves::Pair;
use crate::support::{self, on_both_databases};

on_both_databases! {
    async fn register_agent_answers_a_key_that_works(store) {
        let app = TestApp::start(store).await;
        let body = json!({"name": "my-agent", "email": "agent@example.com", "company": "Acme Inc"});
        let answer = app.post(paths::REGISTER_AGENT, &body).await.created();
        assert_eq!(answer.text("message"), "Save this API key - it won't be shown again.");
        assert_eq!(answer.text("tier"), "SANDBOX");
        assert_eq!(answer.body["verification_required"], true);
        let upgrade = answer.body["sandbox_info"]["how_to_upgrade"].as_str().unwrap();
        assert!(upgrade.contains("10 tasks a day, up to $100.00 each"), "{upgrade}");
        assert_eq!(answer.body["sandbox_info"]["limits"]["maxTaskValue"].to_string(), "10.00");
        let key = answer.text("api_key");
        assert!(key.starts_with("ho_live_") && key.len() == 56, "{key}");
        let bearer = format!("Bearer {key}");
        let request = app.request(reqwest::Method::GET, paths::BALANCE);
        assert_eq!(request.header("authorization", bearer).send().await.unwrap().status(), 200);
    }

    async fn register_agent_with_a_known_email_is_refused(store) {
        let app = TestApp::start(store).await;
        let body = |email: &str| json!({"name": "my-agent", "email": email});
        app.post(paths::REGISTER_AGENT, &body("agent@example.com")).await.created();
        let again = app.post(paths::REGISTER_AGENT, &body("Agent@Example.com")).await;
        assert_eq!(again.refused(409, "already_exists"), "An agent with this email already exists");
    }

    async fn register_agent_names_every_fault_at_once(store) {
        let app = TestApp::start(store).await;
        let body = json!({"name": "", "email": "nobody", "company": 7, "tier": "STANDARD"});
        let answer = app.post(paths::REGISTER_AGENT, &body).await;
        answer.refused(400, "validation");
        assert_eq!(answer.faulty_fields(), ["name", "email", "company", "tier"]);
    }

    async fn a_registration_that_is_repeated_leaves_the_key_out(store) {
        let app = TestApp::start(store).await;
        let body = json!({"name": "my-agent", "email": "agent@example.com"});
        let send = || async {
            let request = app.request(reqwest::Method::POST, paths::REGISTER_AGENT).json(&body);
            crate::harness::Ask::answer(request.header("idempotency-key", "first")).await
        };
        let (first, again) = (send().await.created(), send().await.created());
        assert_eq!(first.text("agent_id"), again.text("agent_id"));
        assert!(again.body.get("api_key").is_none(), "{}", again.body);
    }

    async fn the_profile_says_what_the_agent_may_do_and_did_today(store) {
        let app = TestApp::start(store).await;
        let agent = app.agent().await;
        agent.post_photo_task().await;
        let task = agent.post_photo_task().await;
        agent.post(&paths::cancel_task(task), &json!({})).await.ok();
        let me = agent.get(paths::ME).await.ok().body;
        assert_eq!((&me["agent_id"], &me["name"]), (&json!(agent.id), &json!("agent")));
        assert_eq!(me["email"], "agent1@example.com");
        assert_eq!((&me["tier"], &me["company"], &me["wallet"]), (&json!("STANDARD"), &json!(null), &json!(null)));
        assert_eq!(me["limits"]["maxDailyTasks"], 100);
        // A cancelled task counts as a task of the day, but not as spending.
        let today = json!({"tasks": 2, "tasks_left": 98, "spent_usd": 29.50,
            "spend_left_usd": 49_970.50, "resets_at": "2026-02-06T00:00:00.000Z"});
        assert_eq!(me["today"].to_string(), today.to_string().replace("29.5,", "29.50,").replace("49970.5,", "49970.50,"));
        assert_eq!(me["key"]["name"], "default");
        app.advance(std::time::Duration::from_secs(12 * 60 * 60));
        assert_eq!(agent.get(paths::ME).await.ok().body["today"]["tasks"], 0);
    }

    async fn an_agent_of_the_sandbox_sees_what_it_used_of_it(store) {
        let app = TestApp::start(store).await;
        let agent = app.poor_agent().await;
        let mut body = photo_task(&app);
        body["reward_usd"] = json!(10);
        agent.post(paths::TASKS, &body).await.created();
        let me = agent.get(paths::ME).await.ok().body;
        assert_eq!((&me["today"]["tasks"], &me["today"]["tasks_left"]), (&json!(1), &json!(49)));
        app.advance(std::time::Duration::from_secs(60));
        app.drain_jobs().await;
    }

    async fn settings_hold_for_tasks_that_leave_the_field_out(store) {
        let app = TestApp::start(store).await;
        let pair = Pair::new(&app).await;
        let settings = json!({"webhook_style": "all", "auto_approve_estimate_minutes": 90});
        pair.agent.patch(paths::ME, &json!({"settings": settings})).await.ok();
        let post = async |further: Value| {
            let mut body = photo_task(&app);
            for (name, value) in further.as_object().unwrap() {
                body[name] = value.clone();
            }
            pair.agent.post(paths::TASKS, &body).await.created().id("task_id")
        };
        let estimate = async |task| {
            let body = json!({"estimate_minutes": 60});
            pair.operator.post(&paths::give_estimate(task), &body).await.ok().text("status")
        };
        let view = async |task| pair.agent.get(&paths::task(task)).await.ok().body;
        let as_set = post(json!({})).await;
        assert_eq!(estimate(as_set).await, "ACCEPTED");
        assert_eq!(view(as_set).await["webhook_style"], "all");
        let own = post(json!({"webhook_style": "humcli", "auto_approve_estimate_minutes": 30})).await;
        assert_eq!(estimate(own).await, "ESTIMATE_PENDING");
        assert_eq!(view(own).await["webhook_style"], "humcli");
    }

    async fn a_profile_is_changed_field_by_field_and_null_removes(store) {
        let app = TestApp::start(store).await;
        let agent = app.poor_agent().await;
        let settings = json!({"dialect": "humcli", "webhook_style": "all",
            "auto_approve_estimate_minutes": 90});
        let change = json!({"name": "other", "company": "Acme", "settings": settings});
        let me = agent.patch(paths::ME, &change).await.ok().body;
        assert_eq!((&me["name"], &me["company"]), (&json!("other"), &json!("Acme")));
        assert_eq!(me["settings"], settings);
        let change = json!({"company": null, "settings": {"dialect": null}});
        let me = agent.patch(paths::ME, &change).await.ok().body;
        assert_eq!((&me["name"], &me["company"]), (&json!("other"), &json!(null)));
        assert_eq!(me["settings"]["dialect"], json!(null));
        assert_eq!(me["settings"]["webhook_style"], "all");
        assert_eq!(agent.get(paths::ME).await.ok().body, me);
    }

    async fn one_address_is_one_account_however_it_is_spelled(store) {
        let app = TestApp::start(store).await;
        for path in [paths::REGISTER_AGENT, paths::REGISTER_OPERATOR] {
            let body = |email: &str| json!({"name": "Jane", "email": email});
            app.post(path, &body("Jane@Bücher.example")).await.created();
            for same in ["jane@xn--bcher-kva.example", "JANE@BÜCHER.EXAMPLE", "jane@bücher。example"] {
                app.post(path, &body(same)).await.refused(409, "already_exists");
            }
            for unreachable in [
                "<jane@bücher.example>",
                "jane@bücher.example>",
                "\"jane\"@bücher.example",
                "\"j\\ane\"@bücher.example",
                "jane@bücher.example.",
                "jane@[192.0.2.1]",
                " jane@bücher.example",
            ] {
                let refused = app.post(path, &body(unreachable)).await;
                refused.refused(400, "validation");
                assert_eq!(refused.faulty_fields(), ["email"], "{unreachable}");
            }
        }
    }

    async fn what_is_wrong_in_a_profile_is_named_at_once(store) {
        let app = TestApp::start(store).await;
        let agent = app.poor_agent().await;
        let change = json!({"name": "", "email": "x@example.com", "tier": "STANDARD",
            "settings": {"dialect": "klingon", "webhook_style": 7,
                "auto_approve_estimate_minutes": 0, "colour": "red"}});
        let answer = agent.patch(paths::ME, &change).await;
        answer.refused(400, "validation");
        let fields = ["name", "settings.dialect", "settings.webhook_style",
            "settings.auto_approve_estimate_minutes", "settings.colour", "email", "tier"];
        assert_eq!(answer.faulty_fields(), fields);
        let me = agent.get(paths::ME).await.ok();
        assert_eq!((me.text("tier").as_str(), me.text("name").as_str()), ("SANDBOX", "agent"));
    }

    async fn a_deposit_is_credited_once_to_the_micro_dollar(store) {
        let app = TestApp::start(store).await;
        let (agent, other) = (app.poor_agent().await, app.poor_agent().await);
        let hash = format!("0x{}", "aB".repeat(32));
        let body = json!({"tx_hash": hash, "amount_usdc": "100.000001"});
        let answer = agent.post(paths::DEPOSIT_USDC, &body).await.created();
        assert_eq!(answer.body["amount_usd"].to_string(), "100.000001");
        assert_eq!(answer.text("status"), "confirmed");
        assert_eq!(answer.text("chain"), "base");
        assert_eq!(agent.balance().await.0, "100.000001");

        let body = json!({"tx_hash": hash.to_lowercase(), "amount_usdc": 100});
        let again = other.post(paths::DEPOSIT_USDC, &body).await;
        assert_eq!(again.refused(409, "already_exists"), "Transaction already processed");
        assert_eq!(other.balance().await.0, "0.00");
    }

    async fn a_deposit_out_of_bounds_is_refused(store) {
        let app = TestApp::start(store).await;
        let agent = app.poor_agent().await;
        let (small, large) = (json!(4.99), json!("10000.01"));
        for amount in [small, large, json!("5.0000001"), json!("1e3"), json!(true)] {
            let body = json!({"tx_hash": format!("0x{}", "1".repeat(64)), "amount_usdc": amount});
            let answer = agent.post(paths::DEPOSIT_USDC, &body).await;
            answer.refused(400, "validation");
            assert_eq!(answer.faulty_fields(), ["amount_usdc"], "{amount}");
        }
        assert_eq!(agent.balance().await.0, "0.00");
    }
}
