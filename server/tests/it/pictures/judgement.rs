//! What the Guardian decides about complete files, and its notes on repeated and unread ones.

use api_types::paths;
use image::{DynamicImage, ImageFormat};
use serde_json::{Value, json};

use super::samples::{REFINED, with_chunk};
use super::samples::{crc32, exif, heic, jpeg_turned, jpegs, pdf, photo, saved, webp_turned};
use super::{ARTIFACT, PHOTO, judged, results};
use crate::harness::{TestApp, photo_task};
use crate::proofs::picture;
use crate::support::{self, on_both_databases};

on_both_databases! {
    async fn whole_photos_of_every_encoder_are_taken_with_whatever_follows_them(store) {
        let app = TestApp::start(store).await;
        let mut files: Vec<Vec<u8>> = (10..15).flat_map(|seed| jpegs(seed).pop()).collect();
        files.extend((0..4).map(|nth| jpegs(15 + nth).swap_remove(nth as usize)));
        // Files with data after the picture: a video, a second picture, a second picture that is
        // cut off.
        let second = saved(&photo(50), ImageFormat::Jpeg);
        let film = &b"\0\0\0\x18ftypmp42"[..];
        for (seed, follows) in [(20, film), (21, &second), (22, &second[..900])] {
            files.push([&saved(&photo(seed), ImageFormat::Jpeg), follows].concat());
        }
        files.push(REFINED.to_vec());
        files.push(saved(&photo(23), ImageFormat::Png));
        files.push(saved(&photo(24), ImageFormat::WebP));
        let task = judged(&app, PHOTO, files).await;
        assert_eq!(task["guardian_result"]["decision"], "APPROVE", "{task}");
        assert_eq!(task["status"], "COMPLETED");
    }

    async fn whole_files_that_are_not_decoded_are_left_to_a_person(store) {
        let app = TestApp::start(store).await;
        let task = judged(&app, PHOTO, vec![heic(1)]).await;
        assert_eq!(task["status"], "MANUAL_REVIEW", "{task}");
        let task = judged(&app, ARTIFACT, vec![pdf("The licence")]).await;
        assert_eq!(task["status"], "MANUAL_REVIEW", "{task}");
    }

    async fn a_decompression_bomb_is_refused_by_its_header(store) {
        let app = TestApp::start(store).await;
        let mut bomb = saved(&photo(7), ImageFormat::Png);
        bomb[16..24].copy_from_slice(&[0, 0, 0x75, 0x30, 0, 0, 0x75, 0x30]);
        let sum = crc32(&bomb[12..29]);
        bomb[29..33].copy_from_slice(&sum.to_be_bytes());
        let task = judged(&app, PHOTO, vec![bomb]).await;
        assert_eq!(task["status"], "MANUAL_REVIEW", "{task}");
        assert!(results(&task)[0]["note"].as_str().unwrap().contains("too large"), "{task}");
    }

    async fn a_copy_that_is_turned_is_the_same_picture(store) {
        let app = TestApp::start(store).await;
        let upright = DynamicImage::ImageRgb8(photo(31));
        let first = judged(&app, PHOTO, vec![saved(upright.as_rgb8().unwrap(), ImageFormat::Png)]);
        assert_eq!(first.await["status"], "COMPLETED");
        // The pixels are rotated one way, and the EXIF orientation rotates them back.
        let stored = [
            (2, upright.fliph()),
            (3, upright.rotate180()),
            (4, upright.flipv()),
            (6, upright.rotate270()),
            (8, upright.rotate90()),
        ];
        let mut copies = Vec::new();
        for (orientation, turned) in stored {
            let turned = turned.into_rgb8();
            copies.push(jpeg_turned(&saved(&turned, ImageFormat::Jpeg), orientation));
            let png = saved(&turned, ImageFormat::Png);
            copies.push(with_chunk(&png, b"eXIf", &exif(orientation)));
            let webp = saved(&turned, ImageFormat::WebP);
            copies.push(webp_turned(&webp, turned.dimensions(), orientation));
        }
        let task = judged(&app, PHOTO, copies).await;
        for result in results(&task) {
            let note = result["note"].as_str().unwrap();
            assert_eq!(note, "The same picture was already sent for another task.", "{task}");
        }
    }

    async fn a_repeated_document_is_not_called_a_picture(store) {
        let app = TestApp::start(store).await;
        let twice = judged(&app, ARTIFACT, vec![pdf("The licence"); 2]).await;
        assert_eq!(twice["status"], "MANUAL_REVIEW");
        let again = judged(&app, ARTIFACT, vec![pdf("The licence")]).await;
        assert_eq!(again["status"], "DISPUTED");
        for (result, says) in [
            (&results(&twice)[1], "The same file stands in this proof twice"),
            (&results(&again)[0], "The same file was already sent for another task."),
        ] {
            let note = result["note"].as_str().unwrap();
            assert!(note.starts_with(says) && !note.contains("picture"), "{note}");
        }
    }

    async fn a_requirement_that_nobody_looked_at_is_not_called_met(store) {
        let app = TestApp::start(store).await;
        let by_rules = judged(&app, PHOTO, vec![picture(0, ImageFormat::Jpeg)]).await;
        let (agent, operator) = (app.agent().await, app.operator().await);
        let text_task = agent.post(paths::TASKS, &crate::tasks::text_task(&app)).await;
        let text_task = text_task.created().id("task_id");
        operator.accept(text_task).await;
        operator.confirm(text_task).await;
        app.drain_jobs().await;
        let by_text = agent.get(&paths::task(text_task)).await.ok().body;
        let mut simulated = photo_task(&app);
        simulated["sandbox"] = json!(true);
        let simulated = agent.post(paths::TASKS, &simulated).await.created().id("task_id");
        for _ in 0..3 {
            app.advance(std::time::Duration::from_secs(2));
            app.drain_jobs().await;
        }
        let simulated = agent.get(&paths::task(simulated)).await.ok().body;
        for task in [by_rules, by_text, simulated] {
            assert_eq!(task["guardian_result"]["decision"], "APPROVE", "{task}");
            for result in results(&task) {
                assert_eq!(result["met"], Value::Null, "{task}");
            }
        }
    }
}
