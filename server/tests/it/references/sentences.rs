//! HumCLI's table of errors: each message is caused as its row says, and has the status of the row.
//!
//! Two messages have no cause here. "Agent not found" is for a key without an account: accounts are
//! never removed, and such a key is refused with 401 first. "Invalid or expired challenge" concerns
//! wallets, which this server does not verify.

use std::time::Duration;

use api_types::{AgentId, OperatorId, TaskId, paths};
use reqwest::Method;
use serde_json::{Value, json};

use crate::admin::host;
use crate::harness::{ADMIN_KEY, Answer, Caller, TestApp, photo_task};
use crate::support::{self, on_both_databases};
use crate::{mail, payouts};

/// Asserts that a refusal is as HumCLI prints it.
fn says(answer: &Answer, status: u16, sentence: &str) {
    let told = (answer.status, answer.body["error"].as_str());
    assert_eq!(told, (status, Some(sentence)), "{answer:?}");
}

async fn verify(agent: &Caller<'_, AgentId>, task: TaskId) -> Answer {
    agent
        .post(&paths::verify_task(task), &json!({"decision": "APPROVE"}))
        .await
}

/// Creates a task of this agent whose proof this operator has submitted, before the Guardian runs.
async fn submitted(agent: &Caller<'_, AgentId>, operator: &Caller<'_, OperatorId>) -> TaskId {
    let task = agent.post_confirmation_task().await;
    operator.accept(task).await;
    operator.confirm(task).await;
    task
}

fn costing(app: &TestApp, usd: u32) -> Value {
    let mut task = photo_task(app);
    task["reward_usd"] = json!(usd);
    task
}

