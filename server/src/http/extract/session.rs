//! `SignedIn` and `PersonAuth`: the person of a valid token, and the refresh cookie (contract §2).

use api_types::{SessionId, SubjectId};
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, header};
use cookie::time::Duration as CookieAge;
use cookie::{Cookie, SameSite};

use crate::app::App;
use crate::domain::access_token;
use crate::domain::jwt::UnverifiedToken;
use crate::domain::secret::RandomToken;
use crate::domain::session::REFRESH_LASTS;
use crate::http::error::{self, ApiError};
use crate::http::extract::oidc::{self, OidcAuth};
use crate::store::sessions::{self, SessionOperator};
use crate::store::signing_keys;

/// The person who sends a valid token, of whichever issuer.
#[derive(Clone, Debug)]
pub enum SignedIn {
    /// A person who signed in to this server.
    Here(PersonAuth),
    /// A person who signed in at the OpenID Connect issuer.
    AtIssuer(OidcAuth),
}

impl SignedIn {
    /// Returns the person's operator account.
    pub fn operator(self) -> Option<SessionOperator> {
        match self {
            Self::Here(person) => person.operator,
            Self::AtIssuer(person) => person.operator,
        }
    }
}

/// The person who sends a valid access token of this server, with or without an operator account.
#[derive(Clone, Debug)]
pub struct PersonAuth {
    /// The person who is signed in.
    pub subject_id: SubjectId,
    /// The session of the token.
    pub session_id: SessionId,
    /// The person's operator account.
    pub operator: Option<SessionOperator>,
}

impl FromRequestParts<App> for PersonAuth {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        match authenticate(app, &parts.headers).await? {
            Some(SignedIn::Here(person)) => Ok(person),
            Some(SignedIn::AtIssuer(person)) => {
                Err(error::signed_in_elsewhere(&person.person.issuer))
            }
            None => Err(error::not_signed_in()),
        }
    }
}

/// Returns the person whose valid token these headers contain. Which issuer the token names decides
/// by whose keys it is verified.
pub async fn authenticate(app: &App, headers: &HeaderMap) -> Result<Option<SignedIn>, ApiError> {
    let Some(token) = bearer(headers).and_then(UnverifiedToken::read) else {
        return Ok(None);
    };
    match &app.oidc {
        Some(issuer) if token.claim("iss") == Some(issuer.issuer()) => {
            let person = oidc::authenticate(app, issuer, &token).await?;
            Ok(person.map(SignedIn::AtIssuer))
        }
        _ if app.config.builtin_sign_in() => {
            Ok(signed_in_here(app, token).await?.map(SignedIn::Here))
        }
        _ => Ok(None),
    }
}

/// Returns the person of an access token of this server. Everything about it is read for each
/// request, so that an ended session is refused at once by every process.
async fn signed_in_here(app: &App, token: UnverifiedToken) -> Result<Option<PersonAuth>, ApiError> {
    let (issuer, now) = (app.origin().to_owned(), app.clock.now());
    app.store
        .read(move |tx| {
            let Some(kid) = &token.kid else {
                return Ok(None);
            };
            let Some(public_key) = signing_keys::public(tx, kid, now)? else {
                return Ok(None);
            };
            let Some(claims) = access_token::verify(&token, &public_key, &issuer, now) else {
                return Ok(None);
            };
            let operator = sessions::operator(tx, claims.sid, claims.sub, now)?;
            Ok(operator.map(|operator| PersonAuth {
                subject_id: claims.sub,
                session_id: claims.sid,
                operator,
            }))
        })
        .await
}

/// Refuses a request to the built-in sign-in where it is switched off.
///
/// # Errors
/// 409 with `BUILTIN_SIGN_IN=off`.
pub fn builtin_sign_in(app: &App) -> Result<(), ApiError> {
    match (app.config.builtin_sign_in(), &app.oidc) {
        (false, Some(issuer)) => Err(error::signed_in_elsewhere(issuer.issuer())),
        _ => Ok(()),
    }
}

/// Returns the token of `Authorization: Bearer …`.
pub fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// Refuses a request with the refresh cookie that no page of this server sent. A missing `Origin`
/// is refused too, because browsers send it with every such request.
///
/// # Errors
/// 403 for another origin.
pub fn same_origin(app: &App, headers: &HeaderMap) -> Result<(), ApiError> {
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
pub fn no_other_origin(app: &App, headers: &HeaderMap) -> Result<(), ApiError> {
    match headers.contains_key(header::ORIGIN) {
        true => same_origin(app, headers),
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
