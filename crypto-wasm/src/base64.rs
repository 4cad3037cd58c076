//! Base64, RFC 4648 §4: strict for envelopes, generous for keys.
//!
//! Written here because private keys pass through it: no table is looked up by a secret digit, so
//! no cache line tells which digit it was. Tests hold it against another implementation.

use zeroize::Zeroizing;

/// Standard alphabet, padded.
pub(crate) fn encode(bytes: &[u8]) -> String {
    let mut text = Vec::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let word = chunk
            .iter()
            .fold(0, |word, byte| word << 8 | u32::from(*byte));
        let word = word << (8 * (3 - chunk.len()));
        let mut digits = [b'='; 4];
        for (place, letter) in digits.iter_mut().take(chunk.len() + 1).enumerate() {
            *letter = digit((word >> (18 - 6 * place)) as u8 & 63);
        }
        text.extend_from_slice(&digits);
    }
    // Digits are ASCII, so this never takes the default.
    String::from_utf8(text).unwrap_or_default()
}

/// One spelling for each bytes: standard alphabet, padded, nothing between, no bits left over.
pub(crate) fn decode_strict(text: &str) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(4) {
        return None;
    }
    let digits = text.strip_suffix("==").or(text.strip_suffix('='));
    let mut bytes = decode(digits.unwrap_or(text).as_bytes())?;
    Some(core::mem::take(&mut *bytes))
}

/// RFC 4648 §4 and §5 in one: standard or URL-safe, padded or not, broken into lines or not.
pub(crate) fn decode_lenient(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    // Room for all of it from the start: a buffer that grows leaves a copy behind.
    let mut digits = Zeroizing::new(Vec::with_capacity(text.len()));
    for byte in text.trim_ascii_end().trim_end_matches('=').bytes() {
        match byte {
            b'-' => digits.push(b'+'),
            b'_' => digits.push(b'/'),
            b' ' | b'\t' | b'\r' | b'\n' => {}
            other => digits.push(other),
        }
    }
    decode(&digits)
}

fn decode(digits: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(digits.len().div_ceil(4) * 3));
    let mut refused = digits.len() % 4 == 1;
    for chunk in digits.chunks(4) {
        let mut word = 0;
        for digit in chunk {
            let value = value(*digit);
            refused |= value < 0;
            word = word << 6 | value as u32 & 63;
        }
        word <<= 6 * (4 - chunk.len());
        let [_, whole @ ..] = word.to_be_bytes();
        let (kept, left) = whole.split_at_checked(chunk.len().saturating_sub(1))?;
        bytes.extend_from_slice(kept);
        refused |= left.iter().any(|byte| *byte != 0);
    }
    (!refused).then_some(bytes)
}

/// The digit of a value below 64, by arithmetic alone.
fn digit(value: u8) -> u8 {
    let value = i16::from(value);
    let above = |bound: i16| (bound - value) >> 15;
    let letter =
        value + 65 + (above(25) & 6) - (above(51) & 75) - (above(61) & 15) + (above(62) & 3);
    letter as u8
}

/// The value of a digit, or -1, by arithmetic alone.
fn value(digit: u8) -> i16 {
    let digit = i16::from(digit);
    let within = |first: u8, last: u8| {
        ((i16::from(first) - 1 - digit) & (digit - 1 - i16::from(last))) >> 15
    };
    let mut value = -1;
    value += within(b'A', b'Z') & (digit - 64);
    value += within(b'a', b'z') & (digit - 70);
    value += within(b'0', b'9') & (digit + 5);
    value += within(b'+', b'+') & 63;
    value += within(b'/', b'/') & 64;
    value
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
