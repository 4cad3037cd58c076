//! Parsing of credentials, as `PublicKeyCredential.toJSON()` of a browser returns them.
//!
//! Only what is needed is read, each value with a bound, and unknown fields are ignored because
//! browsers add some. Nothing is verified here.

use std::ops::RangeInclusive;

use api_types::passkey::PASSKEY_NAME_CHARS_MAX;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use webauthn_rs::prelude::{PublicKeyCredential, RegisterPublicKeyCredential};

use super::secret;
use crate::domain::fields::{Fields, Parsed, flag, text, wrong};

/// Bytes of a credential id (WebAuthn level 3, §4).
const ID_BYTES: RangeInclusive<usize> = 1..=1023;

/// Bytes of the client data: the origin, the challenge, and little else.
const CLIENT_DATA_BYTES: RangeInclusive<usize> = 1..=4096;

/// Bytes of an attestation object. Without an attestation it has less than 2 KiB.
const ATTESTATION_BYTES: RangeInclusive<usize> = 1..=16 * 1024;

/// Bytes of authenticator data. The hash, the flags and the counter are always there.
const AUTHENTICATOR_DATA_BYTES: RangeInclusive<usize> = 37..=4096;

/// Bytes of a signature; those of RSA are the longest.
const SIGNATURE_BYTES: RangeInclusive<usize> = 1..=1024;

/// Bytes of a user handle (WebAuthn level 3, §4). Ours have 16.
const USER_HANDLE_BYTES: RangeInclusive<usize> = 1..=64;

/// The body of POST /auth/passkeys.
#[derive(Clone, Debug)]
pub struct StatedRegistration {
    /// The credential, as the library reads it.
    pub credential: RegisterPublicKeyCredential,
    /// The hash of its challenge.
    pub challenge_hash: String,
    /// The name that the person chose.
    pub name: Option<String>,
    /// The kind of the authenticator. It is not verified, and good for a name only.
    pub aaguid: Option<[u8; 16]>,
}

/// The body of POST /auth/passkey.
#[derive(Clone, Debug)]
pub struct StatedAssertion {
    /// The assertion, as the library reads it.
    pub credential: PublicKeyCredential,
    /// The hash of its challenge.
    pub challenge_hash: String,
    /// The credential id in base64url, by which the passkey is stored.
    pub credential_id: String,
    /// Whether it is from a frame inside a page of another origin.
    pub is_cross_origin: bool,
}

/// Reads the body of POST /auth/passkeys.
pub fn parse_registration(body: &Value) -> Parsed<StatedRegistration> {
    Fields::read(body, |fields| {
        fields.unknown_are_ignored();
        let name = fields.optional("name", name);
        let id = fields.required("id", base64url(ID_BYTES));
        fields.required("type", public_key);
        let discoverable = fields.optional("clientExtensionResults", discoverable);
        if discoverable == Some(Some(false)) {
            fields.fault(
                "clientExtensionResults.credProps.rk",
                "must not be false, because only a discoverable passkey can sign in",
            );
        }
        let response = fields.required("response", |value| {
            Fields::read(value, |fields| {
                fields.unknown_are_ignored();
                let client = fields.required("clientDataJSON", client_data);
                let object = fields.required("attestationObject", base64url(ATTESTATION_BYTES));
                let data = fields.optional("authenticatorData", base64url(ATTESTATION_BYTES));
                Some((client?, object?, data))
            })
        });
        let (id, (client, object, data)) = (id?, response?);
        let credential = json!({"id": id, "rawId": id, "type": "public-key", "response": {
            "clientDataJSON": client.encoded,
            "attestationObject": object,
        }});
        Some(StatedRegistration {
            credential: read_by_library(credential, fields)?,
            challenge_hash: client.challenge_hash,
            name,
            aaguid: data.and_then(|data| aaguid(&data)),
        })
    })
}

