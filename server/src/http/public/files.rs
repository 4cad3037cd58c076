//! Proof files, for anyone who has a signed URL that has not expired. Signing is in
//! `outside/files.rs`; the views of a task decide who gets a URL.

use api_types::{UploadId, paths};
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};

use crate::app::App;
use crate::http::error::{self, ApiError};
use crate::http::extract::page::Parameters;
use crate::outside::files::FilesError;
use crate::store::uploads;

/// Read one proof file.
///
/// The URL is signed and valid for 15 minutes; views of the task contain it.
///
/// # Errors
/// 404 for a wrong or expired signature, as for a file that does not exist.
#[utoipa::path(get, path = paths::FILE, tag = "files",
    params(
        ("id" = UploadId, Path),
        ("expires" = i64, Query, description = "Seconds since 1970."),
        ("signature" = String, Query, description = "Over id and expiry; made by the server."),
    ),
    responses(
        (status = 200, content_type = "application/octet-stream", description = "The file."),
        (status = 404, body = api_types::error::ErrorBody),
    ))]
pub async fn read_file(
    State(app): State<App>,
    Path(id): Path<String>,
    parameters: Parameters,
) -> Result<Response, ApiError> {
    let id = signed_id(&app, &id, &parameters).ok_or_else(error::file_not_found)?;
    let upload = app
        .store
        .read(move |tx| uploads::get(tx, id).map_err(ApiError::from))
        .await?
        .ok_or_else(error::file_not_found)?;
    let file = app.files.stream(id).await.map_err(|error| match error {
        FilesError::Missing => error::file_not_found(),
        unreachable @ FilesError::Unreachable(_) => unreachable.into(),
    })?;
    let size = HeaderValue::from(file.meta.size);
    let mut response = Body::from_stream(file.into_stream()).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_LENGTH, size);
    let content_type = HeaderValue::from_str(&upload.content_type);
    headers.insert(
        header::CONTENT_TYPE,
        content_type.map_err(ApiError::accident)?,
    );
    for (name, value) in private_headers(&upload.content_type) {
        headers.insert(name, HeaderValue::from_static(value));
    }
    Ok(response)
}

fn signed_id(app: &App, id: &str, parameters: &Parameters) -> Option<UploadId> {
    let id: UploadId = id.parse().ok()?;
    let expires = parameters.text("expires")?.parse().ok()?;
    let signature = parameters.text("signature")?;
    app.files
        .may_open(id, expires, signature, app.clock.now())
        .then_some(id)
}

/// Returns headers for a private file: it is cached for its viewer only, and nothing in it may run.
fn private_headers(content_type: &str) -> [(HeaderName, &'static str); 4] {
    let picture = content_type.starts_with("image/");
    [
        (header::CACHE_CONTROL, "private, max-age=900"),
        (
            header::CONTENT_DISPOSITION,
            if picture { "inline" } else { "attachment" },
        ),
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; sandbox",
        ),
        (
            HeaderName::from_static("cross-origin-resource-policy"),
            "same-origin",
        ),
    ]
}
