//! A photo task, over a connection that fails in the middle of the upload.

use std::fs;

use anyhow::{Result, bail};
use serde_json::json;
use sha2::{Digest as _, Sha256};

use crate::{picture, world::World};

#[tokio::test]
async fn a_photo_survives_a_line_that_breaks_in_the_middle_of_the_upload() -> Result<()> {
    let world = World::start("photo").await?;
    let mut agent = world.agent("Acme Research Agent").await?;
    let task = json!({
        "title": "Photograph the shop's entrance",
        "description": "One photo of the entrance, from across the street.",
        "reward_usd": "15",
        "task_type": "PHOTO",
        "location": { "lat": 52.52, "lng": 13.405, "address": "Alexanderplatz 1, Berlin" },
        "proof_requirements": ["The door and the house number can be seen"],
    });
    let task = agent.does("post", task).await?["task_id"].take();
    let photo = world.folder.join("entrance.png");
    picture::write(&photo)?;
    let photo_bytes = fs::read(&photo)?;
    assert!(
        photo_bytes.len() > 2_000_000,
        "large enough to be cut in the middle"
    );

    let mut sam = world.person("Sam Lee").await?;
    sam.does("signUp", json!({ "name": "Sam Lee" })).await?;
    sam.does(
        "openTask",
        json!({ "title": "Photograph the shop's entrance" }),
    )
    .await?;
    sam.does("accept", ()).await?;
    sam.looks("task-accepted").await?;
    sam.does("beginProof", ()).await?;
    sam.looks("photo-form").await?;
    sam.does("takePhoto", json!({ "file": photo })).await?;
    sam.does("retake", json!({ "file": photo })).await?;
    sam.looks("photo-preview").await?;

    world.line.cut_upload_after(photo_bytes.len() / 2);
    sam.does("sendPhotos", ()).await?;
    world.line.wait_until_broken().await?;
    sam.does("seeNothingIsLost", ()).await?;
    sam.looks("photo-interrupted").await?;
    let half_way = agent.does("task", json!({ "id": task })).await?;
    assert_eq!(
        half_way["status"], "ACCEPTED",
        "half a photo proves nothing"
    );
    assert_eq!(count(&world, "upload")?, 0, "half a photo is no upload");

    // The upload continues without any action of the person.
    world.line.mend();
    sam.does("seeStatus", json!({ "status": "Completed" }))
        .await?;
    sam.does(
        "seeText",
        json!({ "text": "The door and the house number can be seen" }),
    )
    .await?;
    sam.does("seeText", json!({ "text": "no task has seen it before" }))
        .await?;
    sam.looks("photo-completed").await?;
    sam.leaves().await?;

    let done = agent
        .does("wait", json!({ "id": task, "statuses": ["COMPLETED"] }))
        .await?;
    assert_eq!(
        done["guardian_result"]["requirement_results"][0]["met"],
        serde_json::Value::Null,
        "nobody looked at what the photo shows"
    );
    let [photo] = done["proof"]["photos"]
        .as_array()
        .map_or(&[][..], Vec::as_slice)
    else {
        bail!("not one photo but {}", done["proof"]);
    };
    let seen = agent.does("file", json!({ "url": photo })).await?;
    assert_eq!(seen["status"], 200);
    assert_eq!(seen["type"], "image/png");
    assert_eq!(
        seen["sha256"],
        sha256(&photo_bytes),
        "the agent sees the photo to the byte"
    );
    assert_eq!(
        (count(&world, "upload")?, count(&world, "proof")?),
        (1, 1),
        "nothing came twice"
    );
    agent.leaves().await?;
    world.ends().await
}

fn count(world: &World, table: &str) -> Result<i64> {
    let count = format!("SELECT count(*) FROM {table}");
    Ok(world.database()?.query_row(&count, [], |row| row.get(0))?)
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
