//! Accessibility: every screen works by keyboard, enlarged, dark and offline, and an agent's text
//! is displayed as text.
//!
//! In every story, checking a screen runs axe (WCAG 2.2 A and AA) in the light and dark themes, and
//! checks that 200 % zoom needs no horizontal scrolling and that page translation keeps amounts and
//! ids. The screens that no other story reaches are visited here.

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use crate::{companion::Companion, world::World};

/// The text of an agent that tries to run script on the operator's phone.
const HOSTILE: &str = concat!(
    "<img src=x onerror=\"document.title='owned'\"> <script>document.title='owned'</script> ",
    "[here](javascript:document.title='owned') {{7*7}} \u{202e}gpj.exe",
);

#[tokio::test]
async fn every_other_screen_is_accessible_too() -> Result<()> {
    let world = World::start("screens").await?;
    let mut sam = world.person("Sam Lee").await?;
    sam.looks("sign-in").await?;
    let name = json!({ "name": "Sam Lee" });
    sam.does("signUpWrongly", &name).await?;
    sam.looks("sign-up-refused").await?;
    sam.does("completeAccount", &name).await?;
    sam.looks("tasks-empty").await?;
    sam.does("openMine", ()).await?;
    sam.looks("mine-empty").await?;
    sam.does("openEarnings", ()).await?;
    sam.looks("earnings-empty").await?;
    sam.does("openProfile", ()).await?;
    sam.looks("profile").await?;
    sam.does(
        "openPath",
        json!({ "path": "/tasks/task_01KB0000000000000000000000" }),
    )
    .await?;
    sam.looks("task-of-nobody").await?;
    sam.does("openPath", json!({ "path": "/no/such/page" }))
        .await?;
    sam.looks("page-of-nothing").await?;
    sam.leaves().await?;
    world.ends().await
}

#[tokio::test]
async fn a_task_is_found_and_accepted_by_keyboard_alone() -> Result<()> {
    let world = World::start("keyboard").await?;
    let mut agent = world.agent("Acme Research Agent").await?;
    let task = agent
        .does(
            "post",
            confirmation("Ask when the shop opens", "Call them."),
        )
        .await?;
    let mut sam = world.person("Sam Lee").await?;
    sam.does("signUpByKeyboard", json!({ "name": "Sam Lee" }))
        .await?;
    sam.does(
        "openTaskByKeyboard",
        json!({ "title": "Ask when the shop opens" }),
    )
    .await?;
    sam.does("acceptByKeyboard", ()).await?;
    sam.leaves().await?;
    let task = agent.does("task", json!({ "id": task["task_id"] })).await?;
    assert_eq!(task["status"], "ACCEPTED");
    assert_eq!(task["operator"]["name"], "Sam L.");
    agent.leaves().await?;
    world.ends().await
}

#[tokio::test]
async fn what_a_hostile_agent_writes_is_shown_as_text() -> Result<()> {
    let world = World::start("hostile").await?;
    let mut agent = world.agent("<b onclick=alert(1)>Mallory</b>").await?;
    agent.does("post", confirmation(HOSTILE, HOSTILE)).await?;
    let mut sam = world.person("Sam Lee").await?;
    sam.does("signUp", json!({ "name": "Sam Lee" })).await?;
    sam.looks("hostile-list").await?;
    sam.does("openTask", json!({ "title": HOSTILE })).await?;
    sam.does("seeText", json!({ "text": "onerror=" })).await?;
    sam.does(
        "seeText",
        json!({ "text": "<b onclick=alert(1)>Mallory</b>" }),
    )
    .await?;
    sam.does("seeNothingRan", ()).await?;
    sam.looks("hostile-task").await?;
    sam.leaves().await?;
    agent.leaves().await?;
    world.ends().await
}

#[tokio::test]
async fn the_app_installs_and_opens_without_a_network() -> Result<()> {
    let world = World::start("install").await?;
    let mut sam = world.person("Sam Lee").await?;
    sam.does("signUp", json!({ "name": "Sam Lee" })).await?;
    sam.does("canInstall", ()).await?;
    sam.does("keepShell", ()).await?;
    sam.does("goOffline", ()).await?;
    sam.does("reload", ()).await?;
    sam.does("seeOffline", ()).await?;
    sam.looks("offline").await?;
    sam.does("goOnline", ()).await?;
    sam.leaves().await?;
    world.ends().await
}

/// In every state of a component its text and icons have enough contrast, in the light and dark
/// themes, also while it is hovered, focused or busy. No rule of the style sheet is left out.
#[tokio::test]
async fn every_state_of_every_component_has_enough_contrast() -> Result<()> {
    let world = World::start("gallery").await?;
    let mut sam = world.person("Sam Lee").await?;
    sam.does("enterGallery", ()).await?;
    let states = sam.does("galleryStates", ()).await?;
    for name in states.as_array().into_iter().flatten() {
        sam.does("seeState", json!({ "name": name })).await?;
    }
    sam.does("seeUnseen", ()).await?;
    sam.leaves().await?;
    world.ends().await
}

