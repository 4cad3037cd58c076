//! A receiver of webhooks verifies signatures in both promised ways.

use anyhow::Result;
use reqwest::Client;
use serde_json::json;

use crate::{companion::Companion, sign_up::sign_up, world::World};

/// One secret of each kind: text, and a key in the form of Standard Webhooks.
const SECRETS: [&str; 2] = [
    "a-secret-that-is-text-and-no-key",
    "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
];

#[tokio::test]
async fn a_callback_believes_what_it_is_told_and_nothing_else() -> Result<()> {
    let world = World::start("webhook").await?;
    let mut agent = world.agent("Acme Research Agent").await?;
    let mut callback = Companion::start("callback", "callback.mjs", &[], &world.logs())?;
    let listening = callback.does("listen", ()).await?;
    for secret in SECRETS {
        let posted = agent
            .does(
                "post",
                json!({
                    "title": "Ask when the shop opens",
                    "description": "Call the shop and ask when it opens on Saturdays.",
                    "reward_usd": 12,
                    "proof_requirements": ["The opening hour on Saturday is stated"],
                    "task_type": "CONTENT_REVIEW",
                    "callback_url": listening["url"],
                    "callback_secret": secret,
                }),
            )
            .await?;
        let task = posted["task_id"].clone();
        confirm(&world, task.as_str().unwrap_or_default()).await?;
        let told = callback
            .does("told", json!({ "task": task, "secret": secret }))
            .await?;
        assert_eq!(told["event"]["event"], "task.verified", "{told}");
        assert_eq!(told["event"]["event_id"], told["id"]);
        for promise in ["sample", "refusesAltered", "refusesAnotherSecret"] {
            assert_eq!(told[promise], true, "{promise}: {told}");
        }
    }
    callback.leaves().await?;
    agent.leaves().await?;
    world.ends().await
}

/// Has a person do the task, without a browser.
async fn confirm(world: &World, task: &str) -> Result<()> {
    let api = format!("http://{}/api/v1", world.line.address);
    let client = Client::new();
    let email = format!("{task}@example.com").to_lowercase();
    let bearer = sign_up(world.server(), &email, json!({ "name": "Sam Doe" })).await?;
    let confirmed = json!({ "confirmation_text": "It opens at nine on Saturdays, they said." });
    for (action, body) in [("accept", json!({})), ("submit", confirmed)] {
        let request = client.post(format!("{api}/operator/tasks/{task}/{action}"));
        let request = request.header("authorization", &bearer).json(&body);
        request.send().await?.error_for_status()?;
    }
    Ok(())
}
