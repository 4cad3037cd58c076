//! The built operators' app, embedded in the binary: content negotiation, caching, and its pages at
//! its own paths only.
//!
//! `cargo xtask app` fills `operator-app/dist` with hashed file names and precompressed copies.

use api_types::app_page::AppPage;
use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use rust_embed::{EmbeddedFile, RustEmbed};

use crate::domain::secret::hex;
use crate::http::error;
use crate::http::extract::accept::wants_page;

#[derive(RustEmbed)]
#[folder = "../operator-app/dist"]
#[allow_missing = true]
struct Built;

const NOT_BUILT: &str = "The operators' app is not in this binary. Build it with \
    `cargo xtask app`, and then the server again. The API is here: /openapi.json describes it.\n";

/// Links from the app's document to the API's descriptions, for programs (RFC 8631).
const API_LINKS: HeaderValue = HeaderValue::from_static(
    "</openapi.json>; rel=\"service-desc\"; type=\"application/json\", \
     </docs>; rel=\"service-doc\"; type=\"text/html\", \
     </llms.txt>; rel=\"alternate\"; type=\"text/plain\"",
);

/// First path segments that are for programs. No page is answered below them, whatever `Accept`
/// says.
const FOR_PROGRAMS: [&str; 4] = ["api", "metrics", "mcp", ".well-known"];

/// Responds to a path without a route: with the app at one of its pages, with a file of the app, or
/// with 404.
pub async fn fallback(method: Method, uri: Uri, headers: HeaderMap) -> Response {
    let path = uri.path().trim_start_matches('/');
    let is_page = AppPage::parse(path).is_some();
    if !is_page && Built::get(path).is_none() {
        return not_found(path, headers);
    }
    if method != Method::GET && method != Method::HEAD {
        let allow = [(header::ALLOW, HeaderValue::from_static("GET, HEAD"))];
        return (allow, error::method_not_allowed()).into_response();
    }
    if is_page {
        return app_itself(&headers);
    }
    file::<Built>(path, &headers).unwrap_or_else(|| error::no_such_path().into_response())
}

/// Responds with 404 in the API's form, or with the app to a person who followed a wrong link.
fn not_found(path: &str, mut headers: HeaderMap) -> Response {
    let first = path.split('/').next().unwrap_or_default();
    // A missing asset is a 404: the app in its place would be a white screen.
    if FOR_PROGRAMS.contains(&first) || has_extension(path) || !wants_page(&headers) {
        return error::no_such_path().into_response();
    }
    // Preconditions apply to an existing resource (RFC 9110 §13.2.1).
    headers.remove(header::IF_NONE_MATCH);
    (StatusCode::NOT_FOUND, app_itself(&headers)).into_response()
}

fn has_extension(path: &str) -> bool {
    path.rsplit('/')
        .next()
        .is_some_and(|name| name.contains('.'))
}

/// Returns the one document of all pages. It reads the path itself.
fn app_itself(headers: &HeaderMap) -> Response {
    let mut response = file::<Built>("index.html", headers).unwrap_or_else(|| {
        let plain = [(header::CONTENT_TYPE, "text/plain; charset=utf-8")];
        (StatusCode::NOT_FOUND, plain, NOT_BUILT).into_response()
    });
    response.headers_mut().insert(header::LINK, API_LINKS);
    response
}

/// Returns an embedded file in the best encoding that the client accepts, or `None` if there is no
/// file of this name.
pub fn file<Folder: RustEmbed>(path: &str, headers: &HeaderMap) -> Option<Response> {
    // Precompressed copies are variants of their originals and have no path of their own.
    if path.ends_with(".br") || path.ends_with(".gz") {
        return None;
    }
    let (found, encoding) = best_twin::<Folder>(path, headers)?;
    let etag = etag(&found.metadata.sha256_hash());
    let mut response = if is_known(headers, &etag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        Body::from(found.data).into_response()
    };
    let sent = response.headers_mut();
    sent.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static(content_type(path)),
    );
    sent.insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static(caching(path)),
    );
    sent.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    sent.insert(header::ETAG, etag);
    if let Some(encoding) = encoding {
        sent.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
    }
    if path == "sw.js" {
        let name = HeaderName::from_static("service-worker-allowed");
        sent.insert(name, HeaderValue::from_static("/"));
    }
    Some(response)
}

