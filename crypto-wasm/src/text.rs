//! Keys as text: base64 in every spelling, PEM, and JWKs, which `jwk.rs` reads.
//!
//! The reader is lenient, because each form identifies one key. Envelopes are not read here: they
//! have one encoding, which `envelope.rs` enforces.

use zeroize::Zeroizing;

use crate::{
    KeyError,
    base64::decode_lenient,
    curve::POINT_BYTES,
    jwk::{self, Jwk},
};

/// The half of a key pair that is expected.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeyHalf {
    Public,
    #[cfg(feature = "open")]
    Secret,
}

/// A key in the form in which it was written.
pub(crate) enum EncodedKey<'a> {
    Jwk(Jwk<'a>),
    /// The content of a PEM block, which is DER (RFC 7468).
    Pem(Zeroizing<Vec<u8>>),
    Base64(Zeroizing<Vec<u8>>),
}

/// Maximum length of a text in bytes. PEM of a long RSA key, or of a chain of certificates, is
/// shorter and gets an error that names it.
const TEXT_BYTES_MAX: usize = 16_384;

/// The byte order mark that some editors write before a text. It is not part of the text.
const BYTE_ORDER_MARK: char = '\u{feff}';

/// The beginning of a PEM block. Text before and after the block is explanatory (RFC 7468 §2).
const PEM_BEGIN: &str = "-----BEGIN ";

/// Returns the bytes as a text if they contain a PEM block or a JWK, and not the bytes of a key.
pub(crate) fn text_within(bytes: &[u8]) -> Option<&str> {
    let text = core::str::from_utf8(bytes).ok()?;
    let is_json = trim(text).starts_with('{') && text.len() > POINT_BYTES;
    (is_json || split_at_mark(text, PEM_BEGIN).is_some()).then_some(text)
}

/// Returns a text without surrounding white space and byte order mark.
fn trim(text: &str) -> &str {
    let text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
    text.trim_ascii()
}

pub(crate) fn read(text: &str, wanted: KeyHalf) -> Result<EncodedKey<'_>, KeyError> {
    let text = trim(text);
    if text.is_empty() {
        return Err(KeyError::Empty);
    }
    if text.len() > TEXT_BYTES_MAX {
        return Err(KeyError::TooLong);
    }
    if text.starts_with('{') || text.starts_with('[') {
        return jwk::read(text).map(EncodedKey::Jwk);
    }
    if let Some((_, block)) = split_at_mark(text, PEM_BEGIN) {
        return read_pem(block, wanted).map(EncodedKey::Pem);
    }
    if text.starts_with("ssh-") || text.starts_with("ecdsa-sha2-") {
        return Err(KeyError::Ssh);
    }
    if is_hexadecimal(text) {
        return Err(KeyError::Hexadecimal);
    }
    decode_lenient(text)
        .map(EncodedKey::Base64)
        .ok_or(KeyError::NotBase64)
}

/// Returns whether a text is marked as hexadecimal, or has more hexadecimal digits than base64
/// would have by chance. Some tools print pairs of digits with colons between them.
fn is_hexadecimal(text: &str) -> bool {
    let stated = text.strip_prefix("0x").or(text.strip_prefix("0X"));
    let mut digits = 0;
    let only = stated.unwrap_or(text).bytes().all(|byte| {
        digits += usize::from(byte.is_ascii_hexdigit());
        byte.is_ascii_hexdigit() || byte.is_ascii_whitespace() || byte == b':'
    });
    only && (stated.is_some() || digits >= 64)
}

/// Reads a PEM block, from the label of its first line on.
fn read_pem(block: &str, wanted: KeyHalf) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    let (label, rest) = split_at_mark(block, "-----").ok_or(KeyError::Pem)?;
    match label {
        "CERTIFICATE"
        | "X509 CERTIFICATE"
        | "TRUSTED CERTIFICATE"
        | "CERTIFICATE REQUEST"
        | "NEW CERTIFICATE REQUEST" => return Err(KeyError::Certificate),
        _ if label.starts_with("PGP ") => return Err(KeyError::OtherKind("OpenPGP")),
        // OpenSSL writes the curve in a separate block before an EC private key.
        "EC PARAMETERS" => {
            let (_, next) = split_at_mark(rest, PEM_BEGIN).ok_or(KeyError::Pem)?;
            return read_pem(next, wanted);
        }
        _ if label.ends_with("PRIVATE KEY") && wanted == KeyHalf::Public => {
            return Err(KeyError::PrivateKey);
        }
        "OPENSSH PRIVATE KEY" => return Err(KeyError::Ssh),
        "ENCRYPTED PRIVATE KEY" => return Err(KeyError::EncryptedPrivateKey),
        _ => {}
    }
    let (body, end) = split_at_mark(rest, "-----END ").ok_or(KeyError::Pem)?;
    let after = end
        .strip_prefix(label)
        .and_then(|end| end.strip_prefix("-----"));
    if after.is_none_or(|after| split_at_mark(after, PEM_BEGIN).is_some()) {
        return Err(KeyError::Pem);
    }
    decode_lenient(body).ok_or_else(|| {
        let holds = |byte| body.as_bytes().contains(&byte);
        if holds(b'\\') {
            KeyError::EscapedLines
        } else if holds(b':') {
            // Only encrypted keys have headers (RFC 1421 §4.6).
            KeyError::EncryptedPrivateKey
        } else {
            KeyError::Pem
        }
    })
}

/// Splits a text at the first `mark`. The search of the standard library is optimised for long
/// texts, and its code in the wasm is larger than this whole file.
fn split_at_mark<'a>(text: &'a str, mark: &str) -> Option<(&'a str, &'a str)> {
    let mut windows = text.as_bytes().windows(mark.len());
    let place = windows.position(|window| window == mark.as_bytes())?;
    text.get(..place).zip(text.get(place + mark.len()..))
}
