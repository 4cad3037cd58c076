//! Tokens of an outside OpenID Connect issuer: the claims that they must have, and the person whom
//! they name (OpenID Connect Core 1.0 §3.1.3.7). ID tokens and access tokens are treated alike. The
//! keys that verify their signature are in `oidc_issuer.rs`.

use api_types::Timestamp;
use serde_json::Value;

use super::email::email;
use super::jwt::UnverifiedToken;

/// Maximum length of a `sub` in bytes (OpenID Connect Core 1.0 §2).
const SUB_BYTES_MAX: usize = 255;

/// The claims that a token must have.
#[derive(Clone, Copy, Debug)]
pub struct ExpectedClaims<'a> {
    /// The issuer, exactly.
    pub issuer: &'a str,
    /// The id of our client.
    pub client_id: &'a str,
    /// The public URL of this server, which may be the `azp` of a token without `aud`.
    pub origin: &'a str,
}

/// The person of a token, as an outside issuer knows them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OidcPerson {
    /// The issuer's URL.
    pub issuer: String,
    /// The person's id at the issuer.
    pub sub: String,
    /// The e-mail address that the issuer has verified, in canonical form.
    pub verified_email: Option<String>,
}

/// Returns the person of a token whose claims are acceptable. Its signature must be verified too.
pub fn person(
    token: &UnverifiedToken,
    expected: ExpectedClaims<'_>,
    now: Timestamp,
) -> Option<OidcPerson> {
    let is_ours = token.claim("iss") == Some(expected.issuer) && is_for(token, expected);
    // A logout token names events, and proves nothing about who sends it.
    let is_logout = token.claims.contains_key("events");
    let sub = token.claim("sub")?;
    let is_sub = (1..=SUB_BYTES_MAX).contains(&sub.len()) && !sub.contains(char::is_control);
    let accepted = is_ours && token.is_valid_at(now) && !is_logout && is_sub;
    accepted.then(|| OidcPerson {
        issuer: expected.issuer.to_owned(),
        sub: sub.to_owned(),
        verified_email: verified_email(token),
    })
}

/// Returns whether a token is for us: `aud` contains our client, or, without `aud`, `azp` is our
/// client or our origin.
fn is_for(token: &UnverifiedToken, expected: ExpectedClaims<'_>) -> bool {
    match token.claims.get("aud") {
        Some(Value::String(one)) => one == expected.client_id,
        Some(Value::Array(list)) => list.iter().any(|one| one == expected.client_id),
        Some(_) => false,
        None => token
            .claim("azp")
            .is_some_and(|azp| azp == expected.client_id || azp == expected.origin),
    }
}

/// Returns the address of a token, if the issuer has verified it. Some issuers write the boolean as
/// text.
fn verified_email(token: &UnverifiedToken) -> Option<String> {
    let verified = token.claims.get("email_verified")?;
    let is_verified = verified == true || verified == "true";
    let address = token.claims.get("email").filter(|_| is_verified)?;
    email(address).ok()
}
