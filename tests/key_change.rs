//! The agent's key differs from the last time: a new key, or an attack.

use anyhow::Result;
use serde_json::json;

use crate::world::World;

#[tokio::test]
async fn a_phone_that_sees_an_agents_key_change_says_so_and_asks() -> Result<()> {
    let world = World::start("key-change").await?;
    let mut agent = world.agent("Acme Research Agent").await?;
    agent.does("post", task("Before the change")).await?;
    agent.does("post", task("Same key again")).await?;
    let mut jane = world.person("Jane Doe").await?;
    jane.does("signUp", json!({ "name": "Jane Doe" })).await?;
    for (title, sees) in [
        ("Before the change", "seeNewAgent"),
        ("Same key again", "seeSameKey"),
    ] {
        jane.does("openTask", json!({ "title": title })).await?;
        jane.does("accept", ()).await?;
        jane.does("beginProof", ()).await?;
        jane.does(sees, ()).await?;
        jane.does("typeCredential", json!({ "secret": "old-key-secret" }))
            .await?;
        jane.does("sendCredential", ()).await?;
        jane.does("seeStatus", json!({ "status": "Completed" }))
            .await?;
        jane.does("findTasks", ()).await?;
    }

    let new = agent.does("newKeys", ()).await?;
    let changed = agent.does("post", task("After the change")).await?["task_id"].take();
    jane.does("findTasks", ()).await?;
    jane.does("openTask", json!({ "title": "After the change" }))
        .await?;
    jane.does("accept", ()).await?;
    jane.does("beginProof", ()).await?;
    jane.does("seeKeyWarning", ()).await?;
    jane.looks("key-changed").await?;
    assert_eq!(jane.does("readFingerprint", ()).await?, new["fingerprint"]);

    let typed = jane
        .does("typeCredential", json!({ "secret": "new-key-secret" }))
        .await?;
    jane.does("cannotSendYet", ()).await?;
    let before = agent.does("task", json!({ "id": changed })).await?;
    assert_eq!(
        before["status"], "ACCEPTED",
        "nothing is sealed to a key nobody vouched for"
    );

    jane.does("trustNewKey", ()).await?;
    jane.does("sendCredential", ()).await?;
    jane.does("seeStatus", json!({ "status": "Completed" }))
        .await?;
    jane.leaves().await?;
    let envelope = agent.does("retrieve", json!({ "id": changed })).await?;
    let opened = agent
        .does("open", json!({ "id": changed, "envelope": envelope }))
        .await?;
    assert_eq!(opened, typed);
    agent.leaves().await?;
    world.ends().await
}

fn task(title: &str) -> serde_json::Value {
    json!({
        "title": title,
        "description": "Sign up for the free plan and hand over the key it gives you.",
        "reward_usd": "10",
        "task_type": "API_KEY_PROCUREMENT",
        "proof_requirements": ["The key works"],
    })
}
