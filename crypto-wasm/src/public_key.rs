//! An agent's public key in every form that the contract promises, and its fingerprint.

use core::fmt;

use sha2::{Digest, Sha256};

use crate::{
    KeyError,
    curve::{POINT_BYTES, Point},
    der,
    text::{self, EncodedKey, KeyHalf},
};

/// A validated point of P-256: on the curve, and not the point at infinity.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct AgentPublicKey(Point);

impl AgentPublicKey {
    /// Reads a key in any promised form (contract §5): base64 of the 65 or 33 bytes of the point or
    /// of SPKI DER, standard or URL-safe, padded or not; PEM; a JWK.
    ///
    /// # Errors
    /// A [`KeyError`] that says what the text is instead.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        match text::read(text, KeyHalf::Public)? {
            EncodedKey::Jwk(jwk) if jwk.is_private() => Err(KeyError::PrivateKey),
            EncodedKey::Jwk(jwk) => Self::from_point(&jwk.point()?),
            EncodedKey::Pem(der) => Self::from_der_or_point(&der),
            EncodedKey::Base64(bytes) => Self::from_bytes(&bytes),
        }
    }

    /// Reads a key from bytes: an uncompressed or compressed point (SEC 1 §2.3.3), or SPKI DER.
    /// Bytes that contain PEM or a JWK are read as that text.
    ///
    /// # Errors
    /// A [`KeyError`] that says what the bytes are instead.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, KeyError> {
        if let Some(text) = text::text_within(bytes) {
            return Self::parse(text);
        }
        match bytes.len() {
            32 => Err(KeyError::PrivateKey),
            64 => Err(KeyError::NoLeadingByte),
            _ => Self::from_der_or_point(bytes),
        }
    }

    fn from_der_or_point(bytes: &[u8]) -> Result<Self, KeyError> {
        match bytes {
            [0x30, ..] => Self::from_point(der::spki_point(bytes)?),
            _ => Self::from_point(bytes),
        }
    }

    fn from_point(point: &[u8]) -> Result<Self, KeyError> {
        Point::read(point).map(Self)
    }

    /// Returns the uncompressed point: 04 ‖ x ‖ y.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; POINT_BYTES] {
        self.0.to_bytes()
    }

    /// Returns the fingerprint, which two people compare to check that they have the same key.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint(Sha256::digest(self.to_bytes()).into())
    }

    pub(crate) fn point(&self) -> Point {
        self.0
    }

    #[cfg(feature = "open")]
    pub(crate) fn of(scalar: &crate::curve::Scalar) -> Self {
        Self(scalar.point())
    }
}

impl fmt::Debug for AgentPublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AgentPublicKey({})", self.fingerprint())
    }
}

/// The SHA-256 of the 65 bytes of a public key (contract §5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fingerprint([u8; 32]);

impl Fingerprint {
    /// Returns the first 16 bytes as eight groups of four hexadecimal digits, short enough to be
    /// read aloud. Finding another key with the same groups takes about 2^128 attempts.
    #[must_use]
    pub fn groups(&self) -> String {
        let mut groups = String::with_capacity(39);
        for (place, byte) in self.0.iter().take(16).enumerate() {
            if place > 0 && place % 2 == 0 {
                groups.push(' ');
            }
            push_hex(&mut groups, *byte);
        }
        groups
    }

    /// Returns all 32 bytes in hexadecimal.
    #[must_use]
    pub fn to_hex(&self) -> String {
        let mut hex = String::with_capacity(64);
        self.0.iter().for_each(|byte| push_hex(&mut hex, *byte));
        hex
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.groups())
    }
}

fn push_hex(text: &mut String, byte: u8) {
    for digit in [byte >> 4, byte & 15] {
        text.push(char::from(if digit < 10 {
            b'0' + digit
        } else {
            b'a' - 10 + digit
        }));
    }
}
