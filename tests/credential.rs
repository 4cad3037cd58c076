//! A credential reaches the agent from the person who types it, and nobody else.

use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};

use crate::{companion::Companion, search, world::World};

/// The secret that the person types. No other text in these stories resembles it.
const CANARY: &str = "sk-canary-Vq7mTz4xKd-ключ-🔑-~Wb3h";

/// The part of it that every encoding keeps.
const CANARY_CORE: &str = "canary-Vq7mTz4xKd";

/// A control text that is stored unencrypted in every place that is searched for the canary.
const CONTROL: &str = "sk-control-Hn5cRj8yPf-слово-🪧-~Lg2s";

#[tokio::test]
async fn a_secret_typed_on_a_phone_is_opened_by_the_agent_and_lies_nowhere_else() -> Result<()> {
    let world = World::start("credential").await?;
    let mut agent = world.agent("Acme Research Agent").await?;
    let keys = agent.does("newKeys", ()).await?;
    let task = post(&mut agent, "API key for the weather service").await?;

    let mut jane = world.person("Jane Doe").await?;
    jane.does("requestCode", json!({ "email": "jane.doe@example.com" }))
        .await?;
    jane.does("enterMailedCode", ()).await?;
    jane.does("seeHeading", json!({ "name": "Create an account" }))
        .await?;
    jane.looks("sign-up").await?;
    jane.does("completeAccount", json!({ "name": "Jane Doe" }))
        .await?;
    jane.looks("tasks").await?;
    jane.does(
        "openTask",
        json!({ "title": "API key for the weather service" }),
    )
    .await?;
    jane.looks("task").await?;
    jane.does("accept", ()).await?;
    jane.does("beginProof", ()).await?;
    jane.looks("credential-form").await?;

    let shown = jane.does("readFingerprint", ()).await?;
    assert_eq!(
        shown, keys["fingerprint"],
        "both sides see the same fingerprint"
    );

    let typed = jane
        .does("typeCredential", json!({ "secret": CANARY }))
        .await?;
    jane.looks("credential-typed").await?;
    jane.does("sendCredential", ()).await?;
    jane.does("seeStatus", json!({ "status": "Completed" }))
        .await?;
    jane.looks("credential-completed").await?;
    jane.does("openEarnings", ()).await?;
    jane.looks("earnings").await?;

    let done = agent
        .does("wait", json!({ "id": task, "statuses": ["COMPLETED"] }))
        .await?;
    assert_eq!(done["guardian_result"]["decision"], "APPROVE");
    assert_eq!(
        open(&mut agent, &task).await?,
        typed,
        "opened is what was typed"
    );

    // Storage is read by script while the page is open, and from the disk after the browser has
    // closed.
    let dump = world.folder.join("storage.json");
    plant_control(&mut agent, &mut jane).await?;
    jane.does("dumpStorage", json!({ "into": dump })).await?;
    jane.leaves().await?;
    agent.leaves().await?;

    assert_stored_nowhere(&world, &dump)?;
    world.ends().await
}

/// Searches all data of the server and the browser for the secret, which must not be there, and for
/// the control text, which must be there: this proves that the search finds such texts.
fn assert_stored_nowhere(world: &World, dump: &Path) -> Result<()> {
    let (data, wire) = (world.data(), world.folder.join("wire"));
    let profile = world.profile("Jane Doe");
    for place in [&data, &world.logs(), &wire, &dump.to_owned(), &profile] {
        for text in [CANARY, CANARY_CORE] {
            assert_eq!(search::find(text, place)?, [""; 0], "the secret lies there");
        }
    }
    // The logs do not contain the control text, because they contain nothing that agents or people
    // wrote.
    let mut places = vec![data, wire.clone(), dump.to_owned()];
    for part in [
        "Local Storage",
        "Session Storage",
        "IndexedDB",
        "Service Worker/CacheStorage",
    ] {
        places.push(profile.join("Default").join(part));
    }
    for place in &places {
        let found = search::find(CONTROL, place)?;
        assert!(
            !found.is_empty(),
            "the search finds nothing in {}",
            place.display()
        );
    }
    let sealed = search::find("ephemeralPublicKey", &wire)?;
    assert!(
        sealed.iter().any(|place| place.ends_with("-up")),
        "the envelope went over the wire"
    );
    Ok(())
}

/// Stores the control text unencrypted wherever the secret is searched for.
async fn plant_control(agent: &mut Companion, jane: &mut Companion) -> Result<()> {
    post(agent, CONTROL).await?;
    jane.does("plant", json!({ "text": CONTROL })).await?;
    jane.does("findTasks", ()).await?;
    jane.does("seeText", json!({ "text": CONTROL })).await?;
    Ok(())
}

