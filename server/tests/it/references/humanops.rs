//! The requests of the HumanOps API reference in the order of a first day, and the responses that
//! it prints with them.

use api_types::paths;
use image::ImageFormat;
use reqwest::Method;
use serde_json::{Value, json};

use super::{as_printed, send};
use crate::harness::{Ask, TestApp};
use crate::proofs::picture;
use crate::support::{self, on_both_databases};
use crate::uploads;

const REGISTER: &str = r#"{"name": "my-agent", "email": "agent@example.com"}"#;

const REGISTER_COMPANY: &str =
    r#"{"name": "my-agent", "email": "a@example.com", "company": "Acme Inc"}"#;

const FIRST_TASK: &str = r#"{
"title": "Verify storefront signage",
"description": "Take a photo of the signage at 123 Main St",
"location": {"lat": 40.7128, "lng": -74.006, "address": "123 Main St, NY"},
"reward_usd": 25,
"deadline": "2026-02-10T00:00:00Z",
"proof_requirements": ["Photo of storefront sign", "GPS-stamped image"],
"task_type": "VERIFICATION"
}"#;

const TASK: &str = r#"{
"title": "Verify storefront signage",
"description": "Take a clear photo of the sign at 123 Main St",
"location": {
"lat": 40.7128,
"lng": -74.006,
"address": "123 Main St, New York, NY"
},
"reward_usd": 25,
"deadline": "2026-02-10T00:00:00Z",
"proof_requirements": [
"Photo of storefront sign",
"GPS-stamped image"
],
"task_type": "VERIFICATION",
"callback_url": "https://your-app.com/webhook",
"callback_secret": "your-random-secret"
}"#;

const DIGITAL: &str = r#"{
"title": "Solve login CAPTCHA",
"description": "Navigate to example.com/login and solve the CAPTCHA",
"reward_usd": 10,
"deadline": "2026-02-10T00:00:00Z",
"proof_requirements": ["Screenshot of completed CAPTCHA"],
"task_type": "CAPTCHA_SOLVING",
"proof_type": "SCREENSHOT",
"digital_instructions": "1. Go to example.com/login\n2. Solve the CAPTCHA\n3. Take a screenshot"
}"#;

const CREDENTIAL: &str = r#"{
"title": "Create Acme API account",
"description": "Sign up at acme.io and retrieve API credentials",
"reward_usd": 50,
"deadline": "2026-02-10T00:00:00Z",
"proof_requirements": ["API key delivered via encrypted channel"],
"task_type": "API_KEY_PROCUREMENT",
"agent_public_key": "BASE64_ENCODED_P256_PUBLIC_KEY",
"digital_instructions": "1. Go to acme.io/signup\n2. Create account\n3. Navigate to API settings\n4. Generate API key"
}"#;

const CREATED: &str = r#"{
"task_id": "task_abc123",
"status": "PENDING",
"reward_usd": 25,
"platform_fee": 4.50,
"total_escrow": 29.50,
"deadline": "2026-02-10T00:00:00.000Z",
"created_at": "2026-02-05T12:00:00.000Z"
}"#;

const OPERATOR: &str = r#"{
"name": "Jane Doe",
"email": "jane@example.com",
"phone": "+1234567890",
"location": { "city": "New York", "country": "US" },
"skills": ["VERIFICATION", "PHOTO"]
}"#;

const VIEW: &str = r#"{
"task_id": "task_abc123",
"title": "Verify storefront signage",
"description": "Take a clear photo...",
"status": "COMPLETED",
"task_type": "VERIFICATION",
"location": { "lat": 40.7128, "lng": -74.006, "address": "123 Main St" },
"reward_usd": 25,
"platform_fee_usd": 4.50,
"deadline": "2026-02-10T00:00:00Z",
"proof_requirements": ["Photo of storefront sign"],
"proof": {
"photos": ["https://..."],
"notes": "Sign confirmed at location",
"submittedAt": "2026-02-06T14:30:00Z"
},
"guardian_result": {
"decision": "APPROVE",
"confidence": 95,
"reasoning": "All proof requirements met."
},
"operator": { "id": "op_xyz", "name": "Jane D.", "rating": 4.8 },
"callback_url": "https://your-app.com/webhook",
"accepted_at": "2026-02-05T13:00:00Z",
"submitted_at": "2026-02-06T14:30:00Z",
"verified_at": "2026-02-06T14:31:00Z",
"completed_at": "2026-02-06T14:31:00Z",
"created_at": "2026-02-05T12:00:00Z"
}"#;

