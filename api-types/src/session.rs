//! Sign-in: codes sent by e-mail, and sessions (contract §2, Built-in sign-in).

use serde::{Deserialize, Serialize};

use crate::{
    bounds::bounds,
    id::{OperatorId, SessionId},
    strings::string_enum,
    time::Timestamp,
};

/// Number of digits of a mailed code.
pub const CODE_DIGITS: usize = 6;

fn code_pattern() -> String {
    format!("^[0-9]{{{CODE_DIGITS}}}$")
}

/// The ways to sign in to this server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SignInMethods {
    /// Whether operators may sign in to this server by a code that is mailed to them.
    pub builtin: bool,
    /// Whether they may also use a passkey there.
    pub passkeys: bool,
    /// The OpenID Connect issuer at which operators sign in; `null` if this server has none, or
    /// cannot reach it now.
    #[cfg_attr(feature = "openapi", schema(required))]
    pub oidc: Option<OidcMethod>,
}

/// What an app needs to sign a person in at an OpenID Connect issuer, by authorization code with
/// PKCE and the scopes `openid email`. The API accepts the ID token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OidcMethod {
    /// The issuer, as its tokens name it.
    #[cfg_attr(
        feature = "openapi",
        schema(format = "uri", example = "https://clerk.example.com")
    )]
    pub issuer: String,
    /// The id of the client.
    #[cfg_attr(feature = "openapi", schema(example = "client_2f0d9c"))]
    pub client_id: String,
    /// The URL at which the person signs in.
    #[cfg_attr(
        feature = "openapi",
        schema(format = "uri", example = "https://clerk.example.com/oauth/authorize")
    )]
    pub authorization_endpoint: String,
    /// The URL at which the app exchanges the code for tokens.
    #[cfg_attr(
        feature = "openapi",
        schema(format = "uri", example = "https://clerk.example.com/oauth/token")
    )]
    pub token_endpoint: String,
    /// The URL at which the person signs out, if the issuer has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(format = "uri"))]
    pub end_session_endpoint: Option<String>,
}

/// The request body of POST /auth/code.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct RequestCode {
    /// The e-mail address that the code is sent to.
    #[cfg_attr(
        feature = "openapi",
        schema(format = "email", example = "jane@example.com")
    )]
    pub email: String,
}

/// The response to a request for a code. It is the same for every address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CodeSent {
    /// Always true: the code is sent, unless the address has received too many within an hour.
    pub sent: bool,
    /// True while the mail server does not accept mails, so that the code may take minutes to
    /// arrive. Otherwise the field is left out. It does not depend on the address.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub delayed: bool,
}

/// The request body of POST /auth/code/verify.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct VerifyCode {
    /// The e-mail address that the code was sent to.
    #[cfg_attr(
        feature = "openapi",
        schema(format = "email", example = "jane@example.com")
    )]
    pub email: String,
    /// The six digits of the mail.
    #[cfg_attr(feature = "openapi", schema(example = "123456"))]
    pub code: String,
}

bounds! {
    VerifyCode {
        code: Pattern(code_pattern),
    }
}

/// The request body of POST /auth/email/code.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct RequestConfirmation {
    /// Another address, if the one that was given at registration is wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(
        feature = "openapi",
        schema(format = "email", example = "jane@example.com")
    )]
    pub email: Option<String>,
}

/// The request body of POST /auth/email/confirm.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ConfirmEmail {
    /// The six digits of the mail.
    #[cfg_attr(feature = "openapi", schema(example = "123456"))]
    pub code: String,
}

bounds! {
    ConfirmEmail {
        code: Pattern(code_pattern),
    }
}

/// The response to the confirmation of an e-mail address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ConfirmedEmail {
    /// The operator account of the person: the one that already had this address, if there was
    /// one, and otherwise the one that the person registered.
    pub operator_id: OperatorId,
    /// The address that is confirmed.
    #[cfg_attr(
        feature = "openapi",
        schema(format = "email", example = "jane@example.com")
    )]
    pub email: String,
}

string_enum! {
    /// How an access token is sent (RFC 6750).
    pub enum TokenType {
        /// In the header `Authorization: Bearer …`.
        Bearer = "Bearer",
    }
}

/// A session that has begun or was renewed. Its refresh token is in a cookie.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Session {
    /// The access token, a JWT, for `Authorization: Bearer …`.
    pub access_token: String,
    /// How the token is sent.
    pub token_type: TokenType,
    /// Seconds until the token expires.
    #[cfg_attr(feature = "openapi", schema(example = 900))]
    pub expires_in: u64,
    /// The operator account of the person, or `null` until POST /operator/register.
    #[cfg_attr(feature = "openapi", schema(required))]
    pub operator_id: Option<OperatorId>,
}

/// Hides the token.
impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session")
            .field("access_token", &"[redacted]")
            .field("operator_id", &self.operator_id)
            .finish_non_exhaustive()
    }
}

/// A device on which the person is signed in.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SessionItem {
    /// The id of the session.
    pub session_id: SessionId,
    /// The browser and the system, as far as the browser said; empty if unknown.
    #[cfg_attr(feature = "openapi", schema(example = "Chrome on Android"))]
    pub device: String,
    /// When the person signed in.
    pub created_at: Timestamp,
    /// When the session was last renewed.
    pub last_used_at: Timestamp,
    /// Whether this request belongs to it.
    pub current: bool,
}

/// The sessions of a person, the last used first.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SessionList {
    /// The sessions that have not ended.
    pub data: Vec<SessionItem>,
}

/// The response to ending a session.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EndedSession {
    /// Always true: the session has ended.
    pub ended: bool,
}
