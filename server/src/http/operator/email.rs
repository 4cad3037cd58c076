//! The confirmation of an operator's e-mail address by a code, for operators who sign in at an
//! OpenID Connect issuer that does not vouch for it (contract §2).
//!
//! Until then the address is nobody's: it does not keep its owner from registering, and a person
//! who proves it elsewhere is not linked to the account.

use api_types::session::{CodeSent, ConfirmEmail, ConfirmedEmail, RequestConfirmation};
use api_types::{SubjectId, Timestamp, error::ErrorBody, paths};
use axum::Json;
use axum::extract::{FromRequestParts, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::Response;

use crate::app::App;
use crate::domain::job::{Job, MAIL_LANE, RequestedCode};
use crate::domain::oidc_token::OidcPerson;
use crate::domain::{email_code, sign_in};
use crate::http::error::{self, ApiError, checked};
use crate::http::extract::body::JsonBody;
use crate::http::extract::language::ReaderLanguage;
use crate::http::extract::session::{self, SignedIn};
use crate::http::idempotency::once;
use crate::store::subjects::{self, Subject};
use crate::store::{StoreError, Tx, jobs, oidc_subjects, operators};

/// The person who confirms an address, signed in at the OpenID Connect issuer.
#[derive(Clone, Debug)]
pub struct ConfirmingPerson(OidcPerson);

impl FromRequestParts<App> for ConfirmingPerson {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        match session::authenticate(app, &parts.headers).await? {
            Some(SignedIn::AtIssuer(auth)) => Ok(Self(auth.person)),
            // The built-in sign-in has proven the address.
            Some(SignedIn::Here(_)) => Err(error::email_confirmed_already()),
            None => Err(error::not_signed_in()),
        }
    }
}

/// Schedules the mail with a requested code, unless the address or the person has received too many
/// within an hour. `new_id` is the id of the address, if the server has not seen it before.
///
/// Codes are counted for the address, together with those of the built-in sign-in, and for the
/// person.
pub fn send_code(
    tx: &mut Tx<'_>,
    requested: RequestedCode,
    email: &str,
    sent_before: &[Timestamp],
    new_id: SubjectId,
) -> Result<(), StoreError> {
    let (id, now) = (requested.subject_id, requested.requested_at);
    let address = subjects::of_email(tx, email, new_id, now)?;
    let times = email_code::send_another(&address.code_times, now)
        .zip(email_code::send_another(sent_before, now));
    if let Some((of_address, of_person)) = times {
        subjects::set_code_times(tx, address.id, &of_address)?;
        subjects::set_code_times(tx, id, &of_person)?;
        jobs::enqueue(tx, &Job::SendConfirmationCode(requested), now)?;
    }
    Ok(())
}

/// Send another code that confirms the operator's e-mail address.
///
/// POST /operator/register sends the first one. With `email` the address is corrected. The response
/// is the same if no mail leaves, because too many were sent within an hour.
#[utoipa::path(post, path = paths::EMAIL_CODE, tag = "sign-in",
    request_body = RequestConfirmation, security(("access_token" = [])),
    responses((status = 202, body = CodeSent), (status = 400, body = ErrorBody),
        (status = 401, body = ErrorBody), (status = 403, body = ErrorBody),
        (status = 409, body = ErrorBody)))]
