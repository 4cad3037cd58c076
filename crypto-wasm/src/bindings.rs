//! The functions that the wasm exports. They only convert between JavaScript and Rust.
//!
//! `pkg/api.js` is the only caller. It checks types, selects error classes and keeps the promises
//! of `pkg/index.d.ts`. Secrets are passed in as owned buffers and returned as JavaScript arrays,
//! because the glue code of wasm-bindgen wipes neither the slices that it lends nor the copies that
//! it returns.

#![expect(
    unreachable_pub,
    reason = "wasm-bindgen exports public functions, in whatever module"
)]

use js_sys::Uint8Array;
use wasm_bindgen::prelude::{JsValue, wasm_bindgen};
use zeroize::Zeroizing;

use crate::{
    AgentPublicKey, AgentSecretKey, EnvelopeText, KeyError, OpenError, RandomError, SealError,
};

/// Reads a public key from a text or from bytes, and returns its 65 bytes.
#[wasm_bindgen(skip_jsdoc)]
pub fn read_public_key(bytes: &[u8], text: bool) -> Result<Uint8Array, JsValue> {
    let key = match utf8(bytes, text) {
        Some(text) => AgentPublicKey::parse(text),
        None => AgentPublicKey::from_bytes(bytes),
    };
    Ok(Uint8Array::from(key.map_err(no_key)?.to_bytes().as_slice()))
}

/// Reads a private key from a text or from bytes, and returns its 32 bytes.
#[wasm_bindgen(skip_jsdoc)]
pub fn read_secret_key(bytes: Vec<u8>, text: bool) -> Result<Uint8Array, JsValue> {
    let bytes = Zeroizing::new(bytes);
    let key = match utf8(&bytes, text) {
        Some(text) => AgentSecretKey::parse(text),
        None => AgentSecretKey::from_bytes(&bytes),
    };
    Ok(secret_bytes(&key.map_err(no_key)?))
}

/// Generates a private key, and returns its 32 bytes.
#[wasm_bindgen(skip_jsdoc)]
pub fn generate_secret_key() -> Result<Uint8Array, JsValue> {
    let key = AgentSecretKey::generate().map_err(|_| thrown("Error", RandomError::SENTENCE))?;
    Ok(secret_bytes(&key))
}

/// Returns the 65 bytes of the public key that belongs to a private key.
#[wasm_bindgen(skip_jsdoc)]
pub fn public_key_of(secret: Vec<u8>) -> Result<Uint8Array, JsValue> {
    Ok(Uint8Array::from(
        secret_key(secret)?.public_key().to_bytes().as_slice(),
    ))
}

/// Returns a private key as base64 of its PKCS#8.
#[wasm_bindgen(skip_jsdoc)]
pub fn write_secret_key(secret: Vec<u8>) -> Result<JsValue, JsValue> {
    Ok(JsValue::from_str(&secret_key(secret)?.to_pkcs8_base64()))
}

/// Returns the fingerprint of a public key, in groups.
#[wasm_bindgen(skip_jsdoc)]
pub fn fingerprint(public: &[u8]) -> Result<String, JsValue> {
    Ok(public_key(public)?.fingerprint().groups())
}

/// Seals a plaintext, and returns `ciphertext.iv.ephemeralPublicKey`, each in base64, which
/// contains no dot.
#[wasm_bindgen(skip_jsdoc)]
pub fn seal(public: &[u8], task_id: &str, plaintext: Vec<u8>) -> Result<String, JsValue> {
    let plaintext = Zeroizing::new(plaintext);
    let envelope = crate::seal(&public_key(public)?, task_id, &plaintext)
        .map_err(|error| thrown(class_of(error), error.sentence()))?;
    let mut wire = envelope.ciphertext_base64();
    for part in [envelope.iv_base64(), envelope.ephemeral_public_key_base64()] {
        wire.push('.');
        wire.push_str(&part);
    }
    Ok(wire)
}

/// Opens an envelope. The caller passes an empty text for a field that is not a text, and 0 for an
/// invalid version.
#[wasm_bindgen(skip_jsdoc)]
pub fn open(
    secret: Vec<u8>,
    task_id: &str,
    v: u32,
    algorithm: &str,
    ciphertext: &str,
    iv: &str,
    ephemeral_public_key: &str,
) -> Result<Uint8Array, JsValue> {
    let secret_key = secret_key(secret)?;
    let envelope = EnvelopeText {
        v: u64::from(v),
        algorithm,
        ciphertext,
        iv,
        ephemeral_public_key,
    };
    let plaintext = crate::open(&secret_key, task_id, &envelope)
        .map_err(|_| thrown("OpenError", OpenError::SENTENCE))?;
    Ok(Uint8Array::from(plaintext.as_slice()))
}

/// Returns the name of the JavaScript class of an error: `RangeError` for a plaintext of an invalid
/// length, `Error` if the random source failed.
fn class_of(error: SealError) -> &'static str {
    match error {
        SealError::Random => "Error",
        _ => "RangeError",
    }
}

fn public_key(bytes: &[u8]) -> Result<AgentPublicKey, JsValue> {
    AgentPublicKey::from_bytes(bytes).map_err(no_key)
}

fn secret_key(bytes: Vec<u8>) -> Result<AgentSecretKey, JsValue> {
    let bytes = Zeroizing::new(bytes);
    AgentSecretKey::from_bytes(&bytes).map_err(no_key)
}

fn secret_bytes(key: &AgentSecretKey) -> Uint8Array {
    Uint8Array::from(key.to_bytes().as_slice())
}

/// Returns the bytes as a text, if the caller says that they are one. JavaScript's texts always
/// arrive as UTF-8.
fn utf8(bytes: &[u8], text: bool) -> Option<&str> {
    core::str::from_utf8(bytes).ok().filter(|_| text)
}

fn no_key(error: KeyError) -> JsValue {
    thrown("KeyError", &error.sentence())
}

/// Creates a JavaScript error whose name tells `pkg/api.js` which class to throw.
fn thrown(name: &str, sentence: &str) -> JsValue {
    let error = js_sys::Error::new(sentence);
    error.set_name(name);
    error.into()
}
