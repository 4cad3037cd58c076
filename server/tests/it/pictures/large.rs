//! Pictures of many megapixels: they are accepted, and small pictures do not wait for them.

use api_types::{TaskId, paths};
use image::codecs::png::PngEncoder;
use image::{ExtendedColorType, GrayImage, ImageEncoder, ImageFormat};
use jpeg_encoder::{ColorType, Encoder};

use super::samples::{photo, saved};
use super::{PHOTO, judged, results, submitted};
use crate::harness::TestApp;
use crate::support::{self, on_both_databases};

/// Returns a large picture that is cheap to encode: few tones, in large areas.
fn large(width: u32, height: u32) -> GrayImage {
    let row: Vec<u8> = (0..width).map(|x| (x * 7 / width * 30) as u8).collect();
    let pixels = (0..height).flat_map(|y| {
        let dark = (y * 5 / height).is_multiple_of(2);
        std::iter::repeat_n(&row, 1)
            .flatten()
            .map(move |shade| if dark { 200 } else { *shade })
    });
    GrayImage::from_raw(width, height, pixels.collect()).unwrap()
}

on_both_databases! {
    async fn photos_of_fifty_megapixels_are_taken(store) {
        let app = TestApp::start(store).await;
        for (width, height) in [(8192, 6144), (8160, 6144)] {
            let mut bytes = Vec::new();
            Encoder::new(&mut bytes, 60)
                .encode(&large(width, height), width as u16, height as u16, ColorType::Luma)
                .unwrap();
            let task = judged(&app, PHOTO, vec![bytes]).await;
            let note = results(&task)[0]["note"].as_str().unwrap();
            assert!(!note.contains("too large") && !note.contains("broken"), "{note}");
        }
    }

    async fn a_small_picture_does_not_wait_for_large_ones(store) {
        const LARGE: usize = 10;
        let app = TestApp::start(store).await;
        let operator = app.operator().await;
        let pixels = large(5100, 5000);
        let mut png = Vec::new();
        PngEncoder::new(&mut png)
            .write_image(&pixels, 5100, 5000, ExtendedColorType::L8)
            .unwrap();
        let mut large = Vec::new();
        for _ in 0..LARGE {
            let task = app.agent().await.post_photo_task().await;
            submitted(&operator, task, "PHOTO", vec![png.clone()]).await;
            large.push(task);
        }
        let small = app.agent().await.post_photo_task().await;
        submitted(&operator, small, "PHOTO", vec![saved(&photo(60), ImageFormat::Jpeg)]).await;
        let status = async |task: TaskId| {
            let seen = operator.get(&paths::operator_task(task)).await.ok().body;
            seen["status"].as_str().unwrap().to_owned()
        };
        let watch = async {
            while status(small).await == "SUBMITTED" {}
            let mut waiting = 0;
            for task in &large {
                waiting += usize::from(status(*task).await == "SUBMITTED");
            }
            waiting
        };
        let waiting = tokio::select! {
            waiting = watch => waiting,
            () = app.drain_jobs() => 0,
        };
        assert!(waiting > LARGE / 2, "only {waiting} of {LARGE} large ones were left");
    }
}
