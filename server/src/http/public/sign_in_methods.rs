//! The ways to sign in to this server.

use api_types::error::ErrorBody;
use api_types::paths;
use api_types::session::{OidcMethod, SignInMethods};
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, header};

use crate::app::App;
use crate::domain::passkey::RelyingParty;
use crate::http::error::{self, ApiError};

/// The response depends on whether the issuer can be reached now.
const NO_CACHE: (HeaderName, HeaderValue) =
    (header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));

/// List the ways to sign in.
///
/// While the OpenID Connect issuer cannot be reached, `oidc` is null. With BUILTIN_SIGN_IN=off the
/// response is 503 instead, because there is no other way.
#[utoipa::path(get, path = paths::SIGN_IN_METHODS, tag = "sign-in",
    responses((status = 200, body = SignInMethods), (status = 503, body = ErrorBody)))]
pub async fn sign_in_methods(
    State(app): State<App>,
) -> Result<([(HeaderName, HeaderValue); 1], Json<SignInMethods>), ApiError> {
    let builtin = app.config.builtin_sign_in();
    let oidc = oidc_method(&app).await;
    if !builtin && oidc.is_none() {
        return Err(error::issuer_unavailable());
    }
    let methods = SignInMethods {
        builtin,
        passkeys: builtin && RelyingParty::of(app.origin()).is_some(),
        oidc,
    };
    Ok(([NO_CACHE], Json(methods)))
}

async fn oidc_method(app: &App) -> Option<OidcMethod> {
    let issuer = app.oidc.as_ref()?;
    let metadata = issuer.metadata(app.clock.now()).await.ok()?;
    Some(OidcMethod {
        issuer: issuer.issuer().to_owned(),
        client_id: issuer.client_id().to_owned(),
        authorization_endpoint: metadata.authorization_endpoint.clone(),
        token_endpoint: metadata.token_endpoint.clone(),
        end_session_endpoint: metadata.end_session_endpoint.clone(),
    })
}
