//! Bodies as multipart/form-data (RFC 7578), read as they arrive and within limits.
//!
//! A part is identified by the `name` parameter of its Content-Disposition, parsed with its quotes,
//! so that a file's name cannot name a field. A silent sender is disconnected, and the headers of a
//! part have a size limit. The parser reads ahead for as long as bytes are available, so it
//! receives them one chunk at a time: a file is never whole in memory, however fast it arrives.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use api_types::proof::UPLOAD_BYTES_MAX;
use axum::BoxError;
use axum::body::{Body, BodyDataStream};
use axum::extract::multipart::{Field, Multipart, MultipartError};
use axum::extract::{FromRequest, Request};
use axum::http::header::CONTENT_DISPOSITION;
use axum::http::{HeaderMap, StatusCode};
use bytes::Bytes;
use futures_util::{Stream, StreamExt};

use crate::http::error::{self, ApiError};

/// Maximum time without any bytes of a form. A sender on a bad network is slow; one that is silent
/// for longer has gone, and would hold a connection and a file forever.
const SILENT_AT_MOST: Duration = Duration::from_secs(60);

/// Maximum number of bytes that may arrive before the headers of a part are complete. Phones send
/// file names of at most a few hundred.
const PART_HEADERS_BYTES_MAX: usize = 64 * 1024;

/// A form whose parts are still arriving.
pub(in crate::http) struct Form {
    parts: Multipart,
    /// Whether the parser waits for the headers of a part, rather than for its content.
    awaits_headers: Arc<AtomicBool>,
}

/// A part of a form, whose content is still arriving.
pub(in crate::http) struct FormPart<'f> {
    /// The name of the field; `None` if the header is not readable.
    pub(in crate::http) name: Option<String>,
    content: Field<'f>,
}

impl Form {
    /// Starts to read the body of a request as a form.
    ///
    /// # Errors
    /// 415 for another content type, 400 if the content type has no boundary.
    pub(in crate::http) async fn open(request: Request) -> Result<Self, ApiError> {
        if !is_form(request.headers()) {
            return Err(error::unsupported_media_type(
                "The body must be multipart/form-data with the file in a field named file.",
            ));
        }
        let awaits_headers = Arc::new(AtomicBool::new(true));
        let shared = Arc::clone(&awaits_headers);
        let request = request.map(|body| {
            Body::from_stream(Paced {
                body: body.into_data_stream(),
                awaits_headers: shared,
                awaited_bytes: 0,
                gave: false,
            })
        });
        let parts = Multipart::from_request(request, &())
            .await
            .map_err(|_| error::malformed("The Content-Type lacks the boundary of the form."))?;
        Ok(Self {
            parts,
            awaits_headers,
        })
    }

    /// Waits for the headers of the next part. Returns `None` at the end of the form.
    ///
    /// # Errors
    /// 400 if the form breaks off, stays silent for too long or is malformed.
    pub(in crate::http) async fn next(&mut self) -> Result<Option<FormPart<'_>>, ApiError> {
        self.awaits_headers.store(true, Ordering::Relaxed);
        let field = arriving(self.parts.next_field()).await?;
        self.awaits_headers.store(false, Ordering::Relaxed);
        Ok(field.map(|content| FormPart {
            name: field_name(content.headers()),
            content,
        }))
    }
}

impl FormPart<'_> {
    /// Waits for the next chunk of the content. Returns `None` at its end.
    ///
    /// # Errors
    /// 400 if the content breaks off, stays silent for too long or is malformed.
    pub(in crate::http) async fn chunk(&mut self) -> Result<Option<Bytes>, ApiError> {
        arriving(self.content.chunk()).await
    }
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

