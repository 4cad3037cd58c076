//! POST /operator/upload: a file on its way into the folder, never whole in memory.
//!
//! It is judged by its content, counted and hashed as it passes. What is refused or breaks off
//! leaves neither a file nor a row.

use std::time::Duration;

use api_types::error::ErrorBody;
use api_types::proof::{UPLOAD_BYTES_MAX, Upload};
use api_types::{TaskId, UploadId, paths};
use axum::extract::multipart::{Field, Multipart, MultipartError};
use axum::extract::{DefaultBodyLimit, FromRequest, Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use bytes::Bytes;

use super::auth::OperatorAuth;
use super::body;
use super::error::{self, ApiError};
use super::idempotency::{self, OnceKey, once};
use crate::app::App;
use crate::domain::picture;
use crate::outside::files::{FilesError, Writing};
use crate::store::uploads::{self, NewUpload, StoredUpload};

/// Bytes of a form at most: a file, and 64 KiB of boundaries, names and the task's id.
const FORM_BYTES_MAX: usize = UPLOAD_BYTES_MAX as usize + 64 * 1024;

/// What is kept of the file's beginning to tell its type and size by: 256 KiB.
const HEAD_BYTES_MAX: usize = 256 * 1024;

/// What is needed at least before the type is told.
const SNIFFED_BYTES: usize = 512;

/// For so long nothing of a form may arrive. A bad network is slow; a sender who is silent for
/// longer has gone, and would hold a connection and a file for ever.
const SILENT_AT_MOST: Duration = Duration::from_secs(60);

/// The types that are taken (contract §4, Proof), by the names under which they are served.
const TYPES: [&str; 5] = [
    "image/jpeg",
    "image/png",
    "image/webp",
    "image/heif",
    "application/pdf",
];

/// A form with the file, as the API document shows it.
#[derive(utoipa::ToSchema)]
#[expect(dead_code, reason = "read by the document alone")]
pub struct UploadForm {
    /// JPEG, PNG, WebP, HEIC or PDF, at most 15 MiB.
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
    /// A task that this operator has accepted.
    #[schema(nullable = false)]
    task_id: Option<TaskId>,
}

/// Send a file of a proof.
///
/// The same bytes by the same operator for the same task are the same upload.
///
/// # Errors
/// 400 without a file, 404 for a task that the operator has not accepted, 413 beyond 15 MiB, 415
/// for another type.
#[utoipa::path(post, path = paths::UPLOAD, tag = "operators",
    request_body(content = UploadForm, content_type = "multipart/form-data"),
    security(("operator_id" = [])),
    responses(
        (status = 201, body = Upload),
        (status = 400, body = ErrorBody),
        (status = 401, body = ErrorBody),
        (status = 404, body = ErrorBody),
        (status = 413, body = ErrorBody),
        (status = 415, body = ErrorBody),
    ))]
pub async fn upload(
    State(app): State<App>,
    operator: OperatorAuth,
    request: Request,
) -> Result<Response, ApiError> {
    let key = idempotency::key_of(request.headers())?;
    let mut form = open_form(request, &app).await?;
    let id = UploadId::new(app.clock.now(), app.entropy.u128());
    let received = receive(&app, id, &mut form).await?;
    // From here on the client's going away changes nothing: file and row come together.
    let kept = tokio::spawn(async move { keep(&app, &operator, id, key, received).await });
    kept.await.map_err(ApiError::accident)?
}

async fn open_form(mut request: Request, app: &App) -> Result<Multipart, ApiError> {
    let stated = body::stated_length(request.headers());
    if stated.is_some_and(|length| length > FORM_BYTES_MAX as u64) {
        return Err(error::too_large(UPLOAD_BYTES_MAX));
    }
    if !is_form(request.headers()) {
        return Err(error::unsupported_media_type(
            "The body must be multipart/form-data with the file in a field named file.",
        ));
    }
    // What was compressed states no length that counts, and what is no part of the form is not kept.
    DefaultBodyLimit::max(FORM_BYTES_MAX).apply(&mut request);
    Multipart::from_request(request, app)
        .await
        .map_err(|_| error::malformed("The Content-Type lacks the boundary of the form."))
}

fn is_form(headers: &HeaderMap) -> bool {
    (headers
        .get("content-type")
        .and_then(|value| value.to_str().ok()))
    .is_some_and(|value| {
        value
            .trim_start()
            .to_ascii_lowercase()
            .starts_with("multipart/form-data")
    })
}

/// A file that has arrived whole, and is not readable yet.
struct Received {
    writing: Writing,
    content_type: &'static str,
    pixels: Option<(u32, u32)>,
    task_id: Option<TaskId>,
}

async fn receive(app: &App, id: UploadId, form: &mut Multipart) -> Result<Received, ApiError> {
    let mut file = None;
    let mut task_id = None;
    while let Some(mut field) = arriving(form.next_field()).await? {
        match field.name() {
            Some("file") if file.is_none() => {
                file = Some(receive_file(app, id, &mut field).await?);
            }
            Some("task_id") if task_id.is_none() => {
                task_id = Some(receive_task_id(&mut field).await?);
            }
            _ => {
                return Err(error::malformed(
                    "The form takes one file and one task_id, no more.",
                ));
            }
        }
    }
    let (writing, content_type, pixels) = file.ok_or_else(|| no_file("is required"))?;
    Ok(Received {
        writing,
        content_type,
        pixels,
        task_id,
    })
}

