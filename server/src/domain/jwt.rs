//! JSON web tokens before their signature is verified (RFC 7519, RFC 8725).
//!
//! Nothing that is read here can be trusted, except to find the issuer and the key by which the
//! token is verified.

use std::fmt;

use api_types::Timestamp;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::{Map, Value};
use zeroize::Zeroizing;

/// Maximum length of a token in bytes. Ours have about 400.
pub const TOKEN_BYTES_MAX: usize = 8 * 1024;

/// Maximum length of the id of a key in bytes. Usual are UUIDs and thumbprints.
const KID_BYTES_MAX: usize = 1024;

/// The clock difference that is tolerated for `exp` and `nbf`, in seconds.
pub const LEEWAY_SECONDS: i64 = 60;

/// The values of `typ` that access and ID tokens have. Logout tokens, for example, are signed by
/// the same keys and have another.
const TYPES: [&str; 3] = ["jwt", "at+jwt", "application/at+jwt"];

/// A token that is well formed, and whose signature is not verified yet.
#[derive(Clone)]
pub struct UnverifiedToken {
    text: Zeroizing<String>,
    /// The id of the key that signed it, if it names one.
    pub kid: Option<String>,
    /// The name of the algorithm that signed it.
    pub algorithm: String,
    /// The claims, by their names.
    pub claims: Map<String, Value>,
}

impl fmt::Debug for UnverifiedToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("UnverifiedToken([redacted])")
    }
}

impl UnverifiedToken {
    /// Reads a token. Returns `None` for what is no JWT, names no algorithm, has critical
    /// extensions (RFC 7515 §4.1.11) or the type of another kind of token, names a key by an
    /// unprintable or overlong id, or is longer than [`TOKEN_BYTES_MAX`].
    pub fn read(text: &str) -> Option<Self> {
        let parts: Vec<_> = (text.len() <= TOKEN_BYTES_MAX)
            .then(|| text.splitn(4, '.').collect())
            .filter(|parts: &Vec<&str>| parts.len() == 3)?;
        let header = object(parts.first()?)?;
        let claims = object(parts.get(1)?)?;
        let kid = match header.get("kid") {
            Some(kid) => Some(kid.as_str().filter(|kid| is_kid(kid))?.to_owned()),
            None => None,
        };
        let is_usual = header.get("typ").is_none_or(|kind| {
            let kind = kind.as_str().unwrap_or_default();
            TYPES.iter().any(|usual| usual.eq_ignore_ascii_case(kind))
        });
        let algorithm = header.get("alg")?.as_str()?.to_owned();
        (is_usual && !header.contains_key("crit")).then(|| Self {
            text: Zeroizing::new(text.to_owned()),
            kid,
            algorithm,
            claims,
        })
    }

    /// Returns the whole token.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns what is signed and the signature, which is in Base64.
    pub fn signed(&self) -> (&str, &str) {
        self.text.rsplit_once('.').unwrap_or_default()
    }

    /// Returns whether the token is valid at this time by its `exp`, which it must have, and its
    /// `nbf`.
    pub fn is_valid_at(&self, now: Timestamp) -> bool {
        let now = now.as_millis() / 1000;
        let ends = self.claims.get("exp").and_then(seconds);
        let begins = self.claims.get("nbf").map_or(Some(i64::MIN), seconds);
        ends.is_some_and(|ends| now <= ends.saturating_add(LEEWAY_SECONDS))
            && begins.is_some_and(|begins| begins <= now.saturating_add(LEEWAY_SECONDS))
    }

    /// Returns the text of a claim; `None` if it is missing or no text.
    pub fn claim(&self, name: &str) -> Option<&str> {
        self.claims.get(name)?.as_str()
    }
}

/// Returns whether a text can be the id of a key. Keys are looked up by it in the database, and
/// PostgreSQL refuses a text with a NUL.
fn is_kid(text: &str) -> bool {
    text.len() <= KID_BYTES_MAX && !text.contains(char::is_control)
}

fn object(part: &str) -> Option<Map<String, Value>> {
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(part).ok()?;
    serde_json::from_slice(&bytes).ok()
}

/// Reads a time in seconds since 1970, which may have a fraction (RFC 7519 §2).
fn seconds(value: &Value) -> Option<i64> {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a cast of f64 saturates, and no token is valid at either end"
    )]
    let whole = |number: f64| number.is_finite().then_some(number.floor() as i64);
    value.as_i64().or_else(|| value.as_f64().and_then(whole))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn token(header: &Value, claims: &Value) -> Option<UnverifiedToken> {
        let part = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
        UnverifiedToken::read(&format!("{}.{}.c2ln", part(header), part(claims)))
    }

    #[test]
    fn a_token_is_read_without_its_signature() {
        let read = token(
            &json!({"alg": "RS256", "kid": "k"}),
            &json!({"iss": "i", "n": 1}),
        );
        let read = read.unwrap();
        assert_eq!(
            (read.kid.as_deref(), read.algorithm.as_str()),
            (Some("k"), "RS256")
        );
        assert_eq!((read.claim("iss"), read.claim("n")), (Some("i"), None));
        assert_eq!(read.signed().1, "c2ln");
        assert_eq!(format!("{read:?}"), "UnverifiedToken([redacted])");
    }

    #[test]
    fn a_token_of_another_kind_is_refused() {
        let claims = json!({"iss": "i"});
        for kind in ["JWT", "jwt", "at+jwt", "application/at+jwt"] {
            let header = json!({"alg": "RS256", "typ": kind});
            assert!(token(&header, &claims).is_some(), "{kind}");
        }
        for header in [
            json!({"alg": "RS256", "typ": "logout+jwt"}),
            json!({"alg": "RS256", "typ": 1}),
            json!({"alg": "RS256", "kid": 1}),
            json!({"alg": "RS256", "kid": "k\0"}),
            json!({"alg": "RS256", "kid": "k".repeat(1025)}),
            json!({"alg": "RS256", "crit": []}),
            json!({"alg": 1}),
            json!({}),
            json!([]),
        ] {
            assert!(token(&header, &claims).is_none(), "{header}");
        }
        assert!(token(&json!({"alg": "RS256"}), &json!("text")).is_none());
    }
}
