//! From what a person pastes to bytes: base64 of every spelling, PEM, and the way to a JWK.
//!
//! Keys are read generously, since each form names one key. Envelopes are not read here: they have
//! one spelling, and `envelope.rs` insists on it.

use zeroize::Zeroizing;

use crate::{
    KeyError,
    base64::decode_lenient,
    curve::POINT_BYTES,
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

/// The character that some editors put before a text, and that is no part of it.
const BYTE_ORDER_MARK: char = '\u{feff}';

/// How a block of RFC 7468 begins. What stands before and after it is explanation (§2).
const PEM_BEGIN: &str = "-----BEGIN ";

/// The text in some bytes, if they are a text rather than a key: a PEM block or a JWK.
pub(crate) fn within(bytes: &[u8]) -> Option<&str> {
    let text = core::str::from_utf8(bytes).ok()?;
    let is_json = unmarked(text).starts_with('{') && text.len() > POINT_BYTES;
    (is_json || cut(text, PEM_BEGIN).is_some()).then_some(text)
}

/// A text without the white space and the byte order mark around it.
fn unmarked(text: &str) -> &str {
    let text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
    text.trim_ascii()
}

pub(crate) fn read(text: &str, wanted: Half) -> Result<Written<'_>, KeyError> {
    let text = unmarked(text);
    if text.is_empty() {
        return Err(KeyError::Empty);
    }
    if text.len() > TEXT_BYTES_MAX {
        return Err(KeyError::TooLong);
    }
    if text.starts_with('{') || text.starts_with('[') {
        return jwk::read(text).map(Written::Jwk);
    }
    if let Some((_, block)) = cut(text, PEM_BEGIN) {
        return read_pem(block, wanted).map(Written::Pem);
    }
    if text.starts_with("ssh-") || text.starts_with("ecdsa-sha2-") {
        return Err(KeyError::Ssh);
    }
    if is_hexadecimal(text) {
        return Err(KeyError::Hexadecimal);
    }
    decode_lenient(text)
        .map(Written::Base64)
        .ok_or(KeyError::NotBase64)
}

/// Whether a text says that it is hexadecimal, or has too many digits that are to be anything else.
/// Tools print it in pairs, with colons between them.
fn is_hexadecimal(text: &str) -> bool {
    let stated = text.strip_prefix("0x").or(text.strip_prefix("0X"));
    let mut digits = 0;
    let only = stated.unwrap_or(text).bytes().all(|byte| {
        digits += usize::from(byte.is_ascii_hexdigit());
        byte.is_ascii_hexdigit() || byte.is_ascii_whitespace() || byte == b':'
    });
    only && (stated.is_some() || digits >= 64)
}

/// One block of RFC 7468, without the words that begin its first line.
fn read_pem(block: &str, wanted: Half) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    let (label, rest) = cut(block, "-----").ok_or(KeyError::Pem)?;
    match label {
        "CERTIFICATE"
        | "X509 CERTIFICATE"
        | "TRUSTED CERTIFICATE"
        | "CERTIFICATE REQUEST"
        | "NEW CERTIFICATE REQUEST" => return Err(KeyError::Certificate),
        _ if label.starts_with("PGP ") => return Err(KeyError::OtherKind("OpenPGP")),
        // OpenSSL writes the curve before an EC private key, as a block of its own.
        "EC PARAMETERS" => {
            let (_, next) = cut(rest, PEM_BEGIN).ok_or(KeyError::Pem)?;
            return read_pem(next, wanted);
        }
        _ if label.ends_with("PRIVATE KEY") && wanted == Half::Public => {
            return Err(KeyError::PrivateKey);
        }
        "OPENSSH PRIVATE KEY" => return Err(KeyError::Ssh),
        "ENCRYPTED PRIVATE KEY" => return Err(KeyError::EncryptedPrivateKey),
        _ => {}
    }
    let (body, end) = cut(rest, "-----END ").ok_or(KeyError::Pem)?;
    let after = end
        .strip_prefix(label)
        .and_then(|end| end.strip_prefix("-----"));
    if after.is_none_or(|after| cut(after, PEM_BEGIN).is_some()) {
        return Err(KeyError::Pem);
    }
    decode_lenient(body).ok_or_else(|| {
        let holds = |byte| body.as_bytes().contains(&byte);
        if holds(b'\\') {
            KeyError::EscapedLines
        } else if holds(b':') {
            // Only what is under a password has headers (RFC 1421 §4.6).
            KeyError::EncryptedPrivateKey
        } else {
            KeyError::Pem
        }
    })
}

/// What is before and after the first `mark`. The standard library's search is made for long
/// texts, and takes more room in the wasm than this whole file.
fn cut<'a>(text: &'a str, mark: &str) -> Option<(&'a str, &'a str)> {
    let mut windows = text.as_bytes().windows(mark.len());
    let place = windows.position(|window| window == mark.as_bytes())?;
    text.get(..place).zip(text.get(place + mark.len()..))
}
