//! The cookie of the refresh token, and the check that a page of this server sent it (contract §2).

use axum::http::{HeaderMap, HeaderValue, header};
use cookie::time::Duration as CookieAge;
use cookie::{Cookie, SameSite};

use crate::app::App;
use crate::domain::secret::RandomToken;
use crate::domain::session::REFRESH_LASTS;
use crate::http::error::{self, ApiError};

/// Refuses a request with the refresh cookie that no page of this server sent. A missing `Origin`
/// is refused too, because browsers send it with every such request.
///
/// # Errors
/// 403 for another origin.
pub fn require_same_origin(app: &App, headers: &HeaderMap) -> Result<(), ApiError> {
    let origin = headers.get(header::ORIGIN).map(HeaderValue::as_bytes);
    if origin == Some(app.origin().as_bytes()) {
        Ok(())
    } else {
        Err(error::foreign_origin(app.origin()))
    }
}

/// Refuses to sign a person in on a page of another origin. The session could not be renewed there,
/// so it would end with the first access token. Programs send no `Origin`.
///
/// # Errors
/// 403 for another origin.
pub fn require_no_other_origin(app: &App, headers: &HeaderMap) -> Result<(), ApiError> {
    match headers.contains_key(header::ORIGIN) {
        true => require_same_origin(app, headers),
        false => Ok(()),
    }
}

fn is_secure(app: &App) -> bool {
    app.origin().starts_with("https:")
}

/// Returns the name of the refresh cookie. Browsers accept the prefix with `Secure` only, which
/// plain http on loopback does not have.
fn cookie_name(app: &App) -> &'static str {
    match is_secure(app) {
        true => "__Host-humanops_refresh",
        false => "humanops_refresh",
    }
}

/// Returns the refresh token in the cookies of a request. A request with two of them has none: a
/// browser sends two only if a page of another port or path planted one.
pub fn refresh_cookie(app: &App, headers: &HeaderMap) -> Option<String> {
    let name = cookie_name(app);
    let lines = headers.get_all(header::COOKIE).into_iter();
    let mut tokens = lines
        .filter_map(|line| line.to_str().ok())
        .flat_map(Cookie::split_parse)
        .filter_map(Result::ok)
        .filter(|cookie| cookie.name() == name);
    let token = tokens.next()?.value().to_owned();
    tokens.next().is_none().then_some(token)
}

/// Returns the `Set-Cookie` header that stores a refresh token, or that deletes it.
///
/// # Errors
/// 500 never, because tokens are ASCII.
pub fn set_refresh_cookie(app: &App, token: Option<&RandomToken>) -> Result<HeaderValue, ApiError> {
    let seconds = token.map_or(0, |_| REFRESH_LASTS.as_secs());
    let seconds = i64::try_from(seconds).unwrap_or_default();
    let value = token.map_or("", RandomToken::reveal);
    let cookie = Cookie::build((cookie_name(app), value))
        .path("/")
        .http_only(true)
        .secure(is_secure(app))
        .same_site(SameSite::Strict)
        .max_age(CookieAge::seconds(seconds));
    let mut header =
        HeaderValue::try_from(cookie.build().to_string()).map_err(ApiError::accident)?;
    header.set_sensitive(true);
    Ok(header)
}