#[tokio::test]
async fn two_envelopes_that_the_server_swaps_are_both_refused() -> Result<()> {
    let world = World::start("swapped").await?;
    let mut agent = world.agent("Acme Research Agent").await?;
    let first = post(&mut agent, "First credential").await?;
    let second = post(&mut agent, "Second credential").await?;

    let mut jane = world.person("Jane Doe").await?;
    jane.does("signUp", json!({ "name": "Jane Doe" })).await?;
    let typed_first = deliver(&mut jane, "First credential", "first-secret").await?;
    let typed_second = deliver(&mut jane, "Second credential", "second-secret").await?;
    jane.leaves().await?;

    swap_stored_envelopes(&world)?;
    for task in [&first, &second] {
        let envelope = agent.does("retrieve", json!({ "id": task })).await?;
        let error = agent
            .fails("open", json!({ "id": task, "envelope": envelope }))
            .await?;
        assert!(error.contains("OpenError"), "{error}");
        assert!(
            !error.contains("secret"),
            "the refusal says nothing: {error}"
        );
    }

    swap_stored_envelopes(&world)?;
    assert_eq!(open(&mut agent, &first).await?, typed_first);
    assert_eq!(open(&mut agent, &second).await?, typed_second);
    agent.leaves().await?;
    world.ends().await
}

/// Swaps the envelopes of two tasks in the database, as a malicious host could.
fn swap_stored_envelopes(world: &World) -> Result<()> {
    let mut database = world.database()?;
    let swap = database.transaction()?;
    let stored: Vec<(String, String)> = swap
        .prepare("SELECT task_id, envelope FROM credential ORDER BY task_id")?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<_, _>>()?;
    let [(first, its), (second, others)] = stored.as_slice() else {
        bail!("there are not two envelopes but {}", stored.len())
    };
    ensure!(its != others, "two envelopes are never the same");
    for (task, envelope) in [(first, others), (second, its)] {
        swap.execute(
            "UPDATE credential SET envelope = ?2 WHERE task_id = ?1",
            [task, envelope],
        )?;
    }
    Ok(swap.commit()?)
}

/// A single-line input would drop line breaks, and the agent would receive a key that opens
/// nothing.
#[tokio::test]
async fn a_pasted_secret_of_several_lines_arrives_as_it_was() -> Result<()> {
    let world = World::start("pasted").await?;
    let mut agent = world.agent("Acme Research Agent").await?;
    let task = post(&mut agent, "A deploy key").await?;
    let mut jane = world.person("Jane Doe").await?;
    jane.does("signUp", json!({ "name": "Jane Doe" })).await?;
    jane.does("openTask", json!({ "title": "A deploy key" }))
        .await?;
    jane.does("accept", ()).await?;
    jane.does("beginProof", ()).await?;
    let pem = "-----BEGIN KEY-----\nbm90IGEga2V5\nYXQgYWxs\n-----END KEY-----\n";
    jane.does("pasteSecret", json!({ "text": pem })).await?;
    jane.looks("credential-pasted").await?;
    jane.does("sendCredential", ()).await?;
    jane.does("seeStatus", json!({ "status": "Completed" }))
        .await?;
    assert_eq!(open(&mut agent, &task).await?, json!({ "api_key": pem }));
    jane.leaves().await?;
    agent.leaves().await?;
    world.ends().await
}

async fn post(agent: &mut Companion, title: &str) -> Result<Value> {
    let task = json!({
        "title": title,
        "description": "Sign up for the free plan and hand over the key it gives you.",
        "reward_usd": "12.50",
        "task_type": "API_KEY_PROCUREMENT",
        "proof_requirements": ["The key answers a request to the service's status page"],
    });
    let created = agent.does("post", task).await?;
    created
        .get("task_id")
        .cloned()
        .context("a created task has an id")
}

async fn deliver(jane: &mut Companion, title: &str, secret: &str) -> Result<Value> {
    jane.does("findTasks", ()).await?;
    jane.does("openTask", json!({ "title": title })).await?;
    jane.does("accept", ()).await?;
    jane.does("beginProof", ()).await?;
    let typed = jane
        .does("typeCredential", json!({ "secret": secret }))
        .await?;
    jane.does("sendCredential", ()).await?;
    jane.does("seeStatus", json!({ "status": "Completed" }))
        .await?;
    Ok(typed)
}

async fn open(agent: &mut Companion, task: &Value) -> Result<Value> {
    let envelope = agent.does("retrieve", json!({ "id": task })).await?;
    agent
        .does("open", json!({ "id": task, "envelope": envelope }))
        .await
}
