//! Uploads: detected by content, limited in size, counted once, and never stored incompletely.

use std::io::Cursor;
use std::time::{Duration, Instant};

use api_types::{OperatorId, TaskId, paths};
use image::{ImageFormat, RgbImage};
use reqwest::Method;
use reqwest::multipart::{Form, Part};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::harness::{Answer, Ask, Caller, TestApp};
use crate::support::{self, on_both_databases};

/// Returns a different picture for each `shade`.
pub(crate) fn picture(format: ImageFormat, shade: u8) -> Vec<u8> {
    let pixel = |x: u32, y: u32| image::Rgb([(x * 3) as u8 ^ shade, (y * 5) as u8, shade]);
    let mut bytes = Cursor::new(Vec::new());
    RgbImage::from_fn(80, 60, pixel)
        .write_to(&mut bytes, format)
        .unwrap();
    bytes.into_inner()
}

/// Uploads a file under a name that does not reveal its type.
pub(crate) async fn send(
    operator: &Caller<'_, OperatorId>,
    task: Option<TaskId>,
    bytes: Vec<u8>,
) -> Answer {
    let mut form = Form::new();
    if let Some(task) = task {
        form = form.text("task_id", task.to_string());
    }
    let form = form.part("file", Part::bytes(bytes).file_name("file.bin"));
    operator
        .request(Method::POST, paths::UPLOAD)
        .multipart(form)
        .answer()
        .await
}

