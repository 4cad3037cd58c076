//! The crypto package in a page, under the content security policy of the app.

use anyhow::{Context, Result};
use serde_json::json;

use crate::{
    companion::Companion,
    world::{World, chromium},
};

#[tokio::test]
async fn the_package_opens_every_vector_in_a_page_as_web_crypto_does() -> Result<()> {
    let world = World::start("package").await?;
    let app = reqwest::get(format!("http://{}/", world.line.address)).await?;
    let policy = app.headers().get("content-security-policy");
    let policy = policy
        .context("the app is served with a policy")?
        .to_str()?;

    let mut browser = Companion::start("package", "package.mjs", &[], &world.logs())?;
    let order = json!({ "chromium": chromium(), "policy": policy });
    let outcome = browser.does("run", order).await?;
    assert_eq!(outcome["faults"], json!([]), "{outcome:#}");
    let report = &outcome["report"];
    assert_eq!(
        report["vectorsAlike"],
        json!([true, true, true, true, true]),
        "{outcome:#}"
    );
    assert_eq!(
        report["tripsAlike"],
        json!([true, true, true]),
        "{outcome:#}"
    );
    browser.leaves().await?;
    world.ends().await
}
