//! Operators sign in at an OpenID Connect issuer, by `oidc-provider`.

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use crate::{companion::Companion, host::fresh_folder, world::World};

const SHOP: &str = "Ask when the shop opens";

/// The servers of a story.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Servers {
    One,
    TwoOnPostgres,
}

/// Starts an issuer, and servers at which operators sign in only there.
async fn start(story: &str, servers: Servers, verified: bool) -> Result<(World, Companion)> {
    let folder = fresh_folder(story)?;
    let line = World::line(&folder).await?;
    let mut issuer = Companion::start("issuer", "issuer.mjs", &[], &folder.join("logs"))?;
    let client = json!({ "app": World::url_of(&line), "verified": verified });
    let started: Value = issuer.does("start", client).await?;
    let url = started
        .get("url")
        .and_then(Value::as_str)
        .context("an issuer has a URL")?;
    let settings = [
        ("OIDC_ISSUER", url.to_owned()),
        ("OIDC_CLIENT_ID", "humanops-app".to_owned()),
        ("BUILTIN_SIGN_IN", "off".to_owned()),
        ("KYC", "manual".to_owned()),
    ];
    let world = match servers {
        Servers::One => World::start_on(folder, line, settings).await?,
        Servers::TwoOnPostgres => World::start_two_on(folder, line, settings).await?,
    };
    Ok((world, issuer))
}

async fn post(agent: &mut Companion) -> Result<()> {
    let task = json!({
        "title": SHOP,
        "description": "Call the shop and ask when it opens on Saturday.",
        "reward_usd": "10",
        "task_type": "CONTENT_REVIEW",
        "proof_requirements": ["The opening hour on Saturday is stated"],
    });
    agent.does("post", task).await.map(drop)
}

/// Has the host approve the operator who is signed in on the phone.
async fn approve(world: &World, phone: &mut Companion) -> Result<()> {
    phone.does("openProfile", ()).await?;
    let operator = phone.does("readOperatorId", ()).await?;
    world
        .approve(operator.as_str().context("an id is text")?)
        .await
}

#[tokio::test]
async fn an_operator_signs_in_at_an_issuer_and_accepts_a_task() -> Result<()> {
    let (world, issuer) = start("issuer", Servers::One, true).await?;
    accept_a_task(world, issuer).await
}

#[tokio::test]
async fn an_operator_of_an_issuer_can_use_every_server_of_a_database() -> Result<()> {
    let (world, issuer) = start("issuer-two-servers", Servers::TwoOnPostgres, true).await?;
    accept_a_task(world, issuer).await
}

/// Tells the story; if there are two servers, the other one answers from time to time.
async fn accept_a_task(world: World, issuer: Companion) -> Result<()> {
    let mut agent = world.agent("Acme").await?;
    post(&mut agent).await?;
    let mut phone = world.person("Sam Lee").await?;
    phone.looks("sign-in-at-issuer").await?;
    let sam = json!({ "login": "sam" });
    phone.does("signInAtIssuer", &sam).await?;
    phone
        .does("completeAccount", json!({ "name": "Sam Lee" }))
        .await?;
    approve(&world, &mut phone).await?;
    phone.looks("profile-at-issuer").await?;
    phone.does("findTasks", ()).await?;
    phone.does("openTask", json!({ "title": SHOP })).await?;

    // The token is in memory only, and the issuer renews it without a question.
    world.switch_servers();
    phone.does("reload", ()).await?;
    phone.does("seeHeading", json!({ "name": SHOP })).await?;
    phone.does("accept", ()).await?;

    phone.does("openProfile", ()).await?;
    phone.does("signOutAtIssuer", ()).await?;
    world.switch_servers();
    phone
        .does("openPath", json!({ "path": "/earnings" }))
        .await?;
    phone.does("signInAtIssuer", &sam).await?;
    phone
        .does("seeHeading", json!({ "name": "Earnings" }))
        .await?;
    phone.leaves().await?;
    agent.leaves().await?;
    issuer.leaves().await?;
    world.ends().await
}

#[tokio::test]
async fn an_address_that_the_issuer_has_not_verified_is_confirmed_by_a_code() -> Result<()> {
    let (world, issuer) = start("issuer-unverified", Servers::One, false).await?;
    let mut agent = world.agent("Acme").await?;
    post(&mut agent).await?;
    let mut phone = world.person("Sam Lee").await?;
    phone
        .does("signInAtIssuer", json!({ "login": "sam" }))
        .await?;
    let account = json!({ "name": "Sam Lee", "email": "sam.lee@example.com" });
    phone.does("completeUnverifiedAccount", account).await?;
    approve(&world, &mut phone).await?;
    phone.looks("confirm-email").await?;
    phone.does("confirmEmail", ()).await?;
    phone.does("findTasks", ()).await?;
    phone.does("openTask", json!({ "title": SHOP })).await?;
    phone.does("accept", ()).await?;
    phone.does("openProfile", ()).await?;
    let email = json!({ "text": "sam.lee@example.com" });
    phone.does("seeText", email).await?;
    phone.leaves().await?;
    agent.leaves().await?;
    issuer.leaves().await?;
    world.ends().await
}
