//! A claimed task from its estimate to its revision, as an operator uses it on a phone.

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use crate::{companion::Companion, world::World};

const TITLE: &str = "Ask when the shop opens";
const WORDS: &str = "Called the shop at ten: it opens at nine on Saturdays.";

async fn meet(world: &World, more: Value) -> Result<(Companion, Value, Companion)> {
    let mut agent = world.agent("Acme Research Agent").await?;
    let mut task = json!({
        "title": TITLE,
        "description": "Call the shop and ask when it opens on Saturday.",
        "reward_usd": "10",
        "task_type": "CONTENT_REVIEW",
        "proof_requirements": ["The opening hour on Saturday is stated"],
    });
    if let (Some(task), Value::Object(more)) = (task.as_object_mut(), more) {
        task.extend(more);
    }
    let posted = agent.does("post", task).await?;
    let task = posted.get("task_id").cloned().context("a task has an id")?;
    let mut sam = world.person("Sam Lee").await?;
    sam.does("signUp", json!({ "name": "Sam Lee" })).await?;
    sam.does("openTask", json!({ "title": TITLE })).await?;
    Ok((agent, task, sam))
}

async fn draft(sam: &mut Companion, answers: &Value) -> Result<Value> {
    let typed = json!({ "text": WORDS, "answers": answers });
    sam.does("draftConfirmation", typed).await
}

async fn see_draft(sam: &mut Companion, answers: &Value) -> Result<Value> {
    let typed = json!({ "text": WORDS, "answers": answers });
    sam.does("seeDraft", typed).await
}

#[tokio::test]
async fn a_task_with_an_estimate_and_typed_answers_is_done_on_the_phone() -> Result<()> {
    let world = World::start("estimate").await?;
    let wanted = json!({
        "require_estimate": true,
        "result_schema": {
            "type": "object",
            "required": ["opens_at", "tables", "terrace"],
            "properties": {
                "opens_at": { "type": "string", "title": "Opens at", "description": "By the clock." },
                "tables": { "type": "integer", "minimum": 1 },
                "terrace": { "type": "boolean" },
                "kind": { "enum": ["café", "bakery"] },
            },
        },
    });
    let (mut agent, task, mut sam) = meet(&world, wanted).await?;
    sam.looks("estimate-form").await?;
    sam.does("estimate", json!({ "minutes": "30 min" })).await?;
    sam.looks("estimate-waiting").await?;
    let asked = agent.does("task", json!({ "id": task })).await?;
    assert_eq!(asked["estimate"]["estimate_minutes"], 30);
    agent.does("approveEstimate", json!({ "id": task })).await?;
    sam.does("reload", ()).await?;
    sam.does("seeStatus", json!({ "status": "Accepted" }))
        .await?;

    // Drafts survive closing the page.
    sam.does("beginProof", ()).await?;
    let answers = json!({ "Opens at": "9:00", "tables": "many", "terrace": "Yes" });
    draft(&mut sam, &answers).await?;
    sam.does("sendConfirmation", ()).await?;
    sam.does("seeText", json!({ "text": "Enter a number." }))
        .await?;
    sam.looks("typed-answers").await?;
    let answers = json!({ "Opens at": "9:00", "tables": "12", "terrace": "Yes" });
    draft(&mut sam, &answers).await?;
    sam.does("openMine", ()).await?;
    sam.does("reload", ()).await?;
    sam.looks("mine-draft").await?;
    sam.does("goOnWithProof", ()).await?;
    see_draft(&mut sam, &answers).await?;

    // The server refuses what only it can check, and the person can correct it.
    let none = json!({ "Opens at": "9:00", "tables": "0", "terrace": "Yes" });
    draft(&mut sam, &none).await?;
    sam.does("sendConfirmation", ()).await?;
    sam.does("seeText", json!({ "text": "Correction needed" }))
        .await?;
    sam.looks("proof-refused").await?;

    // A refused proof waits for the person's decision, also after the app was closed.
    let sent = world.line.submissions();
    sam.does("reload", ()).await?;
    sam.does("seeText", json!({ "text": "Correction needed" }))
        .await?;
    sam.does("openMine", ()).await?;
    assert_eq!(world.line.submissions(), sent, "sent again unasked");
    sam.does("changeProof", ()).await?;
    see_draft(&mut sam, &none).await?;
    draft(&mut sam, &answers).await?;

    // The server is temporarily overloaded, and the phone retries by itself.
    world.line.refuse_once();
    sam.does("sendConfirmation", ()).await?;
    world.line.wait_until_refused().await?;
    sam.does("seeStatus", json!({ "status": "Completed" }))
        .await?;
    sam.looks("typed-answers-sent").await?;
    sam.leaves().await?;
    let done = agent.does("task", json!({ "id": task })).await?;
    let typed = json!({ "opens_at": "9:00", "tables": 12, "terrace": true });
    assert_eq!(done["result"], typed);
    agent.leaves().await?;
    world.ends().await
}

