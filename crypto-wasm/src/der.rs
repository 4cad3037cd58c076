//! Strict reader for DER that contains a P-256 key, which also names other kinds of DER.
//!
//! Every SubjectPublicKeyInfo of the curve begins with the same bytes, so a public key is read by
//! comparing them. A private key has several optional parts and is read element by element. Only
//! the canonical encoding is accepted: definite lengths in their shortest form, and no trailing
//! bytes at any level.

use crate::{KeyError, text::KeyHalf};

/// Prefix of a SubjectPublicKeyInfo with an uncompressed point (RFC 5480 §2: id-ecPublicKey,
/// secp256r1).
const SPKI_UNCOMPRESSED: &[u8] =
    b"\x30\x59\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07\
      \x03\x42\x00";
/// Prefix of a SubjectPublicKeyInfo with a compressed point.
const SPKI_COMPRESSED: &[u8] =
    b"\x30\x39\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07\
      \x03\x22\x00";

/// Returns the point in a SubjectPublicKeyInfo.
pub(crate) fn spki_point(der: &[u8]) -> Result<&[u8], KeyError> {
    let point = match der.strip_prefix(SPKI_UNCOMPRESSED) {
        Some(point) if point.len() == 65 => Some(point),
        Some(_) => return Err(KeyError::Length(der.len())),
        None => der
            .strip_prefix(SPKI_COMPRESSED)
            .filter(|point| point.len() == 33),
    };
    point.ok_or_else(|| kind_error(der, KeyHalf::Public))
}

/// Prefix of the written form, up to the private number: PKCS#8 (RFC 5958) that contains an
/// ECPrivateKey (RFC 5915), as Web Crypto and OpenSSL write it.
#[cfg(feature = "open")]
pub(crate) const PKCS8: &[u8] =
    b"\x30\x81\x87\x02\x01\x00\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\
      \x3d\x03\x01\x07\x04\x6d\x30\x6b\x02\x01\x01\x04\x20";
/// The bytes between the private number and the public point of that form.
#[cfg(feature = "open")]
pub(crate) const PUBLIC_FOLLOWS: &[u8] = b"\xa1\x44\x03\x42\x00";

/// The private number of a private key, and its public point if it has one.
#[cfg(feature = "open")]
pub(crate) type PrivateParts<'a> = (&'a [u8; 32], Option<&'a [u8]>);

/// Reads PKCS#8, or an ECPrivateKey alone, which PEM calls "EC PRIVATE KEY".
#[cfg(feature = "open")]
pub(crate) fn private_parts(der: &[u8]) -> Result<PrivateParts<'_>, KeyError> {
    let parts = private::pkcs8(der).or_else(|| private::ec_private_key(der, None));
    parts.ok_or_else(|| {
        if der.starts_with(SPKI_UNCOMPRESSED) || der.starts_with(SPKI_COMPRESSED) {
            KeyError::PublicKey
        } else {
            kind_error(der, KeyHalf::Secret)
        }
    })
}

/// The grammar of private keys. The functions return `None` for everything that violates it.
#[cfg(feature = "open")]
mod private {
    use super::{PrivateParts, take};

    const SEQUENCE: u8 = 0x30;
    const INTEGER: u8 = 0x02;
    const BIT_STRING: u8 = 0x03;
    const OCTET_STRING: u8 = 0x04;

    /// The curve secp256r1 (P-256).
    const CURVE: &[u8] = b"\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07";

    /// The content of an AlgorithmIdentifier: id-ecPublicKey and the curve.
    const ALGORITHM: &[u8] =
        b"\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07";

    /// Reads a OneAsymmetricKey (RFC 5958 §2): version, algorithm, key, attributes `[0]`, public
    /// key `[1]`. The attributes are ignored.
    pub(super) fn pkcs8(der: &[u8]) -> Option<PrivateParts<'_>> {
        let mut key = single_sequence(der)?;
        let version = take(&mut key, INTEGER)?;
        if take(&mut key, SEQUENCE)? != ALGORITHM {
            return None;
        }
        let (scalar, mut point) = ec_private_key(take(&mut key, OCTET_STRING)?, Some(CURVE))?;
        take(&mut key, 0xa0);
        // Only version 2, which is encoded as 1, has a public key at this level.
        if version == [1] && !key.is_empty() {
            let outer = take(&mut key, 0x81)?.strip_prefix(&[0])?;
            if point.is_some_and(|inner| inner != outer) {
                return None;
            }
            point = Some(outer);
        }
        (key.is_empty() && matches!(version, [0 | 1])).then_some((scalar, point))
    }

    /// Reads an ECPrivateKey (RFC 5915 §3): version 1, number, curve `[0]`, public key `[1]`. The
    /// curve may be left out if an outer structure named it, which is then passed as `curve`.
    pub(super) fn ec_private_key<'a>(
        der: &'a [u8],
        curve: Option<&'a [u8]>,
    ) -> Option<PrivateParts<'a>> {
        let mut key = single_sequence(der)?;
        if take(&mut key, INTEGER)? != [1] {
            return None;
        }
        let scalar = take(&mut key, OCTET_STRING)?.try_into().ok()?;
        if take(&mut key, 0xa0).or(curve) != Some(CURVE) {
            return None;
        }
        if key.is_empty() {
            return Some((scalar, None));
        }
        let mut bits = take(&mut key, 0xa1)?;
        let point = take(&mut bits, BIT_STRING)?.strip_prefix(&[0])?;
        (key.is_empty() && bits.is_empty()).then_some((scalar, Some(point)))
    }

    /// Returns the content of `der`, which must be exactly one sequence.
    fn single_sequence(mut der: &[u8]) -> Option<&[u8]> {
        let contents = take(&mut der, SEQUENCE)?;
        der.is_empty().then_some(contents)
    }
}

