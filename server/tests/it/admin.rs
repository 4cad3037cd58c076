//! The host: authentication, decisions, and the audit log (contract §2, §6).

use std::time::Duration;

use api_types::{AgentId, OperatorId, TaskId, paths};
use hmac::{Hmac, KeyInit, Mac};
use image::ImageFormat;
use reqwest::Method;
use serde_json::{Value, json};
use sha2::Sha256;

use crate::harness::{ADMIN_KEY, Answer, Ask, Caller, TestApp, photo_task};
use crate::support::{self, on_both_databases};
use crate::uploads::{picture, send};

const KYC_SECRET: &str = "a-secret-of-the-provider";

const SETTINGS: [&str; 6] = [
    "--admin-key",
    ADMIN_KEY,
    "--kyc",
    "manual",
    "--kyc-webhook-secret",
    KYC_SECRET,
];

/// Sends a request of the host.
pub(crate) async fn host(app: &TestApp, method: Method, path: &str, body: &Value) -> Answer {
    let request = app.request(method, path).header("x-admin-key", ADMIN_KEY);
    let request = if body.is_null() {
        request
    } else {
        request.json(body)
    };
    request.answer().await
}

async fn look(app: &TestApp, path: &str) -> Answer {
    host(app, Method::GET, path, &Value::Null).await.ok()
}

async fn decide(app: &TestApp, id: OperatorId, body: &Value) -> Answer {
    host(app, Method::POST, &paths::decide_kyc(id), body).await
}

/// Returns the audit log, newest entry first: actor, action and subject.
async fn record(app: &TestApp) -> Vec<(String, String, String)> {
    let page = look(app, paths::AUDIT).await;
    let entries = page.body["data"].as_array().unwrap();
    let of = |entry: &Value, field: &str| entry[field].as_str().unwrap().to_owned();
    entries
        .iter()
        .map(|entry| (of(entry, "who"), of(entry, "action"), of(entry, "subject")))
        .collect()
}

/// Sends a message of the identity provider, signed with `secret`.
async fn provider_says(app: &TestApp, secret: &str, body: &str) -> Answer {
    let mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    let signature = mac.chain_update(body).finalize().into_bytes();
    let hex: String = signature.iter().map(|byte| format!("{byte:02x}")).collect();
    let request = app.request(Method::POST, paths::KYC_WEBHOOK);
    let request = request.header("x-signature", hex).body(body.to_owned());
    request.answer().await
}

