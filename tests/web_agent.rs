//! An agent in a web page: the browser lets it call the operations of agents with its key, and no
//! others.

use anyhow::Result;
use serde_json::json;

use crate::{
    companion::Companion,
    world::{World, chromium},
};

#[tokio::test]
async fn an_agent_in_a_page_of_another_origin_calls_with_its_key_and_nothing_else() -> Result<()> {
    let world = World::start("web agent").await?;
    let mut page = Companion::start("web agent", "web-agent.mjs", &[], &world.logs())?;
    let server = format!("http://{}", world.line.address);
    let order = json!({ "chromium": chromium(), "server": server });
    let lived = page.does("run", order).await?;
    let told = |name: &str, field: &str| lived[name][field].clone();
    assert_eq!(lived["registered"], 201, "{lived:#}");
    assert_eq!(told("me", "status"), 200, "{lived:#}");
    assert_eq!(told("me", "requestId"), "of-a-page", "{lived:#}");
    assert_eq!(told("paid", "status"), 201, "{lived:#}");
    assert_eq!(told("paidAgain", "replayed"), "true", "{lived:#}");
    assert_eq!(told("refused", "status"), 400, "{lived:#}");
    assert_eq!(lived["refused"]["body"]["code"], "validation", "{lived:#}");
    assert!(told("refused", "limit").is_string(), "{lived:#}");
    assert_eq!(told("unknown", "status"), 401, "{lived:#}");
    assert_eq!(told("changed", "status"), 200, "{lived:#}");
    // No event has this id, but CORS allowed the request.
    assert_eq!(lived["events"], 400, "{lived:#}");
    let kept = json!({ "host": true, "operator": true, "register": true, "asHost": true });
    assert_eq!(lived["kept"], kept, "{lived:#}");
    page.leaves().await?;
    world.ends().await
}
