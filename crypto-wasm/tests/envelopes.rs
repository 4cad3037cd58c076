//! Envelopes open for one key and one task only, and every change to one is detected.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use base64::{Engine, engine::general_purpose::STANDARD};
use crypto_wasm::{
    AgentPublicKey, AgentSecretKey, Envelope, EnvelopeError, EnvelopeText, OpenError,
    PLAINTEXT_BYTES_MAX, SealError, open, seal,
};

const TASK: &str = "task_01J9ZK3V5D8Q2M4N6P7R9S1T3W";
const PLAINTEXT: &[u8] = br#"{"api_key":"sk_live_51H8"}"#;

/// The fields of an envelope as texts, so that a test can change one of them.
#[derive(Clone)]
struct Wire {
    algorithm: String,
    ciphertext: String,
    iv: String,
    point: String,
}

impl Wire {
    fn of(envelope: &Envelope) -> Self {
        Self {
            algorithm: Envelope::ALGORITHM.to_owned(),
            ciphertext: envelope.ciphertext_base64(),
            iv: envelope.iv_base64(),
            point: envelope.ephemeral_public_key_base64(),
        }
    }

    fn text(&self, v: u64) -> EnvelopeText<'_> {
        EnvelopeText {
            v,
            algorithm: &self.algorithm,
            ciphertext: &self.ciphertext,
            iv: &self.iv,
            ephemeral_public_key: &self.point,
        }
    }

    fn parse_version(&self, v: u64) -> Result<Envelope, Vec<EnvelopeError>> {
        Envelope::parse(&self.text(v))
    }

    fn parse(&self) -> Result<Envelope, Vec<EnvelopeError>> {
        self.parse_version(1)
    }

    fn open(&self, key: &AgentSecretKey, task_id: &str) -> Result<Vec<u8>, OpenError> {
        open(key, task_id, &self.text(1)).map(|plaintext| plaintext.to_vec())
    }
}

fn sealed() -> (AgentSecretKey, Wire) {
    let key = AgentSecretKey::generate().unwrap();
    let envelope = seal(&key.public_key(), TASK, PLAINTEXT).unwrap();
    (key, Wire::of(&envelope))
}

#[test]
fn an_envelope_opens_for_its_key_and_task() {
    let (key, wire) = sealed();
    assert_eq!(wire.open(&key, TASK).unwrap(), PLAINTEXT);
}

#[test]
fn an_envelope_of_another_task_does_not_open() {
    let (key, wire) = sealed();
    for task in [
        "",
        "task_",
        "task_01J9ZK3V5D8Q2M4N6P7R9S1T3X",
        "TASK_01J9ZK3V5D8Q2M4N6P7R9S1T3W",
    ] {
        assert_eq!(wire.open(&key, task), Err(OpenError), "{task}");
    }
}

#[test]
fn an_envelope_of_another_key_does_not_open() {
    let (_, wire) = sealed();
    let other = AgentSecretKey::generate().unwrap();
    let error = wire.open(&other, TASK).unwrap_err();
    let sentence = "The envelope was changed, or it was sealed for another key or another task.";
    assert_eq!((error, error.to_string().as_str()), (OpenError, sentence));
}

#[test]
fn a_field_of_another_envelope_does_not_open() {
    let (key, wire) = sealed();
    let other = Wire::of(&seal(&key.public_key(), TASK, PLAINTEXT).unwrap());
    let mixed = [
        Wire {
            ciphertext: other.ciphertext,
            ..wire.clone()
        },
        Wire {
            iv: other.iv,
            ..wire.clone()
        },
        Wire {
            point: other.point,
            ..wire
        },
    ];
    for wire in mixed {
        assert_eq!(wire.open(&key, TASK), Err(OpenError));
    }
}

/// Changed bits of the ciphertext, the tag and the iv, and bytes that are removed or added, all
/// cause the same error.
#[test]
fn an_envelope_with_any_bit_changed_does_not_open() {
    let (key, wire) = sealed();
    let refused = |wire: Wire| assert_eq!(wire.open(&key, TASK), Err(OpenError));
    for ciphertext in damaged(&wire.ciphertext) {
        refused(Wire {
            ciphertext,
            ..wire.clone()
        });
    }
    for iv in flipped(&wire.iv) {
        refused(Wire { iv, ..wire.clone() });
    }
    for point in damaged(&wire.point) {
        refused(Wire {
            point,
            ..wire.clone()
        });
    }
}

