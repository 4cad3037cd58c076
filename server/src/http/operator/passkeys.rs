//! Passkeys of a signed-in person: adding, listing and removing them (contract §2). Signing in by a
//! passkey is in `sign_in_by_passkey.rs`.

use std::net::IpAddr;

use api_types::passkey::{
    AddPasskey, AddedPasskey, PasskeyCreationOptions, PasskeyItem, PasskeyList, RemovedPasskey,
};
use api_types::{PasskeyId, SubjectId, Timestamp, error::ErrorBody, paths};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::Response;

use crate::app::App;
use crate::domain::fields::no_fields;
use crate::domain::job::Job;
use crate::domain::passkey::{
    self, BegunCeremony, CEREMONY_LASTS, CeremonyError, OPEN_REGISTRATIONS_MAX, OPEN_SIGN_INS_MAX,
    PASSKEYS_MAX, RelyingParty, StatedRegistration, VerifiedPasskey,
};
use crate::http::error::{self, ApiError, checked};
use crate::http::extract::body::JsonBody;
use crate::http::extract::session::{PersonAuth, require_builtin_sign_in};
use crate::http::idempotency::once;
use crate::store::passkeys::{self, CeremonyInitiator, StoredCeremony, StoredPasskey};
use crate::store::{StoreError, Tx, jobs, subjects};

/// The header of responses that must not be stored.
pub(super) const NOT_STORED: [(HeaderName, HeaderValue); 1] =
    [(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))];

/// Begin to add a passkey: get the options for the browser.
///
/// They are valid for 5 minutes, once. `excludeCredentials` lists the passkeys that the person has.
/// A server whose public URL names an IP address has no passkeys and responds with 409.
#[utoipa::path(post, path = paths::PASSKEY_OPTIONS, tag = "sign-in",
    security(("access_token" = [])),
    responses((status = 200, body = PasskeyCreationOptions), (status = 400, body = ErrorBody),
        (status = 401, body = ErrorBody), (status = 409, body = ErrorBody),
        (status = 422, body = ErrorBody)))]
pub async fn passkey_options(
    State(app): State<App>,
    person: PersonAuth,
    posted: JsonBody,
) -> Result<([(HeaderName, HeaderValue); 1], Json<PasskeyCreationOptions>), ApiError> {
    let party = relying_party(&app)?;
    checked(no_fields(&posted.body))?;
    let subject_id = person.subject_id;
    let read = move |tx: &mut Tx<'_>| {
        let subject = subjects::get(tx, subject_id)?.ok_or(StoreError::Changed)?;
        Ok::<_, StoreError>((subject, passkeys::of_subject(tx, subject_id)?))
    };
    let (subject, existing) = app.store.read(read).await?;
    if existing.len() >= PASSKEYS_MAX {
        return Err(error::too_many_passkeys(PASSKEYS_MAX));
    }
    let existing: Vec<_> = existing.into_iter().map(|one| one.credential_id).collect();
    let begun = party
        .begin_registration(subject_id, &subject.email, &existing)
        .map_err(ApiError::accident)?;
    let options = begin_ceremony(&app, begun, CeremonyInitiator::Registration(subject_id)).await?;
    Ok((NOT_STORED, Json(PasskeyCreationOptions(options))))
}

/// Returns this server as a relying party.
///
/// # Errors
/// 409 if its public URL names an IP address, or if operators sign in elsewhere only.
pub(super) fn relying_party(app: &App) -> Result<RelyingParty, ApiError> {
    require_builtin_sign_in(app)?;
    RelyingParty::of(app.origin()).ok_or_else(error::no_passkeys_here)
}

/// Returns who begins a sign-in from this address.
pub(super) fn sign_in_from(client: IpAddr) -> CeremonyInitiator {
    CeremonyInitiator::SignIn(client.to_string())
}

/// Stores a new ceremony, and returns the options for the browser.
///
/// # Errors
/// 429 if too many have begun and were not finished.
pub(super) async fn begin_ceremony(
    app: &App,
    begun: BegunCeremony,
    initiator: CeremonyInitiator,
) -> Result<serde_json::Value, ApiError> {
    let now = app.clock.now();
    let most = match initiator {
        CeremonyInitiator::Registration(_) => OPEN_REGISTRATIONS_MAX,
        CeremonyInitiator::SignIn(_) => OPEN_SIGN_INS_MAX,
    };
    let ceremony = StoredCeremony {
        challenge_hash: begun.challenge_hash,
        initiator,
        state: begun.state,
        expires_at: now.after(CEREMONY_LASTS),
    };
    let insert = move |tx: &mut Tx<'_>| {
        if passkeys::count_open(tx, &ceremony.initiator, now)? >= most {
            return Err(error::too_many_ceremonies());
        }
        Ok(passkeys::insert_ceremony(tx, &ceremony)?)
    };
    app.store.write(insert).await?;
    Ok(begun.options)
}

/// Add a passkey: send the credential that the browser created with the options.
///
/// The person gets a mail about it.
#[utoipa::path(post, path = paths::PASSKEYS, tag = "sign-in", request_body = AddPasskey,
    security(("access_token" = [])),
    responses((status = 201, body = AddedPasskey), (status = 400, body = ErrorBody),
        (status = 401, body = ErrorBody), (status = 409, body = ErrorBody),
        (status = 422, body = ErrorBody)))]
