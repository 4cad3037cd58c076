//! Keys: every promised form is read as the same key, and everything else gets an error that says
//! what it is. `pkg/test/arguments.test.mjs` runs the same cases through the npm package.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use base64::{Engine, engine::general_purpose::STANDARD};
use crypto_wasm::{AgentPublicKey, AgentSecretKey, KeyError};
use serde::Deserialize;

#[derive(Deserialize)]
struct Cases {
    raw_public_key: String,
    pkcs8_secret_key: String,
    public: Vec<Case>,
    secret: Vec<Case>,
    refused_public: Vec<Case>,
    refused_secret: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    text: String,
    times: Option<usize>,
    #[serde(default)]
    says: String,
}

impl Case {
    fn text(&self) -> String {
        self.text.repeat(self.times.unwrap_or(1))
    }

    /// Returns whether the text is also accepted as bytes.
    fn is_pem_or_json(&self) -> bool {
        self.text.contains("-----BEGIN ") || self.text.contains('{')
    }

    fn assert_refused<Key>(&self, answer: Result<Key, KeyError>) {
        let Some(error) = answer.err() else {
            panic!("{} was read as a key", self.name)
        };
        let sentence = error.to_string();
        assert!(sentence.contains(&self.says), "{}: {sentence}", self.name);
        assert!(sentence.ends_with('.'), "{}: {sentence}", self.name);
    }
}

fn cases() -> Cases {
    serde_json::from_str(include_str!("vectors/keys.json")).unwrap()
}

#[test]
fn a_public_key_is_the_same_in_every_form() {
    let cases = cases();
    let key = AgentPublicKey::parse(&cases.raw_public_key).unwrap();
    for case in cases.public {
        assert_eq!(
            AgentPublicKey::parse(&case.text()),
            Ok(key),
            "{}",
            case.name
        );
        if case.is_pem_or_json() {
            assert_eq!(
                AgentPublicKey::from_bytes(case.text().as_bytes()),
                Ok(key),
                "{} in bytes",
                case.name
            );
        }
    }
}

#[test]
fn a_public_key_is_read_from_its_own_bytes() {
    let key = AgentPublicKey::parse(&cases().raw_public_key).unwrap();
    assert_eq!(AgentPublicKey::from_bytes(&key.to_bytes()), Ok(key));
}

/// Tests both parities: all of 16 keys have the same parity only once in 32 768 runs.
#[test]
fn a_compressed_point_is_the_point_it_was_made_of() {
    for _ in 0..16 {
        let key = AgentSecretKey::generate().unwrap().public_key();
        let point = key.to_bytes();
        let (x, y) = point.split_at(33);
        let compressed = [&[2 + (y.last().unwrap() & 1)], x.get(1..).unwrap()].concat();
        assert_eq!(AgentPublicKey::from_bytes(&compressed), Ok(key));
    }
}

#[test]
fn what_is_no_public_key_is_told_what_it_is() {
    for case in cases().refused_public {
        case.assert_refused(AgentPublicKey::parse(&case.text()));
    }
}

#[test]
fn a_secret_key_is_the_same_in_every_form_and_written_in_one() {
    let cases = cases();
    let public_key = AgentPublicKey::parse(&cases.raw_public_key).unwrap();
    for case in cases.secret {
        let key = AgentSecretKey::parse(&case.text());
        let key = key.unwrap_or_else(|error| panic!("{}: {error}", case.name));
        assert_eq!(key.public_key(), public_key, "{}", case.name);
        if case.is_pem_or_json() {
            let key = AgentSecretKey::from_bytes(case.text().as_bytes()).unwrap();
            assert_eq!(key.public_key(), public_key, "{} in bytes", case.name);
        }
        assert_eq!(
            *key.to_pkcs8_base64(),
            cases.pkcs8_secret_key,
            "{}",
            case.name
        );
    }
}

#[test]
fn what_is_no_secret_key_is_told_what_it_is() {
    for case in cases().refused_secret {
        case.assert_refused(AgentSecretKey::parse(&case.text()));
    }
}

#[test]
fn a_refusal_repeats_nothing_of_what_was_pasted() {
    for case in cases().refused_public {
        let Err(error) = AgentPublicKey::parse(&case.text()) else {
            continue;
        };
        let quoted = format!("{error} {error:?}");
        assert!(
            case.text.len() < 24 || !quoted.contains(&case.text[..24]),
            "{}",
            case.name
        );
    }
}

#[test]
fn a_generated_key_comes_back_from_its_export() {
    let key = AgentSecretKey::generate().unwrap();
    let read = AgentSecretKey::parse(&key.to_pkcs8_base64()).unwrap();
    assert_eq!(read.public_key(), key.public_key());
    assert_eq!(*read.to_bytes(), *key.to_bytes());
}

#[test]
fn a_key_in_another_element_than_its_own_is_refused() {
    let key = AgentSecretKey::generate().unwrap();
    let der = STANDARD.decode(&*key.to_pkcs8_base64()).unwrap();
    assert_eq!(der[..2], [0x30, 0x81], "a sequence of more than 127 bytes");
    let set = [&[0x31], &der[1..]].concat();
    assert!(AgentSecretKey::parse(&STANDARD.encode(set)).is_err());
}

#[test]
fn a_secret_key_is_never_printed() {
    let key = AgentSecretKey::generate().unwrap();
    assert_eq!(format!("{key:?}"), "AgentSecretKey([redacted])");
}

/// Parses every prefix of every case, and every case with one byte changed. None of them may panic.
#[test]
fn a_damaged_key_is_read_or_refused_but_never_a_panic() {
    let cases = cases();
    for case in cases
        .public
        .iter()
        .chain(&cases.secret)
        .chain(&cases.refused_public)
    {
        for end in 0..case.text.len() {
            let Some(cut) = case.text.get(..end) else {
                continue;
            };
            let damaged = format!("{cut}\u{1}{}", case.text.get(end + 1..).unwrap_or(""));
            for text in [cut, &damaged] {
                let _ = AgentPublicKey::parse(text);
                let _ = AgentSecretKey::parse(text);
            }
        }
    }
}
