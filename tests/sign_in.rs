//! Operators sign up by a code that is sent by e-mail, come back by another one, and sign out.

use std::fs;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use crate::{companion::Companion, world::World};

const EMAIL: &str = "sam.lee@example.com";
const SHOP: &str = "Ask when the shop opens";

async fn post(agent: &mut Companion) -> Result<Value> {
    let task = json!({
        "title": SHOP,
        "description": "Call the shop and ask when it opens on Saturday.",
        "reward_usd": "10",
        "task_type": "CONTENT_REVIEW",
        "proof_requirements": ["The opening hour on Saturday is stated"],
    });
    let posted = agent.does("post", task).await?;
    posted.get("task_id").cloned().context("a task has an id")
}

/// Signs an operator up, who accepts the task about the shop and opens the form of its proof.
async fn begin_proof(phone: &mut Companion) -> Result<()> {
    phone.does("signUp", json!({ "name": "Sam Lee" })).await?;
    phone.does("openTask", json!({ "title": SHOP })).await?;
    phone.does("accept", ()).await?;
    phone.does("beginProof", ()).await?;
    Ok(())
}

/// Returns the access token of the last request, and the refresh token of the cookie.
async fn tokens(person: &mut Companion) -> Result<[String; 2]> {
    Ok(serde_json::from_value(
        person.does("readTokens", ()).await?,
    )?)
}

/// Returns everything that scripts of the page can read of what the browser stores.
async fn storage(world: &World, person: &mut Companion) -> Result<String> {
    let file = world.folder.join("storage.json");
    person.does("dumpStorage", json!({ "into": file })).await?;
    Ok(fs::read_to_string(file)?)
}

#[tokio::test]
async fn a_stranger_signs_up_by_a_code_and_comes_back_on_another_phone() -> Result<()> {
    let world = World::start("sign-in").await?;
    let mut agent = world.agent("Acme").await?;
    post(&mut agent).await?;

    let mut phone = world.person("Sam Lee").await?;
    phone.looks("sign-in-by-email").await?;
    phone.does("requestCode", json!({ "email": EMAIL })).await?;
    phone.looks("sign-in-code").await?;
    // A phone that is short of memory discards the page while its owner reads the mail.
    phone.does("reload", ()).await?;
    phone.does("enterWrongCode", ()).await?;
    phone.does("enterMailedCode", ()).await?;
    let name = json!({ "name": "Sam Lee" });
    phone.does("completeAccount", &name).await?;
    phone.looks("signed-up").await?;
    // An answer that belongs to no sign-in, as of a page in the history or of a foreign link.
    for query in ["code=a&state=b", "error=Call%20%2B1%20800%20555"] {
        let path = format!("/sign-in?{query}");
        phone.does("openPath", json!({ "path": path })).await?;
        phone.does("continueSignedIn", ()).await?;
    }
    let tokens = tokens(&mut phone).await?;
    let stored = storage(&world, &mut phone).await?;
    for token in tokens {
        ensure!(token.len() > 40, "no token: {token}");
        ensure!(!stored.contains(&token), "a token is stored");
    }

    let mut other = world.person("Sam Lee's tablet").await?;
    other.does("signIn", &name).await?;
    other.does("openTask", json!({ "title": SHOP })).await?;
    other.does("accept", ()).await?;
    other.does("openProfile", ()).await?;
    other.looks("devices").await?;
    other.does("endOtherSession", ()).await?;
    phone.does("noticeEndedSession", ()).await?;
    other.does("signOut", ()).await?;
    other.leaves().await?;
    phone.leaves().await?;
    agent.leaves().await?;
    world.ends().await
}

#[tokio::test]
async fn a_session_that_has_ended_keeps_the_path_and_the_phone_signs_in_again() -> Result<()> {
    let world = World::start("sign-in-again").await?;
    let mut phone = world.person("Sam Lee").await?;
    let name = json!({ "name": "Sam Lee" });
    phone.does("signUp", &name).await?;
    phone.does("openEarnings", ()).await?;
    world.end_sessions()?;
    phone.does("noticeEndedSession", ()).await?;
    phone.does("signIn", &name).await?;
    phone
        .does("seeHeading", json!({ "name": "Earnings" }))
        .await?;
    phone.leaves().await?;
    world.ends().await
}

/// Both tabs have the same cookie, which renews the session of the second person.
#[tokio::test]
async fn a_tab_sends_nothing_as_another_person_who_signed_in_in_a_second_tab() -> Result<()> {
    let world = World::start("sign-in-two-people").await?;
    let mut agent = world.agent("Acme").await?;
    post(&mut agent).await?;
    let mut phone = world.person("Sam Lee").await?;
    phone.does("signUp", json!({ "name": "Sam Lee" })).await?;
    phone.does("openTask", json!({ "title": SHOP })).await?;
    phone
        .does("openSecondTab", json!({ "path": "/profile" }))
        .await?;
    phone.does("signOut", ()).await?;
    let jo = json!({ "name": "Jo Park" });
    phone.does("signUp", &jo).await?;
    phone.does("backToFirstTab", ()).await?;
    phone.does("acceptSignedOut", ()).await?;
    phone.does("acceptSignedOut", ()).await?;
    phone.does("continueAs", &jo).await?;
    let operators = world.stored("task", "COALESCE(operator_id, '')")?;
    ensure!(operators == [""], "{operators:?}");
    phone.leaves().await?;
    agent.leaves().await?;
    world.ends().await
}

