//! Operators sign up by a code that is sent by e-mail, and come back by another one.

use std::{fs, time::Duration};

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use crate::{companion::Companion, world::World};

/// How often and how many times the folder of mails is looked into, for 30 seconds in all.
const POLL: Duration = Duration::from_millis(100);
const POLLS_MAX: usize = 300;

const EMAIL: &str = "sam.lee@example.com";

/// Starts a server without the development header.
async fn start(story: &str) -> Result<World> {
    let setting = ("ALLOW_DEV_OPERATOR_ID_HEADER", "false".to_owned());
    World::start_with(story, [setting]).await
}

/// Returns the code of the latest mail, once there are `count` mails.
async fn mailed_code(world: &World, count: usize) -> Result<String> {
    let folder = world.data().join("mails");
    let mut mails = Vec::new();
    for _ in 0..POLLS_MAX {
        mails = fs::read_dir(&folder)?
            .map(|entry| Ok(entry?.path()))
            .collect::<Result<Vec<_>>>()?;
        mails.retain(|path| path.extension().is_some_and(|end| end == "eml"));
        if mails.len() >= count {
            break;
        }
        tokio::time::sleep(POLL).await;
    }
    mails.sort();
    let mail = fs::read_to_string(mails.last().context("no mail was written")?)?;
    let subject = mail.lines().find_map(|line| line.strip_prefix("Subject: "));
    let code = subject.and_then(|subject| subject.get(..6));
    Ok(code.context("the mail has no code")?.to_owned())
}

async fn sign_in(world: &World, person: &mut Companion, mails: usize) -> Result<String> {
    person
        .does("requestCode", json!({ "email": EMAIL }))
        .await?;
    let code = mailed_code(world, mails).await?;
    person.does("enterCode", json!({ "code": code })).await?;
    Ok(code)
}

#[tokio::test]
async fn a_stranger_signs_up_by_a_code_and_comes_back_on_another_phone() -> Result<()> {
    let world = start("sign-in").await?;
    let mut agent = world.agent("Acme").await?;
    let task = json!({
        "title": "Ask when the shop opens",
        "description": "Call the shop and ask when it opens on Saturday.",
        "reward_usd": "10",
        "task_type": "CONTENT_REVIEW",
        "proof_requirements": ["The opening hour on Saturday is stated"],
    });
    agent.does("post", task).await?;

    let mut phone = world.person("Sam Lee").await?;
    phone.looks("sign-in-by-email").await?;
    phone.does("requestCode", json!({ "email": EMAIL })).await?;
    phone.looks("sign-in-code").await?;
    let code = mailed_code(&world, 2).await?;
    let wrong = if code == "000000" { "000001" } else { "000000" };
    phone.does("refuseCode", json!({ "code": wrong })).await?;
    phone.does("enterCode", json!({ "code": code })).await?;
    phone
        .does("completeAccount", json!({ "name": "Sam Lee" }))
        .await?;
    phone.looks("signed-up").await?;
    let stored: Value = phone.does("readStorage", ()).await?;
    let stored = stored.to_string();
    ensure!(
        !stored.contains("eyJ") && !stored.contains("humanops_refresh"),
        "a token is stored: {stored}"
    );

    let mut other = world.person("Sam Lee's tablet").await?;
    sign_in(&world, &mut other, 3).await?;
    let title = json!({ "title": "Ask when the shop opens" });
    other.does("openTask", title).await?;
    other.does("accept", ()).await?;
    other.does("signOutOfAccount", ()).await?;
    other.leaves().await?;
    phone.leaves().await?;
    agent.leaves().await?;
    world.ends().await
}

#[tokio::test]
async fn a_session_that_has_ended_keeps_the_path_and_the_phone_signs_in_again() -> Result<()> {
    let world = start("sign-in-again").await?;
    let mut phone = world.person("Sam Lee").await?;
    sign_in(&world, &mut phone, 1).await?;
    phone
        .does("completeAccount", json!({ "name": "Sam Lee" }))
        .await?;
    phone.does("openEarnings", ()).await?;
    world
        .database()?
        .execute("UPDATE session SET ended_at_ms = 1", [])?;
    phone.does("noticeEndedSession", ()).await?;
    sign_in(&world, &mut phone, 2).await?;
    phone
        .does("seeHeading", json!({ "name": "Earnings" }))
        .await?;
    phone.leaves().await?;
    world.ends().await
}
