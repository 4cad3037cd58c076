//! Every test vector: those of the format, which must stay valid forever, and the published ones of
//! its primitives. `pkg/test/vectors.test.mjs` runs the same files through the wasm.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use base64::{Engine, engine::general_purpose::STANDARD};
use crypto_wasm::{AgentPublicKey, AgentSecretKey, EnvelopeText, open, vectors};
use serde::Deserialize;
use sha2::{Digest, Sha256};

#[test]
fn a_vector_of_the_format_is_sealed_to_the_byte() {
    for vector in own_vectors() {
        let sealed = vectors::seal_fixed(
            &unhex(&vector.ephemeral_secret),
            &STANDARD.decode(&vector.envelope.iv).unwrap(),
            &vector.agent.public_key,
            &vector.task_id,
            &vector.plaintext(),
        )
        .unwrap();
        let [ciphertext, iv, point] = sealed.split('.').collect::<Vec<_>>().try_into().unwrap();
        assert_eq!(iv, vector.envelope.iv, "{}", vector.name);
        assert_eq!(
            point, vector.envelope.ephemeral_public_key,
            "{}",
            vector.name
        );
        let digest = Sha256::digest(STANDARD.decode(ciphertext).unwrap());
        assert_eq!(hex(&digest), vector.ciphertext_sha256, "{}", vector.name);
        assert_eq!(
            vector.opened(ciphertext),
            vector.plaintext(),
            "{}",
            vector.name
        );
    }
}

#[test]
fn a_stored_envelope_of_version_1_opens_for_ever() {
    let stored = own_vectors()
        .into_iter()
        .filter(|vector| vector.envelope.ciphertext.is_some());
    let opened = stored.map(|vector| {
        let ciphertext = vector.envelope.ciphertext.clone().unwrap();
        assert_eq!(
            vector.opened(&ciphertext),
            vector.plaintext(),
            "{}",
            vector.name
        );
    });
    assert_eq!(opened.count(), 5);
}

impl OwnVector {
    fn opened(&self, ciphertext: &str) -> Vec<u8> {
        let envelope = EnvelopeText {
            v: self.envelope.v,
            algorithm: &self.envelope.algorithm,
            ciphertext,
            iv: &self.envelope.iv,
            ephemeral_public_key: &self.envelope.ephemeral_public_key,
        };
        let secret_key = AgentSecretKey::parse(&self.agent.secret_key).unwrap();
        open(&secret_key, &self.task_id, &envelope)
            .unwrap()
            .to_vec()
    }
}

#[test]
fn a_key_has_the_fingerprint_of_the_vector() {
    for vector in own_vectors() {
        let key = AgentPublicKey::parse(&vector.agent.public_key).unwrap();
        assert_eq!(key.fingerprint().groups(), vector.agent.fingerprint);
        assert_eq!(key.fingerprint().to_hex(), vector.agent.fingerprint_sha256);
    }
}

/// An ECDH vector: number, public key, private key, shared secret, result.
type Agreement = (u32, String, String, String, String);
/// A GCM vector: number, key, iv, aad, plaintext, ciphertext and tag, result.
type Gcm = (u32, String, String, String, String, String, String);
/// An HKDF vector: number, ikm, salt, info, length, output, result.
type Hkdf = (u32, String, String, String, usize, String, String);

fn published<T: serde::de::DeserializeOwned>(set: &str, count: usize) -> Vec<T> {
    let text = include_str!("vectors/published.json");
    let mut sets: serde_json::Value = serde_json::from_str(text).unwrap();
    let vectors: Vec<T> = serde_json::from_value(sets[set].take()).unwrap();
    assert_eq!(vectors.len(), count, "{set} is complete");
    vectors
}

/// Compares a result with a vector: `valid` must agree, `invalid` must fail, and `acceptable` may
/// either agree or fail.
fn assert_result(name: &str, answer: Option<Vec<u8>>, expected: &str, result: &str) {
    match result {
        "valid" => assert_eq!(
            answer.as_deref().map(hex).as_deref(),
            Some(expected),
            "{name}"
        ),
        "invalid" => assert_eq!(answer, None, "{name}"),
        _ => assert!(
            answer.is_none_or(|answer| hex(&answer) == expected),
            "{name}"
        ),
    }
}

