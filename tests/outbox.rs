//! Unsent proofs: each is sent exactly once, none is forgotten, and none is sent for another
//! operator.

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use crate::{companion::Companion, world::World};

const SHOP: &str = "Ask when the shop opens";
const CAFE: &str = "Ask when the café opens";
const WORDS: &str = "Called them at ten: they open at nine on Saturdays.";

/// The response of a proxy that requires a sign-in of its own.
const UNAVAILABLE: &str = "HTTP/1.1 511 Network Authentication Required\r\n\
    Content-Length: 0\r\nConnection: close\r\n\r\n";

async fn post(agent: &mut Companion, title: &str) -> Result<Value> {
    let task = json!({
        "title": title,
        "description": "Call them and ask when they open on Saturday.",
        "reward_usd": "10",
        "task_type": "CONTENT_REVIEW",
        "proof_requirements": ["The opening hour on Saturday is stated"],
    });
    let posted = agent.does("post", task).await?;
    posted.get("task_id").cloned().context("a task has an id")
}

/// Accepts a task, and writes its proof without sending it.
async fn write_proof(person: &mut Companion, title: &str) -> Result<()> {
    person.does("openTask", json!({ "title": title })).await?;
    person.does("accept", ()).await?;
    person.does("beginProof", ()).await?;
    let text = json!({ "text": WORDS });
    person.does("typeConfirmation", text).await.map(drop)
}

/// Sends the proof in vain, so that it waits.
async fn send_in_vain(person: &mut Companion) -> Result<()> {
    person.does("sendConfirmation", ()).await?;
    person.does("seeNothingIsLost", ()).await.map(drop)
}

async fn wait_until_completed(agent: &mut Companion, task: &Value) -> Result<Value> {
    let completed = json!({ "id": task, "statuses": ["COMPLETED"] });
    agent.does("wait", completed).await
}

/// Both tabs notice the network at the same time, and only one of them takes the lock.
#[tokio::test]
async fn a_proof_that_two_tabs_could_send_is_sent_by_one_of_them() -> Result<()> {
    let world = World::start("two-tabs").await?;
    let mut agent = world.agent("Acme Research Agent").await?;
    let task = post(&mut agent, SHOP).await?;
    let mut sam = world.person("Sam Lee").await?;
    sam.does("signUp", json!({ "name": "Sam Lee" })).await?;
    write_proof(&mut sam, SHOP).await?;
    let path = format!("/tasks/{}", task.as_str().context("an id is text")?);
    sam.does("openSecondTab", json!({ "path": path })).await?;
    sam.does("seeStatus", json!({ "status": "Accepted" }))
        .await?;
    sam.does("backToFirstTab", ()).await?;
    sam.does("goOffline", ()).await?;
    send_in_vain(&mut sam).await?;

    // One tab is sending until the other has seen the proof too.
    world.line.hold_submissions();
    sam.does("goOnline", ()).await?;
    world.line.wait_until_held().await?;
    sam.does("seeStatus", json!({ "status": "Sending" }))
        .await?;
    sam.does("toSecondTab", ()).await?;
    sam.does("seeStatus", json!({ "status": "Sending" }))
        .await?;
    world.line.mend();
    sam.does("seeStatus", json!({ "status": "Completed" }))
        .await?;
    sam.does("backToFirstTab", ()).await?;
    sam.does("seeStatus", json!({ "status": "Completed" }))
        .await?;
    assert_eq!(world.line.submissions(), 1, "sent by both tabs");
    sam.leaves().await?;
    agent.leaves().await?;
    world.ends().await
}

#[tokio::test]
async fn two_proofs_made_offline_are_both_sent_when_the_network_is_back() -> Result<()> {
    let world = World::start("two-proofs").await?;
    let mut agent = world.agent("Acme Research Agent").await?;
    let tasks = [post(&mut agent, SHOP).await?, post(&mut agent, CAFE).await?];
    let mut sam = world.person("Sam Lee").await?;
    sam.does("signUp", json!({ "name": "Sam Lee" })).await?;
    write_proof(&mut sam, SHOP).await?;
    sam.does("openSecondTab", json!({ "path": "/" })).await?;
    write_proof(&mut sam, CAFE).await?;

    // Only the first tab is left, which must send both.
    sam.does("goOffline", ()).await?;
    send_in_vain(&mut sam).await?;
    sam.does("closeTab", ()).await?;
    send_in_vain(&mut sam).await?;
    sam.does("goOnline", ()).await?;
    for task in &tasks {
        wait_until_completed(&mut agent, task).await?;
    }
    assert_eq!(world.line.submissions(), 2);
    sam.does("openMine", ()).await?;
    sam.does("seeNothingWaits", ()).await?;
    sam.leaves().await?;
    agent.leaves().await?;
    world.ends().await
}

#[tokio::test]
async fn a_proof_waits_for_its_operator_while_another_one_is_signed_in() -> Result<()> {
    let world = World::start("two-operators").await?;
    let mut agent = world.agent("Acme Research Agent").await?;
    let sams = post(&mut agent, SHOP).await?;
    let kims = post(&mut agent, CAFE).await?;
    let mut phone = world.person("Sam and Kim").await?;
    phone.does("signUp", json!({ "name": "Sam Lee" })).await?;
    write_proof(&mut phone, SHOP).await?;
    world.line.intercept("/submit HTTP/1.1", UNAVAILABLE);
    send_in_vain(&mut phone).await?;
    world.end_sessions()?;
    phone.does("noticeEndedSession", ()).await?;

    // The network is back, and Kim's proof is the only one that is sent.
    world.line.mend();
    phone.does("signUp", json!({ "name": "Kim Roe" })).await?;
    phone.does("findTasks", ()).await?;
    write_proof(&mut phone, CAFE).await?;
    phone.does("sendConfirmation", ()).await?;
    let done = wait_until_completed(&mut agent, &kims).await?;
    assert_eq!(done["operator"]["name"], "Kim R.");
    assert_eq!(world.line.submissions(), 1, "Sam's proof was sent for Kim");
    phone.does("signOut", ()).await?;

    phone.does("signIn", json!({ "name": "Sam Lee" })).await?;
    let done = wait_until_completed(&mut agent, &sams).await?;
    assert_eq!(done["operator"]["name"], "Sam L.");
    assert_eq!(done["proof"]["confirmation_text"], WORDS);
    assert_eq!(world.line.submissions(), 2);
    phone.leaves().await?;
    agent.leaves().await?;
    world.ends().await
}
