//! From what a person pastes to bytes: base64 of every spelling, PEM, and the way to a JWK.
//!
//! Keys are read generously, since each form names one key. Envelopes are not read here: they have
//! one spelling, and `envelope.rs` insists on it.

use zeroize::Zeroizing;

use crate::{
    KeyError,
    base64::decode_lenient,
    jwk::{self, Jwk},
};

/// The half of a key pair that is asked for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Half {
    Public,
    #[cfg(feature = "open")]
    Secret,
}

/// A key as it was written.
pub(crate) enum Written<'a> {
    Jwk(Jwk<'a>),
    /// The content of a PEM block, which is DER by RFC 7468.
    Pem(Zeroizing<Vec<u8>>),
    Base64(Zeroizing<Vec<u8>>),
}

/// More than the longest PEM of an RSA key or a chain of certificates that is worth naming.
const TEXT_BYTES_MAX: usize = 16_384;

pub(crate) fn read(text: &str, wanted: Half) -> Result<Written<'_>, KeyError> {
    let text = text.trim_ascii();
    if text.is_empty() {
        return Err(KeyError::Empty);
    }
    if text.len() > TEXT_BYTES_MAX {
        return Err(KeyError::TooLong);
    }
    if text.starts_with('{') || text.starts_with('[') {
        return jwk::read(text).map(Written::Jwk);
    }
    if let Some(block) = text.strip_prefix("-----BEGIN ") {
        return read_pem(block, wanted).map(Written::Pem);
    }
    if text.starts_with("ssh-") || text.starts_with("ecdsa-sha2-") {
        return Err(KeyError::Ssh);
    }
    if matches!(text.len(), 64 | 66 | 130) && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(KeyError::Hexadecimal);
    }
    decode_lenient(text)
        .map(Written::Base64)
        .ok_or(KeyError::NotBase64)
}

/// One block of RFC 7468, without the words that begin its first line.
fn read_pem(block: &str, wanted: Half) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    let (label, rest) = cut(block, "-----").ok_or(KeyError::Pem)?;
    match label {
        "CERTIFICATE" | "X509 CERTIFICATE" | "TRUSTED CERTIFICATE" => {
            return Err(KeyError::Certificate);
        }
        "OPENSSH PRIVATE KEY" if wanted != Half::Public => return Err(KeyError::Ssh),
        "ENCRYPTED PRIVATE KEY" if wanted != Half::Public => {
            return Err(KeyError::EncryptedPrivateKey);
        }
        _ if label.ends_with("PRIVATE KEY") && wanted == Half::Public => {
            return Err(KeyError::PrivateKey);
        }
        // OpenSSL writes the curve before an EC private key, as a block of its own.
        "EC PARAMETERS" if wanted != Half::Public => {
            let (_, next) = cut(rest, "-----BEGIN ").ok_or(KeyError::Pem)?;
            return read_pem(next, wanted);
        }
        _ => {}
    }
    let (body, end) = cut(rest, "-----END ").ok_or(KeyError::Pem)?;
    if end.strip_prefix(label) != Some("-----") {
        return Err(KeyError::Pem);
    }
    decode_lenient(body).ok_or(KeyError::Pem)
}

/// What is before and after the first `mark`. The standard library's search is made for long
/// texts, and takes more room in the wasm than this whole file.
fn cut<'a>(text: &'a str, mark: &str) -> Option<(&'a str, &'a str)> {
    let mut windows = text.as_bytes().windows(mark.len());
    let place = windows.position(|window| window == mark.as_bytes())?;
    text.get(..place).zip(text.get(place + mark.len()..))
}
