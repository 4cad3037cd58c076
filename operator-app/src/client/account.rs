//! The API without a session: sign-in, registration and sign-out.

use api_types::{
    OperatorId,
    error::ErrorCode,
    operator::{OperatorProfile, RegisterOperator, RegisteredOperator},
    passkey::PasskeyRequestOptions,
    paths,
    session::{CodeSent, EndedSession, RequestCode, SignInMethods, VerifyCode},
};
use gloo_net::http::Request;
use serde_json::Value;

use super::{
    renewal::{bearer, begin},
    transport::{AUTHORIZATION, json, post, send_empty},
};
use crate::response::ClientError;

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