pub async fn add_passkey(
    State(app): State<App>,
    person: PersonAuth,
    headers: HeaderMap,
    posted: JsonBody,
) -> Result<Response, ApiError> {
    let party = relying_party(&app)?;
    let stated = checked(passkey::parse_registration(&posted.body))?;
    let (subject_id, now) = (person.subject_id, app.clock.now());
    let verified = verify(&app, &party, &stated, subject_id, now).await?;
    let user_agent = headers.get(header::USER_AGENT);
    let user_agent = user_agent.and_then(|value| value.to_str().ok());
    let default = passkey::default_name(stated.aaguid, user_agent.unwrap_or_default());
    let name = stated.name.unwrap_or(default);
    let id = PasskeyId::new(now, app.entropy.u128());
    let added = verified.map(|verified| StoredPasskey {
        id,
        subject_id,
        credential_id: verified.credential_id,
        credential: verified.credential,
        name,
        created_at: now,
        last_used_at: None,
    });
    let (key, hash) = (posted.once(subject_id), stated.challenge_hash);
    once(&app, key, StatusCode::CREATED, move |tx| {
        let added = added.as_ref().ok_or_else(error::passkey_not_verified)?;
        insert(tx, added, &hash)
    })
    .await
}

/// Verifies a new passkey in this person's registration with its challenge. Returns `None` if it is
/// refused; the registration is then over.
async fn verify(
    app: &App,
    party: &RelyingParty,
    stated: &StatedRegistration,
    subject_id: SubjectId,
    now: Timestamp,
) -> Result<Option<VerifiedPasskey>, ApiError> {
    let hash = stated.challenge_hash.clone();
    let state = app
        .store
        .read(move |tx| passkeys::registration(tx, &hash, subject_id, now))
        .await?;
    let Some(state) = state else {
        return Ok(None);
    };
    match party.finish_registration(&state, stated) {
        Ok(verified) => Ok(Some(verified)),
        Err(CeremonyError::Broken(cause)) => Err(ApiError::accident(cause)),
        Err(refusal) => {
            tracing::info!(%subject_id, %refusal, "a new passkey was refused");
            let hash = stated.challenge_hash.clone();
            app.store
                .write(move |tx| passkeys::end_registration(tx, &hash, subject_id))
                .await?;
            Ok(None)
        }
    }
}

/// Inserts a verified passkey and ends its registration.
fn insert(
    tx: &mut Tx<'_>,
    added: &StoredPasskey,
    challenge_hash: &str,
) -> Result<AddedPasskey, ApiError> {
    let subject_id = added.subject_id;
    subjects::lock_row(tx, subject_id)?;
    if !passkeys::end_registration(tx, challenge_hash, subject_id)? {
        return Err(error::passkey_not_verified());
    }
    if passkeys::of_subject(tx, subject_id)?.len() >= PASSKEYS_MAX {
        return Err(error::too_many_passkeys(PASSKEYS_MAX));
    }
    passkeys::insert(tx, added).map_err(|error| match error {
        StoreError::Unique => error::passkey_exists(),
        other => other.into(),
    })?;
    jobs::enqueue(tx, &Job::SendPasskeyAlert { subject_id }, added.created_at)?;
    Ok(AddedPasskey {
        passkey_id: added.id,
        name: added.name.clone(),
        created_at: added.created_at,
    })
}

/// List the passkeys of the person, the first added first.
#[utoipa::path(get, path = paths::PASSKEYS, tag = "sign-in", security(("access_token" = [])),
    responses((status = 200, body = PasskeyList), (status = 401, body = ErrorBody),
        (status = 409, body = ErrorBody)))]
pub async fn list_passkeys(
    State(app): State<App>,
    person: PersonAuth,
) -> Result<Json<PasskeyList>, ApiError> {
    relying_party(&app)?;
    let list = move |tx: &mut Tx<'_>| passkeys::of_subject(tx, person.subject_id);
    let item = |passkey: StoredPasskey| PasskeyItem {
        passkey_id: passkey.id,
        name: passkey.name,
        created_at: passkey.created_at,
        last_used_at: passkey.last_used_at,
    };
    let data = app.store.read(list).await?.into_iter().map(item).collect();
    Ok(Json(PasskeyList { data }))
}

/// Remove a passkey.
///
/// Nobody signs in by it any longer. Sessions that it began continue.
#[utoipa::path(delete, path = paths::PASSKEY, tag = "sign-in", params(("id" = PasskeyId, Path)),
    security(("access_token" = [])),
    responses((status = 200, body = RemovedPasskey), (status = 401, body = ErrorBody),
        (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
pub async fn remove_passkey(
    State(app): State<App>,
    person: PersonAuth,
    Path(id): Path<String>,
) -> Result<Json<RemovedPasskey>, ApiError> {
    relying_party(&app)?;
    let id: PasskeyId = id.parse().map_err(|_| error::passkey_not_found())?;
    let removed = app
        .store
        .write(move |tx| passkeys::delete(tx, id, person.subject_id))
        .await?;
    if removed {
        Ok(Json(RemovedPasskey { removed }))
    } else {
        Err(error::passkey_not_found())
    }
}
