//! Errors about sign-in: tokens, sessions, codes, passkeys, and the OpenID Connect issuer.

use api_types::error::ErrorCode;

use super::{ApiError, malformed};

/// The access token is missing or invalid, or its session has ended.
pub fn not_signed_in() -> ApiError {
    ApiError::new(
        ErrorCode::Unauthorized,
        "You are not signed in. GET /auth/methods lists the ways to sign in: by a code (POST \
         /auth/code, then POST /auth/code/verify), or at an OpenID Connect issuer. Send the token \
         as Authorization: Bearer ….",
    )
}

/// The person signs in at an OpenID Connect issuer, and not here.
pub fn signed_in_elsewhere(issuer: &str) -> ApiError {
    ApiError::new(
        ErrorCode::InvalidState,
        format!("Sign-in, devices and sign-out are at {issuer}: GET /auth/methods says where."),
    )
}

/// The OpenID Connect issuer cannot be reached, and its keys are not known.
pub fn issuer_unavailable() -> ApiError {
    ApiError::new(
        ErrorCode::Unavailable,
        "The identity provider of this server cannot be reached, so nobody can be signed in by it \
         now. Try again in a few seconds.",
    )
    .retry_after(5)
}

/// The operator's e-mail address is proven already.
pub fn email_confirmed_already() -> ApiError {
    ApiError::new(
        ErrorCode::InvalidState,
        "Your e-mail address is confirmed already.",
    )
}

/// The operator has not proven their e-mail address yet.
pub fn email_not_confirmed() -> ApiError {
    ApiError::new(
        ErrorCode::Forbidden,
        "Confirm your e-mail address before accepting tasks: POST /auth/email/confirm with the \
         code that was mailed to you. POST /auth/email/code sends another one.",
    )
}

/// The person is signed in and has no operator account.
pub fn not_registered() -> ApiError {
    ApiError::new(
        ErrorCode::Forbidden,
        "You have no operator account yet. Create one with POST /operator/register.",
    )
}

/// The sign-in code is wrong, has expired, was used, or was guessed too often.
pub fn wrong_code() -> ApiError {
    ApiError::new(
        ErrorCode::Unauthorized,
        "This code is wrong or no longer valid. Use the code of the latest mail, or request \
         another one.",
    )
}

/// The refresh cookie is missing or no longer valid.
pub fn session_ended() -> ApiError {
    ApiError::new(
        ErrorCode::Unauthorized,
        "Your session has ended. Sign in again.",
    )
}

/// A page of another origin than this server's tried to use the refresh cookie.
pub fn foreign_origin(own: &str) -> ApiError {
    ApiError::new(
        ErrorCode::Forbidden,
        format!(
            "The Origin header must be {own}, the PUBLIC_URL of this server. Open the app at that \
             URL, or set PUBLIC_URL to the URL at which people open it."
        ),
    )
}

/// The person has no session with this id.
pub fn session_not_found() -> ApiError {
    ApiError::new(ErrorCode::NotFound, "Session not found")
}

/// Browsers have no passkeys for a server whose public URL names an IP address.
pub fn no_passkeys_here() -> ApiError {
    ApiError::new(
        ErrorCode::InvalidState,
        "This server has no passkeys, because its public URL names an IP address. Sign in with a \
         code, or have the host set PUBLIC_URL to a domain name.",
    )
}

/// The person already has the maximum number of passkeys.
pub fn too_many_passkeys(most: usize) -> ApiError {
    let message = format!("A person has at most {most} passkeys. Remove one first.");
    ApiError::new(ErrorCode::LimitExceeded, message)
}

/// Too many ceremonies of passkeys have begun and were not finished.
pub fn too_many_ceremonies() -> ApiError {
    ApiError::new(
        ErrorCode::RateLimited,
        "Too many options for passkeys were requested and not used. Try again in a minute.",
    )
    .retry_after(60)
}

/// The new passkey could not be verified, or its options are not valid any longer.
pub fn passkey_not_verified() -> ApiError {
    malformed(
        "This passkey cannot be verified, or its options were used or are older than 5 minutes. \
         Request new ones with POST /auth/passkeys/options.",
    )
}

/// Somebody has this passkey already.
pub fn passkey_exists() -> ApiError {
    ApiError::new(ErrorCode::AlreadyExists, "This passkey was added already.")
}

/// The passkey does not sign in. The message is the same whatever was wrong.
pub fn passkey_refused() -> ApiError {
    ApiError::new(
        ErrorCode::Unauthorized,
        "This passkey was not accepted. Try again, or sign in with a code.",
    )
}

/// The person has no passkey with this id.
pub fn passkey_not_found() -> ApiError {
    ApiError::new(ErrorCode::NotFound, "Passkey not found")
}