on_both_databases! {
    async fn an_upload_is_told_by_its_content(store) {
        let app = TestApp::start(store).await;
        let operator = app.operator().await;
        for (format, content_type) in [
            (ImageFormat::Jpeg, "image/jpeg"),
            (ImageFormat::Png, "image/png"),
            (ImageFormat::WebP, "image/webp"),
        ] {
            let bytes = picture(format, 1);
            let size = bytes.len();
            let answer = send(&operator, None, bytes).await.created();
            assert_eq!(answer.text("content_type"), content_type);
            assert_eq!(answer.body["size"], size);
            assert_eq!((&answer.body["width"], &answer.body["height"]), (&80.into(), &60.into()));
            assert_eq!(answer.text("sha256").len(), 64);
            let url = answer.text("url");
            assert!(url.starts_with(&app.origin) && url.ends_with(&answer.text("upload_id")));
        }
        let pdf = send(&operator, None, b"%PDF-1.7\n%%EOF\n".to_vec()).await.created();
        assert_eq!(pdf.text("content_type"), "application/pdf");
        assert_eq!(pdf.body.get("width"), None);
        let heic = send(&operator, None, b"\0\0\0\x18ftypheic\0\0\0\0mif1heic".to_vec()).await;
        assert_eq!(heic.created().text("content_type"), "image/heif");
        assert_eq!(app.stored_files().len(), 5);
    }

    async fn a_file_that_can_be_no_proof_is_refused(store) {
        let app = TestApp::start(store).await;
        let operator = app.operator().await;
        for bytes in [&b"just text"[..], b"<svg onload=alert(1)>", b"MZ\x90\0", b"GIF89a\x01\0"] {
            let answer = send(&operator, None, bytes.to_vec()).await;
            assert!(answer.refused(415, "unsupported_media_type").contains("JPEG"), "{answer:?}");
        }
        let answer = send(&operator, None, Vec::new()).await;
        answer.refused(400, "validation");
        assert_eq!(answer.faulty_fields(), ["file"]);
        assert_eq!(app.stored_files(), [""; 0]);
    }

    async fn the_same_bytes_for_the_same_task_are_one_upload(store) {
        let app = TestApp::start(store).await;
        let (agent, operator) = (app.agent().await, app.operator().await);
        let (task, other) = (agent.post_photo_task().await, agent.post_photo_task().await);
        operator.accept(task).await;
        operator.accept(other).await;
        let bytes = picture(ImageFormat::Jpeg, 2);
        let first = send(&operator, Some(task), bytes.clone()).await.created();
        let again = send(&operator, Some(task), bytes.clone()).await.created();
        assert_eq!(first.body, again.body);
        assert_eq!(app.stored_files(), [first.text("upload_id")]);
        let elsewhere = send(&operator, Some(other), bytes.clone()).await.created();
        assert_ne!(elsewhere.body["upload_id"], first.body["upload_id"]);
        let somebody = send(&app.operator().await, None, bytes).await.created();
        assert_ne!(somebody.body["upload_id"], first.body["upload_id"]);
    }

    async fn an_upload_for_a_task_of_another_is_refused(store) {
        let app = TestApp::start(store).await;
        let (agent, operator, other) =
            (app.agent().await, app.operator().await, app.operator().await);
        let (open, claimed) = (agent.post_photo_task().await, agent.post_photo_task().await);
        other.accept(claimed).await;
        let unknown: TaskId = "task_01KB0000000000000000000000".parse().unwrap();
        for task in [open, claimed, unknown] {
            let answer = send(&operator, Some(task), picture(ImageFormat::Png, 3)).await;
            assert_eq!(answer.refused(404, "not_found"), "Task not found or not claimed by you");
        }
        assert_eq!(app.stored_files(), [""; 0]);
    }

    async fn an_upload_beyond_15_mib_is_refused_and_leaves_nothing(store) {
        let app = TestApp::start(store).await;
        let operator = app.operator().await;
        let mut bytes = picture(ImageFormat::Jpeg, 4);
        bytes.resize(15 * 1024 * 1024, 0);
        send(&operator, None, bytes.clone()).await.created();
        assert_eq!(app.stored_files().len(), 1);
        bytes.push(0);
        let answer = send(&operator, None, bytes.clone()).await;
        assert!(answer.refused(413, "too_large").contains("15 MiB"));
        bytes.resize(20 * 1024 * 1024, 0);
        send(&operator, None, bytes).await.refused(413, "too_large");
        eventually(|| app.stored_files().len() == 1).await;
    }

    async fn an_upload_that_breaks_off_leaves_nothing(store) {
        let app = TestApp::start(store).await;
        let operator = app.operator().await;
        let mut connection = begin_upload(&app, &operator, 3_000_000).await;
        connection.write_all(&vec![7; 1_000_000]).await.unwrap();
        // The connection is lost when the server has stored a part of the file.
        eventually(|| !app.stored_files().is_empty()).await;
        drop(connection);
        eventually(|| app.stored_files().is_empty()).await;
        let rows = app.app.store.read(|tx| tx.query("SELECT id FROM upload", &[])).await.unwrap();
        assert_eq!(rows.len(), 0);
        send(&operator, None, picture(ImageFormat::Jpeg, 5)).await.created();
    }

    async fn a_repeated_upload_under_one_key_is_answered_with_the_first(store) {
        let app = TestApp::start(store).await;
        let operator = app.operator().await;
        let with_key = async |bytes: Vec<u8>| {
            let form = Form::new().part("file", Part::bytes(bytes));
            let request = operator.request(Method::POST, paths::UPLOAD).multipart(form);
            request.header("idempotency-key", "photo-1").answer().await
        };
        let first = with_key(picture(ImageFormat::Png, 6)).await.created();
        let again = with_key(picture(ImageFormat::Png, 6)).await.created();
        assert_eq!((again.header("idempotent-replayed"), &again.body), ("true", &first.body));
        with_key(picture(ImageFormat::Png, 7)).await.refused(422, "idempotency_mismatch");
        assert_eq!(app.stored_files(), [first.text("upload_id")]);
    }
}

