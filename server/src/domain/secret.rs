//! API keys, random tokens and callback secrets.
//!
//! A key is generated from random bytes passed in by the caller, stored as a hash and compared in
//! constant time. A callback secret is stored as the agent sent it, because it signs the agent's
//! webhooks.

use std::fmt;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

/// The prefix of every key (contract §2).
pub const KEY_PREFIX: &str = "ho_live_";

/// Alphanumeric characters after the prefix.
const KEY_CHARS: usize = 48;

/// Characters after the prefix that are shown again later.
const SHOWN_CHARS: usize = 12;

/// An API key in plaintext: shown once, never stored, wiped when dropped.
pub struct ApiKey(Zeroizing<String>);

impl ApiKey {
    /// Generates a key from random bytes. 62 characters do not divide 256, so bytes from 248 up are
    /// skipped and `random` must hold more than 48; with 96 the chance of too few is below 10^-45,
    /// and the result is then `None`.
    pub fn from_random(random: &[u8; 96]) -> Option<Self> {
        const LETTERS: &[u8; 62] =
            b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
        let fair = random.iter().filter(|byte| **byte < 248);
        let letters = fair
            .filter_map(|byte| LETTERS.get(usize::from(byte % 62)))
            .take(KEY_CHARS);
        let mut text = Zeroizing::new(String::with_capacity(KEY_PREFIX.len() + KEY_CHARS));
        text.push_str(KEY_PREFIX);
        text.extend(letters.map(|letter| char::from(*letter)));
        (text.len() == KEY_PREFIX.len() + KEY_CHARS).then_some(Self(text))
    }

    /// Returns the whole key, for the one response that shows it.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// Returns the beginning of the key, by which it is shown later.
    pub fn prefix(&self) -> String {
        let shown: String = self
            .0
            .chars()
            .take(KEY_PREFIX.len() + SHOWN_CHARS)
            .collect();
        format!("{shown}..")
    }

    /// Returns the hash that is stored.
    pub fn hash(&self) -> String {
        hash(&self.0)
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiKey([redacted])")
    }
}

/// A token of 256 random bits that only its receiver holds: in the link of a mail, or in a cookie.
/// Wiped when dropped.
pub struct RandomToken(Zeroizing<String>);

impl RandomToken {
    /// Creates a token from random bytes.
    pub fn from_random(random: &[u8; 32]) -> Self {
        Self(Zeroizing::new(BASE64_URL_SAFE_NO_PAD.encode(random)))
    }

    /// Returns the token itself, for its receiver.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// Returns the hash that is stored.
    pub fn hash(&self) -> String {
        hash(&self.0)
    }
}

impl fmt::Debug for RandomToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RandomToken([redacted])")
    }
}

/// The secret that signs an agent's callbacks: stored with its task, never shown or logged, and
/// wiped when dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct CallbackSecret(Zeroizing<String>);

impl CallbackSecret {
    /// Wraps the secret that the agent stated.
    pub fn new(stated: String) -> Self {
        Self(Zeroizing::new(stated))
    }

    /// Returns the secret for signing.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for CallbackSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

/// Serializes the secret as plain text, the form in which it is stored.
impl Serialize for CallbackSecret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for CallbackSecret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::new)
    }
}

/// Returns the SHA-256 of a key in hexadecimal. A key has full entropy, so no slower hash is
/// needed.
pub fn hash(key: &str) -> String {
    hex(&Sha256::digest(key.as_bytes()))
}

/// Returns the bytes in lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    use fmt::Write as _;
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            // Writing to a `String` cannot fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
}

/// Decodes hexadecimal digits of either case, two per byte.
pub fn bytes_of_hex(text: &str) -> Option<Vec<u8>> {
    // A number parser would also accept a sign.
    let digits = text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if !digits || !text.len().is_multiple_of(2) {
        return None;
    }
    let pairs = text.as_bytes().chunks(2);
    pairs
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn random(seed: u8) -> [u8; 96] {
        std::array::from_fn(|index| (index as u8).wrapping_mul(37).wrapping_add(seed))
    }

    #[test]
    fn a_key_is_known_by_the_sha_256_of_its_text() {
        let key = ApiKey::from_random(&random(1)).unwrap();
        assert_eq!(key.hash(), hex(&Sha256::digest(key.reveal().as_bytes())));
    }

    #[test]
    fn a_key_has_48_alphanumerics_and_shows_12() {
        let key = ApiKey::from_random(&random(1)).unwrap();
        let (prefix, rest) = key.reveal().split_at(KEY_PREFIX.len());
        assert_eq!((prefix, rest.len()), (KEY_PREFIX, 48));
        assert!(rest.bytes().all(|byte| byte.is_ascii_alphanumeric()));
        assert_eq!(key.prefix(), format!("{}..", &key.reveal()[..20]));
    }

    #[test]
    fn a_key_is_never_printed_for_debugging() {
        let key = ApiKey::from_random(&random(2)).unwrap();
        assert_eq!(format!("{key:?}"), "ApiKey([redacted])");
    }

    #[test]
    fn a_token_has_256_bits_and_is_never_printed() {
        let token = RandomToken::from_random(&[255; 32]);
        assert_eq!(token.reveal().len(), 43);
        assert_eq!(format!("{token:?}"), "RandomToken([redacted])");
    }

    #[test]
    fn a_broken_random_source_makes_no_key() {
        assert!(ApiKey::from_random(&[255; 96]).is_none());
    }
}
