//! Sign-in by a code that is sent by e-mail (contract §2). The session that it begins is in
//! `new_session.rs`.
//!
//! Responses with an access token are not stored under an idempotency key, because a stored one
//! would be without the token.

use api_types::session::{CodeSent, RequestCode, Session, VerifyCode};
use api_types::{SessionId, SubjectId, Timestamp, error::ErrorBody, paths};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;

use crate::app::App;
use crate::domain::job::{Job, MAIL_LANE, RequestedCode};
use crate::domain::language::Language;
use crate::domain::{email_code, sign_in};
use crate::http::error::{self, ApiError, checked};
use crate::http::extract::body::JsonBody;
use crate::http::extract::language::ReaderLanguage;
use crate::http::extract::refresh_cookie::require_no_other_origin;
use crate::http::extract::session::require_builtin_sign_in;
use crate::http::idempotency::once;
use crate::store::{Tx, jobs, subjects};

use super::new_session::{NewTokens, Person, device_of, with_operator};

/// Send a sign-in code to an e-mail address.
///
/// The response is the same for every address. A code has six digits and is valid for 10 minutes,
/// once. An address receives at most five an hour. The mail is in the language that
/// `Accept-Language` prefers: English, German, Spanish, French or Portuguese. An `Origin` that is
/// not the URL of this server is refused.
#[utoipa::path(post, path = paths::SIGN_IN_CODE, tag = "sign-in", request_body = RequestCode,
    responses((status = 202, body = CodeSent), (status = 400, body = ErrorBody),
        (status = 403, body = ErrorBody), (status = 409, body = ErrorBody)))]
pub async fn request_code(
    State(app): State<App>,
    ReaderLanguage(language): ReaderLanguage,
    headers: HeaderMap,
    posted: JsonBody,
) -> Result<Response, ApiError> {
    require_builtin_sign_in(&app)?;
    require_no_other_origin(&app, &headers)?;
    let stated = checked(sign_in::parse_request(&posted.body))?;
    let now = app.clock.now();
    let salt = app.entropy.u64();
    let new_id = SubjectId::new(now, app.entropy.u128());
    let key = posted.once(format!("sign-in {}", stated.email));
    once(&app, key, StatusCode::ACCEPTED, move |tx| {
        let subject = subjects::of_email(tx, &stated.email, new_id, now)?;
        // This must not depend on the address, because the response must not reveal whether it is
        // known.
        let delayed = jobs::is_failing(tx, MAIL_LANE)?;
        if let Some(times) = email_code::send_another(&subject.code_times, now) {
            subjects::set_code_times(tx, subject.id, &times)?;
            let requested = RequestedCode {
                subject_id: subject.id,
                requested_at: now,
                salt,
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
/// same, and `operator_id` is then null. An `Origin` that is not the URL of this server is refused.
#[utoipa::path(post, path = paths::VERIFY_CODE, tag = "sign-in", request_body = VerifyCode,
    responses((status = 200, body = Session), (status = 400, body = ErrorBody),
        (status = 401, body = ErrorBody), (status = 403, body = ErrorBody),
        (status = 409, body = ErrorBody)))]
pub async fn verify_code(
    State(app): State<App>,
    ReaderLanguage(language): ReaderLanguage,
    headers: HeaderMap,
    posted: JsonBody,
) -> Result<Response, ApiError> {
    require_builtin_sign_in(&app)?;
    require_no_other_origin(&app, &headers)?;
    let stated = checked(sign_in::parse_verification(&posted.body))?;
    let now = app.clock.now();
    let tokens = NewTokens::draw(&app, now);
    let session_id = SessionId::new(now, app.entropy.u128());
    let new_id = SubjectId::new(now, app.entropy.u128());
    let (device, writer) = (device_of(&headers), tokens.writer());
    let session = app
        .store
        .write(move |tx| {
            let Some(person) = identify(tx, &stated, (new_id, language), now)? else {
                return Ok(None);
            };
            let begun = writer.begin(tx, person, session_id, &device);
            begun.map(Some)
        })
        .await?;
    app.wake();
    match session {
        Some(session) => tokens.response(&app, session),
        None => Err(error::wrong_code()),
    }
}

/// Returns the person who proves an address by a code. A wrong guess is counted. An unknown address
/// is inserted, so that the time of a refusal does not tell whether it is known.
fn identify(
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
    Ok(Some(with_operator(tx, &subject)?))
}
