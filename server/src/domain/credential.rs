//! The envelope of a sealed credential. The server checks its structure and can never open it.
//!
//! Both functions return every fault under its wire name. No fault repeats what was sent.

use api_types::{Timestamp, credential::EncryptedCredential};
use crypto_wasm::{Envelope, EnvelopeText};
use serde_json::Value;

use super::fields::{Fields, Parsed, fault, text, timestamp, whole, wrong};

/// Maximum number of characters in the fields of an envelope. Each is more than a well-formed field
/// has, so that [`check`] can say what is wrong with one that is a little too long.
const ALGORITHM_CHARS_MAX: usize = 64;
const CIPHERTEXT_CHARS_MAX: usize = 100_000;
const IV_CHARS_MAX: usize = 64;
const POINT_CHARS_MAX: usize = 256;

/// Reads an envelope and checks everything that can be checked without a key: version, algorithm,
/// base64, the 12 bytes of the iv, the point on the curve, a tag (contract §5). The reference
/// describes an envelope by ciphertext, iv and point alone, so the other fields are optional.
pub fn parse(value: &Value, submitted_at: Timestamp) -> Parsed<EncryptedCredential> {
    Fields::read(value, |fields| {
        fields.unknown_are_unnamed("must not be sent: an envelope has only its own fields");
        let v = fields.optional("v", version);
        let algorithm = fields.optional("algorithm", text(1..=ALGORITHM_CHARS_MAX));
        let ciphertext = fields.required("ciphertext", text(1..=CIPHERTEXT_CHARS_MAX));
        let iv = fields.required("iv", text(1..=IV_CHARS_MAX));
        let ephemeral_public_key = fields.required("ephemeralPublicKey", text(1..=POINT_CHARS_MAX));
        let created_at = fields.optional("createdAt", timestamp);
        let sealed = EncryptedCredential {
            v: v.unwrap_or(Envelope::VERSION),
            algorithm: algorithm.unwrap_or_else(|| Envelope::ALGORITHM.to_owned()),
            ciphertext: ciphertext.unwrap_or_default(),
            iv: iv.unwrap_or_default(),
            ephemeral_public_key: ephemeral_public_key.unwrap_or_default(),
            created_at: created_at.unwrap_or(submitted_at),
        };
        // Adds the faults inside the fields to those of missing fields.
        let inside = value.is_object().then(|| check(&sealed).err()).flatten();
        for inside in inside.unwrap_or_default() {
            if !fields.has_fault(&inside.field) {
                fields.fault(&inside.field, inside.message);
            }
        }
        Some(sealed)
    })
}

fn version(value: &Value) -> Parsed<u64> {
    let read = whole(0..=u32::MAX)(value);
    read.map(u64::from)
        .or_else(|_| wrong("must be the number 1"))
}

/// Checks everything about an envelope that can be checked without a key.
pub fn check(envelope: &EncryptedCredential) -> Parsed<()> {
    let text = EnvelopeText {
        v: envelope.v,
        algorithm: &envelope.algorithm,
        ciphertext: &envelope.ciphertext,
        iv: &envelope.iv,
        ephemeral_public_key: &envelope.ephemeral_public_key,
    };
    match Envelope::parse(&text) {
        Ok(_) => Ok(()),
        Err(errors) => Err(errors
            .iter()
            .map(|error| fault(error.field(), error.to_string()))
            .collect()),
    }
}
