//! Built-in sign-in: codes by e-mail, sessions and their renewal (contract §2).
//!
//! Responses with an access token are not stored under an idempotency key, because a stored one
//! would be without the token.

use api_types::session::{
    CodeSent, EndedSession, RequestCode, Session, SessionItem, SessionList, TokenType, VerifyCode,
};
use api_types::{OperatorId, SessionId, SubjectId, Timestamp, error::ErrorBody, paths};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use zeroize::Zeroizing;

use crate::app::App;
use crate::domain::access_token::{Claims, SigningKey};
use crate::domain::fields::no_fields;
use crate::domain::job::{Job, MAIL_LANE, RequestedCode};
use crate::domain::language::Language;
use crate::domain::secret::{self, RandomToken};
use crate::domain::session::{self, ACCESS_LASTS, RefreshUse};
use crate::domain::{sign_in, sign_in_code};
use crate::http::error::{self, ApiError, checked};
use crate::http::extract::body::JsonBody;
use crate::http::extract::language::ReaderLanguage;
use crate::http::extract::session::{PersonAuth, refresh_cookie, same_origin, set_refresh_cookie};
use crate::http::idempotency::once;
use crate::store::sessions::{self, StoredSession};
use crate::store::{StoreError, Tx, jobs, signing_keys, subjects};

/// Maximum number of sessions in the list of devices.
const SESSIONS_MAX: u32 = 100;

/// Send a sign-in code to an e-mail address.
///
/// The response is the same for every address. A code has six digits and is valid for 10 minutes,
/// once. An address receives at most five an hour. The mail is in the language that
/// `Accept-Language` prefers: English, German, Spanish, French or Portuguese.
#[utoipa::path(post, path = paths::SIGN_IN_CODE, tag = "sign-in", request_body = RequestCode,
    responses((status = 202, body = CodeSent), (status = 400, body = ErrorBody)))]
pub async fn request_code(
    State(app): State<App>,
    ReaderLanguage(language): ReaderLanguage,
    posted: JsonBody,
) -> Result<Response, ApiError> {
    let stated = checked(sign_in::parse_request(&posted.body))?;
    let now = app.clock.now();
    let mut salt = [0; 8];
    app.entropy.fill(&mut salt);
    let new_id = SubjectId::new(now, app.entropy.u128());
    let key = posted.once(format!("sign-in {}", stated.email));
    once(&app, key, StatusCode::ACCEPTED, move |tx| {
        let subject = subjects::of_email(tx, &stated.email, new_id, now)?;
        // This must not depend on the address, of which the response reveals nothing.
        let delayed = jobs::is_failing(tx, MAIL_LANE)?;
        if let Some(times) = sign_in_code::send_another(&subject.code_times, now) {
            subjects::set_code_times(tx, subject.id, &times)?;
            let requested = RequestedCode {
                subject_id: subject.id,
                requested_at: now,
                salt: u64::from_le_bytes(salt),
                language,
            };
            jobs::enqueue(tx, &Job::SendSignInCode(requested), now)?;
        }
        let sent = true;
        Ok(CodeSent { sent, delayed })
    })
    .await
}

/// Exchange a sign-in code for a session.
///
/// The response sets the refresh cookie. An address without an operator account signs in all the
/// same, and `operator_id` is then null.
#[utoipa::path(post, path = paths::VERIFY_CODE, tag = "sign-in", request_body = VerifyCode,
    responses((status = 200, body = Session), (status = 400, body = ErrorBody),
        (status = 401, body = ErrorBody)))]
pub async fn verify_code(
    State(app): State<App>,
    ReaderLanguage(language): ReaderLanguage,
    headers: HeaderMap,
    posted: JsonBody,
) -> Result<Response, ApiError> {
    let stated = checked(sign_in::parse_verification(&posted.body))?;
    let now = app.clock.now();
    let issue = NewToken::draw(&app, now);
    let session_id = SessionId::new(now, app.entropy.u128());
    let new_id = SubjectId::new(now, app.entropy.u128());
    let user_agent = headers.get(header::USER_AGENT);
    let user_agent = user_agent.and_then(|value| value.to_str().ok());
    let device = session::device(user_agent.unwrap_or_default());
    let refresh_hash = issue.refresh.hash();
    let issuer = issue.issuer();
    let session = app
        .store
        .write(move |tx| {
            let Some(person) = proven(tx, &stated, (new_id, language), now)? else {
                return Ok(None);
            };
            let session = StoredSession {
                id: session_id,
                subject_id: person.0,
                device: device.clone(),
                created_at: now,
                last_used_at: now,
            };
            sessions::insert(tx, &session)?;
            sessions::insert_refresh(tx, &refresh_hash, session_id, now)?;
            issuer.session(tx, person, session_id).map(Some)
        })
        .await?;
    app.wake();
    match session {
        Some(session) => answered(&app, session, &issue.refresh),
        None => Err(error::wrong_code()),
    }
}

/// A person and their operator account.
type Person = (SubjectId, Option<OperatorId>);