/// Registers an agent and deposits as the reference prints it. Returns the key.
async fn begin(app: &TestApp, amount: &str) -> String {
    let post = app.request(Method::POST, paths::REGISTER_AGENT);
    let post = post
        .header("content-type", "application/json")
        .body(REGISTER);
    let registered = post.answer().await.created();
    let printed = r#"{"agent_id": "cuid_abc123", "api_key": "ho_live_EXAMPLE_KEY",
        "message": "Save this API key - it won't be shown again."}"#;
    as_printed(&registered.body, printed, &[]);
    assert_eq!(
        registered.text("message"),
        "Save this API key - it won't be shown again."
    );
    let key = registered.text("api_key");
    let body = json!({"tx_hash": format!("0x{:064x}", 0xabc), "amount_usdc": amount});
    let post = app
        .request(Method::POST, paths::DEPOSIT_USDC)
        .header("X-API-Key", &key);
    let deposit = post.json(&body).answer().await.created();
    let printed = r#"{"transaction_id": "txn_abc123", "amount_usd": 100, "status": "confirmed",
        "chain": "base", "message": "USDC deposit confirmed"}"#;
    as_printed(&deposit.body, printed, &[]);
    assert_eq!(deposit.text("message"), "USDC deposit confirmed");
    key
}

async fn ask(app: &TestApp, key: &str, method: Method, path: &str, body: &str) -> Value {
    let request = app.request(method, path).header("X-API-Key", key);
    let request = request.header("Content-Type", "application/json");
    let answer = request.body(body.to_owned()).answer().await;
    assert!(
        matches!(answer.status, 200 | 201),
        "{path}: {}",
        answer.body
    );
    answer.body
}

