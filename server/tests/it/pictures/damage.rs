//! Damaged files: cut off or incomplete, and never approved.

use image::ImageFormat;

use super::samples::{REFINED, heic, jpeg, jpegs, pdf, photo, saved, webp_turned};
use super::{ARTIFACT, PHOTO, judged, results};
use crate::harness::TestApp;
use crate::support::{self, on_both_databases};

/// Maximum number of requirements of a task, and so of files that are judged one by one.
const FILES_MAX: usize = 20;

/// Returns the first `percent` of a file.
fn cut(file: &[u8], percent: usize) -> Vec<u8> {
    file[..file.len() * percent / 100].to_vec()
}

/// Asserts that the Guardian finds each of the files damaged.
async fn all_are_broken(app: &TestApp, kind: (&str, &str), files: Vec<Vec<u8>>) {
    for some in files.chunks(FILES_MAX) {
        let task = judged(app, kind, some.to_vec()).await;
        assert_eq!(task["guardian_result"]["decision"], "REJECT", "{task}");
        assert_eq!(task["status"], "DISPUTED");
        for result in results(&task) {
            assert_eq!(result["met"], false, "{result}");
            assert!(
                result["note"].as_str().unwrap().contains("broken"),
                "{result}"
            );
        }
    }
}

on_both_databases! {
    async fn a_photo_cut_anywhere_is_never_approved(store) {
        let app = TestApp::start(store).await;
        let whole = saved(&photo(1), ImageFormat::Jpeg);
        let cuts = (1..100).map(|percent| cut(&whole, percent)).collect();
        all_are_broken(&app, PHOTO, cuts).await;
    }

    async fn a_cut_photo_with_an_end_marker_of_its_own_is_never_approved(store) {
        let app = TestApp::start(store).await;
        for whole in jpegs(2).into_iter().chain([REFINED.to_vec()]) {
            // The headers of two encoders are the same in the first tenth of the file.
            let cuts = (10..100).step_by(5).map(|percent| {
                let mut bytes = cut(&whole, percent);
                bytes.extend([0xff, 0xd9]);
                bytes
            });
            all_are_broken(&app, PHOTO, cuts.collect()).await;
        }
    }

    /// The first scans show the picture, and the later ones add detail.
    async fn a_progressive_photo_that_lacks_later_scans_is_never_approved(store) {
        let app = TestApp::start(store).await;
        for whole in jpegs(8).drain(3..).chain([REFINED.to_vec()]) {
            let markers = whole.windows(2).enumerate();
            let scans = markers.filter(|(_, marker)| *marker == [0xff, 0xda]);
            let cuts: Vec<_> = scans
                .skip(1)
                .map(|(at, _)| [&whole[..at], &[0xff, 0xd9]].concat())
                .collect();
            assert!(cuts.len() > 1);
            all_are_broken(&app, PHOTO, cuts).await;
        }
    }

    async fn a_photo_that_lacks_a_part_in_its_middle_is_never_approved(store) {
        let app = TestApp::start(store).await;
        let whole = jpeg(&photo(3), |encoder| encoder.set_restart_interval(5));
        let restarts: Vec<usize> = (0..whole.len() - 1)
            .filter(|at| whole[*at] == 0xff && (0xd0..=0xd7).contains(&whole[at + 1]))
            .collect();
        let lacking = restarts.windows(2).step_by(9).map(|pair| {
            [&whole[..pair[0]], &whole[pair[1]..]].concat()
        });
        all_are_broken(&app, PHOTO, lacking.take(FILES_MAX).collect()).await;
    }

    async fn a_picture_of_any_format_that_ends_early_is_never_approved(store) {
        let app = TestApp::start(store).await;
        let png = saved(&photo(4), ImageFormat::Png);
        for whole in [&png, &saved(&photo(5), ImageFormat::WebP), &heic(6)] {
            let cuts = (5..100).step_by(5).map(|percent| cut(whole, percent));
            all_are_broken(&app, PHOTO, cuts.collect()).await;
        }
        // All pixels are present, but the data after them is cut off.
        let mut webp = webp_turned(&saved(&photo(8), ImageFormat::WebP), (320, 240), 1);
        webp.truncate(webp.len() - 12);
        all_are_broken(&app, PHOTO, vec![webp]).await;
        // In one file only the end chunk is missing, in the other one bit of the pixels is changed.
        let mut flipped = png.clone();
        flipped[png.len() / 2] ^= 1;
        all_are_broken(&app, PHOTO, vec![png[..png.len() - 12].to_vec(), flipped]).await;
        let pdf = pdf("The licence");
        let cuts = (5..100).step_by(5).map(|percent| cut(&pdf, percent));
        all_are_broken(&app, ARTIFACT, cuts.collect()).await;
    }
}
