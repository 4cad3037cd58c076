//! A sealed credential on the wire (contract §5, S1). Sealing itself is the crate `crypto-wasm`.

use serde::{Deserialize, Serialize};

use crate::{TaskId, Timestamp};

/// What the operator's browser sealed and only the agent can open.
///
/// `ephemeralPublicKey` and `createdAt` are spelled as S1 prints them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct EncryptedCredential {
    /// The format's version: 1.
    pub v: u64,
    /// Always `ECDH-P256-AES-256-GCM`.
    pub algorithm: String,
    /// Ciphertext and 16-byte tag, standard padded base64.
    pub ciphertext: String,
    /// 12 bytes, standard padded base64.
    pub iv: String,
    /// The sender's one-time P-256 point, 65 uncompressed bytes, standard padded base64.
    #[serde(rename = "ephemeralPublicKey")]
    pub ephemeral_public_key: String,
    /// When it was sealed, by the phone's clock; the server's time of submission if the phone did
    /// not say.
    #[serde(rename = "createdAt")]
    pub created_at: Timestamp,
}

/// A sealed credential in a request, as the API document shows it: what may be left out is filled
/// in by the server, and what is given must be right.
#[cfg(feature = "openapi")]
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "read by the document alone")]
pub struct SubmittedCredential {
    /// The format's version: 1, which is also meant if it is left out.
    v: Option<u64>,
    /// `ECDH-P256-AES-256-GCM`, which is also meant if it is left out.
    algorithm: Option<String>,
    /// Ciphertext and 16-byte tag, standard padded base64.
    ciphertext: String,
    /// 12 bytes, standard padded base64.
    iv: String,
    /// The sender's one-time P-256 point, 65 uncompressed bytes, standard padded base64.
    #[serde(rename = "ephemeralPublicKey")]
    ephemeral_public_key: String,
    /// When it was sealed; the time of submission if it is left out.
    #[serde(rename = "createdAt")]
    created_at: Option<Timestamp>,
}

/// A public key in a request, as the API document shows it: text, or a JWK as an object.
#[cfg(feature = "openapi")]
#[derive(Debug)]
pub struct StatedPublicKey;

#[cfg(feature = "openapi")]
impl utoipa::PartialSchema for StatedPublicKey {
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
impl utoipa::ToSchema for StatedPublicKey {}

/// Characters of a public key at most.
pub const PUBLIC_KEY_CHARS_MAX: usize = 4096;

/// The answer to retrieve-credential.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RetrievedCredential {
    /// The task it was made for; part of what opens it.
    pub task_id: TaskId,
    /// The envelope, as the operator's browser made it.
    pub encrypted_credential: EncryptedCredential,
}
