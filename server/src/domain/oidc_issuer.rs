//! What an outside OpenID Connect issuer publishes: its metadata, and the keys that verify its
//! tokens (OpenID Connect Discovery 1.0 §3 and §4, RFC 7517).
//!
//! The algorithms of a key are decided here, by the key alone, and a token that names another is
//! refused.

use jsonwebtoken::{Algorithm, DecodingKey};
use serde::Deserialize;
use serde_json::Value;
use url::{Host, Url};

use super::jwt::UnverifiedToken;

/// The metadata of an issuer (OpenID Connect Discovery 1.0 §3).
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct IssuerMetadata {
    /// The issuer, exactly as in its tokens.
    pub issuer: String,
    /// Where its keys are.
    pub jwks_uri: String,
    /// Where people sign in.
    pub authorization_endpoint: String,
    /// Where the app exchanges a code for tokens.
    pub token_endpoint: String,
    /// Where people sign out.
    pub end_session_endpoint: Option<String>,
}

impl IssuerMetadata {
    /// Reads the metadata of `issuer`.
    ///
    /// # Errors
    /// Fails with what is wrong with the document.
    pub fn parse(document: &[u8], issuer: &str) -> Result<Self, &'static str> {
        let read: Self = serde_json::from_slice(document)
            .map_err(|_| "is no JSON document with the URLs of an issuer")?;
        if read.issuer != issuer {
            return Err("is of another issuer: OIDC_ISSUER must be equal to its `issuer`");
        }
        let urls = [
            Some(&read.jwks_uri),
            Some(&read.authorization_endpoint),
            Some(&read.token_endpoint),
            read.end_session_endpoint.as_ref(),
        ];
        let urls_are_safe = urls.into_iter().flatten().all(|url| is_secure_url(url));
        if urls_are_safe {
            Ok(read)
        } else {
            Err("has a URL that is not https")
        }
    }
}

/// Returns whether this is an https URL, or an http URL on loopback, without user and fragment.
pub fn is_secure_url(text: &str) -> bool {
    let Ok(url) = Url::parse(text) else {
        return false;
    };
    let is_local = match url.host() {
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    };
    let is_private = url.scheme() == "https" || (url.scheme() == "http" && is_local);
    let is_anonymous = url.username().is_empty() && url.password().is_none();
    is_private && is_anonymous && url.host().is_some() && url.fragment().is_none()
}

/// Maximum number of keys of an issuer that are used. Others publish fewer than ten.
const KEYS_MAX: usize = 100;

/// Algorithms of RSA keys that do not say for which one they are.
const RSA: [Algorithm; 6] = [
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
    Algorithm::PS256,
    Algorithm::PS384,
    Algorithm::PS512,
];

/// Returns the algorithm that a header or a key names; `None` for `none`, HMAC and unknown ones.
fn algorithm(name: &str) -> Option<Algorithm> {
    match name {
        "RS256" => Some(Algorithm::RS256),
        "RS384" => Some(Algorithm::RS384),
        "RS512" => Some(Algorithm::RS512),
        "PS256" => Some(Algorithm::PS256),
        "PS384" => Some(Algorithm::PS384),
        "PS512" => Some(Algorithm::PS512),
        "ES256" => Some(Algorithm::ES256),
        "ES384" => Some(Algorithm::ES384),
        // RFC 9864 names the curve.
        "EdDSA" | "Ed25519" => Some(Algorithm::EdDSA),
        _ => None,
    }
}

/// A public key of an issuer.
#[derive(Clone, Debug)]
struct IssuerKey {
    kid: Option<String>,
    algorithms: Vec<Algorithm>,
    key: DecodingKey,
}

/// A JSON Web Key (RFC 7517 §4), before it is checked.
#[derive(Deserialize)]
struct Jwk {
    kty: String,
    kid: Option<String>,
    #[serde(rename = "use")]
    usage: Option<String>,
    key_ops: Option<Vec<String>>,
    alg: Option<String>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

impl IssuerKey {
    /// Returns the key, unless it is for another use, or of a kind that is not supported.
    fn of(jwk: Jwk) -> Option<Self> {
        let signs = jwk.usage.is_none_or(|usage| usage == "sig");
        let verifies = (jwk.key_ops).is_none_or(|ops| ops.iter().any(|op| op == "verify"));
        let (kind, curve) = (jwk.kty.as_str(), jwk.crv.as_deref());
        let (possible, key) = match (kind, curve) {
            ("RSA", _) => (
                RSA.to_vec(),
                DecodingKey::from_rsa_components(&jwk.n?, &jwk.e?),
            ),
            ("EC", Some("P-256")) => (
                vec![Algorithm::ES256],
                DecodingKey::from_ec_components(&jwk.x?, &jwk.y?),
            ),
            ("EC", Some("P-384")) => (
                vec![Algorithm::ES384],
                DecodingKey::from_ec_components(&jwk.x?, &jwk.y?),
            ),
            ("OKP", Some("Ed25519")) => (
                vec![Algorithm::EdDSA],
                DecodingKey::from_ed_components(&jwk.x?),
            ),
            _ => return None,
        };
        let algorithms = match jwk.alg {
            None => possible,
            Some(alg) => vec![algorithm(&alg).filter(|alg| possible.contains(alg))?],
        };
        (signs && verifies).then_some(Self {
            kid: jwk.kid,
            algorithms,
            key: key.ok()?,
        })
    }

    fn verify(&self, token: &UnverifiedToken) -> bool {
        let named = algorithm(&token.algorithm).filter(|named| self.algorithms.contains(named));
        let (signed, signature) = token.signed();
        named.is_some_and(|algorithm| {
            let verified =
                jsonwebtoken::crypto::verify(signature, signed.as_bytes(), &self.key, algorithm);
            verified.unwrap_or(false)
        })
    }
}

/// The public keys of an issuer.
#[derive(Clone, Debug, Default)]
pub struct IssuerKeys(Vec<IssuerKey>);

impl IssuerKeys {
    /// Reads a JWK set. Keys of other kinds are left out. Returns `None` if it has no usable key.
    pub fn parse(document: &[u8]) -> Option<Self> {
        #[derive(Deserialize)]
        struct JwkSet {
            keys: Vec<Value>,
        }
        let set: JwkSet = serde_json::from_slice(document).ok()?;
        let keys = set.keys.into_iter().filter_map(|key| {
            let jwk = serde_json::from_value(key).ok()?;
            IssuerKey::of(jwk)
        });
        let keys: Vec<_> = keys.take(KEYS_MAX).collect();
        (!keys.is_empty()).then_some(Self(keys))
    }

    /// Returns whether there is a key that may have signed the token: one with its `kid`, or the
    /// only key if the token names none.
    pub fn has_key_for(&self, token: &UnverifiedToken) -> bool {
        self.candidates(token).next().is_some()
    }

    fn candidates(&self, token: &UnverifiedToken) -> impl Iterator<Item = &IssuerKey> {
        let kid = token.kid.clone();
        let alone = self.0.len() == 1;
        self.0.iter().filter(move |key| match &kid {
            Some(kid) => key.kid.as_ref() == Some(kid),
            None => alone,
        })
    }

    /// Verifies the signature of a token. Returns false if none of the keys has signed it.
    pub fn verify(&self, token: &UnverifiedToken) -> bool {
        self.candidates(token).any(|key| key.verify(token))
    }
}
