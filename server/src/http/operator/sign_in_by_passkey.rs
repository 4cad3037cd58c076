//! Sign-in by a passkey (contract §2). Adding and removing passkeys is in `passkeys.rs`.
//!
//! The options are the same for everyone, and a refusal does not say what was wrong. Responses are
//! not stored under an idempotency key: options are for one ceremony, and a stored session would be
//! without its token.

use api_types::passkey::{PasskeyRequestOptions, SignInByPasskey};
use api_types::session::Session;
use api_types::{SessionId, error::ErrorBody, paths};
use axum::Json;
use axum::extract::State;
use axum::http::{Extensions, HeaderMap, HeaderName, HeaderValue};
use axum::response::Response;

use crate::app::App;
use crate::domain::fields::no_fields;
use crate::domain::passkey::{self, CeremonyError};
use crate::http::error::{self, ApiError, checked};
use crate::http::extract::body::JsonBody;
use crate::http::extract::client;
use crate::store::passkeys::{self, StoredPasskey};
use crate::store::{StoreError, Tx, subjects};

use super::new_session::{NewTokens, TokenWriter, device_of, with_operator};
use super::passkeys::{NOT_STORED, begin_ceremony, relying_party, sign_in_from};

/// Begin to sign in by a passkey: get the options for the browser.
///
/// They name nobody, and are valid for 5 minutes, once. A server whose public URL names an IP
/// address has no passkeys and responds with 409.
#[utoipa::path(post, path = paths::SIGN_IN_BY_PASSKEY_OPTIONS, tag = "sign-in",
    responses((status = 200, body = PasskeyRequestOptions), (status = 400, body = ErrorBody),
        (status = 409, body = ErrorBody)))]
pub async fn sign_in_by_passkey_options(
    State(app): State<App>,
    extensions: Extensions,
    headers: HeaderMap,
    posted: JsonBody,
) -> Result<([(HeaderName, HeaderValue); 1], Json<PasskeyRequestOptions>), ApiError> {
    let party = relying_party(&app)?;
    checked(no_fields(&posted.body))?;
    let limits = &app.config.limits;
    let (proxies, header) = (&limits.trusted_proxies, limits.forwarded_header);
    let client = client::of(&extensions, &headers, proxies, header);
    let begun = party.begin_sign_in().map_err(ApiError::accident)?;
    let options = begin_ceremony(&app, begun, sign_in_from(client)).await?;
    Ok((NOT_STORED, Json(PasskeyRequestOptions(options))))
}

/// Sign in by a passkey: exchange the assertion that the browser created for a session.
///
/// The response sets the refresh cookie.
#[utoipa::path(post, path = paths::SIGN_IN_BY_PASSKEY, tag = "sign-in",
    request_body = SignInByPasskey,
    responses((status = 200, body = Session), (status = 400, body = ErrorBody),
        (status = 401, body = ErrorBody), (status = 409, body = ErrorBody)))]
pub async fn sign_in_by_passkey(
    State(app): State<App>,
    headers: HeaderMap,
    posted: JsonBody,
) -> Result<Response, ApiError> {
    let party = relying_party(&app)?;
    let stated = checked(passkey::parse_assertion(&posted.body))?;
    let now = app.clock.now();
    let (hash, credential_id) = (stated.challenge_hash.clone(), stated.credential_id.clone());
    // The challenge is used up, whether the assertion is accepted or not.
    let take = move |tx: &mut Tx<'_>| {
        let state = passkeys::take_sign_in(tx, &hash, now)?;
        let passkey = passkeys::of_credential(tx, &credential_id)?;
        Ok::<_, StoreError>(state.zip(passkey))
    };
    let Some((state, passkey)) = app.store.write(take).await? else {
        return Err(error::passkey_refused());
    };
    let finished = party.finish_sign_in(&state, &stated, passkey.subject_id, &passkey.credential);
    let credential = finished.map_err(|error| refusal(&passkey, error))?;
    let tokens = NewTokens::draw(&app, now);
    let session_id = SessionId::new(now, app.entropy.u128());
    let (device, writer) = (device_of(&headers), tokens.writer());
    let session = app
        .store
        .write(move |tx| begin(tx, &passkey, &credential, &writer, session_id, &device))
        .await?;
    app.wake();
    tokens.response(&app, session)
}

/// Returns the response to a failed assertion, and logs the reason, which the response does not
/// contain.
fn refusal(passkey: &StoredPasskey, error: CeremonyError) -> ApiError {
    let (passkey_id, subject_id) = (passkey.id, passkey.subject_id);
    match error {
        CeremonyError::Broken(cause) => return ApiError::accident(cause),
        CeremonyError::CounterWentBack => tracing::warn!(
            %passkey_id, %subject_id,
            "a passkey was refused because its counter went back: it may have been copied"
        ),
        CeremonyError::Refused(reason) => {
            tracing::info!(%passkey_id, %subject_id, reason, "a passkey was refused");
        }
    }
    error::passkey_refused()
}

/// Records the use of a passkey and begins a session.
///
/// # Errors
/// 401 if the passkey was removed or used since it was read.
fn begin(
    tx: &mut Tx<'_>,
    passkey: &StoredPasskey,
    credential: &str,
    writer: &TokenWriter,
    session_id: SessionId,
    device: &str,
) -> Result<Session, ApiError> {
    let subject = subjects::get(tx, passkey.subject_id)?.ok_or(StoreError::Changed)?;
    let person = with_operator(tx, &subject)?;
    if !passkeys::record_use(tx, passkey, credential, writer.now)? {
        return Err(error::passkey_refused());
    }
    writer.begin(tx, person, session_id, device)
}
