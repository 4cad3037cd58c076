//! `ReaderLanguage`: the language in which a mail about a request is written.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::header;
use axum::http::request::Parts;

use crate::app::App;
use crate::domain::language::Language;

/// The language that the caller prefers, by `Accept-Language`. It is English if the header is
/// missing or names none of ours.
#[derive(Clone, Copy, Debug)]
pub struct ReaderLanguage(pub Language);

impl FromRequestParts<App> for ReaderLanguage {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Infallible> {
        let header = parts.headers.get(header::ACCEPT_LANGUAGE);
        let header = header.and_then(|value| value.to_str().ok());
        Ok(Self(Language::preferred(header.unwrap_or_default())))
    }
}
