//! A software authenticator: creates and uses ES256 credentials as a browser and a security key
//! would, and can be told to misbehave.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use p256::ecdsa::signature::Signer;
use p256::ecdsa::{Signature, SigningKey};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

const USER_PRESENT: u8 = 0x01;
const USER_VERIFIED: u8 = 0x04;
const HAS_CREDENTIAL_DATA: u8 = 0x40;

/// An authenticator with one credential. Its public fields are what it claims.
#[derive(Clone)]
pub(crate) struct Authenticator {
    /// The private key.
    pub(crate) key: SigningKey,
    /// The id of the credential.
    pub(crate) id: Vec<u8>,
    /// The origin of the page that uses it.
    pub(crate) origin: String,
    /// The relying party, which otherwise is that of the options.
    pub(crate) rp_id: Option<String>,
    /// Whether the page is in a frame of another origin.
    pub(crate) is_cross_origin: bool,
    /// Whether somebody touched it.
    pub(crate) is_present: bool,
    /// Whether it verified who that was.
    pub(crate) is_verified: bool,
    /// The signature counter; zero stays zero.
    pub(crate) counter: u32,
    /// The kind of authenticator.
    pub(crate) aaguid: [u8; 16],
    /// The user handle, which registration sets.
    pub(crate) user_handle: Vec<u8>,
}

/// Encodes bytes as WebAuthn does.
pub(crate) fn encoded(bytes: impl AsRef<[u8]>) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

/// Decodes a text member of options.
pub(crate) fn decoded(text: &Value) -> Vec<u8> {
    BASE64_URL_SAFE_NO_PAD
        .decode(text.as_str().unwrap())
        .unwrap()
}

impl Authenticator {
    /// Creates an authenticator for pages of `origin`. Each seed has another credential.
    pub(crate) fn new(seed: u8, origin: &str) -> Self {
        Self {
            key: SigningKey::from_slice(&[seed; 32]).unwrap(),
            id: vec![seed; 16],
            origin: origin.to_owned(),
            rp_id: None,
            is_cross_origin: false,
            is_present: true,
            is_verified: true,
            counter: 1,
            aaguid: [0; 16],
            user_handle: Vec::new(),
        }
    }

    /// Creates the credential, as `navigator.credentials.create()`, and returns its JSON form.
    pub(crate) fn create(&mut self, options: &Value) -> Value {
        self.user_handle = decoded(&options["user"]["id"]);
        let client_data = self.client_data("webauthn.create", options);
        let rp_id = options["rp"]["id"].as_str().unwrap();
        let mut data = self.authenticator_data(rp_id, HAS_CREDENTIAL_DATA);
        data.extend_from_slice(&self.aaguid);
        data.extend_from_slice(&u16::try_from(self.id.len()).unwrap().to_be_bytes());
        data.extend_from_slice(&self.id);
        data.extend_from_slice(&self.cose_key());
        json!({
            "id": encoded(&self.id),
            "rawId": encoded(&self.id),
            "type": "public-key",
            "authenticatorAttachment": "platform",
            "clientExtensionResults": {"credProps": {"rk": true}},
            "response": {
                "clientDataJSON": encoded(client_data),
                "attestationObject": encoded(attestation_object(&data)),
                "authenticatorData": encoded(&data),
                "publicKeyAlgorithm": -7,
                "transports": ["internal"],
            },
        })
    }

    /// Uses the credential, as `navigator.credentials.get()`, and returns the JSON form of the
    /// assertion.
    pub(crate) fn get(&mut self, options: &Value) -> Value {
        if self.counter > 0 {
            self.counter += 1;
        }
        let client_data = self.client_data("webauthn.get", options);
        let data = self.authenticator_data(options["rpId"].as_str().unwrap(), 0);
        let mut signed = data.clone();
        signed.extend_from_slice(&Sha256::digest(&client_data));
        let signature: Signature = self.key.sign(&signed);
        json!({
            "id": encoded(&self.id),
            "rawId": encoded(&self.id),
            "type": "public-key",
            "authenticatorAttachment": "platform",
            "clientExtensionResults": {},
            "response": {
                "clientDataJSON": encoded(client_data),
                "authenticatorData": encoded(data),
                "signature": encoded(signature.to_der()),
                "userHandle": encoded(&self.user_handle),
            },
        })
    }

    fn client_data(&self, kind: &str, options: &Value) -> String {
        json!({
            "type": kind,
            "challenge": options["challenge"],
            "origin": self.origin,
            "crossOrigin": self.is_cross_origin,
            "other_keys_can_be_added_here": 1.5,
        })
        .to_string()
    }

    fn authenticator_data(&self, rp_id: &str, mut flags: u8) -> Vec<u8> {
        let rp_id = self.rp_id.as_deref().unwrap_or(rp_id);
        if self.is_present {
            flags |= USER_PRESENT;
        }
        if self.is_verified {
            flags |= USER_VERIFIED;
        }
        let mut data = Sha256::digest(rp_id.as_bytes()).to_vec();
        data.push(flags);
        data.extend_from_slice(&self.counter.to_be_bytes());
        data
    }

    /// Returns the public key in COSE (RFC 9053 §7.1.1): EC2, ES256, P-256, x, y.
    fn cose_key(&self) -> Vec<u8> {
        let point = self.key.verifying_key().to_sec1_point(false);
        let mut key = vec![0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20];
        key.extend_from_slice(point.x().unwrap());
        key.extend_from_slice(&[0x22, 0x58, 0x20]);
        key.extend_from_slice(point.y().unwrap());
        key
    }
}

/// Returns an attestation object in CBOR, with the format `none`.
fn attestation_object(authenticator_data: &[u8]) -> Vec<u8> {
    let mut object = vec![0xa3];
    object.extend_from_slice(b"\x63fmt\x64none\x67attStmt\xa0\x68authData\x59");
    let length = u16::try_from(authenticator_data.len()).unwrap();
    object.extend_from_slice(&length.to_be_bytes());
    object.extend_from_slice(authenticator_data);
    object
}