/// Reads the body of POST /auth/passkey.
pub fn parse_assertion(body: &Value) -> Parsed<StatedAssertion> {
    Fields::read(body, |fields| {
        fields.unknown_are_ignored();
        let id = fields.required("id", base64url(ID_BYTES));
        fields.required("type", public_key);
        let response = fields.required("response", |value| {
            Fields::read(value, |fields| {
                fields.unknown_are_ignored();
                let client = fields.required("clientDataJSON", client_data);
                let data = base64url(AUTHENTICATOR_DATA_BYTES);
                let data = fields.required("authenticatorData", data);
                let signature = fields.required("signature", base64url(SIGNATURE_BYTES));
                let handle = fields.required("userHandle", base64url(USER_HANDLE_BYTES));
                Some((client?, data?, signature?, handle?))
            })
        });
        let (id, (client, data, signature, handle)) = (id?, response?);
        let credential = json!({"id": id, "rawId": id, "type": "public-key", "response": {
            "clientDataJSON": client.encoded,
            "authenticatorData": data,
            "signature": signature,
            "userHandle": handle,
        }});
        Some(StatedAssertion {
            credential: read_by_library(credential, fields)?,
            challenge_hash: client.challenge_hash,
            credential_id: id,
            is_cross_origin: client.is_cross_origin,
        })
    })
}

/// Deserializes a credential whose values were read before.
fn read_by_library<T: DeserializeOwned>(credential: Value, fields: &mut Fields<'_>) -> Option<T> {
    let read = serde_json::from_value(credential);
    if read.is_err() {
        fields.fault("", "must be PublicKeyCredential.toJSON() of a browser");
    }
    read.ok()
}

/// Reads a name. White space at its ends and repeated white space is dropped.
fn name(value: &Value) -> Parsed<String> {
    let name = text(1..=PASSKEY_NAME_CHARS_MAX)(value)?;
    let words: Vec<_> = name.split_whitespace().collect();
    Ok(words.join(" "))
}

fn public_key(value: &Value) -> Parsed<()> {
    match value.as_str() {
        Some("public-key") => Ok(()),
        _ => wrong("must be public-key"),
    }
}

/// Reads whether the new passkey is discoverable, as far as the browser says.
fn discoverable(value: &Value) -> Parsed<Option<bool>> {
    Fields::read(value, |fields| {
        fields.unknown_are_ignored();
        let properties = fields.optional("credProps", |value| {
            Fields::read(value, |fields| {
                fields.unknown_are_ignored();
                Some(fields.optional("rk", flag))
            })
        });
        Some(properties.flatten())
    })
}

/// Reads a number of bytes in base64url without padding, and returns its text.
fn base64url(bytes: RangeInclusive<usize>) -> impl Fn(&Value) -> Parsed<String> {
    move |value| {
        let (least, most) = (bytes.start(), bytes.end());
        let Some(text) = value.as_str() else {
            return wrong("must be a string of base64url without padding");
        };
        if text.len() > most.div_ceil(3) * 4 {
            return wrong(format!("must have {least} to {most} bytes"));
        }
        match BASE64_URL_SAFE_NO_PAD.decode(text) {
            Ok(decoded) if bytes.contains(&decoded.len()) => Ok(text.to_owned()),
            Ok(_) => wrong(format!("must have {least} to {most} bytes")),
            Err(_) => wrong("must be base64url without padding"),
        }
    }
}

/// The client data of a response, with what the ceremony is found by.
struct ClientContext {
    encoded: String,
    challenge_hash: String,
    is_cross_origin: bool,
}

/// The members of the client data that are read here (WebAuthn level 3, §5.8.1).
#[derive(Deserialize)]
struct ContextMembers {
    challenge: String,
    #[serde(default, rename = "crossOrigin")]
    cross_origin: bool,
}

