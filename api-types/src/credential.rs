//! A sealed credential on the wire. The crate `crypto-wasm` does the sealing.

use serde::{Deserialize, Serialize};

use crate::{id::TaskId, time::Timestamp};

/// A credential that the operator's browser sealed and that only the agent can open.
///
/// `ephemeralPublicKey` and `createdAt` are in camel case, unlike the other fields of this API.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct EncryptedCredential {
    /// The version of the format, always 1.
    pub v: u64,
    /// The algorithm, always `ECDH-P256-AES-256-GCM`.
    pub algorithm: String,
    /// The ciphertext and its 16-byte tag, in standard padded base64.
    pub ciphertext: String,
    /// The nonce of 12 bytes, in standard padded base64.
    pub iv: String,
    /// The sender's ephemeral P-256 point, 65 uncompressed bytes, in standard padded base64.
    #[serde(rename = "ephemeralPublicKey")]
    pub ephemeral_public_key: String,
    /// When it was sealed, by the phone's clock; the server's time of submission if the phone did
    /// not state it.
    #[serde(rename = "createdAt")]
    pub created_at: Timestamp,
}

/// A sealed credential in a request. The server fills in fields that are left out; fields that are
/// given must be correct.
#[cfg(feature = "openapi")]
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "read by the document alone")]
pub struct SubmittedCredential {
    /// The version of the format; must be 1, which is the default.
    v: Option<u64>,
    /// The algorithm; must be `ECDH-P256-AES-256-GCM`, which is the default.
    algorithm: Option<String>,
    /// The ciphertext and its 16-byte tag, in standard padded base64.
    ciphertext: String,
    /// The nonce of 12 bytes, in standard padded base64.
    iv: String,
    /// The sender's ephemeral P-256 point, 65 uncompressed bytes, in standard padded base64.
    #[serde(rename = "ephemeralPublicKey")]
    ephemeral_public_key: String,
    /// When it was sealed; defaults to the time of submission.
    #[serde(rename = "createdAt")]
    created_at: Option<Timestamp>,
}

/// The API document's schema of a public key in a request: a text, or a JWK as an object.
#[cfg(feature = "openapi")]
#[derive(Debug)]
pub struct PublicKeyInput;

#[cfg(feature = "openapi")]
impl utoipa::PartialSchema for PublicKeyInput {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        use utoipa::openapi::schema::{ObjectBuilder, SchemaType, Type};
        ObjectBuilder::new()
            .schema_type(SchemaType::from_iter([Type::String, Type::Object]))
            .description(Some(
                "A P-256 public key: 65 or 33 bytes or SPKI DER in base64, PEM, or a JWK, as text \
                 or as an object. Shown again in the form it came in, an object as its text.",
            ))
            .max_length(Some(PUBLIC_KEY_CHARS_MAX))
            .examples([
                serde_json::json!(
                    "BGVc+2Uddb0EoV/eCRi0E+CNg9KEPjI7MXPrsSo+Ag6bPOnQ13eJPAhcSuT3xn0X22K7v1MNOV0/\
                     4wCs2d98pl4="
                ),
                serde_json::json!({
                    "kty": "EC",
                    "crv": "P-256",
                    "x": "ZVz7ZR11vQShX94JGLQT4I2D0oQ-Mjsxc-uxKj4CDps",
                    "y": "POnQ13eJPAhcSuT3xn0X22K7v1MNOV0_4wCs2d98pl4",
                }),
            ])
            .into()
    }
}

#[cfg(feature = "openapi")]
impl utoipa::ToSchema for PublicKeyInput {
    fn name() -> std::borrow::Cow<'static, str> {
        "StatedPublicKey".into()
    }
}

/// Maximum number of characters in a public key.
pub const PUBLIC_KEY_CHARS_MAX: usize = 4096;

/// The response to GET and POST /tasks/:id/retrieve-credential.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RetrievedCredential {
    /// The task that the credential was sealed for. Opening it needs this id, which is
    /// authenticated with the ciphertext.
    pub task_id: TaskId,
    /// The envelope, as the operator's browser made it.
    pub encrypted_credential: EncryptedCredential,
}
