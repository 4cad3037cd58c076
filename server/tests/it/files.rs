//! Reading files: only by a signed URL, which is valid for 15 minutes.

use std::time::Duration;

use api_types::UploadId;
use image::ImageFormat;

use crate::harness::TestApp;
use crate::support::{self, on_both_databases};
use crate::uploads::{picture, send};

on_both_databases! {
    async fn a_signed_address_opens_for_a_quarter_of_an_hour(store) {
        let app = TestApp::start(store).await;
        let operator = app.operator().await;
        let bytes = picture(ImageFormat::Jpeg, 1);
        let upload = send(&operator, None, bytes.clone()).await.created();
        let signed = app.app.signed_upload_url(upload.id("upload_id"), app.now());
        let file = app.get(&signed).await.ok();
        assert_eq!(file.bytes, bytes);
        assert_eq!(file.header("content-type"), "image/jpeg");
        assert_eq!(file.header("content-disposition"), "inline");
        assert_eq!(file.header("x-content-type-options"), "nosniff");
        assert_eq!(file.header("content-security-policy"), "default-src 'none'; sandbox");
        assert_eq!(file.header("cross-origin-resource-policy"), "same-origin");
        assert!(file.header("cache-control").starts_with("private"));
        app.advance(Duration::from_secs(15 * 60 - 1));
        app.get(&signed).await.ok();
        app.advance(Duration::from_secs(1));
        app.get(&signed).await.refused(404, "not_found");
    }

    async fn a_file_without_its_signature_is_not_there(store) {
        let app = TestApp::start(store).await;
        let operator = app.operator().await;
        let one = send(&operator, None, picture(ImageFormat::Png, 1)).await.created();
        let two = send(&operator, None, picture(ImageFormat::Png, 2)).await.created();
        let url = one.text("url");
        let signed = app.app.signed_upload_url(one.id("upload_id"), app.now());
        let swapped = signed.replace(&one.text("upload_id"), &two.text("upload_id"));
        let later = signed.replace("expires=1", "expires=2");
        assert_ne!(signed, later);
        let (cut, flipped) = (&signed[..signed.len() - 2], flip_last(&signed));
        let negative = format!("{url}?expires=-1&signature=00");
        for address in [&url, &swapped, &later, cut, &flipped, &negative] {
            app.get(address).await.refused(404, "not_found");
        }
        // The operator who uploaded the file has no other access either.
        operator.get(&url).await.refused(404, "not_found");
        app.get(&signed).await.ok();
    }

    async fn a_signed_address_of_a_file_that_is_gone_is_not_there(store) {
        let app = TestApp::start(store).await;
        let unknown: UploadId = "upl_01KB0000000000000000000000".parse().unwrap();
        let signed = app.app.signed_upload_url(unknown, app.now());
        app.get(&signed).await.refused(404, "not_found");
    }
}

fn flip_last(text: &str) -> String {
    let last = if text.ends_with('0') { "1" } else { "0" };
    format!("{}{last}", &text[..text.len() - 1])
}

on_both_databases! {
    async fn a_pdf_is_downloaded_and_never_shown(store) {
        let app = TestApp::start(store).await;
        let operator = app.operator().await;
        let upload = send(&operator, None, b"%PDF-1.7\n%%EOF\n".to_vec())
            .await
            .created();
        let signed = app.app.signed_upload_url(upload.id("upload_id"), app.now());
        let file = app.get(&signed).await.ok();
        assert_eq!(file.header("content-type"), "application/pdf");
        assert_eq!(file.header("content-disposition"), "attachment");
    }
}
