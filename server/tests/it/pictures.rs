//! Pictures and documents as evidence: complete or damaged, large or small, rotated or not, new or
//! submitted before.

use std::io::Cursor;

use api_types::{OperatorId, TaskId, paths};
use image::codecs::png::PngEncoder;
use image::{DynamicImage, ExtendedColorType, GrayImage, ImageEncoder, ImageFormat, RgbImage};
use jpeg_encoder::{ColorType, Encoder, SamplingFactor};
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Answer, Ask, Caller, TestApp, photo_task};
use crate::proofs::picture;
use crate::support::{self, on_both_databases};
use crate::uploads::send;

/// Maximum number of requirements of a task, and so of files that are judged one by one.
const FILES_MAX: usize = 20;

/// Returns a picture with fine noise, as from a camera's sensor.
fn photo(seed: u32) -> RgbImage {
    let mut noise = seed.wrapping_mul(2_654_435_769) | 1;
    RgbImage::from_fn(320, 240, |x, y| {
        noise ^= noise << 13;
        noise ^= noise >> 17;
        noise ^= noise << 5;
        let (dx, dy) = (
            x as f32 - (30 + seed * 23 % 260) as f32,
            y as f32 - (20 + seed * 41 % 200) as f32,
        );
        let glow = (255.0 - (dx * dx + dy * dy).sqrt() * 2.0).max(0.0);
        let ground = (x * 2 / 5 + y / 4) as f32 / 2.0 + (noise % 12) as f32;
        let tone = (glow * 0.6 + ground).min(255.0) as u8;
        image::Rgb([tone, tone / 2 + 40, 255 - tone])
    })
}

fn saved(picture: &RgbImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

/// Encodes a JPEG with the settings of a particular encoder.
fn jpeg(picture: &RgbImage, adjust: impl Fn(&mut Encoder<&mut Vec<u8>>)) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, 88);
    adjust(&mut encoder);
    let (width, height) = (picture.width() as u16, picture.height() as u16);
    encoder
        .encode(picture, width, height, ColorType::Rgb)
        .unwrap();
    bytes
}

/// Returns JPEGs in all the forms that phones and editors write.
fn jpegs(seed: u32) -> Vec<Vec<u8>> {
    let picture = photo(seed);
    vec![
        jpeg(&picture, |encoder| {
            encoder.set_sampling_factor(SamplingFactor::F_1_1);
        }),
        jpeg(&picture, |encoder| {
            encoder.set_sampling_factor(SamplingFactor::F_2_2);
        }),
        jpeg(&picture, |encoder| {
            encoder.set_sampling_factor(SamplingFactor::F_2_1);
            encoder.set_restart_interval(7);
        }),
        jpeg(&picture, |encoder| {
            encoder.set_progressive(true);
            encoder.set_optimized_huffman_tables(true);
        }),
        jpeg(&picture, |encoder| {
            encoder.set_progressive(true);
            encoder.set_progressive_scans(9);
            encoder.set_sampling_factor(SamplingFactor::F_2_2);
            encoder.set_restart_interval(11);
        }),
    ]
}

/// A progressive JPEG whose later scans refine bits of earlier ones, as libjpeg and most editors
/// write it.
const REFINED: &[u8] = include_bytes!("samples/progressive.jpg");

/// Returns a box of an ISO base media file.
fn media_box(kind: &[u8; 4], payload: &[u8]) -> Vec<u8> {
    let size = u32::try_from(payload.len() + 8).unwrap();
    [&size.to_be_bytes()[..], kind, payload].concat()
}

/// Returns a minimal HEIC: its brand, the location of its one item, and the item.
fn heic(seed: u8) -> Vec<u8> {
    let item = [seed; 3000];
    let ftyp = media_box(b"ftyp", b"heic\0\0\0\0mif1heic");
    let meta = |offset: u32| {
        let mut iloc = vec![0, 0, 0, 0, 0x44, 0, 0, 1, 0, 1, 0, 0, 0, 1];
        iloc.extend(offset.to_be_bytes());
        iloc.extend(3000_u32.to_be_bytes());
        media_box(b"meta", &[&[0; 4][..], &media_box(b"iloc", &iloc)].concat())
    };
    let offset = u32::try_from(ftyp.len() + meta(0).len() + 8).unwrap();
    [ftyp, meta(offset), media_box(b"mdat", &item)].concat()
}