/// `Envelope::parse` names the field that it refuses; opening does not.
#[test]
fn a_malformed_envelope_does_not_open_and_nothing_says_why() {
    let (key, wire) = sealed();
    for v in [0, 2, u64::MAX] {
        assert_eq!(open(&key, TASK, &wire.text(v)), Err(OpenError), "v {v}");
    }
    let point = STANDARD.decode(&wire.point).unwrap();
    let other_points = [
        vec![],
        vec![0],
        vec![0; 65],
        point[1..].to_vec(),
        [&[2 + (point[64] & 1)], &point[1..33]].concat(),
        [&[6 + (point[64] & 1)], &point[1..]].concat(),
        [&point[..64], &[point[64] ^ 1]].concat(),
    ];
    let points = other_points.map(|bytes| STANDARD.encode(bytes));
    let texts = ["", "AA", "AB==", "é", "_AAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAA"].map(str::to_owned);
    for text in texts.iter().chain(&points) {
        let changes: [fn(&mut Wire) -> &mut String; 4] = [
            |wire| &mut wire.algorithm,
            |wire| &mut wire.ciphertext,
            |wire| &mut wire.iv,
            |wire| &mut wire.point,
        ];
        for field in changes {
            let mut wire = wire.clone();
            field(&mut wire).clone_from(text);
            assert_eq!(wire.open(&key, TASK), Err(OpenError), "{text}");
        }
    }
    let long = STANDARD.encode(vec![7; 65_553]);
    let wire = Wire {
        ciphertext: long,
        ..wire
    };
    assert_eq!(wire.open(&key, TASK), Err(OpenError));
}

/// The negated point has the same x coordinate, and so the same shared secret. Only the salt
/// differs.
#[test]
fn the_negated_point_does_not_open() {
    let (key, wire) = sealed();
    let point = STANDARD.decode(&wire.point).unwrap();
    let negated = [&[2 + (1 - (point[64] & 1))], &point[1..33]].concat();
    let negated = AgentPublicKey::from_bytes(&negated).unwrap().to_bytes();
    assert_eq!(negated[..33], point[..33]);
    let wire = Wire {
        point: STANDARD.encode(negated),
        ..wire
    };
    assert_eq!(wire.open(&key, TASK), Err(OpenError));
}

/// A point with a changed bit is off the curve. It is refused before any secret is used, and always
/// with the same error.
#[test]
fn a_point_with_any_bit_changed_is_refused() {
    let (_, wire) = sealed();
    for point in damaged(&wire.point) {
        let refusal = Wire {
            point,
            ..wire.clone()
        }
        .parse();
        assert_eq!(refusal, Err(vec![EnvelopeError::Point]));
    }
}

fn flipped(text: &str) -> Vec<String> {
    let bytes = STANDARD.decode(text).unwrap();
    let flip = |bit: usize| {
        let mut bytes = bytes.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        STANDARD.encode(bytes)
    };
    (0..bytes.len() * 8).map(flip).collect()
}

fn damaged(text: &str) -> Vec<String> {
    let bytes = STANDARD.decode(text).unwrap();
    let mut all = flipped(text);
    all.push(STANDARD.encode(&bytes[1..]));
    all.push(STANDARD.encode(&bytes[..bytes.len() - 1]));
    all.push(STANDARD.encode([&bytes[..], &[0]].concat()));
    all
}

/// Asserts that changing a field causes exactly these faults.
fn assert_faults(change: impl FnOnce(&mut Wire), faults: &[EnvelopeError]) {
    let (_, mut wire) = sealed();
    change(&mut wire);
    assert_eq!(wire.parse(), Err(faults.to_vec()));
}

#[test]
fn an_unknown_version_or_algorithm_is_refused() {
    let (_, wire) = sealed();
    for v in [0, 2, u64::MAX] {
        assert_eq!(wire.parse_version(v), Err(vec![EnvelopeError::Version]));
    }
    for name in [
        "",
        "ECDH-P256-AES-128-GCM",
        "ecdh-p256-aes-256-gcm",
        "ECDH-P256-AES-256-GCM ",
    ] {
        assert_faults(
            |wire| wire.algorithm = name.to_owned(),
            &[EnvelopeError::Algorithm],
        );
    }
}

