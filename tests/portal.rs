//! A captive portal, or another stranger in the network, answers in place of the server. The phone
//! accepts only the server's responses.

use anyhow::Result;
use serde_json::{Value, json};

use crate::world::World;

const TITLE: &str = "Ask when the shop opens";
const WORDS: &str = "Called the shop at ten: it opens at nine on Saturdays.";

const API: &str = " /api/v1/";
const SUBMIT: &str = "/submit HTTP/1.1";

/// The page that a Wi-Fi network shows to users who have not signed in.
const PORTAL: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 52\r\n\
    Connection: close\r\n\r\n<!doctype html><title>Wi-Fi</title><h1>Welcome</h1>\n";

/// Responses that are not valid receipts of the server, for different reasons.
const STRANGERS: [&str; 9] = [
    PORTAL,
    "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
    "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 15\r\n\
        Connection: close\r\n\r\n{\"status\":\"ok\"}",
    // This is a receipt, but of another task.
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 130\r\n\
        Connection: close\r\n\r\n{\"task_id\":\"task_01KB0000000000000000000000\",\
        \"status\":\"SUBMITTED\",\"submitted_at\":\"2026-02-05T12:00:00.000Z\",\
        \"message\":\"Received.\"}",
    "HTTP/1.1 302 Found\r\nLocation: /welcome\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
    "HTTP/1.1 403 Forbidden\r\nContent-Type: text/html\r\nContent-Length: 19\r\n\
        Connection: close\r\n\r\n<p>Sign in here</p>",
    "HTTP/1.1 404 Not Found\r\nContent-Type: application/json\r\nContent-Length: 21\r\n\
        Connection: close\r\n\r\n{\"error\":\"not found\"}",
    "HTTP/1.1 511 Network Authentication Required\r\nContent-Length: 0\r\n\
        Connection: close\r\n\r\n",
];

#[tokio::test]
async fn an_answer_that_is_not_the_servers_leaves_the_proof_on_the_phone() -> Result<()> {
    let world = World::start("portal").await?;
    let mut agent = world.agent("Acme Research Agent").await?;
    let task = json!({
        "title": TITLE,
        "description": "Call the shop and ask when it opens on Saturday.",
        "reward_usd": "10",
        "task_type": "CONTENT_REVIEW",
        "proof_requirements": ["The opening hour on Saturday is stated"],
    });
    let task = agent.does("post", task).await?["task_id"].take();
    let mut sam = world.person("Sam Lee").await?;
    sam.does("signUp", json!({ "name": "Sam Lee" })).await?;
    sam.does("openTask", json!({ "title": TITLE })).await?;

    world.line.intercept(API, PORTAL);
    sam.does("acceptInVain", ()).await?;
    let seen = agent.does("task", json!({ "id": task })).await?;
    assert_eq!(seen["status"], "PENDING");
    world.line.mend();
    sam.does("accept", ()).await?;

    sam.does("beginProof", ()).await?;
    sam.does("typeConfirmation", json!({ "text": WORDS }))
        .await?;
    let mut send = "sendConfirmation";
    for answer in STRANGERS {
        world.line.intercept(SUBMIT, answer);
        sam.does(send, ()).await?;
        world.line.wait_until_intercepted().await?;
        sam.does("seeNothingIsLost", ()).await?;
        send = "sendNowHere";
    }
    sam.looks("proof-intercepted").await?;
    let seen = agent.does("task", json!({ "id": task })).await?;
    assert_eq!(seen["status"], "ACCEPTED");

    world.line.mend();
    sam.does("sendNowHere", ()).await?;
    sam.does("seeStatus", json!({ "status": "Completed" }))
        .await?;
    sam.leaves().await?;
    let done = agent
        .does("wait", json!({ "id": task, "statuses": ["COMPLETED"] }))
        .await?;
    assert_eq!(done["proof"]["confirmation_text"], WORDS);
    agent.leaves().await?;
    world.ends().await
}

#[tokio::test]
async fn a_strangers_page_is_neither_kept_nor_shown_as_the_app() -> Result<()> {
    let world = World::start("shell").await?;
    world.line.intercept("GET /manifest.webmanifest", PORTAL);
    let mut sam = world.person("Sam Lee").await?;
    world.line.wait_until_intercepted().await?;
    sam.does("seeNoShell", ()).await?;
    world.line.mend();
    sam.does("reload", ()).await?;
    sam.does("keepShell", ()).await?;
    sam.does("seeOwnShell", ()).await?;
    sam.does("signUp", json!({ "name": "Sam Lee" })).await?;

    world.line.intercept(" /", PORTAL);
    sam.does("openPath", json!({ "path": "/mine" })).await?;
    sam.does("seeText", json!({ "text": "Could not reach the server" }))
        .await?;
    let shown = sam.does("title", ()).await?;
    assert_eq!(shown, Value::from("My tasks · HumanOps"));
    world.line.mend();
    sam.leaves().await?;
    world.ends().await
}