fn pdf(text: &str) -> Vec<u8> {
    let body = format!("%PDF-1.7\n1 0 obj\n({text})\nendobj\n{}", " ".repeat(2000));
    let place = body.len();
    format!("{body}xref\n0 1\ntrailer\n<< /Size 1 >>\nstartxref\n{place}\n%%EOF\n").into_bytes()
}

/// Returns the first `percent` of a file.
fn cut(file: &[u8], percent: usize) -> Vec<u8> {
    file[..file.len() * percent / 100].to_vec()
}

/// Has an operator submit one file for each requirement of a task, and returns the task as its
/// agent sees it after the Guardian's review.
async fn judged(app: &TestApp, kind: (&str, &str), files: Vec<Vec<u8>>) -> Value {
    let (agent, operator) = (app.agent().await, app.operator().await);
    let (task_type, proof_type) = kind;
    let mut body = photo_task(app);
    body["task_type"] = json!(task_type);
    body["proof_type"] = json!(proof_type);
    body["proof_requirements"] = (0..files.len())
        .map(|n| json!(format!("File {n}")))
        .collect();
    let task = agent
        .post(paths::TASKS, &body)
        .await
        .created()
        .id("task_id");
    submitted(&operator, task, proof_type, files).await;
    app.drain_jobs().await;
    agent.get(&paths::task(task)).await.ok().body
}

async fn submitted(
    operator: &Caller<'_, OperatorId>,
    task: TaskId,
    proof_type: &str,
    files: Vec<Vec<u8>>,
) {
    operator.accept(task).await;
    let mut urls = Vec::new();
    for bytes in files {
        urls.push(
            send(operator, Some(task), bytes)
                .await
                .created()
                .text("url"),
        );
    }
    let field = if proof_type == "ARTIFACT" {
        "artifacts"
    } else {
        "photos"
    };
    let proof = json!({ field: urls });
    operator.post(&paths::submit_proof(task), &proof).await.ok();
}

const PHOTO: (&str, &str) = ("PHOTO", "PHOTO");
const ARTIFACT: (&str, &str) = ("INSPECTION", "ARTIFACT");

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

fn results(task: &Value) -> &[Value] {
    task["guardian_result"]["requirement_results"]
        .as_array()
        .unwrap()
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
}

/// Computes the checksum of a PNG chunk.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| {
            (sum >> 1) ^ (0xedb8_8320 * (sum & 1))
        })
    })
}

/// Returns EXIF data that contains only an orientation.
fn exif(orientation: u8) -> Vec<u8> {
    let mut bytes = b"MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0".to_vec();
    bytes.extend([orientation, 0, 0, 0, 0, 0, 0]);
    bytes
}

/// Returns a JPEG with more segments after its beginning.
fn with_segments(jpeg: &[u8], segments: &[(u8, Vec<u8>)]) -> Vec<u8> {
    let mut bytes = jpeg[..2].to_vec();
    for (marker, payload) in segments {
        bytes.extend([0xff, *marker]);
        bytes.extend(u16::try_from(payload.len() + 2).unwrap().to_be_bytes());
        bytes.extend_from_slice(payload);
    }
    bytes.extend_from_slice(&jpeg[2..]);
    bytes
}

fn jpeg_turned(jpeg: &[u8], orientation: u8) -> Vec<u8> {
    with_segments(
        jpeg,
        &[(0xe1, [b"Exif\0\0", &exif(orientation)[..]].concat())],
    )
}

/// Returns a PNG with a chunk before its pixels.
fn with_chunk(png: &[u8], kind: &[u8; 4], payload: &[u8]) -> Vec<u8> {
    let named = [kind, payload].concat();
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let sum = crc32(&named).to_be_bytes();
    [&png[..33], &length, &named, &sum, &png[33..]].concat()
}

/// Returns a WebP in the extended format, with EXIF after its pixels.
fn webp_turned(webp: &[u8], (width, height): (u32, u32), orientation: u8) -> Vec<u8> {
    let chunk = |kind: &[u8; 4], payload: &[u8]| {
        let length = u32::try_from(payload.len()).unwrap().to_le_bytes();
        [&kind[..], &length, payload].concat()
    };
    let sides = [width - 1, height - 1].map(u32::to_le_bytes);
    let header = [&[0x08, 0, 0, 0][..], &sides[0][..3], &sides[1][..3]].concat();
    let chunks = [
        &chunk(b"VP8X", &header)[..],
        &webp[12..],
        &chunk(b"EXIF", &exif(orientation)),
    ];
    let body = [b"WEBP", &chunks.concat()[..]].concat();
    chunk(b"RIFF", &body)
}