async fn arriving<T>(next: impl Future<Output = Result<T, MultipartError>>) -> Result<T, ApiError> {
    match tokio::time::timeout(SILENT_AT_MOST, next).await {
        Ok(arrived) => arrived.map_err(broken),
        Err(_) => Err(error::malformed(
            "Nothing of the form arrived for 60 seconds. Send it again.",
        )),
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

/// A body stream that yields one chunk for each poll, and limits the bytes before the headers of a
/// part are complete.
struct Paced {
    body: BodyDataStream,
    awaits_headers: Arc<AtomicBool>,
    /// Number of bytes since the parser waits for headers.
    awaited_bytes: usize,
    /// Whether the previous poll yielded a chunk.
    gave: bool,
}

impl Stream for Paced {
    type Item = Result<Bytes, BoxError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if std::mem::take(&mut self.gave) {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        let awaits_headers = self.awaits_headers.load(Ordering::Relaxed);
        if !awaits_headers {
            self.awaited_bytes = 0;
        } else if self.awaited_bytes > PART_HEADERS_BYTES_MAX {
            let error = BoxError::from("the headers of a part are too long");
            return Poll::Ready(Some(Err(error)));
        }
        let next = self.body.poll_next_unpin(context);
        if let Poll::Ready(Some(Ok(piece))) = &next {
            self.gave = true;
            if awaits_headers {
                self.awaited_bytes += piece.len();
            }
        }
        next.map(|piece| piece.map(|piece| piece.map_err(BoxError::from)))
    }
}

/// Returns the `name` parameter of a part's Content-Disposition.
fn field_name(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(CONTENT_DISPOSITION)?.as_bytes();
    let (kind, mut rest) = cut(value, b';');
    if !kind.trim_ascii().eq_ignore_ascii_case(b"form-data") {
        return None;
    }
    let mut found = None;
    while !rest.trim_ascii().is_empty() {
        let (name, value, after) = parameter(rest)?;
        // A field that is named twice has no name.
        if name.eq_ignore_ascii_case(b"name") && found.replace(value).is_some() {
            return None;
        }
        rest = after;
    }
    String::from_utf8(found?).ok()
}

/// Reads `name=value` or `name="value"` up to the next semicolon that is not in quotes.
fn parameter(bytes: &[u8]) -> Option<(&[u8], Vec<u8>, &[u8])> {
    let equals = bytes.iter().position(|byte| *byte == b'=')?;
    let (name, value) = (bytes.get(..equals)?.trim_ascii(), bytes.get(equals + 1..)?);
    let Some(quoted) = value.trim_ascii_start().strip_prefix(b"\"") else {
        let (value, rest) = cut(value, b';');
        return Some((name, value.trim_ascii().to_vec(), rest));
    };
    let mut text = Vec::new();
    let mut rest = quoted;
    loop {
        rest = match rest {
            [b'"', after @ ..] => {
                let (between, after) = cut(after, b';');
                return between
                    .trim_ascii()
                    .is_empty()
                    .then_some((name, text, after));
            }
            // Only these two are ever escaped; in a Windows path a backslash stands for itself.
            [b'\\', escaped @ (b'"' | b'\\'), after @ ..] | [escaped, after @ ..] => {
                text.push(*escaped);
                after
            }
            [] => return None,
        };
    }
}

/// Splits at the first `separator`, which belongs to neither part.
fn cut(bytes: &[u8], separator: u8) -> (&[u8], &[u8]) {
    let mut parts = bytes.splitn(2, |byte| *byte == separator);
    (
        parts.next().unwrap_or_default(),
        parts.next().unwrap_or_default(),
    )
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn named(disposition: &str) -> Option<String> {
        let mut headers = HeaderMap::new();
        let value = HeaderValue::from_bytes(disposition.as_bytes()).unwrap();
        headers.insert(CONTENT_DISPOSITION, value);
        field_name(&headers)
    }

    #[test]
    fn a_file_name_names_no_field() {
        for (disposition, name) in [
            (
                r#"form-data; name="file"; filename="a; name=task_id""#,
                Some("file"),
            ),
            (
                r#"form-data; filename="a; name=task_id"; name="file""#,
                Some("file"),
            ),
            (
                r#"form-data; filename="a\"; name=task_id; b=\""; name=file"#,
                Some("file"),
            ),
            (r#"form-data; filename="; name=file""#, None),
            (
                r#"Form-Data; NAME=file; filename*=UTF-8''a%3B%20name%3Dtask_id"#,
                Some("file"),
            ),
            (
                r#"form-data; filename="C:\photos\1.jpg"; name="file""#,
                Some("file"),
            ),
            (
                r#"form-data; name="ein \"Bild\" für dich""#,
                Some(r#"ein "Bild" für dich"#),
            ),
            (r#"form-data; name="file"; name="task_id""#, None),
            (r#"form-data; name="file"#, None),
            (r#"form-data; name="file"x; filename="a""#, None),
            (r#"attachment; name="file""#, None),
            ("form-data", None),
            ("form-data; name=", Some("")),
        ] {
            assert_eq!(named(disposition).as_deref(), name, "{disposition}");
        }
    }
}
