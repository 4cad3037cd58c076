//! The few DER texts that hold a P-256 key, as the fixed bytes around it; and names for the others.
//!
//! There is no DER parser. The encoding is canonical, so a key of one form always stands between
//! the same bytes, and comparing them is all that reading takes.

use crate::{KeyError, text::Half};

/// SubjectPublicKeyInfo up to an uncompressed point (RFC 5480 §2: id-ecPublicKey, secp256r1).
const SPKI_UNCOMPRESSED: &[u8] =
    b"\x30\x59\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07\
      \x03\x42\x00";
/// The same up to a compressed point.
const SPKI_COMPRESSED: &[u8] =
    b"\x30\x39\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07\
      \x03\x22\x00";

/// The point inside a SubjectPublicKeyInfo.
pub(crate) fn spki_point(der: &[u8]) -> Result<&[u8], KeyError> {
    let point = match der.strip_prefix(SPKI_UNCOMPRESSED) {
        Some(point) if point.len() == 65 => Some(point),
        Some(_) => return Err(KeyError::Length(der.len())),
        None => der
            .strip_prefix(SPKI_COMPRESSED)
            .filter(|point| point.len() == 33),
    };
    point.ok_or_else(|| name(der, Half::Public))
}

/// What stands before the private number, and between it and the public point if that follows.
#[cfg(feature = "open")]
const PRIVATE_FORMS: [(&[u8], &[u8]); 4] = [
    // PKCS#8 (RFC 5958) around ECPrivateKey (RFC 5915), as Web Crypto and OpenSSL write it.
    (PKCS8, PUBLIC_FOLLOWS),
    // The same without the public point.
    (
        b"\x30\x41\x02\x01\x00\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\
          \x3d\x03\x01\x07\x04\x27\x30\x25\x02\x01\x01\x04\x20",
        b"",
    ),
    // The same with the curve named twice, as some other libraries write it.
    (
        b"\x30\x81\x93\x02\x01\x00\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\
          \xce\x3d\x03\x01\x07\x04\x79\x30\x77\x02\x01\x01\x04\x20",
        CURVE_AND_PUBLIC_FOLLOW,
    ),
    // ECPrivateKey alone, "EC PRIVATE KEY" in PEM.
    (b"\x30\x77\x02\x01\x01\x04\x20", CURVE_AND_PUBLIC_FOLLOW),
];

/// The form that is written: PKCS#8 up to the private number.
#[cfg(feature = "open")]
pub(crate) const PKCS8: &[u8] =
    b"\x30\x81\x87\x02\x01\x00\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\
      \x3d\x03\x01\x07\x04\x6d\x30\x6b\x02\x01\x01\x04\x20";
/// And from there up to the public point.
#[cfg(feature = "open")]
pub(crate) const PUBLIC_FOLLOWS: &[u8] = b"\xa1\x44\x03\x42\x00";
#[cfg(feature = "open")]
const CURVE_AND_PUBLIC_FOLLOW: &[u8] =
    b"\xa0\x0a\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07\xa1\x44\x03\x42\x00";

/// The private number of a private key, and the public point if it is there.
#[cfg(feature = "open")]
pub(crate) fn private_parts(der: &[u8]) -> Result<(&[u8; 32], Option<&[u8]>), KeyError> {
    for (before, between) in PRIVATE_FORMS {
        let Some((secret, rest)) = der.strip_prefix(before).and_then(<[u8]>::split_first_chunk)
        else {
            continue;
        };
        match rest.strip_prefix(between) {
            Some([]) if between.is_empty() => return Ok((secret, None)),
            Some(point) if !between.is_empty() && point.len() == 65 => {
                return Ok((secret, Some(point)));
            }
            _ => return Err(KeyError::Length(der.len())),
        }
    }
    if der.starts_with(SPKI_UNCOMPRESSED) || der.starts_with(SPKI_COMPRESSED) {
        return Err(KeyError::PublicKey);
    }
    Err(name(der, Half::Secret))
}

/// Object identifiers with their tag and length, and what they identify.
const KINDS: [(&[u8], &str); 9] = [
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
];
const PBES2: &[u8] = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x05\x0d";

/// Says what a DER text is instead of the wanted key, as well as its first bytes tell.
fn name(der: &[u8], wanted: Half) -> KeyError {
    let is_private = match inside(der) {
        // PKCS#8 version 0 and 1, RSA's own form, ECPrivateKey.
        [2, 1, 0 | 1, 0x30, ..] | [2, 1, 0, 2, ..] | [2, 1, 1, 4, ..] => true,
        first if inside(first).starts_with(b"\xa0\x03\x02\x01") => return KeyError::Certificate,
        _ if holds(der, PBES2) && wanted != Half::Public => return KeyError::EncryptedPrivateKey,
        _ => holds(der, PBES2),
    };
    if is_private && wanted == Half::Public {
        return KeyError::PrivateKey;
    }
    match KINDS.iter().find(|(identifier, _)| holds(der, identifier)) {
        Some((_, kind)) => KeyError::OtherKind(kind),
        None => KeyError::Der,
    }
}

/// What is inside the sequence that a DER text begins with.
fn inside(der: &[u8]) -> &[u8] {
    match der {
        [0x30, 0..=0x7f, rest @ ..]
        | [0x30, 0x81, _, rest @ ..]
        | [0x30, 0x82, _, _, rest @ ..] => rest,
        _ => &[],
    }
}

fn holds(der: &[u8], bytes: &[u8]) -> bool {
    der.windows(bytes.len()).any(|window| window == bytes)
}