fn size(answer: &Answer) -> (u64, u64) {
    let side = |name: &str| answer.body[name].as_u64().unwrap_or_default();
    (side("width"), side("height"))
}

on_both_databases! {
    async fn width_and_height_are_found_behind_any_metadata_and_as_the_picture_is_seen(store) {
        let app = TestApp::start(store).await;
        let operator = app.operator().await;
        let picture = photo(30);
        let jpeg = saved(&picture, ImageFormat::Jpeg);
        let mut segments = vec![(0xe1, [b"Exif\0\0", &exif(6)[..]].concat())];
        segments.extend((0..70).map(|nth| (0xe2, vec![nth; 65_000])));
        let png = saved(&picture, ImageFormat::Png);
        let webp = webp_turned(&saved(&picture, ImageFormat::WebP), (320, 240), 5);
        for (bytes, expected) in [
            (with_segments(&jpeg, &segments), (240, 320)),
            (with_segments(&jpeg, &segments[1..]), (320, 240)),
            (jpeg_turned(&jpeg, 3), (320, 240)),
            (jpeg_turned(&jpeg, 8), (240, 320)),
            (with_chunk(&with_chunk(&png, b"eXIf", &exif(7)), b"prVt", &[7; 400_000]), (240, 320)),
            (webp, (240, 320)),
        ] {
            let answer = send(&operator, None, bytes).await.created();
            assert_eq!(size(&answer), expected, "{:?}", answer.body);
        }
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

    async fn heic_is_told_by_any_of_its_brands_and_avif_is_none(store) {
        let app = TestApp::start(store).await;
        let operator = app.operator().await;
        let with_brands = |main: &[u8; 4], other: &[u8; 4]| {
            let brands = [&main[..], &[0; 4], b"miaf", other].concat();
            [media_box(b"ftyp", &brands), heic(9)[24..].to_vec()].concat()
        };
        for (main, other) in [
            (b"heic", b"mif1"), (b"heix", b"mif1"), (b"heim", b"mif1"), (b"heis", b"mif1"),
            (b"hevc", b"msf1"), (b"hevx", b"msf1"), (b"mif1", b"heic"), (b"mif1", b"heix"),
            (b"msf1", b"hevc"), (b"msf1", b"heis"), (b"mif1", b"MiHE"),
        ] {
            let answer = send(&operator, None, with_brands(main, other)).await.created();
            assert_eq!(answer.text("content_type"), "image/heif", "{main:?} {other:?}");
        }
        for (main, other) in [(b"avif", b"mif1"), (b"mif1", b"avif"), (b"isom", b"heic")] {
            let answer = send(&operator, None, with_brands(main, other)).await;
            answer.refused(415, "unsupported_media_type");
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

    async fn a_file_name_names_no_field(store) {
        let app = TestApp::start(store).await;
        let operator = app.operator().await;
        let sent = async |disposition: &str, bytes: &[u8]| {
            let head = format!("--b\r\ncontent-disposition: {disposition}\r\n\r\n");
            let body = [head.as_bytes(), bytes, b"\r\n--b--\r\n"].concat();
            let request = operator.request(Method::POST, paths::UPLOAD);
            let request = request.header("content-type", "multipart/form-data; boundary=b");
            request.body(body).answer().await
        };
        for (nth, disposition) in (40..).zip([
            r#"form-data; filename="a; name=task_id; x.jpg"; name="file""#,
            r#"form-data; filename="a\"; name=task_id; \".jpg"; name="file""#,
            r#"form-data; name="file"; filename*=UTF-8''a%3B%20name%3Dtask_id.jpg"#,
            r"Form-Data; FileName=a.jpg; Name=file",
        ]) {
            let answer = sent(disposition, &saved(&photo(nth), ImageFormat::Jpeg)).await;
            assert_eq!(size(&answer.created()), (320, 240), "{disposition}");
        }
        let bytes = saved(&photo(44), ImageFormat::Jpeg);
        let long = format!("form-data; name=\"file\"; filename=\"{}.jpg\"", "a".repeat(4000));
        sent(&long, &bytes).await.created();
        for refused in [
            r#"form-data; filename="a; name=file; x.jpg""#.to_owned(),
            format!("form-data; name=\"file\"; filename=\"{}\"", "a".repeat(9_000_000)),
        ] {
            sent(&refused, &bytes).await.refused(400, "validation");
        }
        assert_eq!(app.stored_files().len(), 5);
    }
}

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
