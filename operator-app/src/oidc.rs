//! Sign-in at an OpenID Connect issuer, by authorization code with PKCE (OpenID Connect Core §3.1,
//! RFC 7636). The API verifies the ID token; the app checks that it belongs to its own request.

use std::time::Duration;

use api_types::session::OidcMethod;
use base64ct::{Base64UrlUnpadded, Encoding as _};
use js_sys::encode_uri_component;
use leptos::prelude::window;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::{browser, screen::Screen, session::TokenIssuer};

const KEY: &str = "humanops.sign-in";

/// The name under which the tab stores that the issuer could not sign the person in silently.
const SILENT_FAILURE: &str = "humanops.silent-sign-in-failed";

/// A sign-in that has begun in this tab. The verifier is worthless without the code that the issuer
/// sends back, and is used once.
#[derive(Serialize, Deserialize)]
pub(crate) struct PendingSignIn {
    token_endpoint: String,
    client_id: String,
    state: String,
    nonce: String,
    verifier: String,
}

/// What the app reads of an ID token.
#[derive(Deserialize)]
struct Claims {
    nonce: String,
    iat: f64,
    exp: f64,
    #[serde(default)]
    email: Option<String>,
    #[serde(default)]
    email_verified: bool,
}

/// Begins a sign-in, and returns the URL that the person is sent to. The issuer of a `silent` one
/// asks the person nothing.
///
/// # Errors
/// Fails if the browser gives no random bytes.
pub(crate) fn begin(method: &OidcMethod, silent: bool) -> Result<String, getrandom::Error> {
    let pending = PendingSignIn {
        token_endpoint: method.token_endpoint.clone(),
        client_id: method.client_id.clone(),
        state: random()?,
        nonce: random()?,
        verifier: random()?,
    };
    let challenge = Base64UrlUnpadded::encode_string(&Sha256::digest(&pending.verifier));
    let parameters = [
        ("response_type", "code"),
        ("client_id", &method.client_id),
        ("redirect_uri", &redirect_uri()),
        ("scope", "openid email"),
        ("state", &pending.state),
        ("nonce", &pending.nonce),
        ("code_challenge", &challenge),
        ("code_challenge_method", "S256"),
    ];
    let mut query = form(&parameters);
    if silent {
        query.push_str("&prompt=none");
    }
    if let Ok(text) = serde_json::to_string(&pending) {
        browser::store_for_tab(KEY, &text);
    }
    Ok(with_query(&method.authorization_endpoint, &query))
}

/// Returns whether the app may begin a silent sign-in. After one has failed, the person is asked
/// first.
pub(crate) fn may_begin_silently() -> bool {
    browser::load_from_tab(SILENT_FAILURE).is_none()
}

/// Records that a silent sign-in failed, because the issuer has to ask the person.
pub(crate) fn record_silent_failure() {
    browser::store_for_tab(SILENT_FAILURE, "true");
}

/// Forgets that a silent sign-in failed, because the person has signed in.
pub(crate) fn forget_silent_failure() {
    browser::take_from_tab(SILENT_FAILURE);
}

/// Returns the URL at which the person signs out of the issuer too, if it has one.
pub(crate) fn sign_out_url(method: &OidcMethod) -> Option<String> {
    let endpoint = method.end_session_endpoint.as_ref()?;
    let origin = window().location().origin().unwrap_or_default();
    let query = form(&[
        ("client_id", &method.client_id),
        ("post_logout_redirect_uri", &format!("{origin}/")),
    ]);
    Some(with_query(endpoint, &query))
}

impl PendingSignIn {
    /// Returns the sign-in that has begun in this tab and that the issuer answers with `state`. It
    /// can be taken once.
    pub(crate) fn take(state: &str) -> Option<Self> {
        let pending: Self = serde_json::from_str(&browser::take_from_tab(KEY)?).ok()?;
        (pending.state == state).then_some(pending)
    }

    /// Returns the URL at which the code is exchanged.
    pub(crate) fn token_endpoint(&self) -> &str {
        &self.token_endpoint
    }

    /// Returns the form that exchanges an authorization code.
    pub(crate) fn exchange(&self, code: &str) -> String {
        form(&[
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", &redirect_uri()),
            ("client_id", &self.client_id),
            ("code_verifier", &self.verifier),
        ])
    }

    /// Returns how long an ID token lasts and what it says of the person's address, or `None` if it
    /// is no answer to this sign-in.
    pub(crate) fn read(&self, id_token: &str) -> Option<(Duration, TokenIssuer)> {
        let payload = id_token.split('.').nth(1)?;
        let payload = Base64UrlUnpadded::decode_vec(payload).ok()?;
        let claims: Claims = serde_json::from_slice(&payload).ok()?;
        let lasts = Duration::try_from_secs_f64(claims.exp - claims.iat).ok()?;
        let has_email = claims.email_verified && claims.email.is_some();
        (claims.nonce == self.nonce).then_some((lasts, TokenIssuer::Elsewhere { has_email }))
    }
}

/// Returns where the issuer sends the person back to.
fn redirect_uri() -> String {
    let origin = window().location().origin().unwrap_or_default();
    format!("{origin}{}", Screen::SIGN_IN.path())
}

/// Returns the URL of an endpoint with a query. The URL may have a query of its own, which is kept
/// (RFC 6749 §3.1).
fn with_query(endpoint: &str, query: &str) -> String {
    let separator = if endpoint.contains('?') { '&' } else { '?' };
    format!("{endpoint}{separator}{query}")
}

fn random() -> Result<String, getrandom::Error> {
    let mut bytes = [0_u8; 32];
    getrandom::fill(&mut bytes)?;
    Ok(Base64UrlUnpadded::encode_string(&bytes))
}

fn form(parameters: &[(&str, &str)]) -> String {
    let encoded = parameters.iter().map(|(name, value)| {
        let value = String::from(encode_uri_component(value));
        format!("{name}={value}")
    });
    encoded.collect::<Vec<_>>().join("&")
}