/// The next part of a form.
async fn arriving<T>(next: impl Future<Output = Result<T, MultipartError>>) -> Result<T, ApiError> {
    match tokio::time::timeout(SILENT_AT_MOST, next).await {
        Ok(arrived) => arrived.map_err(broken),
        Err(_) => Err(error::malformed(
            "Nothing of the form arrived for 60 seconds. Send it again.",
        )),
    }
}

fn no_file(problem: &str) -> ApiError {
    error::validation(vec![error::fault("file", problem)])
}

async fn receive_task_id(field: &mut Field<'_>) -> Result<TaskId, ApiError> {
    let mut text = Vec::new();
    while let Some(chunk) = arriving(field.chunk()).await? {
        text.extend_from_slice(&chunk);
        if text.len() > HEAD_BYTES_MAX {
            break;
        }
    }
    std::str::from_utf8(&text)
        .ok()
        .and_then(|text| text.trim().parse().ok())
        .ok_or_else(|| {
            error::validation(vec![error::fault(
                "task_id",
                "must be an id that begins with task_",
            )])
        })
}

type ReceivedFile = (Writing, &'static str, Option<(u32, u32)>);

async fn receive_file(
    app: &App,
    id: UploadId,
    field: &mut Field<'_>,
) -> Result<ReceivedFile, ApiError> {
    let mut head = Vec::new();
    while head.len() < SNIFFED_BYTES {
        let Some(chunk) = arriving(field.chunk()).await? else {
            break;
        };
        head.extend_from_slice(&chunk);
    }
    if head.is_empty() {
        return Err(no_file("is empty"));
    }
    let content_type = type_of(&head)?;
    // Dropping it, for whatever reason, removes what was written.
    let mut writing = app.files.begin(id).await?;
    writing.write(&head).await?;
    while let Some(chunk) = arriving(field.chunk()).await? {
        let room = HEAD_BYTES_MAX.saturating_sub(head.len()).min(chunk.len());
        head.extend_from_slice(chunk.get(..room).unwrap_or_default());
        within_limit(&writing, &chunk)?;
        writing.write(&chunk).await?;
    }
    within_limit(&writing, &Bytes::new())?;
    Ok((writing, content_type, picture::dimensions(&head)))
}

fn within_limit(writing: &Writing, chunk: &Bytes) -> Result<(), ApiError> {
    if writing.size() + chunk.len() as u64 > UPLOAD_BYTES_MAX {
        Err(error::too_large(UPLOAD_BYTES_MAX))
    } else {
        Ok(())
    }
}

fn type_of(head: &[u8]) -> Result<&'static str, ApiError> {
    let found = infer::get(head).map(|kind| kind.mime_type());
    TYPES.into_iter().find(|taken| Some(*taken) == found).ok_or_else(|| {
        error::unsupported_media_type(
            "This is not a file that can be a proof: send a JPEG, PNG, WebP or HEIC picture, or a \
             PDF. The content decides, not the name.",
        )
    })
}

async fn keep(
    app: &App,
    operator: &OperatorAuth,
    id: UploadId,
    key: Option<String>,
    received: Received,
) -> Result<Response, ApiError> {
    let written = received.writing.finish().await?;
    let upload = NewUpload {
        id,
        operator_id: operator.id,
        task_id: received.task_id,
        sha256: written.sha256,
        content_type: received.content_type.to_owned(),
        size_bytes: written.size,
        pixels: received.pixels,
        created_at: app.clock.now(),
    };
    let digest = format!("{} {:?}", upload.sha256, upload.task_id);
    let key = OnceKey::new(key, operator.id, paths::UPLOAD, digest);
    let answering = app.clone();
    let answer = once(app, key, StatusCode::CREATED, move |tx| {
        if let Some(task_id) = upload.task_id
            && !uploads::claimed_by(tx, task_id, upload.operator_id)?
        {
            return Err(error::task_not_claimed_by_you());
        }
        Ok(view(&answering, uploads::insert_or_existing(tx, &upload)?))
    })
    .await;
    remove_unless_kept(app, id).await;
    answer
}

/// Removes the file if no row came to be: refused, or the same bytes as an earlier upload.
async fn remove_unless_kept(app: &App, id: UploadId) {
    let row = app.store.read(move |tx| uploads::get(tx, id)).await;
    let removed = match row {
        Ok(Some(_)) => return,
        Ok(None) => app
            .files
            .delete(id)
            .await
            .map_err(|error| error.to_string()),
        Err(error) => Err(error.to_string()),
    };
    if let Err(error) = removed {
        tracing::warn!(upload_id = %id, error, "a file without a row was left in the folder");
    }
}

fn view(app: &App, upload: StoredUpload) -> Upload {
    Upload {
        url: app.upload_url(upload.id),
        upload_id: upload.id,
        sha256: upload.sha256,
        content_type: upload.content_type,
        size: upload.size_bytes,
        width: upload.pixels.map(|(width, _)| width),
        height: upload.pixels.map(|(_, height)| height),
    }
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "the shape that map_err takes"
)]
fn broken(error: MultipartError) -> ApiError {
    if error.status() == StatusCode::PAYLOAD_TOO_LARGE {
        return error::too_large(UPLOAD_BYTES_MAX);
    }
    error::malformed("The form broke off, or is not multipart/form-data as RFC 7578 says.")
}

impl From<FilesError> for ApiError {
    fn from(error: FilesError) -> Self {
        Self {
            accident: Some(error.to_string()),
            ..error::unavailable()
        }
    }
}
