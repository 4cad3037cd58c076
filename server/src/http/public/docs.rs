//! Documentation for readers: `/docs` for people in a browser, `/llms.txt` for programs.
//!
//! Both contain only what the API document says. The viewer's files are embedded in the binary;
//! `cargo xtask docs` puts them in place.

use axum::extract::Path;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use rust_embed::RustEmbed;
use utoipa::openapi::OpenApi as Document;
use utoipa::openapi::path::PathItem;

use crate::http::error;
use crate::http::public::assets;

#[derive(RustEmbed)]
#[folder = "docs/dist"]
#[allow_missing = true]
struct Viewer;

const NOT_BUILT: &str = "The viewer is not in this binary. Fetch it with `cargo xtask docs`, and \
    build the server again. The document itself is here: /openapi.json.\n";

/// The part of `/llms.txt` before the list of operations.
const BEGINNING: &str = include_str!("../../../docs/llms.txt");

/// The placeholder for the server's origin in that text.
const ORIGIN_MARK: &str = "{origin}";

/// Serves GET /docs.
pub async fn page(headers: HeaderMap) -> Response {
    assets::file::<Viewer>("index.html", &headers).unwrap_or_else(|| {
        let plain = [(header::CONTENT_TYPE, "text/plain; charset=utf-8")];
        (StatusCode::NOT_FOUND, plain, NOT_BUILT).into_response()
    })
}

/// Serves GET /docs/:file, a file of the viewer.
pub async fn part(Path(name): Path<String>, headers: HeaderMap) -> Response {
    let found = assets::file::<Viewer>(&name, &headers);
    found.unwrap_or_else(|| error::no_such_path().into_response())
}

/// Returns the text of `/llms.txt`: the introduction, then every operation of the document by tag.
pub fn llms_txt(document: &Document, origin: &str) -> String {
    let mut text = BEGINNING.replace(ORIGIN_MARK, origin);
    for tag in document.tags.iter().flatten() {
        let about = tag.description.as_deref().unwrap_or_default();
        text += &format!("\n## {}\n\n{about}\n\n", tag.name);
        for (path, item) in &document.paths.paths {
            for line in lines(origin, &tag.name, path, item) {
                text += &line;
            }
        }
    }
    text
}

/// Returns one line for each operation of a path that has this tag.
fn lines(origin: &str, tag: &str, path: &str, item: &PathItem) -> Vec<String> {
    let methods = [
        ("GET", &item.get),
        ("POST", &item.post),
        ("PUT", &item.put),
        ("PATCH", &item.patch),
        ("DELETE", &item.delete),
    ];
    let tagged = methods.into_iter().filter_map(|(method, operation)| {
        let operation = operation.as_ref()?;
        let tags = operation.tags.as_ref()?;
        tags.iter()
            .any(|one| one == tag)
            .then_some((method, operation))
    });
    tagged
        .map(|(method, operation)| {
            let id = operation.operation_id.as_deref().unwrap_or_default();
            let summary = operation.summary.as_deref().unwrap_or_default();
            format!("- [{method} {path}]({origin}/docs#/{tag}/{id}): {summary}\n")
        })
        .collect()
}

/// Returns a plain-text response with a fixed text.
pub fn plain(text: String) -> Response {
    let kind = HeaderValue::from_static("text/plain; charset=utf-8");
    let caching = HeaderValue::from_static("no-cache");
    let headers = [
        (header::CONTENT_TYPE, kind),
        (header::CACHE_CONTROL, caching),
    ];
    (headers, text).into_response()
}