#[test]
fn base64_has_one_spelling_in_an_envelope() {
    // 12 bytes need no padding. The last digit of "AB==" has bits that belong to no byte.
    for text in [
        "AAAAAAAAAAAAAAA",
        "AAAA AAAAAAAAAAA",
        "_AAAAAAAAAAAAAAA",
        "AB==",
        "é",
    ] {
        assert_faults(|wire| wire.iv = text.to_owned(), &[EnvelopeError::IvBase64]);
        assert_faults(
            |wire| wire.point = text.to_owned(),
            &[EnvelopeError::PointBase64],
        );
        assert_faults(
            |wire| wire.ciphertext = text.to_owned(),
            &[EnvelopeError::CiphertextBase64],
        );
    }
    let unpadded = |wire: &mut Wire| wire.point = wire.point.trim_end_matches('=').to_owned();
    assert_faults(unpadded, &[EnvelopeError::PointBase64]);
}

#[test]
fn a_field_of_the_wrong_length_is_refused() {
    for bytes in [0, 11, 13, 16] {
        assert_faults(
            |wire| wire.iv = STANDARD.encode(vec![7; bytes]),
            &[EnvelopeError::IvLength],
        );
    }
    let ciphertext =
        |bytes: usize| move |wire: &mut Wire| wire.ciphertext = STANDARD.encode(vec![7; bytes]);
    assert_faults(ciphertext(0), &[EnvelopeError::CiphertextTooShort]);
    assert_faults(ciphertext(16), &[EnvelopeError::CiphertextTooShort]);
    assert_faults(ciphertext(65_553), &[EnvelopeError::CiphertextTooLong]);
    assert_faults(ciphertext(10_000_000), &[EnvelopeError::CiphertextTooLong]);
}

#[test]
fn a_point_in_any_other_form_is_refused() {
    let (key, _) = sealed();
    let point = key.public_key().to_bytes();
    let compressed = [&[2 + (point[64] & 1)], &point[1..33]].concat();
    let hybrid = [&[6 + (point[64] & 1)], &point[1..]].concat();
    for bytes in [
        compressed,
        hybrid,
        vec![0],
        vec![0; 65],
        vec![4; 65],
        vec![],
        point[1..].to_vec(),
    ] {
        assert_faults(
            |wire| wire.point = STANDARD.encode(&bytes),
            &[EnvelopeError::Point],
        );
    }
}

#[test]
fn every_fault_is_named_at_once() {
    let wire = Wire {
        algorithm: "none".to_owned(),
        ciphertext: "?".to_owned(),
        iv: "AAAA".to_owned(),
        point: "AAAA".to_owned(),
    };
    let faults = wire.parse_version(3).unwrap_err();
    let fields: Vec<_> = faults.iter().map(EnvelopeError::field).collect();
    assert_eq!(
        fields,
        ["v", "algorithm", "ciphertext", "iv", "ephemeralPublicKey"]
    );
    assert!(
        faults
            .iter()
            .all(|fault| fault.to_string().starts_with(fault.field()))
    );
}

#[test]
fn a_plaintext_has_1_byte_to_64_kib_and_a_task() {
    let key = AgentSecretKey::generate().unwrap();
    let seal_bytes = |bytes| seal(&key.public_key(), TASK, &vec![b'x'; bytes]);
    assert_eq!(seal_bytes(0), Err(SealError::Empty));
    assert_eq!(seal_bytes(PLAINTEXT_BYTES_MAX + 1), Err(SealError::TooLong));
    assert_eq!(
        seal(&key.public_key(), "", PLAINTEXT),
        Err(SealError::NoTask)
    );
    let sentence = "The plaintext is longer than 65536 bytes. Seal less at once.";
    assert_eq!(SealError::TooLong.to_string(), sentence);
    for bytes in [1, PLAINTEXT_BYTES_MAX] {
        let wire = Wire::of(&seal_bytes(bytes).unwrap());
        assert_eq!(wire.open(&key, TASK).unwrap().len(), bytes);
    }
}

#[test]
fn many_envelopes_repeat_neither_key_nor_iv() {
    let key = AgentSecretKey::generate().unwrap();
    let mut seen = std::collections::HashSet::new();
    for _ in 0..200 {
        let wire = Wire::of(&seal(&key.public_key(), TASK, PLAINTEXT).unwrap());
        assert!(seen.insert(wire.iv) && seen.insert(wire.point) && seen.insert(wire.ciphertext));
    }
}