/// Runs a set of ECDH vectors. `write` converts their keys to text.
fn assert_agreements(set: &str, count: usize, write: impl Fn(&str) -> String) {
    for (number, public, private, shared, result) in published::<Agreement>(set, count) {
        let answer = vectors::ecdh(&write(&public), &write(&private));
        assert_result(&format!("{set} {number}"), answer, &shared, &result);
    }
}

fn base64_of_hex(hex: &str) -> String {
    STANDARD.encode(unhex(hex))
}

#[test]
fn wycheproof_points_agree() {
    assert_agreements("wycheproof_ecdh_secp256r1_ecpoint", 355, base64_of_hex);
}

#[test]
fn wycheproof_subject_public_keys_agree() {
    assert_agreements("wycheproof_ecdh_secp256r1_spki", 612, base64_of_hex);
}

#[test]
fn wycheproof_pem_agrees() {
    assert_agreements("wycheproof_ecdh_secp256r1_pem", 612, str::to_owned);
}

#[test]
fn wycheproof_web_crypto_keys_agree() {
    assert_agreements("wycheproof_ecdh_secp256r1_webcrypto", 353, str::to_owned);
}

#[test]
fn wycheproof_and_nist_gcm_agree() {
    let sets = [
        ("wycheproof_aes_gcm", 66),
        ("nist_gcm_decrypt_256", 375),
        ("nist_gcm_encrypt_256", 375),
    ];
    for (set, count) in sets {
        for (number, key, iv, aad, plain, sealed, result) in published::<Gcm>(set, count) {
            let [key, iv, aad, plaintext, ciphertext] =
                [&key, &iv, &aad, &plain, &sealed].map(|text| unhex(text));
            let opened = vectors::gcm_open(&key, &iv, &aad, &ciphertext);
            assert_result(&format!("{set} {number}"), opened, &plain, &result);
            if result == "valid" {
                let answer = vectors::gcm_seal(&key, &iv, &aad, &plaintext);
                assert_result(&format!("{set} {number}"), answer, &sealed, &result);
            }
        }
    }
}

#[test]
fn wycheproof_and_rfc_5869_hkdf_agree() {
    for (set, count) in [("wycheproof_hkdf_sha256", 86), ("rfc5869_sha256", 3)] {
        for (number, ikm, salt, info, length, okm, result) in published::<Hkdf>(set, count) {
            let answer = vectors::hkdf(&unhex(&salt), &unhex(&ikm), &unhex(&info), length);
            assert_result(&format!("{set} {number}"), answer, &okm, &result);
        }
    }
}

/// A vector of `credential_v1.json`.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
struct OwnVector {
    name: String,
    task_id: String,
    agent: Agent,
    ephemeral_secret: String,
    envelope: WireEnvelope,
    ciphertext_sha256: String,
    plaintext: Plaintext,
}

#[derive(Deserialize)]
struct Agent {
    public_key: String,
    secret_key: String,
    fingerprint: String,
    fingerprint_sha256: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireEnvelope {
    v: u64,
    algorithm: String,
    ciphertext: Option<String>,
    iv: String,
    ephemeral_public_key: String,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Plaintext {
    Text { text: String },
    Base64 { base64: String },
    Repeat { repeat: String, bytes: usize },
}

impl OwnVector {
    fn plaintext(&self) -> Vec<u8> {
        match &self.plaintext {
            Plaintext::Text { text } => text.clone().into_bytes(),
            Plaintext::Base64 { base64 } => STANDARD.decode(base64).unwrap(),
            Plaintext::Repeat { repeat, bytes } => repeat.bytes().cycle().take(*bytes).collect(),
        }
    }
}

fn own_vectors() -> Vec<OwnVector> {
    #[derive(Deserialize)]
    struct File {
        vectors: Vec<OwnVector>,
    }
    let file: File = serde_json::from_str(include_str!("vectors/credential_v1.json")).unwrap();
    file.vectors
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text
        .chars()
        .map(|digit| digit.to_digit(16).unwrap() as u8)
        .collect();
    digits
        .chunks_exact(2)
        .map(|pair| pair[0] << 4 | pair[1])
        .collect()
}