#[tokio::test]
async fn an_account_that_another_tab_has_created_is_signed_in() -> Result<()> {
    let world = World::start("sign-up-tabs").await?;
    let mut phone = world.person("Sam Lee").await?;
    let name = json!({ "name": "Sam Lee" });
    phone.does("requestCode", json!({ "email": EMAIL })).await?;
    phone.does("enterMailedCode", ()).await?;
    let create = json!({ "name": "Create an account" });
    phone.does("seeHeading", &create).await?;
    let path = json!({ "path": "/sign-up" });
    phone.does("openSecondTab", path).await?;
    phone.does("seeHeading", &create).await?;
    phone.does("completeAccount", &name).await?;
    phone.does("backToFirstTab", ()).await?;
    phone.does("completeAccount", &name).await?;
    phone.leaves().await?;
    world.ends().await
}

/// The server refuses what the phone sends in the middle of a proof. Nothing is typed again.
#[tokio::test]
async fn a_proof_is_sent_after_its_operator_has_signed_in_again() -> Result<()> {
    let world = World::start("proof-sign-in").await?;
    let mut agent = world.agent("Acme").await?;
    let task = post(&mut agent).await?;
    let mut phone = world.person("Sam Lee").await?;
    begin_proof(&mut phone).await?;
    let words = json!({ "text": "Called them at ten: they open at nine on Saturdays." });
    phone.does("typeConfirmation", words).await?;
    world.end_sessions()?;
    phone.does("sendConfirmation", ()).await?;
    phone.does("seeEndedSession", ()).await?;
    phone.looks("session-ended").await?;
    phone.does("signInAgain", ()).await?;
    phone.does("signIn", json!({ "name": "Sam Lee" })).await?;
    let completed = json!({ "id": task, "statuses": ["COMPLETED"] });
    agent.does("wait", completed).await?;
    phone.leaves().await?;
    agent.leaves().await?;
    world.ends().await
}

/// A token lasts a quarter of an hour by the phone's clock, whatever time that shows.
#[tokio::test]
async fn a_phone_with_a_wrong_clock_renews_its_session_silently() -> Result<()> {
    let world = World::start("phone-clock").await?;
    for (name, minutes) in [("Sam Lee", 60), ("Kim Roe", -60)] {
        let mut phone = world.person(name).await?;
        let shift = json!({ "minutes": minutes });
        phone.does("shiftClock", shift).await?;
        phone.does("signUp", json!({ "name": name })).await?;
        let [first, _] = tokens(&mut phone).await?;
        phone.does("passTime", json!({ "minutes": 16 })).await?;
        phone.does("openEarnings", ()).await?;
        phone
            .does("seeText", json!({ "text": "Available" }))
            .await?;
        let [second, _] = tokens(&mut phone).await?;
        ensure!(first != second, "the token was not renewed");
        phone.leaves().await?;
    }
    world.ends().await
}

#[tokio::test]
async fn a_link_to_a_task_survives_sign_up() -> Result<()> {
    let world = World::start("sign-up-link").await?;
    let mut agent = world.agent("Acme").await?;
    let task = post(&mut agent).await?;
    let path = format!("/tasks/{}", task.as_str().context("an id is text")?);
    let mut phone = world.person("Sam Lee").await?;
    phone.does("openPath", json!({ "path": path })).await?;
    phone.does("signUp", json!({ "name": "Sam Lee" })).await?;
    phone.does("seeHeading", json!({ "name": SHOP })).await?;
    phone.does("accept", ()).await?;
    phone.leaves().await?;
    agent.leaves().await?;
    world.ends().await
}

/// The code proves the address, and the account can be completed after a reload.
#[tokio::test]
async fn a_page_reloaded_during_sign_up_goes_on() -> Result<()> {
    let world = World::start("sign-up-reload").await?;
    let mut phone = world.person("Sam Lee").await?;
    phone.does("requestCode", json!({ "email": EMAIL })).await?;
    phone.does("enterMailedCode", ()).await?;
    phone
        .does("seeHeading", json!({ "name": "Create an account" }))
        .await?;
    phone.does("reload", ()).await?;
    phone
        .does("completeAccount", json!({ "name": "Sam Lee" }))
        .await?;
    phone.leaves().await?;
    world.ends().await
}

#[tokio::test]
async fn a_sign_out_asks_before_it_deletes_what_is_unsent_and_leaves_nothing() -> Result<()> {
    let world = World::start("sign-out").await?;
    let mut agent = world.agent("Acme").await?;
    post(&mut agent).await?;
    let mut phone = world.person("Sam Lee").await?;
    begin_proof(&mut phone).await?;
    let draft = json!({ "text": "a draft of nine words", "answers": {} });
    phone.does("draftConfirmation", draft).await?;
    phone.does("keepSignedIn", ()).await?;
    phone.looks("sign-out").await?;
    let stored: Value = serde_json::from_str(&storage(&world, &mut phone).await?)?;
    ensure!(stored["databases"].to_string().contains("a draft of nine"));

    phone.does("signOutAndDelete", ()).await?;
    let stored: Value = serde_json::from_str(&storage(&world, &mut phone).await?)?;
    let (databases, local) = (stored["databases"].to_string(), &stored["localStorage"]);
    ensure!(!databases.contains("a draft"), "still there: {databases}");
    ensure!(local == "{}", "still there: {local}");
    phone.leaves().await?;
    agent.leaves().await?;
    world.ends().await
}
