//! The token endpoint of an OpenID Connect issuer.

use gloo_net::http::Request;
use serde::Deserialize;

use super::{account::Client, transport::post_form};
use crate::{oidc::PendingSignIn, response::ClientError};

/// The response of a token endpoint (OpenID Connect Core §3.1.3.3).
#[derive(Deserialize)]
struct TokenResponse {
    id_token: String,
}

impl Client {
    /// Exchanges an authorization code for an ID token.
    pub(crate) async fn exchange_code(
        self,
        pending: &PendingSignIn,
        code: &str,
    ) -> Result<String, ClientError> {
        let request = Request::post(pending.token_endpoint());
        let answer = post_form(request, pending.exchange(code)).await?;
        let tokens: TokenResponse = answer.parse(|_| true)?;
        Ok(tokens.id_token)
    }
}