/// Sends the head of an upload and the beginning of a JPEG, and announces `more` bytes.
pub(crate) async fn begin_upload(
    app: &TestApp,
    operator: &Caller<'_, OperatorId>,
    more: usize,
) -> TcpStream {
    let part = "--b\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\n";
    let mut begun = part.as_bytes().to_vec();
    begun.extend_from_slice(&picture(ImageFormat::Jpeg, 8));
    let head = format!(
        "POST {} HTTP/1.1\r\nhost: a\r\nx-operator-id: {}\r\ncontent-length: {}\r\n\
         content-type: multipart/form-data; boundary=b\r\n\r\n",
        paths::UPLOAD,
        operator.key,
        begun.len() + more,
    );
    let mut connection = app.connect().await;
    connection.write_all(head.as_bytes()).await.unwrap();
    connection.write_all(&begun).await.unwrap();
    connection
}

/// Waits until the condition is true.
pub(crate) async fn eventually(holds: impl Fn() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(
            begun.elapsed() < Duration::from_secs(10),
            "it did not come to be"
        );
        tokio::task::yield_now().await;
    }
}

on_both_databases! {
    async fn a_form_that_is_not_as_documented_is_refused(store) {
        let app = TestApp::start(store).await;
        let operator = app.operator().await;
        let ask = async |form: Form| {
            operator
                .request(Method::POST, paths::UPLOAD)
                .multipart(form)
                .answer()
                .await
        };
        let answer = ask(Form::new().text("note", "x")).await;
        assert!(
            answer
                .refused(400, "validation")
                .contains("one file and one task_id")
        );
        let answer = ask(Form::new().text("task_id", "task_01KB0000000000000000000000")).await;
        assert_eq!((answer.status, answer.faulty_fields()), (400, vec!["file"]));
        let picture = || Part::bytes(picture(ImageFormat::Png, 9));
        let answer = ask(Form::new().text("task_id", "7").part("file", picture())).await;
        assert_eq!(
            (answer.status, answer.faulty_fields()),
            (400, vec!["task_id"])
        );
        let answer = ask(Form::new().part("file", picture()).part("file", picture())).await;
        answer.refused(400, "validation");
        let json = operator
            .request(Method::POST, paths::UPLOAD)
            .json(&1)
            .answer()
            .await;
        assert!(
            json.refused(415, "unsupported_media_type")
                .contains("multipart/form-data")
        );
        app.request(Method::POST, paths::UPLOAD)
            .answer()
            .await
            .refused(401, "unauthorized");
        eventually(|| app.stored_files().is_empty()).await;
    }

    async fn whoever_falls_silent_in_the_middle_of_a_file_is_let_go(store) {
        let app = TestApp::start(store).await;
        let operator = app.operator().await;
        let mut connection = app.connect().await;
        let head = format!(
            "POST /api/v1/operator/upload HTTP/1.1\r\nhost: a\r\nx-operator-id: {}\r\n\
             content-length: 9000\r\ncontent-type: multipart/form-data; boundary=b\r\n\r\n\
             --b\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\n\
             %PDF-1.7",
            operator.id
        );
        connection.write_all(head.as_bytes()).await.unwrap();
        // From here on only time passes.
        tokio::time::pause();
        let mut answer = Vec::new();
        connection.read_to_end(&mut answer).await.unwrap();
        let answer = String::from_utf8_lossy(&answer);
        assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
        assert!(answer.contains("Nothing of the form arrived for 60 seconds"), "{answer}");
        assert!(app.stored_files().is_empty());
    }

    async fn whoever_waits_for_leave_to_send_is_refused_without_sending(store) {
        let app = TestApp::start(store).await;
        let mut connection = app.connect().await;
        let head = "POST /api/v1/operator/upload HTTP/1.1\r\nhost: a\r\n\
                    expect: 100-continue\r\ncontent-length: 9000000\r\n\
                    content-type: multipart/form-data; boundary=b\r\n\r\n";
        connection.write_all(head.as_bytes()).await.unwrap();
        let mut beginning = [0; 12];
        connection.read_exact(&mut beginning).await.unwrap();
        assert_eq!(&beginning, b"HTTP/1.1 401");
    }
}
