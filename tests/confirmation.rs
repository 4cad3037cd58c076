//! A confirmation, sent by an impatient person over a bad connection.

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::{companion::Companion, search, world::World};

const WORDS: &str = "Called the shop at ten: it opens at nine on Saturdays.";

#[tokio::test]
async fn a_confirmation_tapped_twice_offline_and_whose_receipt_got_lost_arrives_once() -> Result<()>
{
    let world = World::start("confirmation").await?;
    let mut agent = world.agent("Acme Research Agent").await?;
    let (task, mut sam) = claimed(&world, &mut agent).await?;
    sam.looks("confirmation-form").await?;
    sam.does("typeConfirmation", json!({ "text": WORDS }))
        .await?;

    sam.does("goOffline", ()).await?;
    sam.does("tapSendTwice", ()).await?;
    sam.does("seeNothingIsLost", ()).await?;
    sam.looks("confirmation-offline").await?;

    // Back online the app continues by itself. The server receives the proof, but its response is
    // lost, so the phone cannot know.
    world.line.lose_receipt();
    sam.does("goOnline", ()).await?;
    world.line.wait_until_broken().await?;
    sam.does("openMine", ()).await?;
    sam.does("seeNothingIsLost", ()).await?;
    sam.looks("mine-waiting").await?;
    world.line.mend();
    sam.does("sendNow", ()).await?;
    sam.does("openTask", json!({ "title": "Ask when the shop opens" }))
        .await?;
    sam.does("seeStatus", json!({ "status": "Completed" }))
        .await?;
    sam.does(
        "seeText",
        json!({ "text": "The opening hour on Saturday is stated" }),
    )
    .await?;
    sam.looks("confirmation-completed").await?;
    sam.leaves().await?;

    let done = agent
        .does("wait", json!({ "id": task, "statuses": ["COMPLETED"] }))
        .await?;
    assert_eq!(done["proof"]["confirmation_text"], WORDS);
    let sent = search::find("/submit HTTP/1.1", &world.folder.join("wire"))?;
    assert_eq!(
        sent.len(),
        2,
        "sent again, as the phone could not know: {sent:?}"
    );
    let proofs = "SELECT count(*) FROM proof";
    let proofs: i64 = world.database()?.query_row(proofs, [], |row| row.get(0))?;
    assert_eq!(proofs, 1, "and yet submitted once");
    agent.leaves().await?;
    world.ends().await
}

/// Posts a task that requires a text, and has a person claim it, up to the form.
async fn claimed(world: &World, agent: &mut Companion) -> Result<(Value, Companion)> {
    let task = json!({
        "title": "Ask when the shop opens",
        "description": "Call the shop and ask when it opens on Saturday.",
        "reward_usd": "10",
        "task_type": "CONTENT_REVIEW",
        "proof_requirements": ["The opening hour on Saturday is stated"],
    });
    let posted = agent.does("post", task).await?;
    let task = posted.get("task_id").context("a task has an id")?.clone();

    let mut sam = world.person("Sam Lee").await?;
    sam.does("signUp", json!({ "name": "Sam Lee" })).await?;
    sam.does("openTask", json!({ "title": "Ask when the shop opens" }))
        .await?;
    sam.does("accept", ()).await?;
    sam.does("beginProof", ()).await?;
    Ok((task, sam))
}

#[tokio::test]
async fn a_proof_that_the_agent_rejects_says_why_on_the_phone() -> Result<()> {
    let world = World::start("rejection").await?;
    let mut agent = world.agent("Acme Research Agent").await?;
    let (task, mut sam) = claimed(&world, &mut agent).await?;
    // The text is so short that no rule approves it, so the agent must decide.
    sam.does("typeConfirmation", json!({ "text": "at nine" }))
        .await?;
    sam.does("tapSendTwice", ()).await?;
    agent
        .does("wait", json!({ "id": task, "statuses": ["MANUAL_REVIEW"] }))
        .await?;

    let reason = "Which day? <b>Saturday</b> was asked.";
    let unmet = ["The opening hour on Saturday is stated"];
    let verdict = json!({ "decision": "REJECT", "reason": reason, "unmet_requirements": unmet });
    agent
        .does("verify", json!({ "id": task, "verdict": verdict }))
        .await?;
    sam.does("openMine", ()).await?;
    sam.does("openTask", json!({ "title": "Ask when the shop opens" }))
        .await?;
    sam.does("seeText", json!({ "text": reason })).await?;
    sam.looks("rejected").await?;
    sam.leaves().await?;
    agent.leaves().await?;
    world.ends().await
}
