//! Access tokens of the built-in issuer: JWTs signed with ES256 (contract §2; RFC 7519, RFC 9068),
//! and the keys that sign them.

use std::fmt;

use api_types::{SessionId, SubjectId, Timestamp};
use jsonwebtoken::jwk::{Jwk, ThumbprintHash};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use p256::SecretKey;
use p256::pkcs8::EncodePrivateKey;
use serde::{Deserialize, Serialize};
use serde_json::json;
use zeroize::Zeroizing;

use super::jwt::UnverifiedToken;
use super::session::ACCESS_LASTS;

/// The `aud` of our tokens.
pub const AUDIENCE: &str = "humanops";

/// A key that signs access tokens. Wiped when dropped.
#[derive(Clone)]
pub struct SigningKey {
    /// The id of the key: the thumbprint of its public key (RFC 7638).
    pub kid: String,
    /// The private key, PKCS#8 in DER.
    pub private_key: Zeroizing<Vec<u8>>,
    /// The public key, a JWK in JSON.
    pub public_key: String,
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({}, [redacted])", self.kid)
    }
}

/// The reason why a key could not be created or used. It contains nothing of the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a signing key cannot be used")]
pub struct KeyError;

impl SigningKey {
    /// Creates a key from random bytes.
    ///
    /// # Errors
    /// Fails if the bytes are no scalar of the curve, which has a chance of 2^-32.
    pub fn from_random(random: &Zeroizing<[u8; 32]>) -> Result<Self, KeyError> {
        let secret = SecretKey::from_slice(&random[..]).map_err(|_| KeyError)?;
        let der = secret.to_pkcs8_der().map_err(|_| KeyError)?;
        let encoding = EncodingKey::from_ec_der(der.as_bytes());
        let jwk = Jwk::from_encoding_key(&encoding, Algorithm::ES256).map_err(|_| KeyError)?;
        let kid = jwk
            .thumbprint(ThumbprintHash::SHA256)
            .map_err(|_| KeyError)?;
        let mut public = serde_json::to_value(&jwk).map_err(|_| KeyError)?;
        let members = public.as_object_mut().ok_or(KeyError)?;
        members.insert("kid".to_owned(), json!(kid));
        members.insert("use".to_owned(), json!("sig"));
        members.insert("alg".to_owned(), json!("ES256"));
        Ok(Self {
            kid,
            private_key: Zeroizing::new(der.as_bytes().to_vec()),
            public_key: public.to_string(),
        })
    }

    /// Signs a token.
    ///
    /// # Errors
    /// Fails if the key is damaged.
    pub fn sign(&self, claims: &Claims) -> Result<String, KeyError> {
        let mut header = Header::new(Algorithm::ES256);
        header.kid = Some(self.kid.clone());
        let key = EncodingKey::from_ec_der(&self.private_key);
        jsonwebtoken::encode(&header, claims, &key).map_err(|_| KeyError)
    }
}

/// The claims of an access token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// The issuer: the public URL of this server.
    pub iss: String,
    /// The audience, always `humanops`.
    pub aud: String,
    /// The person who is signed in.
    pub sub: SubjectId,
    /// The session of the device.
    pub sid: SessionId,
    /// When the token was issued, in seconds since 1970.
    pub iat: i64,
    /// When the token expires, in seconds since 1970.
    pub exp: i64,
}

impl Claims {
    /// Returns the claims of a token that is issued now.
    pub fn new(issuer: &str, sub: SubjectId, sid: SessionId, now: Timestamp) -> Self {
        Self {
            iss: issuer.to_owned(),
            aud: AUDIENCE.to_owned(),
            sub,
            sid,
            iat: now.as_millis() / 1000,
            exp: now.after(ACCESS_LASTS).as_millis() / 1000,
        }
    }
}

