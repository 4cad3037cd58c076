//! Agents and operators, and the tasks that tests post.

use std::sync::atomic::Ordering;
use std::time::Duration;

use api_types::{AgentId, KeyId, OperatorId, TaskId, paths};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use super::answer::{Answer, Ask};
use super::app::TestApp;

/// An agent or an operator.
pub(crate) struct Caller<'a, Id> {
    /// The server that it calls.
    pub(crate) app: &'a TestApp,
    /// The id of its account.
    pub(crate) id: Id,
    /// Its API key or operator id, for authentication.
    pub(crate) key: String,
    header: &'static str,
}

/// An agent, as the caller of its requests.
pub(crate) type Agent<'a> = Caller<'a, AgentId>;

impl TestApp {
    /// Registers an agent and deposits 1 000 dollars, so that it is in the STANDARD tier.
    pub(crate) async fn agent(&self) -> Caller<'_, AgentId> {
        let agent = self.poor_agent().await;
        agent.deposit(1000).await;
        agent
    }

    /// Registers an agent without money.
    pub(crate) async fn poor_agent(&self) -> Caller<'_, AgentId> {
        let number = self.callers.fetch_add(1, Ordering::Relaxed);
        let body = json!({"name": "agent", "email": format!("agent{number}@example.com")});
        let registered = self.post(paths::REGISTER_AGENT, &body).await.created();
        Caller {
            app: self,
            id: registered.id("agent_id"),
            header: "x-api-key",
            key: registered.text("api_key"),
        }
    }

    /// Registers an operator, who is approved if the settings approve operators automatically.
    pub(crate) async fn operator(&self) -> Caller<'_, OperatorId> {
        let number = self.callers.fetch_add(1, Ordering::Relaxed);
        let body = json!({"name": "Jane Doe", "email": format!("operator{number}@example.com")});
        let registered = self.post(paths::REGISTER_OPERATOR, &body).await.created();
        Caller {
            app: self,
            id: registered.id("operator_id"),
            header: "x-operator-id",
            key: registered.text("operator_id"),
        }
    }

    /// Returns the caller for an operator whom a test has registered itself.
    pub(crate) fn operator_with_id(&self, id: &str) -> Caller<'_, OperatorId> {
        Caller {
            app: self,
            id: id.parse().unwrap(),
            header: "x-operator-id",
            key: id.to_owned(),
        }
    }
}

impl<Id> Caller<'_, Id> {
    /// Creates an authenticated request.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.app
            .request(method, path)
            .header(self.header, &self.key)
    }

    /// Sends an authenticated GET.
    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.request(Method::GET, path).answer().await
    }

    /// Sends an authenticated POST.
    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.request(Method::POST, path).json(body).answer().await
    }

    /// Sends an authenticated POST with an idempotency key.
    pub(crate) async fn post_once(&self, path: &str, key: &str, body: &Value) -> Answer {
        let request = self
            .request(Method::POST, path)
            .header("idempotency-key", key);
        request.json(body).answer().await
    }

    /// Sends an authenticated PATCH.
    pub(crate) async fn patch(&self, path: &str, body: &Value) -> Answer {
        self.request(Method::PATCH, path).json(body).answer().await
    }

    /// Sends an authenticated DELETE.
    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.request(Method::DELETE, path).answer().await
    }
}

impl Caller<'_, AgentId> {
    /// Deposits USDC, which test mode credits at once.
    pub(crate) async fn deposit(&self, usd: u32) {
        let number = self.app.callers.fetch_add(1, Ordering::Relaxed);
        let body = json!({"tx_hash": format!("0x{number:064x}"), "amount_usdc": usd});
        self.post(paths::DEPOSIT_USDC, &body).await.created();
    }

    /// Creates a key with this policy, and returns the same agent with that key.
    pub(crate) async fn with_policy(&self, policy: Value) -> Self {
        let body = json!({"name": "limited", "policy": policy});
        let made = self.post(paths::KEYS, &body).await.created();
        Self {
            key: made.text("api_key"),
            ..*self
        }
    }

    /// Returns the id of this caller's key.
    pub(crate) async fn key_id(&self) -> KeyId {
        let me = self.get(paths::ME).await.ok();
        me.body["key"]["id"].as_str().unwrap().parse().unwrap()
    }

    /// Returns the agent's deposit and escrow balances, as printed.
    pub(crate) async fn balance(&self) -> (String, String) {
        let balance = self.get(paths::BALANCE).await.ok();
        let printed = |field: &str| balance.body[field].to_string();
        (printed("deposit_balance"), printed("escrow_balance"))
    }

    /// Posts a task that requires a confirmation.
    pub(crate) async fn post_confirmation_task(&self) -> TaskId {
        let task = confirmation_task(self.app);
        self.post(paths::TASKS, &task).await.created().id("task_id")
    }

    /// Posts a task that requires photos.
    pub(crate) async fn post_photo_task(&self) -> TaskId {
        self.post(paths::TASKS, &photo_task(self.app))
            .await
            .created()
            .id("task_id")
    }
}

impl Caller<'_, OperatorId> {
    /// Submits a confirmation as proof.
    pub(crate) async fn confirm(&self, task: TaskId) {
        let body = json!({"confirmation_text": "It is open from nine to five, as the door says."});
        self.post(&paths::submit_proof(task), &body).await.ok();
    }

    /// Accepts a task without an estimate.
    pub(crate) async fn accept(&self, task: TaskId) {
        self.post(&paths::accept_task(task), &json!({})).await.ok();
    }
}

/// Returns a valid task with every field, which requires photos.
pub(crate) fn photo_task(app: &TestApp) -> Value {
    json!({
        "title": "Photograph a menu",
        "description": "Take a photo of the menu at the door.",
        "location": {"lat": 52.52, "lng": 13.405, "address": "1 Main Street"},
        "reward_usd": 25,
        "deadline": app.now().after(Duration::from_secs(24 * 60 * 60)),
        "proof_requirements": ["The prices can be read"],
        "task_type": "PHOTO",
    })
}

/// Returns a valid task that requires a confirmation.
pub(crate) fn confirmation_task(app: &TestApp) -> Value {
    let mut task = photo_task(app);
    task["proof_type"] = json!("CONFIRMATION");
    task["task_type"] = json!("VERIFICATION");
    task
}
