//! Authenticates a person by a token of the OpenID Connect issuer (contract §2).

use api_types::SubjectId;

use crate::app::App;
use crate::domain::jwt::UnverifiedToken;
use crate::domain::oidc_token::{self, ExpectedClaims, OidcPerson};
use crate::http::error::{self, ApiError};
use crate::outside::oidc::OidcIssuer;
use crate::store::sessions::SessionOperator;
use crate::store::{Tx, oidc_subjects};

/// The person who sends a valid token of the OpenID Connect issuer.
#[derive(Clone, Debug)]
pub struct OidcAuth {
    /// The person, as the issuer knows them.
    pub person: OidcPerson,
    /// The person's operator account.
    pub operator: Option<SessionOperator>,
}

/// Returns the person of a token, or `None` if the token is not valid. A person who signs in for
/// the first time, with an address that the issuer has verified, is linked to the account with that
/// address, as after a code of the built-in sign-in.
///
/// # Errors
/// 503 while the issuer cannot be reached and its keys are not cached.
pub async fn authenticate(
    app: &App,
    issuer: &OidcIssuer,
    token: &UnverifiedToken,
) -> Result<Option<OidcAuth>, ApiError> {
    let now = app.clock.now();
    let expected = ExpectedClaims {
        issuer: issuer.issuer(),
        client_id: issuer.client_id(),
        origin: app.origin(),
    };
    // The claims come first, so that an old token of a retired key does not cause a fetch.
    let Some(person) = oidc_token::person(token, expected, now) else {
        return Ok(None);
    };
    let verified = issuer.verify(token, now).await;
    if !verified.map_err(|_| error::issuer_unavailable())? {
        return Ok(None);
    }
    let found = person.clone();
    let (operator, known) = app
        .store
        .read(move |tx| {
            let operator = oidc_subjects::operator(tx, &found)?;
            let known = match (&operator, &found.verified_email) {
                (None, Some(email)) => oidc_subjects::known_operator(tx, &found.issuer, email)?,
                _ => None,
            };
            Ok::<_, ApiError>((operator, known))
        })
        .await?;
    let operator = match known {
        None => operator,
        Some(_) => link(app, person.clone()).await?,
    };
    Ok(Some(OidcAuth { person, operator }))
}

async fn link(app: &App, person: OidcPerson) -> Result<Option<SessionOperator>, ApiError> {
    let now = app.clock.now();
    let id = SubjectId::new(now, app.entropy.u128());
    let link = move |tx: &mut Tx<'_>| {
        if let Some(email) = &person.verified_email
            && let Some(known) = oidc_subjects::known_operator(tx, &person.issuer, email)?
        {
            oidc_subjects::insert(tx, id, &person, email, known, now)?;
        }
        oidc_subjects::operator(tx, &person).map_err(ApiError::from)
    };
    app.store.write(link).await
}