/// Verifies a token of the built-in issuer by its public key, a JWK in JSON. The algorithm is the
/// key's and never the one that the token names.
pub fn verify(
    token: &UnverifiedToken,
    public_key: &str,
    issuer: &str,
    now: Timestamp,
) -> Option<Claims> {
    let jwk: Jwk = serde_json::from_str(public_key).ok()?;
    let key = DecodingKey::from_jwk(&jwk).ok()?;
    let mut validation = Validation::new(Algorithm::ES256);
    validation.set_audience(&[AUDIENCE]);
    validation.set_issuer(&[issuer]);
    // The library reads the clock of the system, and this server's clock is passed in.
    validation.validate_exp = false;
    let decoded = jsonwebtoken::decode::<Claims>(token.text(), &key, &validation);
    let decoded = decoded.ok().filter(|_| token.is_valid_at(now))?;
    Some(decoded.claims)
}

#[cfg(test)]
mod tests {
    use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
    use serde_json::Value;

    use super::*;

    const ISSUER: &str = "https://tasks.example.com";

    fn key(seed: u8) -> SigningKey {
        SigningKey::from_random(&Zeroizing::new([seed; 32])).unwrap()
    }

    fn claims() -> Claims {
        let now = at(1_000);
        Claims::new(ISSUER, SubjectId::new(now, 1), SessionId::new(now, 2), now)
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1000).unwrap()
    }

    fn verified(token: &str, key: &SigningKey, now: Timestamp) -> Option<Claims> {
        verify(&UnverifiedToken::read(token)?, &key.public_key, ISSUER, now)
    }

    fn encoded(header: &Value, claims: &Value) -> String {
        let part = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
        format!("{}.{}", part(header), part(claims))
    }

    #[test]
    fn a_token_is_verified_by_its_key_until_a_minute_after_it_expires() {
        let key = key(1);
        let token = key.sign(&claims()).unwrap();
        assert_eq!(verified(&token, &key, at(1_000)), Some(claims()));
        assert_eq!(verified(&token, &key, at(1_000 + 900 + 60)), Some(claims()));
        assert_eq!(verified(&token, &key, at(1_000 + 900 + 61)), None);
        assert_eq!(verified(&token, &super::tests::key(2), at(1_000)), None);
    }

    #[test]
    fn a_token_of_another_issuer_or_for_another_audience_is_refused() {
        let key = key(1);
        for change in [
            |claims: &mut Claims| claims.iss = "https://other.example.com".to_owned(),
            |claims: &mut Claims| claims.aud = "other".to_owned(),
        ] {
            let mut claims = claims();
            change(&mut claims);
            assert_eq!(verified(&key.sign(&claims).unwrap(), &key, at(1_000)), None);
        }
    }

    #[test]
    fn a_forged_token_is_refused() {
        let key = key(1);
        let good = key.sign(&claims()).unwrap();
        let body = json!(claims());
        let public = json!(key.public_key).to_string();
        let hmac = {
            let header = Header {
                kid: Some(key.kid.clone()),
                ..Header::new(Algorithm::HS256)
            };
            let secret = EncodingKey::from_secret(public.as_bytes());
            jsonwebtoken::encode(&header, &claims(), &secret).unwrap()
        };
        let (signed, signature) = good.rsplit_once('.').unwrap();
        let kid = &key.kid;
        for forged in [
            format!("{}.", encoded(&json!({"alg": "none", "kid": kid}), &body)),
            format!(
                "{}.{signature}",
                encoded(&json!({"alg": "ES256", "kid": kid}), &body)
            ),
            format!(
                "{}.{signature}",
                encoded(&json!({"alg": "ES256", "kid": kid, "crit": ["x"]}), &body)
            ),
            hmac,
            signed.to_owned(),
            format!("{good}.x"),
            good.replace('.', ""),
            format!("{signed}.{}", "A".repeat(86)),
            format!("{signed}.{}", "A".repeat(100_000)),
            String::new(),
        ] {
            assert_eq!(verified(&forged, &key, at(1_000)), None, "{forged:.80}");
        }
    }

    #[test]
    fn a_key_shows_only_its_public_part() {
        let key = key(1);
        let jwk: Value = serde_json::from_str(&key.public_key).unwrap();
        assert_eq!((&jwk["kty"], &jwk["crv"]), (&json!("EC"), &json!("P-256")));
        assert_eq!((&jwk["kid"], &jwk["use"]), (&json!(key.kid), &json!("sig")));
        assert!(jwk.get("d").is_none());
        assert!(format!("{key:?}").ends_with("[redacted])"));
    }
}