on_both_databases! {
    async fn the_hosts_routes_open_to_the_hosts_key_alone(store) {
        let app = TestApp::start_with(store, &SETTINGS).await;
        let routes = [
            (Method::GET, paths::ADMIN_OPERATORS.to_owned()),
            (Method::GET, paths::ADMIN_AGENTS.to_owned()),
            (Method::GET, paths::TASK_TYPE_SWITCHES.to_owned()),
            (Method::PUT, paths::TASK_TYPE_SWITCHES.to_owned()),
            (Method::GET, paths::CHECK_LEDGER.to_owned()),
            (Method::GET, paths::FAILED_JOBS.to_owned()),
            (Method::POST, paths::retry_job("e30")),
            (Method::GET, paths::AUDIT.to_owned()),
            (Method::POST, paths::ADMIN_OPERATOR.replace("{id}", "x") + "/kyc"),
        ];
        for (method, path) in routes {
            for key in ["", "another-key-of-thirty-two-characters", &ADMIN_KEY[1..]] {
                let request = app.request(method.clone(), &path).header("x-admin-key", key);
                let answer = request.answer().await;
                assert!(answer.refused(403, "forbidden").contains("X-Admin-Key"), "{path}");
            }
        }
        assert_eq!(record(&app).await, []);
    }

    async fn a_server_without_a_hosts_key_has_no_host(store) {
        let app = TestApp::start(store).await;
        for key in ["", "x"] {
            let request = app.request(Method::GET, paths::AUDIT).header("x-admin-key", key);
            request.answer().await.refused(403, "forbidden");
        }
        app.get(paths::AUDIT).await.refused(403, "forbidden");
    }

    async fn an_operator_works_once_the_host_has_approved_them(store) {
        let app = TestApp::start_with(store, &SETTINGS).await;
        let (agent, operator) = (app.agent().await, app.operator().await);
        let task = agent.post_photo_task().await;
        let accept = async || operator.post(&paths::accept_task(task), &json!({})).await;
        accept().await.refused(403, "kyc_required");
        let actions = async || {
            let task = operator.get(&paths::operator_task(task)).await.ok();
            let found = operator.get(paths::FIND_TASKS).await.ok();
            assert_eq!(found.body["data"][0]["actions"], task.body["actions"]);
            task.body["actions"].clone()
        };
        assert_eq!(actions().await, json!([]));
        let waiting = look(&app, "/api/v1/admin/operators?kyc_status=PENDING").await;
        assert_eq!(waiting.body["pagination"]["total"], 1);
        assert_eq!(waiting.body["data"][0]["operator_id"], json!(operator.id));
        let body = json!({"decision": "APPROVE", "note": "passport seen"});
        let decided = decide(&app, operator.id, &body).await.ok();
        assert_eq!(decided.text("kyc_status"), "APPROVED");
        assert_eq!(decided.text("kyc_note"), "passport seen");
        assert_eq!(actions().await, json!(["accept", "estimate"]));
        accept().await.ok();
        let profile = operator.get(paths::OPERATOR_PROFILE).await.ok();
        assert_eq!(profile.text("kyc_status"), "APPROVED");
        let record = record(&app).await;
        let [(who, action, subject)] = record.as_slice() else { panic!("{record:?}") };
        assert!(who.starts_with("admin key ") && !who.contains(ADMIN_KEY), "{who}");
        assert_eq!((action.as_str(), subject), ("kyc.approve", &operator.id.to_string()));
    }

    async fn a_rejected_operator_takes_no_further_task(store) {
        let app = TestApp::start_with(store, &SETTINGS).await;
        let (agent, operator) = (app.agent().await, app.operator().await);
        let (first, second) = (agent.post_photo_task().await, agent.post_photo_task().await);
        decide(&app, operator.id, &json!({"decision": "APPROVE"})).await.ok();
        operator.accept(first).await;
        decide(&app, operator.id, &json!({"decision": "REJECT", "note": "forged"})).await.ok();
        let refused = operator.post(&paths::accept_task(second), &json!({})).await;
        refused.refused(403, "kyc_required");
        operator.get(&paths::operator_task(first)).await.ok();
    }

    async fn a_decision_without_sense_or_operator_is_refused_and_not_recorded(store) {
        let app = TestApp::start_with(store, &SETTINGS).await;
        let operator = app.operator().await;
        let body = json!({"decision": "MAYBE", "note": "x".repeat(1001), "why": 1});
        let refused = decide(&app, operator.id, &body).await;
        refused.refused(400, "validation");
        assert_eq!(refused.faulty_fields(), ["decision", "note", "why"]);
        let nobody: OperatorId = "op_01KB0000000000000000000000".parse().unwrap();
        let refused = decide(&app, nobody, &json!({"decision": "APPROVE"})).await;
        refused.refused(404, "not_found");
        look_refused(&app, &paths::admin_operator(nobody)).await;
        look_refused(&app, &paths::ADMIN_AGENT.replace("{id}", "ag_x")).await;
        assert_eq!(record(&app).await, []);
    }

    async fn a_decision_under_one_key_is_recorded_once(store) {
        let app = TestApp::start_with(store, &SETTINGS).await;
        let operator = app.operator().await;
        let body = json!({"decision": "APPROVE"});
        for _ in 0..2 {
            let request = app.request(Method::POST, &paths::decide_kyc(operator.id));
            let request = request.header("x-admin-key", ADMIN_KEY).json(&body);
            request.header("idempotency-key", "k").answer().await.ok();
        }
        assert_eq!(record(&app).await.len(), 1);
    }

    async fn a_provider_approves_by_a_signed_message(store) {
        let app = TestApp::start_with(store, &SETTINGS).await;
        let operator = app.operator().await;
        let body = json!({"operator_id": operator.id, "status": "APPROVED", "reference": "c-1"});
        let body = body.to_string();
        let forged = provider_says(&app, "another secret", &body).await;
        assert!(forged.refused(401, "unauthorized").contains("X-Signature"));
        let unsigned = app.post(paths::KYC_WEBHOOK, &json!({})).await;
        unsigned.refused(401, "unauthorized");
        let heard = provider_says(&app, KYC_SECRET, &body).await.ok();
        assert_eq!((&heard.body["kyc_status"], &heard.body["heard_now"]),
            (&json!("APPROVED"), &json!(true)));
        let seen = look(&app, &paths::admin_operator(operator.id)).await;
        assert_eq!(seen.text("kyc_status"), "APPROVED");
        assert_eq!(record(&app).await[0].0, "kyc provider");
    }

    /// Otherwise an attacker who has captured a message could undo later decisions of the host.
    async fn a_providers_message_counts_once(store) {
        let app = TestApp::start_with(store, &SETTINGS).await;
        let operator = app.operator().await;
        let body = json!({"operator_id": operator.id, "status": "APPROVED"}).to_string();
        provider_says(&app, KYC_SECRET, &body).await.ok();
        decide(&app, operator.id, &json!({"decision": "REJECT"})).await.ok();
        let again = provider_says(&app, KYC_SECRET, &body).await.ok();
        assert_eq!((&again.body["kyc_status"], &again.body["heard_now"]),
            (&json!("REJECTED"), &json!(false)));
        assert_eq!(record(&app).await.len(), 2);
    }

    async fn a_providers_message_is_read_like_every_body(store) {
        let app = TestApp::start_with(store, &SETTINGS).await;
        let body = r#"{"operator_id": "ag_x", "status": "PENDING", "extra": 1}"#;
        let refused = provider_says(&app, KYC_SECRET, body).await;
        refused.refused(400, "validation");
        assert_eq!(refused.faulty_fields(), ["operator_id", "status", "extra"]);
        let nobody = r#"{"operator_id": "op_01KB0000000000000000000000", "status": "APPROVED"}"#;
        provider_says(&app, KYC_SECRET, nobody).await.refused(404, "not_found");
    }

    async fn a_providers_message_with_a_fault_in_any_field_decides_nothing(store) {
        let app = TestApp::start_with(store, &SETTINGS).await;
        let operator = app.operator().await;
        let good = json!({"operator_id": operator.id, "status": "APPROVED", "reference": "c-1"});
        for (field, faulty) in [
            ("operator_id", json!([operator.id])),
            ("status", json!(["APPROVED"])),
            ("status", json!(true)),
            ("reference", json!(7)),
            ("reference", json!(["c-1"])),
            ("reference", json!({"id": "c-1"})),
            ("reference", json!(false)),
            ("reference", json!("c".repeat(201))),
            ("kyc_status", json!("REJECTED")),
        ] {
            let mut message = good.clone();
            message[field] = faulty;
            let refused = provider_says(&app, KYC_SECRET, &message.to_string()).await;
            refused.refused(400, "validation");
            assert_eq!(refused.faulty_fields(), [field], "{message}");
            let seen = look(&app, &paths::admin_operator(operator.id)).await;
            assert_eq!(seen.text("kyc_status"), "PENDING", "{message}");
        }
        assert_eq!(record(&app).await, []);
        provider_says(&app, KYC_SECRET, &good.to_string()).await.ok();
        let seen = look(&app, &paths::admin_operator(operator.id)).await;
        assert_eq!(seen.text("kyc_status"), "APPROVED");
    }

    async fn a_server_without_a_provider_says_so(store) {
        let app = TestApp::start(store).await;
        app.post(paths::KYC_WEBHOOK, &json!({})).await.refused(501, "not_implemented");
    }

    async fn operators_and_agents_are_listed_searched_and_paged(store) {
        let app = TestApp::start_with(store, &SETTINGS).await;
        let (agent, _poor) = (app.agent().await, app.poor_agent().await);
        let body = json!({"name": "100% Ann_", "email": "ann@example.com", "phone": "+4930123456"});
        let ann = app.post(paths::REGISTER_OPERATOR, &body).await.created();
        let _others = (app.operator().await, app.operator().await);
        let found = async |query: &str| {
            let page = look(&app, &format!("{}?{query}", paths::ADMIN_OPERATORS)).await;
            page.body["pagination"]["total"].as_u64().unwrap()
        };
        assert_eq!(found("").await, 3);
        for (query, count) in [("q=ann", 1), ("q=%25%20ANN_", 1), ("q=%25", 1), ("q=jane", 2),
            ("q=nobody", 0), ("q=example.com", 3), ("kyc_status=APPROVED", 0)]
        {
            assert_eq!(found(query).await, count, "{query}");
        }
        // Letters beyond ASCII are found in either case, also after a change of the name.
        let names = [("ÉLODIE", "q=%C3%A9lodie"), ("Юлия", "q=%D0%AE%D0%9B%D0%98%D0%AF")];
        for (name, query) in names {
            let change = json!({"name": name});
            let path = paths::OPERATOR_PROFILE;
            let me = app.operator_with_id(&ann.text("operator_id"));
            me.patch(path, &change).await.ok();
            assert_eq!(found(query).await, 1, "{query}");
        }
        let one = look(&app, &paths::admin_operator(ann.id("operator_id"))).await;
        assert_eq!(one.text("phone"), "+4930123456");
        let first = look(&app, &format!("{}?limit=2", paths::ADMIN_OPERATORS)).await;
        let cursor = first.body["pagination"]["next_cursor"].as_str().unwrap();
        let next = format!("{}?limit=2&cursor={cursor}", paths::ADMIN_OPERATORS);
        let last = look(&app, &next).await;
        assert_eq!(last.body["data"][0]["operator_id"], json!(ann.text("operator_id")));
        let agents = look(&app, &format!("{}?q=agent", paths::ADMIN_AGENTS)).await;
        assert_eq!(agents.body["pagination"]["total"], 2);
        agent.patch(paths::ME, &json!({"name": "Élodie"})).await.ok();
        let agents = look(&app, &format!("{}?q=%C3%89LODIE", paths::ADMIN_AGENTS)).await;
        assert_eq!(agents.body["pagination"]["total"], 1);
        agent.post_photo_task().await;
        let seen = look(&app, &paths::admin_agent(agent.id)).await.body;
        assert_eq!((&seen["tier"], &seen["tasks"], &seen["active_keys"]),
            (&json!("STANDARD"), &json!(1), &json!(1)));
        assert_eq!(seen["deposit_balance"].to_string(), "970.50");
        let junk = format!("{}?kyc_status=MAYBE", paths::ADMIN_OPERATORS);
        host(&app, Method::GET, &junk, &Value::Null).await.refused(400, "validation");
    }

    async fn the_ledger_is_checked_on_demand(store) {
        let app = TestApp::start_with(store, &SETTINGS).await;
        let agent = app.agent().await;
        agent.post_photo_task().await;
        let report = look(&app, paths::CHECK_LEDGER).await.body;
        assert_eq!((&report["ok"], &report["faults"]), (&json!(true), &json!([])));
        assert_eq!((&report["transfers"], report["sum_usd"].to_string()),
            (&json!(2), "0.00".to_owned()));
    }

    async fn a_job_that_failed_for_good_is_seen_and_sent_again(store) {
        let app = TestApp::start_with(store, &SETTINGS).await;
        let (agent, operator) = (app.agent().await, app.operator().await);
        decide(&app, operator.id, &json!({"decision": "APPROVE"})).await.ok();
        let task = agent.post_confirmation_task().await;
        operator.accept(task).await;
        operator.confirm(task).await;
        app.fail_jobs("the model is away").await;
        let failed = look(&app, paths::FAILED_JOBS).await.body["data"][0].clone();
        assert_eq!((&failed["kind"], &failed["last_error"]),
            (&json!("review_proof"), &json!("the model is away")));
        let retry = paths::retry_job(failed["job_id"].as_str().unwrap());
        host(&app, Method::POST, &retry, &Value::Null).await.ok();
        app.drain_jobs().await;
        assert_eq!(agent.get(&paths::task(task)).await.ok().text("status"), "COMPLETED");
        host(&app, Method::POST, &retry, &Value::Null).await.refused(404, "not_found");
        assert_eq!(record(&app).await[0].1, "job.retry");
        for junk in ["x", "!", "e30"] {
            let path = paths::retry_job(junk);
            host(&app, Method::POST, &path, &Value::Null).await.refused(404, "not_found");
        }
    }

    async fn a_task_type_that_is_switched_off_takes_no_new_task(store) {
        let app = TestApp::start_with(store, &SETTINGS).await;
        let (agent, operator) = (app.agent().await, app.operator().await);
        decide(&app, operator.id, &json!({"decision": "APPROVE"})).await.ok();
        let running = agent.post_photo_task().await;
        let switch = async |body: &Value| {
            app.advance(Duration::from_secs(1));
            host(&app, Method::PUT, paths::TASK_TYPE_SWITCHES, body).await
        };
        let switched = switch(&json!({"PHOTO": "off", "BROWSER_NAVIGATION": "off"})).await.ok();
        assert_eq!((&switched.body["PHOTO"], &switched.body["BROWSER_INTERACTION"]),
            (&json!("off"), &json!("off")));
        assert_eq!(switched.body["DELIVERY"], json!("on"));
        assert_eq!(look(&app, paths::TASK_TYPE_SWITCHES).await.body, switched.body);
        let refused = agent.post(paths::TASKS, &photo_task(&app)).await;
        assert!(refused.refused(422, "rule_violation").contains("PHOTO"));
        assert_eq!(agent.balance().await.0, "970.50");
        // Tasks that were posted before are listed, accepted and completed as usual.
        let found = operator.get(paths::FIND_TASKS).await.ok();
        assert_eq!(found.body["pagination"]["total"], 1);
        operator.accept(running).await;
        agent.post_confirmation_task().await;
        switch(&json!({"PHOTO": "on"})).await.ok();
        switch(&json!({"PHOTO": "on"})).await.ok();
        agent.post_photo_task().await;
        let actions: Vec<_> = record(&app).await.into_iter().map(|(_, action, _)| action).collect();
        assert_eq!(actions,
            ["task_type.on", "task_type.off", "task_type.off", "kyc.approve"]);
        let refused = switch(&json!({"PHOTO": "maybe", "GARDENING": "off"})).await;
        refused.refused(400, "validation");
        assert_eq!(refused.faulty_fields(), ["GARDENING", "PHOTO"]);
    }
}