fn best_twin<Folder: RustEmbed>(
    path: &str,
    headers: &HeaderMap,
) -> Option<(EmbeddedFile, Option<&'static str>)> {
    for (encoding, suffix) in [("br", ".br"), ("gzip", ".gz")] {
        if accepts(headers, encoding)
            && let Some(twin) = Folder::get(&format!("{path}{suffix}"))
        {
            return Some((twin, Some(encoding)));
        }
    }
    Some((Folder::get(path)?, None))
}

/// Returns whether `Accept-Encoding` names this coding with a weight above zero (RFC 9110 §12.5.3).
pub fn accepts(headers: &HeaderMap, encoding: &str) -> bool {
    let stated = headers.get_all(header::ACCEPT_ENCODING).iter();
    stated
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|part| {
            let (name, parameters) = part.split_once(';').unwrap_or((part, ""));
            let weight = parameters
                .trim()
                .strip_prefix("q=")
                .map_or(Ok(1.0), str::parse::<f32>);
            name.trim().eq_ignore_ascii_case(encoding) && weight.is_ok_and(|weight| weight > 0.0)
        })
}

/// Returns a strong validator for content with this SHA-256 digest.
pub fn etag(sha256: &[u8]) -> HeaderValue {
    let short = hex(sha256.get(..16).unwrap_or(sha256));
    HeaderValue::try_from(format!("\"{short}\"")).unwrap_or(HeaderValue::from_static("\"\""))
}

/// Returns whether the client already has this version (RFC 9110 §13.1.2).
pub fn is_known(headers: &HeaderMap, etag: &HeaderValue) -> bool {
    let held = headers.get_all(header::IF_NONE_MATCH).iter();
    held.filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|held| {
            let held = held.trim().trim_start_matches("W/");
            held == "*" || held.as_bytes() == etag.as_bytes()
        })
}

/// Returns the `Cache-Control` value: a file with a hash in its name never changes, every other
/// file is revalidated.
fn caching(path: &str) -> &'static str {
    let hashed = path
        .strip_prefix("assets/")
        .and_then(|name| name.split('.').next());
    let hash = hashed
        .and_then(|stem| stem.rsplit_once('-'))
        .map_or("", |(_, hash)| hash);
    if hash.len() >= 8 && hash.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    }
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "wasm" => "application/wasm",
        "json" => "application/json",
        "webmanifest" => "application/manifest+json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "webp" => "image/webp",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(name: HeaderName, value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(name, HeaderValue::from_static(value))])
    }

    #[test]
    fn a_coding_is_sent_to_who_names_it_and_does_not_refuse_it() {
        for (stated, taken) in [
            ("br", true),
            ("gzip, deflate, BR", true),
            ("gzip;q=1.0, br;q=0.5", true),
            ("gzip, br;q=0", false),
            ("br; q=0.000", false),
            ("gzip", false),
            ("brotli", false),
            ("", false),
        ] {
            assert_eq!(
                accepts(&with(header::ACCEPT_ENCODING, stated), "br"),
                taken,
                "{stated}"
            );
        }
        assert!(!accepts(&HeaderMap::new(), "br"));
    }

    #[test]
    fn whoever_holds_these_bytes_is_known() {
        let etag = etag(&[7; 32]);
        assert_eq!(etag, format!("\"{}\"", "07".repeat(16)));
        for (held, known) in [
            ("\"07070707070707070707070707070707\"", true),
            ("\"a\", W/\"07070707070707070707070707070707\"", true),
            ("*", true),
            ("\"07\"", false),
        ] {
            assert_eq!(
                is_known(&with(header::IF_NONE_MATCH, held), &etag),
                known,
                "{held}"
            );
        }
    }

    #[test]
    fn only_what_carries_its_hash_is_kept_for_ever() {
        let forever = |path| caching(path).contains("immutable");
        assert!(forever("assets/app_bg-4894713a8f51.wasm"));
        for path in [
            "index.html",
            "sw.js",
            "manifest.webmanifest",
            "assets/app.js",
            "assets/a-b.js",
        ] {
            assert_eq!(caching(path), "no-cache", "{path}");
        }
    }
}
