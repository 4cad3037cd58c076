//! The access token of requests, and its renewal where the operator signs in.

use std::{cell::RefCell, future::pending, time::Duration};

use api_types::{OperatorId, paths, session::Session as BegunSession};
use gloo_net::http::{Request, RequestBuilder};
use js_sys::Promise;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::{JsFuture, future_to_promise};

use super::transport::{json, post};
use crate::{
    browser, destination, oidc,
    response::ClientError,
    screen::Screen,
    session::{self, TokenIssuer},
};

/// Sends a request whose response begins or renews a session, and keeps its access token.
pub(super) async fn begin(
    request: RequestBuilder,
    body: String,
) -> Result<BegunSession, ClientError> {
    let begun: BegunSession = post(request, body).await?.parse(|_| true)?;
    let lasts = Duration::from_secs(begun.expires_in);
    let token = begun.access_token.clone();
    session::keep_token(token, lasts, TokenIssuer::Here, begun.operator_id);
    Ok(begun)
}

thread_local! {
    /// The renewal that is under way.
    static RENEWAL: RefCell<Option<Promise>> = const { RefCell::new(None) };
}

/// Returns the value of the header that authenticates a request. A token that expires soon is
/// renewed.
pub(super) async fn bearer() -> Result<String, ClientError> {
    let token = match session::token() {
        Some(token) => token,
        None => renewed_token().await?,
    };
    Ok(format!("Bearer {token}"))
}

/// Returns the same for a request of this operator.
///
/// # Errors
/// [`ClientError::SignedOut`] if another person has signed in meanwhile in another tab, which has
/// the same cookie. A request of one operator is never sent as another.
pub(super) async fn bearer_of(operator_id: OperatorId) -> Result<String, ClientError> {
    let bearer = bearer().await?;
    if session::token_is_not_of(operator_id) {
        return Err(ClientError::SignedOut);
    }
    Ok(bearer)
}

/// Returns an access token from where the operator signs in. Requests that need one at the same
/// time share one renewal.
async fn renewed_token() -> Result<String, ClientError> {
    let renewal = RENEWAL.with_borrow(Clone::clone).unwrap_or_else(|| {
        let renewal = future_to_promise(async {
            let renewed = renew().await;
            RENEWAL.set(None);
            match renewed {
                Ok(()) => Ok(JsValue::UNDEFINED),
                Err(error) => Err(json(&error).unwrap_or_default().into()),
            }
        });
        RENEWAL.set(Some(renewal.clone()));
        renewal
    });
    match JsFuture::from(renewal).await {
        Ok(_) => session::token().ok_or(ClientError::Lost),
        Err(error) => {
            let error = error.as_string().unwrap_or_default();
            Err(serde_json::from_str(&error).unwrap_or(ClientError::Lost))
        }
    }
}

/// Renews the session where the operator signs in.
async fn renew() -> Result<(), ClientError> {
    let stored = session::Session::load();
    if stored.is_some_and(|session| session.at_issuer) {
        renew_at_issuer().await
    } else {
        renew_here().await
    }
}

/// Leaves for the issuer, which sends the person back at once if they are signed in there. This is
/// done right after the page was loaded only, because later something typed could be lost.
async fn renew_at_issuer() -> Result<(), ClientError> {
    if session::token_issuer().is_some() || !oidc::may_begin_silently() {
        return Err(ClientError::SignedOut);
    }
    destination::keep(Screen::parse(&browser::path()));
    browser::leave_for(&format!("{}?renew", Screen::SIGN_IN.path()));
    pending().await
}

/// Renews the session by the refresh cookie. If the cookie is refused, another tab may have renewed
/// it meanwhile, so the new cookie is tried once.
async fn renew_here() -> Result<(), ClientError> {
    let try_once = || begin(Request::post(paths::REFRESH), "{}".to_owned());
    match try_once().await {
        Err(error) if error.is_unauthorized() => try_once().await.map(drop),
        renewed => renewed.map(drop),
    }
}
