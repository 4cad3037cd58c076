//! The API without a session: sign-in, registration and sign-out; and the renewal of a session.

use std::{cell::RefCell, future::pending, time::Duration};

use api_types::{
    OperatorId,
    error::ErrorCode,
    operator::{OperatorProfile, RegisterOperator, RegisteredOperator},
    passkey::PasskeyRequestOptions,
    paths,
    session::{
        CodeSent, EndedSession, RequestCode, Session as BegunSession, SignInMethods, VerifyCode,
    },
};
use gloo_net::http::{Request, RequestBuilder};
use js_sys::Promise;
use serde_json::Value;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::{JsFuture, future_to_promise};

use super::transport::{AUTHORIZATION, json, post, send_empty};
use crate::{
    browser, destination,
    response::ClientError,
    screen::Screen,
    session::{self, TokenIssuer},
};

/// The API without a session.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Client;

impl Client {
    /// Loads the ways to sign in.
    pub(crate) async fn sign_in_methods(self) -> Result<SignInMethods, ClientError> {
        let request = Request::get(paths::SIGN_IN_METHODS);
        send_empty(request).await?.parse(|_| true)
    }

    /// Loads the account of the person who has signed in. Returns `None` if there is none yet.
    pub(crate) async fn account(self) -> Result<Option<OperatorId>, ClientError> {
        let request = Request::get(paths::OPERATOR_PROFILE).header(AUTHORIZATION, &bearer().await?);
        let profile = send_empty(request).await?.parse(|_: &OperatorProfile| true);
        match profile {
            Ok(profile) => Ok(Some(profile.operator_id)),
            Err(ClientError::Refused(body, _)) if body.code == ErrorCode::Forbidden => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Requests a sign-in code for an e-mail address. Returns whether the mail may take longer.
    pub(crate) async fn request_code(self, email: &str) -> Result<bool, ClientError> {
        let body = json(&RequestCode {
            email: email.to_owned(),
        })?;
        let request = Request::post(paths::SIGN_IN_CODE);
        let sent = post(request, body)
            .await?
            .parse(|sent: &CodeSent| sent.sent);
        sent.map(|sent| sent.delayed)
    }

    /// Exchanges a sign-in code for an access token, which is kept. Returns the person's operator
    /// account, or `None` if there is none yet.
    pub(crate) async fn verify_code(
        self,
        email: &str,
        code: &str,
    ) -> Result<Option<OperatorId>, ClientError> {
        let body = json(&VerifyCode {
            email: email.to_owned(),
            code: code.to_owned(),
        })?;
        let begun = begin(Request::post(paths::VERIFY_CODE), body).await?;
        Ok(begun.operator_id)
    }

    /// Requests the options of a sign-in by a passkey.
    pub(crate) async fn passkey_options(self) -> Result<Value, ClientError> {
        let request = Request::post(paths::SIGN_IN_BY_PASSKEY_OPTIONS);
        let answer = post(request, "{}".to_owned()).await?;
        answer
            .parse(|_: &PasskeyRequestOptions| true)
            .map(|it| it.0)
    }

    /// Exchanges an assertion of a passkey for an access token, which is kept. Returns the person's
    /// operator account, or `None` if there is none yet.
    pub(crate) async fn sign_in_by_passkey(
        self,
        assertion: String,
    ) -> Result<Option<OperatorId>, ClientError> {
        let begun = begin(Request::post(paths::SIGN_IN_BY_PASSKEY), assertion).await?;
        Ok(begun.operator_id)
    }

    /// Renews the session of a person who may have no operator account yet. Returns their account
    /// if there is one.
    pub(crate) async fn resume(self) -> Result<Option<OperatorId>, ClientError> {
        let resumed = begin(Request::post(paths::REFRESH), "{}".to_owned()).await?;
        Ok(resumed.operator_id)
    }

    /// Registers the operator account of a person who has signed in. All attempts to send the same
    /// form have the same `idempotency_key`.
    pub(crate) async fn register_operator(
        self,
        operator: &RegisterOperator,
        idempotency_key: &str,
    ) -> Result<RegisteredOperator, ClientError> {
        let request = Request::post(paths::REGISTER_OPERATOR)
            .header("Idempotency-Key", idempotency_key)
            .header(AUTHORIZATION, &bearer().await?);
        post(request, json(operator)?).await?.parse(|_| true)
    }

    /// Ends the session of the refresh cookie, and deletes the cookie.
    pub(crate) async fn sign_out(self) -> Result<(), ClientError> {
        let answer = post(Request::post(paths::SIGN_OUT), "{}".to_owned()).await?;
        answer.parse(|ended: &EndedSession| ended.ended).map(drop)
    }
}

/// Sends a request whose response begins or renews a session, and keeps its access token.
async fn begin(request: RequestBuilder, body: String) -> Result<BegunSession, ClientError> {
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
    if session::token_issuer().is_some() || !destination::may_leave() {
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
