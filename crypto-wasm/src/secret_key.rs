//! An agent's private key: generated, read, written and wiped, but never printed.

use core::fmt;

use zeroize::Zeroizing;

use crate::{
    AgentPublicKey, KeyError, RandomError, base64,
    curve::{Point, Scalar},
    der, random,
    text::{self, EncodedKey, KeyHalf},
};

/// The private half of an agent's key pair. It is wiped when dropped.
#[derive(Clone)]
pub struct AgentSecretKey(Scalar);

impl AgentSecretKey {
    /// Generates a new key pair.
    ///
    /// # Errors
    /// [`RandomError`] if the system's random source fails.
    pub fn generate() -> Result<Self, RandomError> {
        random::generate_scalar().map(Self)
    }

    /// Reads a private key: base64 of DER or of the 32 bytes of the number, in any spelling; PEM; a
    /// private JWK. DER is PKCS#8 or the older EC form, with or without the public half, which may
    /// be compressed.
    ///
    /// # Errors
    /// A [`KeyError`] that says what the text is instead, and never repeats any of it.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        match text::read(text, KeyHalf::Secret)? {
            EncodedKey::Jwk(jwk) => {
                Self::from_scalar_bytes(&jwk.secret()?)?.with_public(&jwk.point()?)
            }
            EncodedKey::Pem(der) => Self::from_der(&der),
            EncodedKey::Base64(bytes) => Self::from_bytes(&bytes),
        }
    }

    /// Reads a private key from bytes: the 32 bytes of the number, or DER. Bytes that contain PEM
    /// or a JWK are read as that text.
    ///
    /// # Errors
    /// A [`KeyError`] that says what the bytes are instead.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, KeyError> {
        if let Some(text) = text::text_within(bytes) {
            return Self::parse(text);
        }
        match (bytes, bytes.len()) {
            ([], _) => Err(KeyError::Empty),
            (_, 32) => Self::from_scalar_bytes(bytes),
            ([0x30, ..], _) => Self::from_der(bytes),
            ([4, ..], 65) | ([2 | 3, ..], 33) => Err(KeyError::PublicKey),
            (_, length) => Err(KeyError::Length(length)),
        }
    }

    fn from_der(der: &[u8]) -> Result<Self, KeyError> {
        let (scalar, point) = der::private_parts(der)?;
        let key = Self::from_scalar_bytes(scalar)?;
        match point {
            Some(point) => key.with_public(point),
            None => Ok(key),
        }
    }

    fn from_scalar_bytes(bytes: &[u8]) -> Result<Self, KeyError> {
        let bytes = bytes
            .try_into()
            .map_err(|_| KeyError::Length(bytes.len()))?;
        Scalar::read(bytes)
            .map(Self)
            .ok_or(KeyError::SecretOutOfRange)
    }

    /// Checks the public half that a key was stored with. A key pair with different halves is
    /// refused, because it could not open anything.
    fn with_public(self, point: &[u8]) -> Result<Self, KeyError> {
        if Point::read(point)? == self.public_key().point() {
            Ok(self)
        } else {
            Err(KeyError::HalvesDiffer)
        }
    }

    /// Returns the public half of the key pair.
    #[must_use]
    pub fn public_key(&self) -> AgentPublicKey {
        AgentPublicKey::of(&self.0)
    }

    /// Returns the 32 bytes of the private number, big-endian.
    #[must_use]
    pub fn to_bytes(&self) -> Zeroizing<[u8; 32]> {
        self.0.to_bytes()
    }

    /// Returns base64 of the PKCS#8 DER (RFC 5958), which Web Crypto and OpenSSL import.
    #[must_use]
    pub fn to_pkcs8_base64(&self) -> Zeroizing<String> {
        let mut der = Zeroizing::new(Vec::with_capacity(138));
        der.extend_from_slice(der::PKCS8);
        der.extend_from_slice(self.to_bytes().as_ref());
        der.extend_from_slice(der::PUBLIC_FOLLOWS);
        der.extend_from_slice(&self.public_key().to_bytes());
        Zeroizing::new(base64::encode(&der))
    }

    pub(crate) fn scalar(&self) -> &Scalar {
        &self.0
    }
}

impl fmt::Debug for AgentSecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AgentSecretKey([redacted])")
    }
}