#[tokio::test]
async fn what_one_tab_sent_another_tab_does_not_send_again() -> Result<()> {
    const UNAVAILABLE: &str = "HTTP/1.1 511 Network Authentication Required\r\n\
        Content-Length: 0\r\nConnection: close\r\n\r\n";
    let world = World::start("tabs").await?;
    let (agent, _, mut sam) = meet(&world, json!({})).await?;
    sam.does("accept", ()).await?;
    sam.does("beginProof", ()).await?;
    sam.does("typeConfirmation", json!({ "text": WORDS }))
        .await?;
    world.line.intercept("/submit HTTP/1.1", UNAVAILABLE);
    sam.does("sendConfirmation", ()).await?;
    sam.does("seeNothingIsLost", ()).await?;
    sam.does("openSecondTab", json!({ "path": "/mine" }))
        .await?;
    sam.does("seeNothingIsLost", ()).await?;
    sam.does("backToFirstTab", ()).await?;
    world.line.mend();
    sam.does("sendNowHere", ()).await?;
    sam.does("seeStatus", json!({ "status": "Completed" }))
        .await?;
    sam.does("toSecondTab", ()).await?;
    sam.does("seeNothingWaits", ()).await?;
    assert_eq!(world.line.submissions(), 1, "sent by both tabs");
    sam.leaves().await?;
    agent.leaves().await?;
    world.ends().await
}

#[tokio::test]
async fn a_task_is_given_back_a_draft_discarded_and_a_revision_seen() -> Result<()> {
    let world = World::start("revision").await?;
    let (mut agent, task, mut sam) = meet(&world, json!({})).await?;
    sam.does("acceptAndLeave", ()).await?;
    sam.does("openMine", ()).await?;
    sam.does("openTask", json!({ "title": TITLE })).await?;
    sam.does("giveBack", ()).await?;
    let free = agent.does("task", json!({ "id": task })).await?;
    assert_eq!(free["status"], "PENDING");

    sam.does("accept", ()).await?;
    sam.does("beginProof", ()).await?;
    let draft = json!({ "text": "never mind", "answers": {} });
    sam.does("draftConfirmation", draft).await?;
    sam.does("openMine", ()).await?;
    world.end_sessions()?;
    sam.does("noticeEndedSession", ()).await?;
    sam.does("signIn", json!({ "name": "Sam Lee" })).await?;
    sam.does("openMine", ()).await?;
    sam.does("discardProof", ()).await?;

    sam.does("openTask", json!({ "title": TITLE })).await?;
    sam.does("beginProof", ()).await?;
    sam.does("seeDraft", json!({ "text": "", "answers": {} }))
        .await?;
    sam.does("typeConfirmation", json!({ "text": "at nine" }))
        .await?;
    sam.does("sendConfirmation", ()).await?;
    let waiting = json!({ "id": task, "statuses": ["MANUAL_REVIEW"] });
    agent.does("wait", waiting).await?;
    let wish = json!({ "reason": "Which day is that?", "unmet_requirements": [] });
    agent
        .does("requestRevision", json!({ "id": task, "wish": wish }))
        .await?;
    sam.does("reload", ()).await?;
    sam.does("seeText", json!({ "text": "The agent asked for changes" }))
        .await?;
    sam.does("seeText", json!({ "text": "Which day is that?" }))
        .await?;
    sam.looks("revision").await?;
    sam.does("beginProof", ()).await?;
    sam.does("typeConfirmation", json!({ "text": WORDS }))
        .await?;
    sam.does("sendConfirmation", ()).await?;
    let paid = json!({ "id": task, "statuses": ["COMPLETED"] });
    let done = agent.does("wait", paid).await?;
    assert_eq!(done["proof"]["confirmation_text"], WORDS);
    sam.leaves().await?;
    agent.leaves().await?;
    world.ends().await
}

#[tokio::test]
async fn a_list_longer_than_a_page_is_shown_to_its_end() -> Result<()> {
    const AGENTS: usize = 3;
    const EACH: usize = 35;
    let world = World::start_with("list", [("RATE_LIMIT", "off".to_owned())]).await?;
    for number in 0..AGENTS {
        let mut agent = world.agent(&format!("Agent {number}")).await?;
        for task in 0..EACH {
            let posted = json!({
                "title": format!("Task {task} of agent {number}"),
                "description": "Call the shop and ask when it opens on Saturday.",
                "reward_usd": "10",
                "task_type": "CONTENT_REVIEW",
                "proof_requirements": ["The opening hour on Saturday is stated"],
            });
            agent.does("post", posted).await?;
        }
        agent.leaves().await?;
    }
    let mut sam = world.person("Sam Lee").await?;
    sam.does("signUp", json!({ "name": "Sam Lee" })).await?;
    sam.does("seeText", json!({ "text": "105 open tasks" }))
        .await?;
    sam.does("showMore", json!({ "last": "Task 0 of agent 0" }))
        .await?;
    sam.looks("tasks-more").await?;
    sam.does("openTask", json!({ "title": "Task 0 of agent 0" }))
        .await?;
    sam.leaves().await?;
    world.ends().await
}

#[tokio::test]
async fn whoever_may_not_take_a_task_yet_is_told_why() -> Result<()> {
    let world = World::start_with("kyc", [("KYC", "manual".to_owned())]).await?;
    let (agent, _, mut sam) = meet(&world, json!({})).await?;
    sam.does("seeText", json!({ "text": "You cannot accept this task" }))
        .await?;
    sam.looks("task-not-for-me").await?;
    sam.leaves().await?;
    agent.leaves().await?;
    world.ends().await
}