on_both_databases! {
    async fn getting_started_goes_as_printed(store) {
        let app = TestApp::start(store).await;
        let post = app.request(Method::POST, paths::REGISTER_AGENT);
        let post = post.header("content-type", "application/json").body(REGISTER_COMPANY);
        post.answer().await.created();
        let key = begin(&app, "100.00").await;
        let created = ask(&app, &key, Method::POST, paths::TASKS, FIRST_TASK).await;
        as_printed(&created, CREATED, &[]);
    }

    async fn an_account_is_kept_as_printed(store) {
        let app = TestApp::start(store).await;
        let key = begin(&app, "100.00").await;
        let created =
            ask(&app, &key, Method::POST, paths::KEYS, r#"{ "name": "ci-pipeline" }"#).await;
        let printed = r#"{"api_key": "ho_live_EXAMPLE_KEY", "key_prefix": "ho_live_EXAMPLE..",
            "name": "ci-pipeline", "created_at": "2026-02-05T12:00:00.000Z"}"#;
        as_printed(&created, printed, &[]);
        assert!(created["key_prefix"].as_str().unwrap().ends_with(".."));
        let listed = ask(&app, &key, Method::GET, paths::KEYS, "").await;
        let printed = r#"{"data": [{"id": "key_id", "keyPrefix": "ho_live_EXAMPLE..",
            "name": "default", "lastUsed": "2026-02-05T10:00:00Z",
            "createdAt": "2026-02-04T08:00:00Z"}]}"#;
        as_printed(&listed, printed, &["data.lastUsed"]);
        let path = format!("{}/{}", paths::KEYS, created["id"].as_str().unwrap());
        let revoked = ask(&app, &key, Method::DELETE, &path, "").await;
        assert_eq!(revoked, json!({"revoked": true}));
        ask(&app, &key, Method::POST, paths::TASKS, TASK).await;
        let balance = ask(&app, &key, Method::GET, paths::BALANCE, "").await;
        let printed = r#"{"deposit_balance": 75.00, "escrow_balance": 29.50, "currency": "USD"}"#;
        as_printed(&balance, printed, &[]);
        assert_eq!(balance["escrow_balance"].to_string(), "29.50");
    }

    async fn a_task_is_posted_listed_and_cancelled_as_printed(store) {
        let app = TestApp::start(store).await;
        let key = begin(&app, "100.00").await;
        let created = ask(&app, &key, Method::POST, paths::TASKS, TASK).await;
        as_printed(&created, CREATED, &[]);
        for (field, value) in [("platform_fee", "4.50"), ("total_escrow", "29.50")] {
            assert_eq!(created[field].to_string(), value);
        }
        assert_eq!(created["deadline"], "2026-02-10T00:00:00.000Z");
        let listed = ask(&app, &key, Method::GET, paths::TASKS, "").await;
        let printed = r#"{"data": [{"task_id": "task_abc123", "title": "Verify", "status": "PENDING",
            "task_type": "VERIFICATION", "reward_usd": 25, "operator": null,
            "created_at": "2026-02-05T12:00:00Z", "deadline": "2026-02-10T00:00:00Z"}],
            "pagination": { "limit": 20, "offset": 0, "total": 1 }}"#;
        as_printed(&listed, printed, &[]);
        assert_eq!(listed["data"][0]["operator"], Value::Null);
        let cancel = paths::cancel_task(created["task_id"].as_str().unwrap().parse().unwrap());
        let cancelled = ask(&app, &key, Method::POST, &cancel, "").await;
        let printed = r#"{"task_id": "task_abc123", "status": "CANCELLED", "refunded_usd": 29.50}"#;
        as_printed(&cancelled, printed, &[]);
    }

    async fn digital_and_credential_tasks_are_posted_as_printed(store) {
        let app = TestApp::start(store).await;
        let key = begin(&app, "100.00").await;
        let digital = ask(&app, &key, Method::POST, paths::TASKS, DIGITAL).await;
        let task = paths::task(digital["task_id"].as_str().unwrap().parse().unwrap());
        let view = ask(&app, &key, Method::GET, &task, "").await;
        assert_eq!((&view["task_domain"], &view["proof_type"]), (&json!("DIGITAL"), &json!("SCREENSHOT")));
        let secret = crypto_wasm::AgentSecretKey::generate().unwrap();
        let public = secret.public_key().to_bytes();
        let public = base64::Engine::encode(&base64::prelude::BASE64_STANDARD, public);
        let body = CREDENTIAL.replace("BASE64_ENCODED_P256_PUBLIC_KEY", &public);
        let created = ask(&app, &key, Method::POST, paths::TASKS, &body).await;
        let task = paths::task(created["task_id"].as_str().unwrap().parse().unwrap());
        let view = ask(&app, &key, Method::GET, &task, "").await;
        assert_eq!(view["agent_public_key"], json!(public));
    }

    async fn an_operator_does_a_task_as_printed(store) {
        let app = TestApp::start(store).await;
        let key = begin(&app, "100.00").await;
        let created = ask(&app, &key, Method::POST, paths::TASKS, TASK).await;
        let id = created["task_id"].as_str().unwrap().parse().unwrap();
        let post = app.request(Method::POST, paths::REGISTER_OPERATOR);
        let post = post.header("content-type", "application/json").body(OPERATOR);
        let registered = post.answer().await.created();
        let printed = r#"{"operator_id": "op_xyz789", "name": "Jane Doe", "kyc_status": "APPROVED"}"#;
        as_printed(&registered.body, printed, &[]);
        let operator = app.operator_with_id(&registered.text("operator_id"));

        let found = operator.get(paths::FIND_TASKS).await.ok().body;
        let printed = r#"{"data": [{"task_id": "task_abc123", "title": "Verify", "description": "Take",
            "task_type": "VERIFICATION", "location": { "lat": 40.7128, "lng": -74.006 },
            "reward_usd": 25, "deadline": "2026-02-10T00:00:00Z",
            "proof_requirements": ["Photo of storefront sign"],
            "created_at": "2026-02-05T12:00:00Z"}],
            "pagination": { "limit": 20, "offset": 0, "total": 1 }}"#;
        as_printed(&found, printed, &[]);

        let accepted = send(&operator, &paths::accept_task(id), "").await.ok().body;
        let printed = r#"{"task_id": "task_abc123", "status": "ACCEPTED",
            "accepted_at": "2026-02-05T13:00:00Z"}"#;
        as_printed(&accepted, printed, &[]);

        let mut urls = Vec::new();
        for seed in [0, 3] {
            let sent = uploads::send(&operator, Some(id), picture(seed, ImageFormat::Jpeg)).await;
            urls.push(sent.created().text("url"));
        }
        let proof = json!({"photos": urls, "notes": "Sign confirmed at location"});
        let submitted = send(&operator, &paths::submit_proof(id), &proof.to_string()).await.ok();
        let printed = r#"{"task_id": "task_abc123", "status": "SUBMITTED",
            "submitted_at": "2026-02-06T14:30:00Z", "message": "Proof"}"#;
        as_printed(&submitted.body, printed, &[]);
        let message = "Proof submitted. AI Guardian verification in progress.";
        assert_eq!(submitted.text("message"), message);

        let verify = r#"{ "decision": "APPROVE" }"#;
        let verified = ask(&app, &key, Method::POST, &paths::verify_task(id), verify).await;
        let message = "Task manually approved and completed.";
        assert_eq!((&verified["status"], &verified["message"]), (&json!("COMPLETED"), &json!(message)));
        app.drain_jobs().await;
        let view = ask(&app, &key, Method::GET, &paths::task(id), "").await;
        as_printed(&view, VIEW, &["guardian_result", "operator.rating"]);
        assert_eq!(view["operator"]["name"], "Jane D.");

        let earnings = operator.get(paths::EARNINGS).await.ok().body;
        let printed = r#"{"pending_balance": 50.00, "available_balance": 200.00,
            "total_earned": 250.00, "currency": "USD",
            "recent_tasks": [{"task_id": "task_abc", "title": "Verify storefront",
            "reward_usd": 25, "status": "COMPLETED", "completed_at": "2026-02-06T14:31:00Z"}]}"#;
        as_printed(&earnings, printed, &[]);
    }
}