/// Creates a task whose proof the agent has rejected.
pub(crate) async fn disputed(
    app: &TestApp,
    agent: &Caller<'_, AgentId>,
    operator: &Caller<'_, OperatorId>,
) -> TaskId {
    let task = agent.post_photo_task().await;
    operator.accept(task).await;
    let picture = picture(ImageFormat::Png, 3);
    let upload = send(operator, Some(task), picture).await.created();
    let proof = json!({"photos": [upload.text("url")]});
    operator.post(&paths::submit_proof(task), &proof).await.ok();
    app.drain_jobs().await;
    let verdict = json!({"decision": "REJECT", "reason": "It shows another door."});
    let judged = agent.post(&paths::verify_task(task), &verdict).await;
    assert!(matches!(judged.status, 200 | 404), "{judged:?}");
    assert_eq!(
        agent.get(&paths::task(task)).await.ok().text("status"),
        "DISPUTED"
    );
    task
}

on_both_databases! {
    async fn a_released_and_a_refunded_dispute_leave_no_cent_behind(store) {
        let settings = ["--admin-key", ADMIN_KEY, "--guardian-rules-may-approve=false"];
        let app = TestApp::start_with(store, &settings).await;
        for (outcome, balance, earned, status) in [
            // The reward is 25.00, the fee 4.50.
            ("RELEASE", "970.50", "25.00", "COMPLETED"),
            ("REFUND", "1000.00", "0.00", "CANCELLED"),
        ] {
            let (agent, operator) = (app.agent().await, app.operator().await);
            let task = disputed(&app, &agent, &operator).await;
            let open = look(&app, "/api/v1/admin/disputes?status=open").await;
            assert_eq!(open.body["data"][0]["task_id"], json!(task));
            let id = open.body["data"][0]["dispute_id"].as_str().unwrap().parse().unwrap();
            let body = json!({"outcome": outcome, "note": "Seen by a person."});
            host(&app, Method::POST, &paths::resolve_dispute(id), &body).await.ok();
            assert_eq!(agent.balance().await, (balance.to_owned(), "0.00".to_owned()));
            let seen = operator.get(paths::EARNINGS).await.ok();
            assert_eq!(seen.body["pending_balance"].to_string(), earned);
            assert_eq!(agent.get(&paths::task(task)).await.ok().text("status"), status);
        }
    }

    async fn a_dispute_is_resolved_by_the_host_to_the_cent(store) {
        let settings = ["--admin-key", ADMIN_KEY, "--guardian-rules-may-approve=false"];
        let app = TestApp::start_with(store, &settings).await;
        let (agent, operator) = (app.agent().await, app.operator().await);
        disputed(&app, &agent, &operator).await;
        let open = look(&app, "/api/v1/admin/disputes?status=open").await;
        let id = open.body["data"][0]["dispute_id"].as_str().unwrap().parse().unwrap();
        let resolve = async |body: &Value| {
            host(&app, Method::POST, &paths::resolve_dispute(id), body).await
        };
        let faulty = resolve(&json!({"outcome": "REVISION"})).await;
        faulty.refused(400, "validation");
        assert_eq!(faulty.faulty_fields(), ["outcome", "note"]);
        let whole = json!({"outcome": "SPLIT", "operator_usd": 25, "note": "x"});
        resolve(&whole).await.refused(422, "rule_violation");
        let split = json!({"outcome": "SPLIT", "operator_usd": 10, "note": "Half of it."});
        assert_eq!(resolve(&split).await.ok().text("outcome"), "SPLIT");
        resolve(&split).await.refused(409, "invalid_state");
        // 29.50 was held. The operator gets 10 of 25, and so the platform gets 1.80 of 4.50.
        assert_eq!(agent.balance().await, ("988.20".to_owned(), "0.00".to_owned()));
        let earned = operator.get(paths::EARNINGS).await.ok();
        assert_eq!(earned.body["pending_balance"].to_string(), "10.00");
        let record = record(&app).await;
        assert_eq!((record.len(), record[0].1.as_str()), (1, "dispute.split"));
        assert_eq!(look(&app, "/api/v1/admin/disputes?status=open").await.body["data"], json!([]));
        let seen = look(&app, &paths::admin_dispute(id)).await;
        assert_eq!(seen.text("note"), "Half of it.");
        look_refused(&app, &paths::ADMIN_DISPUTE.replace("{id}", "dsp_x")).await;
    }
}

async fn look_refused(app: &TestApp, path: &str) {
    let answer = host(app, Method::GET, path, &Value::Null).await;
    answer.refused(404, "not_found");
}
