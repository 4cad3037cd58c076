//! A sealed credential as the server sees it: structure that can be checked, content that cannot.

use api_types::{Timestamp, credential::EncryptedCredential};
use crypto_wasm::{Envelope, EnvelopeText};
use serde_json::Value;

use super::fields::{Fields, Parsed, fault, text, timestamp, wrong};

/// Reads an envelope and checks everything about it that can be checked without a key: version,
/// algorithm, base64, the iv's 12 bytes, the point on the curve, a tag (contract §5).
///
/// # Errors
/// Every fault, by its wire name; none repeats what was sent.
pub fn parse(value: &Value) -> Parsed<EncryptedCredential> {
    let mut fields = Fields::of(value);
    fields.unknown_means("is not part of an envelope: nothing may travel beside the ciphertext");
    let v = fields.optional("v", version);
    // S1 printed the format before it had a version: without one it is the first.
    let v = v.unwrap_or(Envelope::VERSION);
    let algorithm = fields.required("algorithm", text(1..=64));
    let ciphertext = fields.required("ciphertext", text(1..=100_000));
    let iv = fields.required("iv", text(1..=64));
    let ephemeral_public_key = fields.required("ephemeralPublicKey", text(1..=256));
    let created_at = fields.required("createdAt", timestamp);
    // What is wrong inside a field is named beside those that are missing or should not be there.
    let text = |read: &Option<String>| read.clone().unwrap_or_default();
    let sealed = EncryptedCredential {
        v,
        algorithm: text(&algorithm),
        ciphertext: text(&ciphertext),
        iv: text(&iv),
        ephemeral_public_key: text(&ephemeral_public_key),
        created_at: created_at.unwrap_or(Timestamp::EPOCH),
    };
    let inside = check(&sealed).err().unwrap_or_default();
    let all = algorithm
        .and(ciphertext)
        .and(iv)
        .and(ephemeral_public_key)
        .and(created_at);
    let mut faults = match fields.finish(all) {
        Ok(_) if inside.is_empty() => return Ok(sealed),
        outside => outside.err().unwrap_or_default(),
    };
    let told: Vec<_> = faults.iter().map(|fault| fault.field.clone()).collect();
    faults.extend(
        inside
            .into_iter()
            .filter(|fault| !told.contains(&fault.field)),
    );
    Err(faults)
}

fn version(value: &Value) -> Parsed<u64> {
    value
        .as_u64()
        .map_or_else(|| wrong("must be the number 1"), Ok)
}

/// What anybody can tell about an envelope without a key.
///
/// # Errors
/// Every fault, by its wire name.
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
