//! The functions of the wasm: bytes and texts in, bytes and texts out. Conversions only.
//!
//! `pkg/api.js` is the one caller; it checks types, names classes and keeps the promises of
//! `pkg/index.d.ts`. What is secret comes in as an owned buffer, because the glue does not wipe
//! what it lends, and goes out as an array of JavaScript's, because the glue does not wipe that
//! copy.

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

/// The 65 bytes of the public key in some bytes, which are a text or not.
#[wasm_bindgen(skip_jsdoc)]
pub fn read_public_key(bytes: &[u8], text: bool) -> Result<Uint8Array, JsValue> {
    let key = match utf8(bytes, text) {
        Some(text) => AgentPublicKey::parse(text),
        None => AgentPublicKey::from_bytes(bytes),
    };
    Ok(Uint8Array::from(key.map_err(no_key)?.to_bytes().as_slice()))
}

/// The 32 bytes of the private key in some bytes, which are a text or not.
#[wasm_bindgen(skip_jsdoc)]
pub fn read_secret_key(bytes: Vec<u8>, text: bool) -> Result<Uint8Array, JsValue> {
    let bytes = Zeroizing::new(bytes);
    let key = match utf8(&bytes, text) {
        Some(text) => AgentSecretKey::parse(text),
        None => AgentSecretKey::from_bytes(&bytes),
    };
    Ok(number(&key.map_err(no_key)?))
}

/// The 32 bytes of a new private key.
#[wasm_bindgen(skip_jsdoc)]
pub fn generate_secret_key() -> Result<Uint8Array, JsValue> {
    let key = AgentSecretKey::generate().map_err(|_| thrown("Error", RandomError::SENTENCE))?;
    Ok(number(&key))
}

/// The 65 bytes of the public key that belongs to a private one.
#[wasm_bindgen(skip_jsdoc)]
pub fn public_key_of(secret: Vec<u8>) -> Result<Uint8Array, JsValue> {
    Ok(Uint8Array::from(
        secret_key(secret)?.public_key().to_bytes().as_slice(),
    ))
}

/// Base64 of a private key's PKCS#8.
#[wasm_bindgen(skip_jsdoc)]
pub fn write_secret_key(secret: Vec<u8>) -> Result<JsValue, JsValue> {
    Ok(JsValue::from_str(&secret_key(secret)?.to_pkcs8_base64()))
}

/// A public key's fingerprint in groups.
#[wasm_bindgen(skip_jsdoc)]
pub fn fingerprint(public: &[u8]) -> Result<String, JsValue> {
    Ok(public_key(public)?.fingerprint().groups())
}

/// Seals: `ciphertext.iv.ephemeralPublicKey`, each in base64, which has no dot.
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

/// Opens an envelope. What is no text in JavaScript comes as an empty one, and no version is 0.
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

/// A plaintext of a wrong length is the caller's; a random source that fails is nobody's argument.
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

fn number(key: &AgentSecretKey) -> Uint8Array {
    Uint8Array::from(key.to_bytes().as_slice())
}

/// The bytes as the text that they are said to be. Texts of JavaScript's are always UTF-8 here.
fn utf8(bytes: &[u8], text: bool) -> Option<&str> {
    core::str::from_utf8(bytes).ok().filter(|_| text)
}

fn no_key(error: KeyError) -> JsValue {
    thrown("KeyError", &error.sentence())
}

/// A JavaScript error that carries the name of the class that `pkg/api.js` makes of it.
fn thrown(name: &str, sentence: &str) -> JsValue {
    let error = js_sys::Error::new(sentence);
    error.set_name(name);
    error.into()
}
