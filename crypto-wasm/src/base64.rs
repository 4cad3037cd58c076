//! Base64, RFC 4648 §4: strict for envelopes, generous for keys. Encoding and decoding are those of
//! the `base64ct` crate, which looks no secret digit up in a table.

use base64ct::{Base64, Base64Unpadded, Encoding};
use zeroize::Zeroizing;

/// Writes the standard alphabet, padded.
pub(crate) fn encode(bytes: &[u8]) -> String {
    Base64::encode_string(bytes)
}

/// Reads the one canonical spelling: standard alphabet, padded, nothing between, no bits left over.
pub(crate) fn decode_strict(text: &str) -> Option<Vec<u8>> {
    Base64::decode_vec(text).ok()
}

/// Reads RFC 4648 §4 and §5 alike: standard or URL-safe, padded or not, broken into lines or not.
pub(crate) fn decode_lenient(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    // Both buffers have their full size from the start: one that grows leaves a copy behind.
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

    /// All texts of up to two digits followed by padding, and all single characters in a longer
    /// text: refused and read exactly as the strict reader of the other library does.
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
