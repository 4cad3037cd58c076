//! Operators add a passkey, and come back by it.

use anyhow::{Context as _, Result, ensure};
use serde_json::json;

use crate::{host::fresh_folder, world::World};

const SHOP: &str = "Ask when the shop opens";

#[tokio::test]
async fn an_operator_adds_a_passkey_and_comes_back_by_it() -> Result<()> {
    let world = World::start_with("passkey", [("KYC", "manual".to_owned())]).await?;
    come_back_by_passkey(world).await
}

#[tokio::test]
async fn what_one_server_began_another_server_finishes() -> Result<()> {
    let folder = fresh_folder("passkey-two-servers")?;
    let line = World::line(&folder).await?;
    let world = World::start_two_on(folder, line, [("KYC", "manual".to_owned())]).await?;
    come_back_by_passkey(world).await
}

/// Tells the story; if there are two servers, the other one answers from time to time.
async fn come_back_by_passkey(world: World) -> Result<()> {
    let mut agent = world.agent("Acme").await?;
    let task = json!({
        "title": SHOP,
        "description": "Call the shop and ask when it opens on Saturday.",
        "reward_usd": "10",
        "task_type": "CONTENT_REVIEW",
        "proof_requirements": ["The opening hour on Saturday is stated"],
    });
    agent.does("post", task).await?;
    let mut phone = world.person("Sam Lee").await?;
    phone.does("addAuthenticator", ()).await?;
    phone.looks("sign-in-with-passkey").await?;
    let email = json!({ "email": "sam.lee@example.com" });
    phone.does("requestCode", email).await?;
    world.switch_servers();
    phone.does("enterMailedCode", ()).await?;
    phone
        .does("completeAccount", json!({ "name": "Sam Lee" }))
        .await?;
    phone.does("seePasskeyOffer", ()).await?;
    phone.looks("passkey-offer").await?;
    phone.does("acceptPasskeyOffer", ()).await?;
    ensure!(phone.does("countPasskeys", ()).await? == 1);
    phone.does("openProfile", ()).await?;
    phone.looks("profile-passkeys").await?;
    let operator = phone.does("readOperatorId", ()).await?;
    let operator = operator.as_str().context("an id is text")?;
    let away = json!({ "present": false });
    phone.does("setPresent", &away).await?;
    phone.does("signOut", ()).await?;

    world.switch_servers();
    phone.does("signInByPasskey", ()).await?;
    phone.does("setPresent", &away).await?;
    phone.does("openProfile", ()).await?;
    phone.does("signOut", ()).await?;
    world.switch_servers();
    phone.does("signInByAutofill", ()).await?;
    world.approve(operator).await?;
    phone.does("findTasks", ()).await?;
    phone.does("openTask", json!({ "title": SHOP })).await?;
    phone.does("accept", ()).await?;
    phone.leaves().await?;
    agent.leaves().await?;
    world.ends().await
}

#[tokio::test]
async fn a_passkey_that_is_gone_or_not_verified_signs_nobody_in() -> Result<()> {
    let world = World::start("passkey-refused").await?;
    let mut phone = world.person("Sam Lee").await?;
    phone.does("addAuthenticator", ()).await?;
    phone.does("signUp", json!({ "name": "Sam Lee" })).await?;
    phone.does("acceptPasskeyOffer", ()).await?;
    phone.does("removePasskey", ()).await?;
    phone.does("signOut", ()).await?;
    let unknown = json!({ "text": "This passkey is not known here." });
    phone.does("failToSignInByPasskey", unknown).await?;
    phone.looks("passkey-unknown").await?;
    phone
        .does("setVerified", json!({ "verified": false }))
        .await?;
    let unused = json!({ "text": "No passkey was used." });
    phone.does("failToSignInByPasskey", unused).await?;
    phone.does("signIn", json!({ "name": "Sam Lee" })).await?;
    phone.does("seePasskeyOffer", ()).await?;
    phone.does("refusePasskeyOffer", ()).await?;
    phone.leaves().await?;
    world.ends().await
}
