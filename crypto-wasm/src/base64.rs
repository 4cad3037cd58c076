//! Base64 (RFC 4648 §4): a strict reader for envelopes and a lenient one for keys. The crate
//! `base64ct` encodes and decodes, without table lookups that depend on secret digits.

use base64ct::{Base64, Base64Unpadded, Encoding};
use zeroize::Zeroizing;

/// Encodes in the standard alphabet with padding.
pub(crate) fn encode(bytes: &[u8]) -> String {
    Base64::encode_string(bytes)
}

/// Decodes the canonical encoding only: standard alphabet, padded, without white space, unused bits
/// zero.
pub(crate) fn decode_strict(text: &str) -> Option<Vec<u8>> {
    Base64::decode_vec(text).ok()
}

/// Decodes RFC 4648 §4 and §5: standard or URL-safe, with or without padding and line breaks.
pub(crate) fn decode_lenient(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    // Both buffers have their full size from the start, because a growing buffer leaves copies
    // behind.
    let mut digits = Zeroizing::new(Vec::with_capacity(text.len()));
    for byte in text.trim_ascii_end().trim_end_matches('=').bytes() {
        match byte {
            b'-' => digits.push(b'+'),
            b'_' => digits.push(b'/'),
            b' ' | b'\t' | b'\r' | b'\n' => {}
            other => digits.push(other),
        }
    }
    let mut bytes = Zeroizing::new(vec![0; digits.len() * 3 / 4]);
    Base64Unpadded::decode(&*digits, &mut bytes).ok()?;
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use base64::{Engine, engine::general_purpose::STANDARD};

    use super::{decode_lenient, decode_strict, encode};

    #[test]
    fn every_byte_at_every_place_is_written_as_the_other_library_writes_it() {
        for byte in 0..=255_u8 {
            for length in 0..7 {
                let bytes = vec![byte; length];
                let text = STANDARD.encode(&bytes);
                assert_eq!(encode(&bytes), text);
                assert_eq!(decode_strict(&text), Some(bytes.clone()));
                assert_eq!(
                    decode_lenient(text.trim_end_matches('=')).unwrap().to_vec(),
                    bytes
                );
            }
        }
    }

    /// Compares with the strict reader of the other library: all texts of one or two digits with
    /// padding, and all single characters within a longer text.
    #[test]
    fn what_the_other_library_refuses_is_refused() {
        let characters = || (0..=255_u8).map(char::from);
        for first in characters() {
            for text in [
                format!("{first}"),
                format!("AAA{first}"),
                format!("AA{first}A"),
            ] {
                assert_eq!(decode_strict(&text), STANDARD.decode(&text).ok(), "{text}");
            }
            for second in characters() {
                for text in [format!("{first}{second}=="), format!("A{first}{second}=")] {
                    assert_eq!(decode_strict(&text), STANDARD.decode(&text).ok(), "{text}");
                }
            }
        }
        for text in [
            "=", "==", "====", "A===", "AAAA====", "AAAA=", "AA=A", "AAAAA",
        ] {
            assert_eq!(decode_strict(text), None, "{text}");
        }
    }
}
