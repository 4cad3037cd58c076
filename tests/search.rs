//! Searches files for a text in every encoding in which it could be stored.

use std::{
    collections::HashSet,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD},
};

/// An encoding of a text.
struct EncodedText {
    name: &'static str,
    bytes: Vec<u8>,
}

/// Returns the places in `place` (a file, or a folder with its content) that contain `text`, with
/// the encoding.
pub(crate) fn find(text: &str, place: &Path) -> Result<Vec<String>> {
    let forms: Vec<_> = encodings(text)
        .into_iter()
        .map(|form| (form.name, latin1(&form.bytes)))
        .collect();
    let mut findings = Vec::new();
    for file in files(place)? {
        // A file that has been deleted since it was listed contains nothing.
        let Ok(bytes) = fs::read(&file) else { continue };
        let content = latin1(&bytes);
        for (name, form) in &forms {
            if content.contains(form.as_str()) {
                findings.push(format!("{name} in {}", file.display()));
            }
        }
    }
    Ok(findings)
}

/// Maps bytes to the characters of the same numbers, because the standard library searches text
/// quickly.
fn latin1(bytes: &[u8]) -> String {
    bytes.iter().copied().map(char::from).collect()
}

fn files(place: &Path) -> Result<Vec<PathBuf>> {
    if !place.is_dir() {
        return Ok(vec![place.to_owned()]);
    }
    let mut found = Vec::new();
    for entry in fs::read_dir(place).with_context(|| format!("look into {}", place.display()))? {
        let entry = entry?;
        let kind = entry.file_type()?;
        if kind.is_dir() {
            found.extend(files(&entry.path())?);
        } else if kind.is_file() {
            found.push(entry.path());
        }
    }
    Ok(found)
}

fn encodings(text: &str) -> Vec<EncodedText> {
    let utf16 = || text.encode_utf16();
    let hex: String = text.bytes().map(|byte| format!("{byte:02x}")).collect();
    let escaped: String = utf16().map(escape_unit).collect();
    let percent: String = text.bytes().map(percent_encode).collect();
    let mut forms = vec![
        encoding("UTF-8", text),
        encoding(
            "UTF-16, low byte first",
            utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>(),
        ),
        encoding(
            "UTF-16, high byte first",
            utf16().flat_map(u16::to_be_bytes).collect::<Vec<_>>(),
        ),
        encoding("hexadecimal", hex.to_uppercase()),
        encoding("hexadecimal", hex),
        encoding("JSON escapes", escaped),
        encoding("percent encoding", percent),
    ];
    for before in 0..3 {
        forms.push(encoding(
            "base64",
            base64_within(text, before, &STANDARD_NO_PAD),
        ));
        forms.push(encoding(
            "base64url",
            base64_within(text, before, &URL_SAFE_NO_PAD),
        ));
    }
    // Letters and digits are the same in several encodings; one of them is enough.
    let mut seen = HashSet::new();
    forms.retain(|form| seen.insert(form.bytes.clone()));
    forms
}

fn encoding(name: &'static str, bytes: impl Into<Vec<u8>>) -> EncodedText {
    EncodedText {
        name,
        bytes: bytes.into(),
    }
}

fn escape_unit(unit: u16) -> String {
    match u8::try_from(unit) {
        Ok(byte) if byte.is_ascii() => char::from(byte).to_string(),
        _ => format!("\\u{unit:04x}"),
    }
}

/// Encodes a byte unless RFC 3986 section 2.3 leaves it unchanged.
fn percent_encode(byte: u8) -> String {
    if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
        char::from(byte).to_string()
    } else {
        format!("%{byte:02X}")
    }
}

/// Returns the base64 characters that depend on `text` only, if it begins `before` bytes after a
/// multiple of three.
fn base64_within(text: &str, before: usize, engine: &impl base64::Engine) -> String {
    let mut bytes = vec![0; before];
    bytes.extend(text.bytes());
    let encoded = engine.encode(&bytes);
    let shared_first = (before * 8).div_ceil(6);
    let whole = bytes.len() * 8 / 6;
    encoded.chars().take(whole).skip(shared_first).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const CANARY: &str = "canary-q7-ключ-🔑-~w3";

    fn found(content: &[u8]) -> bool {
        let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join("search");
        fs::create_dir_all(&place).unwrap();
        let file = place.join(format!("{:?}", std::thread::current().id()));
        fs::write(&file, content).unwrap();
        !find(CANARY, &file).unwrap().is_empty()
    }

    #[test]
    fn a_text_is_found_in_every_form() {
        let utf16 = || CANARY.encode_utf16();
        assert!(found(format!("before {CANARY} after").as_bytes()));
        assert!(found(
            &utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>()
        ));
        assert!(found(
            &utf16().flat_map(u16::to_be_bytes).collect::<Vec<_>>()
        ));
        // The expected texts are from Python's json.dumps, urllib.parse.quote and bytes.hex.
        assert!(found(
            br"x canary-q7-\u043a\u043b\u044e\u0447-\ud83d\udd11-~w3 y"
        ));
        assert!(found(
            b"canary-q7-%D0%BA%D0%BB%D1%8E%D1%87-%F0%9F%94%91-~w3"
        ));
        assert!(found(
            b"63616e6172792d71372dd0bad0bbd18ed1872df09f94912d7e7733"
        ));
    }

    #[test]
    fn a_text_within_base64_is_found_at_every_alignment() {
        for before in ["", "a", "ab", "abc"] {
            for after in ["", "y", "yz"] {
                let plain = format!("{before}{CANARY}{after}");
                assert!(found(STANDARD_NO_PAD.encode(&plain).as_bytes()), "{plain}");
                assert!(found(URL_SAFE_NO_PAD.encode(&plain).as_bytes()), "{plain}");
            }
        }
    }

    #[test]
    fn what_is_not_there_is_not_found() {
        assert!(!found(b"canary-q7"));
        assert!(!found(b""));
    }
}