on_both_databases! {
    async fn registration_and_keys(store) {
        let app = TestApp::start(store).await;
        let body = json!({"name": "my-agent", "email": "agent@example.com"});
        app.post(paths::REGISTER_AGENT, &body).await.created();
        let again = app.post(paths::REGISTER_AGENT, &body).await;
        says(&again, 409, "An agent with this email already exists");
        let body = json!({"name": "Jane Doe", "email": "jane@example.com"});
        app.post(paths::REGISTER_OPERATOR, &body).await.created();
        let again = app.post(paths::REGISTER_OPERATOR, &body).await;
        says(&again, 409, "An operator with this email already exists");

        let agent = app.poor_agent().await;
        let key = agent.post(paths::KEYS, &json!({})).await.created().id("id");
        agent.delete(&paths::key(key)).await.ok();
        says(&agent.delete(&paths::key(key)).await, 404, "API key not found");
        let unknown = format!("{}/key_01HXYZ", paths::KEYS);
        says(&agent.delete(&unknown).await, 404, "API key not found");
    }

    async fn e_mail_verification(store) {
        let app = TestApp::start(store).await;
        let (agent, link) = mail::registered(&app).await;
        app.get(&link).await.ok();
        says(&app.get(&link).await, 400, "Email already verified");
        let again = agent.post(paths::RESEND_VERIFICATION, &json!({})).await;
        says(&again, 400, "Email already verified");
    }

    async fn payouts_to_operators(store) {
        let app = TestApp::start(store).await;
        let operator = payouts::earner(&app).await;
        let dear = json!({"amount_usd": 26, "payoneer_payee_id": "payee_123"});
        let sentence = "Insufficient available balance";
        says(&operator.post(paths::PAYOUT, &dear).await, 402, sentence);
        let unknown = paths::PAYOUT_STATUS.replace("{id}", "payout_01HXYZ");
        says(&operator.get(&unknown).await, 404, "Payout not found");
    }

    async fn deposits_and_task_creation(store) {
        let app = TestApp::start(store).await;
        let agent = app.poor_agent().await;
        let deposit = json!({"tx_hash": format!("0x{:064x}", 7), "amount_usdc": "5.00"});
        let dear = agent.post(paths::TASKS, &costing(&app, 11)).await;
        says(&dear, 422, "Maximum task value for SANDBOX tier is $10");
        let cheap = agent.post(paths::TASKS, &costing(&app, 9)).await;
        says(&cheap, 422, "Minimum task value is $10");
        agent.post(paths::DEPOSIT_USDC, &deposit).await.created();
        let twice = agent.post(paths::DEPOSIT_USDC, &deposit).await;
        says(&twice, 409, "Transaction already processed");
        let rich = app.agent().await;
        let unpaid = rich.post(paths::TASKS, &costing(&app, 999)).await;
        says(&unpaid, 402, "Insufficient balance for escrow");
    }

    async fn task_management(store) {
        let app = TestApp::start(store).await;
        let (agent, other, operator) = (app.agent().await, app.agent().await, app.operator().await);
        let pending = agent.post_photo_task().await;
        let unknown = format!("{}/task_01HXYZ", paths::TASKS);
        says(&agent.get(&unknown).await, 404, "Task not found");
        says(&other.get(&paths::task(pending)).await, 404, "Task not found");

        let sentence = "Task not found or not in reviewable status";
        says(&verify(&agent, pending).await, 404, sentence);
        says(&verify(&other, pending).await, 404, sentence);

        let sentence = "Credential task not found or not completed";
        let retrieve = paths::retrieve_credential(pending);
        says(&agent.post(&retrieve, &Value::Null).await, 404, sentence);
        says(&other.post(&retrieve, &Value::Null).await, 404, sentence);

        let sentence = "Task not found or not in ESTIMATE_PENDING status";
        for decide in [paths::approve_estimate, paths::reject_estimate] {
            says(&agent.post(&decide(pending), &json!({})).await, 404, sentence);
            says(&other.post(&decide(pending), &json!({})).await, 404, sentence);
        }

        let task = submitted(&agent, &operator).await;
        let sentence = "Task not found or cannot be cancelled";
        let cancel = paths::cancel_task(task);
        says(&agent.post(&cancel, &json!({})).await, 404, sentence);
        says(&other.post(&cancel, &json!({})).await, 404, sentence);
        app.drain_jobs().await;
    }

    async fn operator_endpoints(store) {
        let app = TestApp::start(store).await;
        let (agent, one, two) = (app.agent().await, app.operator().await, app.operator().await);
        let task = agent.post_confirmation_task().await;
        one.accept(task).await;
        let accept = two.post(&paths::accept_task(task), &json!({})).await;
        says(&accept, 404, "Task not found or already claimed");

        let withdraw = two.post(&paths::withdraw(task), &json!({})).await;
        says(&withdraw, 404, "Task not found or not claimed by you");

        let late = agent.post_photo_task().await;
        app.advance(Duration::from_secs(24 * 60 * 60 + 60));
        let accept = two.post(&paths::accept_task(late), &json!({})).await;
        says(&accept, 410, "Task has expired");

        let proof = json!({"confirmation_text": "It is open from nine to five, as it says."});
        let pending = agent.post_confirmation_task().await;
        let sentence = "Task not found or not in submittable status";
        says(&one.post(&paths::submit_proof(pending), &proof).await, 404, sentence);
        app.drain_jobs().await;
    }

    /// The table of the HumanOps reference has only a status, and a message under `error`. The test
    /// of its 500 is in `dialects/refusals.rs`.
    async fn each_status_of_the_humanops_table_has_its_cause(store) {
        let settings = ["--rate-limit=40", "--kyc=manual", "--admin-key", ADMIN_KEY,
            "--dlocal-login=l", "--dlocal-trans-key=t", "--dlocal-secret=a-secret-that-is-long"];
        let app = TestApp::start_with(store, &settings).await;
        let (agent, operator) = (app.agent().await, app.operator().await);
        let status = |answer: Answer| {
            let sentence = answer.body["error"].as_str().unwrap_or_default();
            assert!(!sentence.is_empty(), "{answer:?}");
            answer.status
        };
        assert_eq!(status(agent.post(paths::TASKS, &json!({})).await), 400);
        assert_eq!(status(app.get(paths::BALANCE).await), 401);
        assert_eq!(status(app.get(paths::FIND_TASKS).await), 401);
        let notice = app.post(paths::PAYMENT_WEBHOOK, &json!({"status": "PAID"})).await;
        assert_eq!(status(notice), 401);
        assert_eq!(status(agent.post(paths::TASKS, &costing(&app, 999)).await), 402);
        let task = agent.post_photo_task().await;
        let accept = paths::accept_task(task);
        assert_eq!(status(operator.post(&accept, &json!({})).await), 403);
        assert_eq!(status(app.get(paths::ADMIN_AGENTS).await), 403);
        assert_eq!(status(agent.get("/api/v1/tasks/task_01HXYZ").await), 404);
        let reason = json!({"reason": "It is not done."});
        assert_eq!(status(agent.post(&paths::open_dispute(task), &reason).await), 409);
        let approve = json!({"decision": "APPROVE"});
        host(&app, Method::POST, &paths::decide_kyc(operator.id), &approve).await.ok();
        app.advance(Duration::from_secs(24 * 60 * 60 + 60));
        assert_eq!(status(operator.post(&accept, &json!({})).await), 410);
        let limited = loop {
            let answer = agent.get(paths::BALANCE).await;
            if answer.status != 200 {
                break answer;
            }
        };
        assert_eq!(status(limited), 429);
        app.drain_jobs().await;
    }

    async fn an_operator_whose_identity_is_not_checked_accepts_nothing(store) {
        let app = TestApp::start_with(store, &["--kyc=manual"]).await;
        let (agent, operator) = (app.agent().await, app.operator().await);
        let task = agent.post_photo_task().await;
        let accept = operator.post(&paths::accept_task(task), &json!({})).await;
        says(&accept, 403, "KYC verification required before accepting tasks");
    }
}