#[tokio::test]
async fn a_page_that_the_browser_translated_shows_what_changes() -> Result<()> {
    let world = World::start("translated").await?;
    let mut agent = world.agent("Acme Research Agent").await?;
    let title = "Ask when the shop opens";
    agent
        .does("post", confirmation(title, "Call them."))
        .await?;
    let mut sam = world.person("Sam Lee").await?;
    sam.does("signUp", json!({ "name": "Sam Lee" })).await?;
    sam.does("openTask", json!({ "title": title })).await?;
    sam.does("seeStatus", json!({ "status": "Open" })).await?;
    sam.does("translate", json!({ "goesOn": false })).await?;
    sam.does("accept", ()).await?;
    sam.does("seeNoText", json!({ "text": "Open" })).await?;
    sam.looks("translated").await?;

    sam.does("translate", json!({ "goesOn": true })).await?;
    sam.does("beginProof", ()).await?;
    let words = json!({ "text": "Called the shop at ten: it opens at nine on Saturdays." });
    sam.does("typeConfirmation", words).await?;
    sam.does("sendConfirmation", ()).await?;
    sam.does("seeStatus", json!({ "status": "Completed" }))
        .await?;
    sam.does("seeNoText", json!({ "text": "Accepted" })).await?;
    sam.does("openEarnings", ()).await?;
    sam.does("seeNoText", json!({ "text": "Searching…" }))
        .await?;
    sam.leaves().await?;
    agent.leaves().await?;
    world.ends().await
}

/// On every screen with an amount or an id, a translator leaves it as it is.
#[tokio::test]
async fn amounts_and_ids_are_not_translated() -> Result<()> {
    let world = World::start("not-translated").await?;
    let mut agent = world.agent("Acme Research Agent").await?;
    let title = "Ask when the shop opens";
    let posted = agent
        .does("post", confirmation(title, "Call them."))
        .await?;
    let mut sam = world.person("Sam Lee").await?;
    sam.does("signUp", json!({ "name": "Sam Lee" })).await?;
    see_marked(&mut sam, &["US$10.00"]).await?;
    sam.does("openTask", json!({ "title": title })).await?;
    see_marked(&mut sam, &["US$10.00", "US$10.00"]).await?;
    sam.does("accept", ()).await?;
    see_marked(&mut sam, &["US$10.00"]).await?;

    sam.does("beginProof", ()).await?;
    // The text is so short that no rule approves it, so the agent must decide.
    sam.does("typeConfirmation", json!({ "text": "at nine" }))
        .await?;
    sam.does("sendConfirmation", ()).await?;
    let reviewed = json!({ "text": "The agent is reviewing your proof" });
    sam.does("seeText", reviewed).await?;
    see_marked(&mut sam, &["US$10.00", "US$10.00"]).await?;
    let verdict = json!({ "decision": "APPROVE" });
    let id = &posted["task_id"];
    agent
        .does("verify", json!({ "id": id, "verdict": verdict }))
        .await?;
    sam.does("reload", ()).await?;
    sam.does("seeText", json!({ "text": "You earned" })).await?;
    see_marked(&mut sam, &["US$10.00", "US$10.00"]).await?;

    sam.does("openProfile", ()).await?;
    let operator = sam.does("readOperatorId", ()).await?;
    let operator = operator.as_str().context("an id is text")?;
    see_marked(&mut sam, &[operator]).await?;
    let nobodys = json!({ "path": "/tasks/task_01KB0000000000000000000000" });
    sam.does("openPath", nobodys).await?;
    let seen = sam.does("readAmountsAndIds", ()).await?;
    let is_request = |id: &Value| id.as_str().is_some_and(|id| id.starts_with("req_"));
    assert!(
        seen.as_array()
            .is_some_and(|ids| ids.iter().all(is_request) && ids.len() == 1)
    );
    sam.leaves().await?;
    agent.leaves().await?;
    world.ends().await
}

/// Checks which amounts and ids the screen shows. If one of them may be translated, the story fails
/// when the person leaves.
async fn see_marked(sam: &mut Companion, expected: &[&str]) -> Result<()> {
    let seen = sam.does("readAmountsAndIds", ()).await?;
    ensure!(seen == json!(expected), "{seen} instead of {expected:?}");
    Ok(())
}

fn confirmation(title: &str, description: &str) -> serde_json::Value {
    json!({
        "title": title,
        "description": description,
        "reward_usd": "10",
        "task_type": "CONTENT_REVIEW",
        "proof_requirements": [description],
    })
}