/// Returns the person who proves an address by a code. A wrong guess is counted. An unknown address
/// is inserted, so that the time of a refusal does not tell whether it is known.
fn proven(
    tx: &mut Tx<'_>,
    stated: &VerifyCode,
    (new_id, language): (SubjectId, Language),
    now: Timestamp,
) -> Result<Option<Person>, ApiError> {
    let subject = subjects::of_email(tx, &stated.email, new_id, now)?;
    let codes = subjects::codes(tx, subject.id)?;
    // Every code is compared, so that the time does not tell which one was right.
    let accepted = codes.iter().filter(|code| code.accepts(&stated.code, now));
    if accepted.count() == 0 {
        subjects::count_wrong_guess(tx, subject.id)?;
        return Ok(None);
    }
    subjects::use_codes(tx, subject.id, language, now)?;
    let operator_id = match subject.operator_id {
        Some(id) => Some(id),
        None => subjects::link_known_operator(tx, &subject)?,
    };
    Ok(Some((subject.id, operator_id)))
}

/// What a session that begins or is renewed needs: random values, which are drawn before the write.
struct NewToken {
    refresh: RandomToken,
    random_key: Zeroizing<[u8; 32]>,
    issuer: String,
    now: Timestamp,
}

/// The part of [`NewToken`] that the write uses.
struct Issuer {
    random_key: Zeroizing<[u8; 32]>,
    url: String,
    now: Timestamp,
}

impl NewToken {
    fn draw(app: &App, now: Timestamp) -> Self {
        let mut random = Zeroizing::new([0; 32]);
        app.entropy.fill(&mut *random);
        let mut random_key = Zeroizing::new([0; 32]);
        app.entropy.fill(&mut *random_key);
        Self {
            refresh: RandomToken::from_random(&random),
            random_key,
            issuer: app.origin().to_owned(),
            now,
        }
    }

    fn issuer(&self) -> Issuer {
        Issuer {
            random_key: self.random_key.clone(),
            url: self.issuer.clone(),
            now: self.now,
        }
    }
}

impl Issuer {
    /// Issues an access token, with the current key or a first one.
    fn session(
        &self,
        tx: &mut Tx<'_>,
        (subject_id, operator_id): Person,
        session_id: SessionId,
    ) -> Result<Session, ApiError> {
        let key = match signing_keys::current(tx)? {
            Some(key) => key,
            None => {
                let key = SigningKey::from_random(&self.random_key).map_err(ApiError::accident)?;
                signing_keys::insert(tx, &key, self.now)?;
                key
            }
        };
        let claims = Claims::new(&self.url, subject_id, session_id, self.now);
        Ok(Session {
            access_token: key.sign(&claims).map_err(ApiError::accident)?,
            token_type: TokenType::Bearer,
            expires_in: ACCESS_LASTS.as_secs(),
            operator_id,
        })
    }
}

fn answered(app: &App, session: Session, refresh: &RandomToken) -> Result<Response, ApiError> {
    let cookie = set_refresh_cookie(app, Some(refresh))?;
    let headers = [
        (header::SET_COOKIE, cookie),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    Ok((headers, Json(session)).into_response())
}

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
        (status = 401, body = ErrorBody), (status = 403, body = ErrorBody)))]
pub async fn refresh(
    State(app): State<App>,
    headers: HeaderMap,
    posted: JsonBody,
) -> Result<Response, ApiError> {
    same_origin(&app, &headers)?;
    checked(no_fields(&posted.body))?;
    let used = refresh_cookie(&app, &headers).ok_or_else(error::session_ended)?;
    let used_hash = secret::hash(&used);
    let now = app.clock.now();
    let issue = NewToken::draw(&app, now);
    let (issuer, new_hash) = (issue.issuer(), issue.refresh.hash());
    let refreshed = app
        .store
        .write(move |tx| renew(tx, &used_hash, &new_hash, &issuer))
        .await?;
    app.wake();
    match refreshed {
        Refreshed::Session(session) => answered(&app, *session, &issue.refresh),
        Refreshed::Refused => Err(error::session_ended()),
        Refreshed::Ended => {
            let cookie = [(header::SET_COOKIE, set_refresh_cookie(&app, None)?)];
            Ok((cookie, error::session_ended()).into_response())
        }
    }
}

fn renew(
    tx: &mut Tx<'_>,
    used_hash: &str,
    new_hash: &str,
    issuer: &Issuer,
) -> Result<Refreshed, ApiError> {
    let now = issuer.now;
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
            sessions::insert_refresh(tx, new_hash, session_id, now)?;
            sessions::renew(tx, session_id, now)?;
            let subject = subjects::get(tx, session.subject_id)?;
            let subject = subject.ok_or(StoreError::Changed)?;
            let person = (subject.id, subject.operator_id);
            let session = issuer.session(tx, person, session_id)?;
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
    same_origin(&app, &headers)?;
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
    responses((status = 200, body = SessionList), (status = 401, body = ErrorBody)))]
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
        (status = 404, body = ErrorBody)))]
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