fn client_data(value: &Value) -> Parsed<ClientContext> {
    let encoded = base64url(CLIENT_DATA_BYTES)(value)?;
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(&encoded).unwrap_or_default();
    match serde_json::from_slice::<ContextMembers>(&bytes) {
        Ok(data) => Ok(ClientContext {
            encoded,
            challenge_hash: secret::hash(&data.challenge),
            is_cross_origin: data.cross_origin,
        }),
        Err(_) => wrong("must be the client data that a browser creates, in base64url"),
    }
}

/// Returns the AAGUID of authenticator data in base64url, if it has one (WebAuthn level 3, §6.1).
fn aaguid(data: &str) -> Option<[u8; 16]> {
    const HAS_CREDENTIAL_DATA: u8 = 0x40;
    let data = BASE64_URL_SAFE_NO_PAD.decode(data).ok()?;
    let has_one = data.get(32)? & HAS_CREDENTIAL_DATA != 0;
    let aaguid = data.get(37..53).filter(|_| has_one)?;
    aaguid.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faulty_fields<T>(parsed: Parsed<T>) -> Vec<String> {
        let faults = parsed.err().unwrap().into_iter();
        faults.map(|fault| fault.field).collect()
    }

    fn encoded(text: &str) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(text)
    }

    fn registration() -> Value {
        json!({"id": "AQID", "rawId": "AQID", "type": "public-key",
        "authenticatorAttachment": "platform",
        "clientExtensionResults": {"credProps": {"rk": true}},
        "response": {
            "clientDataJSON": encoded("{\"challenge\":\"AAAA\"}"),
            "attestationObject": "AQID",
            "transports": ["internal"],
            "publicKeyAlgorithm": -7,
        }})
    }

    #[test]
    fn every_fault_of_a_registration_is_named() {
        assert_eq!(
            faulty_fields(parse_registration(&json!({}))),
            ["id", "type", "response"]
        );
        let mut body = registration();
        assert!(parse_registration(&body).is_ok());
        body["id"] = json!("AQID=");
        body["type"] = json!("password");
        body["name"] = json!("n".repeat(65));
        body["clientExtensionResults"]["credProps"]["rk"] = json!(false);
        body["response"]["clientDataJSON"] = json!(encoded("{}"));
        body["response"]["attestationObject"] = json!("A".repeat(30_000));
        assert_eq!(
            faulty_fields(parse_registration(&body)),
            [
                "name",
                "id",
                "type",
                "clientExtensionResults.credProps.rk",
                "response.clientDataJSON",
                "response.attestationObject"
            ]
        );
    }

    #[test]
    fn a_name_is_one_line() {
        let mut body = registration();
        body["name"] = json!("  My \n phone ");
        let read = parse_registration(&body).unwrap();
        assert_eq!(read.name.as_deref(), Some("My phone"));
        body["name"] = json!(" ");
        assert_eq!(faulty_fields(parse_registration(&body)), ["name"]);
    }

    #[test]
    fn an_assertion_needs_the_user_handle() {
        let mut body = json!({"id": "AQID", "type": "public-key", "response": {
            "clientDataJSON": encoded("{\"challenge\":\"AAAA\",\"crossOrigin\":true}"),
            "authenticatorData": "A".repeat(50),
            "signature": "AQID",
            "userHandle": "AQID",
        }});
        let read = parse_assertion(&body).unwrap();
        assert!(read.is_cross_origin);
        assert_eq!(read.challenge_hash, secret::hash("AAAA"));
        body["response"]["userHandle"] = Value::Null;
        assert_eq!(
            faulty_fields(parse_assertion(&body)),
            ["response.userHandle"]
        );
    }

    #[test]
    fn the_kind_of_authenticator_is_read_if_it_is_there() {
        let data = |flags: u8| {
            let mut data = [0; 55];
            data[32] = flags;
            data[37..53].copy_from_slice(&[7; 16]);
            BASE64_URL_SAFE_NO_PAD.encode(data)
        };
        assert_eq!(aaguid(&data(0x45)), Some([7; 16]));
        assert_eq!(aaguid(&data(0x05)), None);
        assert_eq!(aaguid("AAAA"), None);
    }
}
