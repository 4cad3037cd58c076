//! `SignedIn` and `PersonAuth`: the person of a valid token (contract §2).

use api_types::{SessionId, SubjectId};
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};

use crate::app::App;
use crate::domain::access_token;
use crate::domain::jwt::UnverifiedToken;
use crate::http::error::{self, ApiError};
use crate::http::extract::oidc::{self, OidcAuth};
use crate::store::sessions::{self, SessionOperator};
use crate::store::signing_keys;

/// The person who sends a valid token, whose issuer is this server or another.
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
            Some(SignedIn::AtIssuer(auth)) => Err(error::signed_in_elsewhere(&auth.person.issuer)),
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
pub fn require_builtin_sign_in(app: &App) -> Result<(), ApiError> {
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