pub async fn send_email_code(
    State(app): State<App>,
    ConfirmingPerson(person): ConfirmingPerson,
    ReaderLanguage(language): ReaderLanguage,
    posted: JsonBody,
) -> Result<Response, ApiError> {
    let stated = checked(sign_in::parse_confirmation_request(&posted.body))?;
    let now = app.clock.now();
    let salt = app.entropy.u64();
    let new_id = SubjectId::new(now, app.entropy.u128());
    let key = posted.once(format!("email {} {}", person.issuer, person.sub));
    once(&app, key, StatusCode::ACCEPTED, move |tx| {
        let subject = subject(tx, &person)?;
        let email = stated.email.as_deref().unwrap_or(&subject.email);
        let operator_id = subject.operator_id.ok_or_else(error::not_registered)?;
        if !operators::set_unconfirmed_email(tx, operator_id, email)? {
            return Err(error::email_confirmed_already());
        }
        // This must not depend on the address, because the response must not reveal whether it is
        // known.
        let delayed = jobs::is_failing(tx, MAIL_LANE)?;
        let requested = RequestedCode {
            subject_id: subject.id,
            requested_at: now,
            salt,
            language,
        };
        send_code(tx, requested, email, &subject.code_times, new_id)?;
        oidc_subjects::set_email(tx, subject.id, email)?;
        let sent = true;
        Ok(CodeSent { sent, delayed })
    })
    .await
}

/// Confirm the operator's e-mail address by the code that was mailed to it.
///
/// If the address has an operator account already, for example one of the built-in sign-in, the
/// person is linked to that account, and the one that was registered is deleted.
#[utoipa::path(post, path = paths::CONFIRM_EMAIL, tag = "sign-in", request_body = ConfirmEmail,
    security(("access_token" = [])),
    responses((status = 200, body = ConfirmedEmail), (status = 400, body = ErrorBody),
        (status = 401, body = ErrorBody), (status = 403, body = ErrorBody),
        (status = 409, body = ErrorBody)))]
pub async fn confirm_email(
    State(app): State<App>,
    ConfirmingPerson(person): ConfirmingPerson,
    posted: JsonBody,
) -> Result<Json<ConfirmedEmail>, ApiError> {
    let stated = checked(sign_in::parse_confirmation(&posted.body))?;
    let now = app.clock.now();
    let confirmed = app
        .store
        .write(move |tx| confirm(tx, &person, &stated, now))
        .await?;
    confirmed.map(Json).ok_or_else(error::wrong_code)
}

/// Confirms the address, or returns `None` if the code is wrong, which is counted. An address that
/// is confirmed already stays so, and a request that is sent again gets the same response.
fn confirm(
    tx: &mut Tx<'_>,
    person: &OidcPerson,
    stated: &ConfirmEmail,
    now: Timestamp,
) -> Result<Option<ConfirmedEmail>, ApiError> {
    let subject = subject(tx, person)?;
    let operator_id = subject.operator_id.ok_or_else(error::not_registered)?;
    // The lock keeps concurrent guesses apart, so that each of them is counted.
    let Some(email) = operators::lock_unconfirmed_email(tx, operator_id)? else {
        let Some(operator) = operators::get(tx, operator_id)? else {
            return Err(tx.lost_race().into());
        };
        let email = operator.email;
        return Ok(Some(ConfirmedEmail { operator_id, email }));
    };
    let codes = subjects::codes(tx, subject.id)?;
    let right = codes
        .iter()
        .filter(|code| code.confirms(&email, &stated.code, now));
    if right.count() == 0 {
        subjects::count_wrong_guess(tx, subject.id)?;
        return Ok(None);
    }
    if operators::confirm_email(tx, operator_id, &email)? {
        subjects::use_codes(tx, subject.id, subject.language, now)?;
        return Ok(Some(ConfirmedEmail { operator_id, email }));
    }
    let known = oidc_subjects::known_operator(tx, &person.issuer, &email)?;
    let known = known.ok_or_else(error::operator_exists)?;
    subjects::use_codes(tx, subject.id, subject.language, now)?;
    oidc_subjects::relink(tx, subject.id, known)?;
    operators::delete_unconfirmed(tx, operator_id)?;
    Ok(Some(ConfirmedEmail {
        operator_id: known,
        email,
    }))
}

fn subject(tx: &mut Tx<'_>, person: &OidcPerson) -> Result<Subject, ApiError> {
    let subject = subjects::of_issuer(tx, &person.issuer, &person.sub)?;
    subject.ok_or_else(error::not_registered)
}
