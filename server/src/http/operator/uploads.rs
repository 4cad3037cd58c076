//! POST /operator/upload: streams a file into the file storage, so that it is never whole in
//! memory.
//!
//! Its type is detected from its content, and it is counted and hashed as it passes. An upload that
//! is refused or breaks off leaves neither a file nor a row.

use api_types::error::ErrorBody;
use api_types::proof::{UPLOAD_BYTES_MAX, Upload};
use api_types::{TaskId, UploadId, paths};
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use bytes::Bytes;

use crate::app::App;
use crate::domain::picture::{Format, HeaderReader};
use crate::http::error::{self, ApiError};
use crate::http::extract::auth::OperatorAuth;
use crate::http::extract::body;
use crate::http::extract::form::{Form, FormPart};
use crate::http::idempotency::{self, OnceKey, once};
use crate::outside::files::{FileWriter, FilesError};
use crate::store::uploads::{self, NewUpload, StoredUpload};

/// Maximum size of a form in bytes: a file, and 64 KiB for boundaries, names and the task's id.
const FORM_BYTES_MAX: usize = UPLOAD_BYTES_MAX as usize + 64 * 1024;

/// Maximum size in bytes of a task's id with surrounding spaces.
const TASK_ID_BYTES_MAX: usize = 1024;

/// Minimum number of bytes read before the content type is detected.
const SNIFFED_BYTES: usize = 512;

/// The form of an upload, as the API document shows it.
#[derive(utoipa::ToSchema)]
#[expect(dead_code, reason = "read by the document alone")]
pub struct UploadForm {
    /// The file: JPEG, PNG, WebP, HEIC or PDF, at most 15 MiB.
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
    /// A task that this operator has accepted.
    #[schema(nullable = false)]
    task_id: Option<TaskId>,
}

/// Upload a file for a proof.
///
/// The same bytes from the same operator for the same task are the same upload.
///
/// # Errors
/// 400 without a file, 404 for a task that the operator has not accepted, 413 beyond 15 MiB, 415
/// for another type.
#[utoipa::path(post, path = paths::UPLOAD, tag = "operators",
    request_body(content = UploadForm, content_type = "multipart/form-data"),
    security(("access_token" = []), ("operator_id" = [])),
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
    let mut form = open_form(request).await?;
    let id = UploadId::new(app.clock.now(), app.entropy.u128());
    let received = receive(&app, id, &mut form).await?;
    // From here on a disconnect of the client changes nothing: file and row are created together.
    let kept = tokio::spawn(async move { keep(&app, &operator, id, key, received).await });
    kept.await.map_err(ApiError::accident)?
}

async fn open_form(mut request: Request) -> Result<Form, ApiError> {
    let stated = body::stated_length(request.headers());
    if stated.is_some_and(|length| length > FORM_BYTES_MAX as u64) {
        return Err(error::too_large(UPLOAD_BYTES_MAX));
    }
    // The stated length of a compressed form is not the length of the form.
    DefaultBodyLimit::max(FORM_BYTES_MAX).apply(&mut request);
    Form::open(request).await
}

/// A file that has arrived completely and is not readable yet.
struct ReceivedUpload {
    writing: FileWriter,
    content_type: &'static str,
    pixels: Option<(u32, u32)>,
    task_id: Option<TaskId>,
}

async fn receive(app: &App, id: UploadId, form: &mut Form) -> Result<ReceivedUpload, ApiError> {
    let mut file = None;
    let mut task_id = None;
    while let Some(mut part) = form.next().await? {
        match part.name.as_deref() {
            Some("file") if file.is_none() => {
                file = Some(receive_file(app, id, &mut part).await?);
            }
            Some("task_id") if task_id.is_none() => {
                task_id = Some(receive_task_id(&mut part).await?);
            }
            _ => {
                return Err(error::malformed(
                    "The form takes one file and one task_id, no more.",
                ));
            }
        }
    }
    let (writing, content_type, pixels) = file.ok_or_else(|| no_file("is required"))?;
    Ok(ReceivedUpload {
        writing,
        content_type,
        pixels,
        task_id,
    })
}

fn no_file(problem: &str) -> ApiError {
    error::validation(vec![error::fault("file", problem)])
}

async fn receive_task_id(part: &mut FormPart<'_>) -> Result<TaskId, ApiError> {
    let mut text = Vec::new();
    while let Some(chunk) = part.chunk().await? {
        text.extend_from_slice(&chunk);
        if text.len() > TASK_ID_BYTES_MAX {
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

type ReceivedFile = (FileWriter, &'static str, Option<(u32, u32)>);

async fn receive_file(
    app: &App,
    id: UploadId,
    part: &mut FormPart<'_>,
) -> Result<ReceivedFile, ApiError> {
    let mut head = Vec::new();
    while head.len() < SNIFFED_BYTES {
        let Some(chunk) = part.chunk().await? else {
            break;
        };
        head.extend_from_slice(&chunk);
    }
    if head.is_empty() {
        return Err(no_file("is empty"));
    }
    let format = format_of(&head)?;
    let mut outline = HeaderReader::new(format);
    outline.push(&head);
    // Dropping the writer, for whatever reason, removes what was written.
    let mut writing = app.files.begin(id).await?;
    writing.write(&head).await?;
    drop(head);
    while let Some(chunk) = part.chunk().await? {
        within_limit(&writing, &chunk)?;
        outline.push(&chunk);
        writing.write(&chunk).await?;
    }
    within_limit(&writing, &Bytes::new())?;
    Ok((writing, format.content_type(), outline.outline().shown()))
}

fn within_limit(writing: &FileWriter, chunk: &Bytes) -> Result<(), ApiError> {
    if writing.size() + chunk.len() as u64 > UPLOAD_BYTES_MAX {
        Err(error::too_large(UPLOAD_BYTES_MAX))
    } else {
        Ok(())
    }
}

fn format_of(head: &[u8]) -> Result<Format, ApiError> {
    Format::of(head).ok_or_else(|| {
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
    received: ReceivedUpload,
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

/// Removes the file if no row was inserted: the upload was refused, or repeats an earlier one.
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

impl From<FilesError> for ApiError {
    fn from(error: FilesError) -> Self {
        Self {
            accident: Some(error.to_string()),
            ..error::unavailable()
        }
    }
}