/// Removes the first element and returns its content, if it has this tag.
fn take<'a>(der: &mut &'a [u8], tag: u8) -> Option<&'a [u8]> {
    let input: &'a [u8] = der;
    let (length, rest) = match *input {
        [first, length @ ..=0x7f, ref rest @ ..] if first == tag => (usize::from(length), rest),
        [first, 0x81, length @ 0x80..=0xff, ref rest @ ..] if first == tag => {
            (usize::from(length), rest)
        }
        [first, 0x82, high @ 1..=0xff, low, ref rest @ ..] if first == tag => {
            (usize::from(high) << 8 | usize::from(low), rest)
        }
        _ => return None,
    };
    let (contents, rest) = rest.split_at_checked(length)?;
    *der = rest;
    Some(contents)
}

/// Object identifiers with their tag and length, and the names of what they identify.
const KINDS: [(&[u8], &str); 10] = [
    (b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01", "RSA"),
    (b"\x06\x05\x2b\x81\x04\x00\x21", "P-224"),
    (b"\x06\x05\x2b\x81\x04\x00\x22", "P-384"),
    (b"\x06\x05\x2b\x81\x04\x00\x23", "P-521"),
    (b"\x06\x05\x2b\x81\x04\x00\x0a", "secp256k1"),
    (b"\x06\x03\x2b\x65\x6e", "X25519"),
    (b"\x06\x03\x2b\x65\x70", "Ed25519"),
    (b"\x06\x03\x2b\x65\x71", "Ed448"),
    (
        b"\x06\x09\x2b\x24\x03\x03\x02\x08\x01\x01",
        "a Brainpool curve",
    ),
    (
        b"\x06\x07\x2a\x86\x48\xce\x3d\x01\x01",
        "a curve that is given by its parameters and not by its name",
    ),
];
const PBES2: &[u8] = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x05\x0d";

/// Returns an error that says what a DER text is instead of the wanted key, as far as its first
/// bytes show.
fn kind_error(der: &[u8], wanted: KeyHalf) -> KeyError {
    let first = content_of(der);
    let is_encrypted = contains(der, PBES2);
    // PKCS#8 versions 0 and 1, RSA's own form, ECPrivateKey.
    let is_private = matches!(
        first,
        [2, 1, 0 | 1, 0x30, ..] | [2, 1, 0, 2, ..] | [2, 1, 1, 4, ..]
    );
    if wanted == KeyHalf::Public && (is_private || is_encrypted) {
        return KeyError::PrivateKey;
    }
    if is_encrypted {
        return KeyError::EncryptedPrivateKey;
    }
    if content_of(first).starts_with(b"\xa0\x03\x02\x01") {
        return KeyError::Certificate;
    }
    // RSA's own forms are sequences of integers, and the public form begins with a long one.
    if let [2, 1, 0, 2, ..] | [2, 0x81 | 0x82, ..] = first {
        return KeyError::OtherKind("RSA");
    }
    match KINDS
        .iter()
        .find(|(identifier, _)| contains(der, identifier))
    {
        Some((_, kind)) => KeyError::OtherKind(kind),
        None if is_cut(der) => KeyError::Length(der.len()),
        None => KeyError::Der,
    }
}

/// Returns whether the text is not exactly one sequence.
fn is_cut(mut der: &[u8]) -> bool {
    take(&mut der, 0x30).is_none() || !der.is_empty()
}

/// Returns the bytes after the header of the sequence that a DER text begins with.
fn content_of(der: &[u8]) -> &[u8] {
    match der {
        [0x30, 0..=0x7f, rest @ ..]
        | [0x30, 0x81, _, rest @ ..]
        | [0x30, 0x82, _, _, rest @ ..] => rest,
        _ => &[],
    }
}

fn contains(der: &[u8], bytes: &[u8]) -> bool {
    der.windows(bytes.len()).any(|window| window == bytes)
}
