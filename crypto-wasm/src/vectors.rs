//! The primitives as this crate uses them, and sealing with chosen random values. For test vectors
//! only.
//!
//! With the feature `bindings` they are also exported, so that the same vectors run in the wasm.
//! The functions return `None` on failure, because a vector only says whether an operation fails.

#[cfg(feature = "bindings")]
use wasm_bindgen::prelude::wasm_bindgen;

use crate::{AgentPublicKey, AgentSecretKey, curve::Scalar, derive, open, seal};

/// Computes the shared x coordinate (ECDH) of two keys in any form.
#[must_use]
#[cfg_attr(feature = "bindings", wasm_bindgen)]
pub fn ecdh(public_key: &str, secret_key: &str) -> Option<Vec<u8>> {
    let public_key = AgentPublicKey::parse(public_key).ok()?;
    let secret_key = AgentSecretKey::parse(secret_key).ok()?;
    let z = secret_key.scalar().agree(public_key.point());
    Some(z.raw_secret_bytes().to_vec())
}

/// Computes HKDF-SHA-256 with the given output length.
#[must_use]
#[cfg_attr(feature = "bindings", wasm_bindgen)]
pub fn hkdf(salt: &[u8], ikm: &[u8], info: &[u8], length: usize) -> Option<Vec<u8>> {
    let mut output = vec![0; length];
    derive::expand(salt, ikm, info, &mut output).then_some(output)
}

/// Encrypts with AES-256-GCM, and returns the ciphertext and its tag.
#[must_use]
#[cfg_attr(feature = "bindings", wasm_bindgen)]
pub fn gcm_seal(key: &[u8], iv: &[u8], aad: &[u8], plaintext: &[u8]) -> Option<Vec<u8>> {
    let mut buffer = plaintext.to_vec();
    let tag = seal::encrypt(key.try_into().ok()?, iv.try_into().ok()?, aad, &mut buffer);
    buffer.extend_from_slice(&tag);
    Some(buffer)
}

/// Decrypts AES-256-GCM, and returns the plaintext.
#[must_use]
#[cfg_attr(feature = "bindings", wasm_bindgen)]
pub fn gcm_open(key: &[u8], iv: &[u8], aad: &[u8], ciphertext: &[u8]) -> Option<Vec<u8>> {
    let opened = open::decrypt(key.try_into().ok()?, iv.try_into().ok()?, aad, ciphertext);
    Some(opened.ok()?.to_vec())
}

/// Seals with a chosen ephemeral number and iv, and returns `ciphertext.iv.ephemeralPublicKey`.
#[must_use]
#[cfg_attr(feature = "bindings", wasm_bindgen)]
pub fn seal_fixed(
    ephemeral: &[u8],
    iv: &[u8],
    public_key: &str,
    task_id: &str,
    plaintext: &[u8],
) -> Option<String> {
    let ephemeral = Scalar::read(ephemeral.try_into().ok()?)?;
    let random = seal::RandomValues {
        ephemeral,
        iv: iv.try_into().ok()?,
    };
    let public_key = AgentPublicKey::parse(public_key).ok()?;
    let envelope = seal::seal_with(&random, &public_key, task_id, plaintext);
    Some(
        [
            envelope.ciphertext_base64(),
            envelope.iv_base64(),
            envelope.ephemeral_public_key_base64(),
        ]
        .join("."),
    )
}
