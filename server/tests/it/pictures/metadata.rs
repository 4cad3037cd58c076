//! Size, format and name of an upload, from the metadata of the file and of the form.

use api_types::paths;
use image::ImageFormat;
use reqwest::Method;

use super::samples::{exif, heic, jpeg_turned, media_box, photo, saved, webp_turned};
use super::samples::{with_chunk, with_segments};
use crate::harness::{Answer, Ask, TestApp};
use crate::support::{self, on_both_databases};
use crate::uploads::send;

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
