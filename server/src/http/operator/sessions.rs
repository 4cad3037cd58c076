//! Sessions that have begun: their renewal by the refresh cookie, the list of devices, and their
//! end (contract §2).
//!
//! Responses with an access token are not stored under an idempotency key, because a stored one
//! would be without the token.

use api_types::session::{EndedSession, Session, SessionItem, SessionList};
use api_types::{SessionId, error::ErrorBody, paths};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};

use crate::app::App;
use crate::domain::fields::no_fields;
use crate::domain::job::Job;
use crate::domain::secret;
use crate::domain::session::RefreshUse;
use crate::http::error::{self, ApiError, checked};
use crate::http::extract::body::JsonBody;
use crate::http::extract::refresh_cookie::{
    refresh_cookie, require_same_origin, set_refresh_cookie,
};
use crate::http::extract::session::{PersonAuth, require_builtin_sign_in};
use crate::store::sessions::{self, StoredSession};
use crate::store::{StoreError, Tx, jobs, subjects};

use super::new_session::{NewTokens, TokenWriter};

/// Maximum number of sessions in the list of devices.
const SESSIONS_MAX: u32 = 100;

/// The result of using a refresh token.
enum Refreshed {
    Session(Box<Session>),
    Refused,
    Ended,
}

/// Renew the session of the refresh cookie.
///
/// Each refresh token works once, and within 10 seconds once more, because two tabs may renew at
/// the same moment. If it is used later, somebody may have copied it: the session ends. `Origin`
/// must be the URL of this server.
#[utoipa::path(post, path = paths::REFRESH, tag = "sign-in",
    responses((status = 200, body = Session), (status = 400, body = ErrorBody),
        (status = 401, body = ErrorBody), (status = 403, body = ErrorBody),
        (status = 409, body = ErrorBody)))]
pub async fn refresh(
    State(app): State<App>,
    headers: HeaderMap,
    posted: JsonBody,
) -> Result<Response, ApiError> {
    require_builtin_sign_in(&app)?;
    require_same_origin(&app, &headers)?;
    checked(no_fields(&posted.body))?;
    let used = refresh_cookie(&app, &headers).ok_or_else(error::session_ended)?;
    let used_hash = secret::hash(&used);
    let now = app.clock.now();
    let tokens = NewTokens::draw(&app, now);
    let writer = tokens.writer();
    let refreshed = app
        .store
        .write(move |tx| renew(tx, &used_hash, &writer))
        .await?;
    app.wake();
    match refreshed {
        Refreshed::Session(session) => tokens.response(&app, *session),
        Refreshed::Refused => Err(error::session_ended()),
        Refreshed::Ended => {
            let cookie = [(header::SET_COOKIE, set_refresh_cookie(&app, None)?)];
            Ok((cookie, error::session_ended()).into_response())
        }
    }
}

fn renew(tx: &mut Tx<'_>, used_hash: &str, writer: &TokenWriter) -> Result<Refreshed, ApiError> {
    let now = writer.now;
    let Some((stored, session_id)) = sessions::refresh(tx, used_hash)? else {
        return Ok(Refreshed::Ended);
    };
    let Some(session) = sessions::active(tx, session_id, now)? else {
        return Ok(Refreshed::Ended);
    };
    match stored.used(now) {
        RefreshUse::Refuse => Ok(Refreshed::Refused),
        RefreshUse::Stolen => {
            let subject_id = session.subject_id;
            if sessions::end(tx, session_id, subject_id, now)? {
                jobs::enqueue(tx, &Job::SendSessionAlert { subject_id }, now)?;
            }
            Ok(Refreshed::Ended)
        }
        RefreshUse::Renew => {
            sessions::count_use(tx, used_hash, stored, now)?;
            sessions::renew(tx, session_id, now)?;
            let subject = subjects::get(tx, session.subject_id)?;
            let subject = subject.ok_or(StoreError::Changed)?;
            let person = (subject.id, subject.operator_id);
            let session = writer.issue(tx, person, session_id)?;
            Ok(Refreshed::Session(Box::new(session)))
        }
    }
}

/// Sign out: end the session of the refresh cookie, and delete the cookie.
///
/// `Origin` must be the URL of this server. Without a session nothing happens.
#[utoipa::path(post, path = paths::SIGN_OUT, tag = "sign-in",
    responses((status = 200, body = EndedSession), (status = 400, body = ErrorBody),
        (status = 403, body = ErrorBody)))]
pub async fn sign_out(
    State(app): State<App>,
    headers: HeaderMap,
    posted: JsonBody,
) -> Result<Response, ApiError> {
    require_same_origin(&app, &headers)?;
    checked(no_fields(&posted.body))?;
    if let Some(token) = refresh_cookie(&app, &headers) {
        let (hash, now) = (secret::hash(&token), app.clock.now());
        let end = move |tx: &mut Tx<'_>| {
            let Some((_, id)) = sessions::refresh(tx, &hash)? else {
                return Ok(());
            };
            match sessions::active(tx, id, now)? {
                Some(session) => sessions::end(tx, id, session.subject_id, now).map(drop),
                None => Ok(()),
            }
        };
        app.store.write::<_, StoreError>(end).await?;
    }
    let cookie = [(header::SET_COOKIE, set_refresh_cookie(&app, None)?)];
    Ok((cookie, Json(EndedSession { ended: true })).into_response())
}

/// List the devices on which the person is signed in, the last used first.
#[utoipa::path(get, path = paths::SESSIONS, tag = "sign-in", security(("access_token" = [])),
    responses((status = 200, body = SessionList), (status = 401, body = ErrorBody),
        (status = 409, body = ErrorBody)))]
pub async fn list_sessions(
    State(app): State<App>,
    person: PersonAuth,
) -> Result<Json<SessionList>, ApiError> {
    let now = app.clock.now();
    let list =
        move |tx: &mut Tx<'_>| sessions::of_subject(tx, person.subject_id, now, SESSIONS_MAX);
    let item = |session: StoredSession| SessionItem {
        session_id: session.id,
        device: session.device,
        created_at: session.created_at,
        last_used_at: session.last_used_at,
        current: session.id == person.session_id,
    };
    let data = app.store.read(list).await?.into_iter().map(item).collect();
    Ok(Json(SessionList { data }))
}

/// Sign out on one device.
#[utoipa::path(delete, path = paths::SESSION, tag = "sign-in", params(("id" = SessionId, Path)),
    security(("access_token" = [])),
    responses((status = 200, body = EndedSession), (status = 401, body = ErrorBody),
        (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
pub async fn end_session(
    State(app): State<App>,
    person: PersonAuth,
    Path(id): Path<String>,
) -> Result<Json<EndedSession>, ApiError> {
    let id: SessionId = id.parse().map_err(|_| error::session_not_found())?;
    let now = app.clock.now();
    let ended = app
        .store
        .write(move |tx| sessions::end(tx, id, person.subject_id, now))
        .await?;
    if ended {
        Ok(Json(EndedSession { ended }))
    } else {
        Err(error::session_not_found())
    }
}
