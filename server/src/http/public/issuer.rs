//! The documents of the built-in issuer: its description and the public keys of its tokens (OpenID
//! Connect Discovery 1.0, RFC 7517).

use api_types::error::ErrorBody;
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, header};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::app::App;
use crate::http::error::{self, ApiError};
use crate::store::signing_keys;

/// The path of the public keys.
const JWKS: &str = "/.well-known/jwks.json";

/// How long clients may cache the documents. A new key signs at once, and verifiers fetch keys that
/// they do not know.
const CACHED: (HeaderName, HeaderValue) = (
    header::CACHE_CONTROL,
    HeaderValue::from_static("public, max-age=300"),
);

/// The description of the issuer.
#[derive(Debug, Serialize, ToSchema)]
pub struct IssuerDocument {
    /// The `iss` of its tokens: the public URL of this server.
    issuer: String,
    /// Where the public keys are.
    jwks_uri: String,
    /// The list of `public` alone.
    subject_types_supported: [&'static str; 1],
    /// Always empty: people sign in by the endpoints below `/api/v1/auth`.
    response_types_supported: [&'static str; 0],
    /// The list of `ES256` alone.
    id_token_signing_alg_values_supported: [&'static str; 1],
}

/// The public keys of the issuer (RFC 7517 §5).
#[derive(Debug, Serialize, ToSchema)]
pub struct KeySet {
    /// One JWK for each key.
    keys: Vec<Value>,
}

/// A document with its headers.
type CachedJson<T> = ([(HeaderName, HeaderValue); 1], Json<T>);

/// Read the description of the built-in issuer. Not found with BUILTIN_SIGN_IN=off.
#[utoipa::path(get, path = "/.well-known/openid-configuration", tag = "sign-in",
    responses((status = 200, body = IssuerDocument), (status = 404, body = ErrorBody)))]
pub async fn describe_issuer(
    State(app): State<App>,
) -> Result<CachedJson<IssuerDocument>, ApiError> {
    require_issuer(&app)?;
    let issuer = app.origin().to_owned();
    let document = IssuerDocument {
        jwks_uri: format!("{issuer}{JWKS}"),
        issuer,
        subject_types_supported: ["public"],
        response_types_supported: [],
        id_token_signing_alg_values_supported: ["ES256"],
    };
    Ok(([CACHED], Json(document)))
}

fn require_issuer(app: &App) -> Result<(), ApiError> {
    match app.config.builtin_sign_in() {
        true => Ok(()),
        false => Err(error::no_such_path()),
    }
}

/// List the public keys of the built-in issuer. Not found with BUILTIN_SIGN_IN=off.
#[utoipa::path(get, path = "/.well-known/jwks.json", tag = "sign-in",
    responses((status = 200, body = KeySet), (status = 404, body = ErrorBody)))]
pub async fn list_public_keys(State(app): State<App>) -> Result<CachedJson<KeySet>, ApiError> {
    require_issuer(&app)?;
    let now = app.clock.now();
    let keys = app
        .store
        .read(move |tx| signing_keys::published(tx, now))
        .await?;
    let keys = keys.iter().map(|key| serde_json::from_str(key));
    let keys = keys.collect::<Result<_, _>>().map_err(ApiError::accident)?;
    Ok(([CACHED], Json(KeySet { keys })))
}
