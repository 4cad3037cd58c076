//! Passkeys: how a person adds them, lists them and signs in by one (contract §2, Built-in
//! sign-in). The options and credentials have the JSON forms of WebAuthn level 3, as the functions
//! of browsers read and write them.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{bounds::bounds, id::PasskeyId, time::Timestamp};

/// Maximum length of a passkey's name in characters.
pub const PASSKEY_NAME_CHARS_MAX: usize = 64;

/// The options of a new passkey (`PublicKeyCredentialCreationOptionsJSON`), for
/// `PublicKeyCredential.parseCreationOptionsFromJSON()`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(value_type = Object))]
pub struct PasskeyCreationOptions(pub Value);

/// The options of a sign-in (`PublicKeyCredentialRequestOptionsJSON`), for
/// `PublicKeyCredential.parseRequestOptionsFromJSON()`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(value_type = Object))]
pub struct PasskeyRequestOptions(pub Value);

/// The request body of POST /auth/passkeys: the new credential as `PublicKeyCredential.toJSON()`
/// returns it, and optionally a name. Other fields of that form are ignored.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AddPasskey {
    /// The name of the passkey, up to 64 characters. Without one it is named after the
    /// authenticator or the browser.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(example = "My phone"))]
    pub name: Option<String>,
    /// The id of the credential, in base64url without padding.
    pub id: String,
    /// The type of the credential, always `public-key`.
    #[serde(rename = "type")]
    #[cfg_attr(feature = "openapi", schema(example = "public-key"))]
    pub kind: String,
    /// What the authenticator created.
    pub response: AttestationResponse,
    /// The results of extensions. `credProps.rk` must not be false, because only a discoverable
    /// passkey can sign in.
    #[serde(default, rename = "clientExtensionResults")]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    pub client_extension_results: Option<Value>,
}

bounds! {
    AddPasskey {
        name: Chars(1..=PASSKEY_NAME_CHARS_MAX),
    }
}

/// What an authenticator created (`AuthenticatorAttestationResponseJSON`). All values are base64url
/// without padding.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct AttestationResponse {
    /// The client data, which contains the challenge of the options.
    #[serde(rename = "clientDataJSON")]
    pub client_data_json: String,
    /// The attestation object, which contains the public key.
    pub attestation_object: String,
    /// The authenticator data once more. Only the kind of authenticator is read from it, for the
    /// name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authenticator_data: Option<String>,
}

/// A passkey that was added.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AddedPasskey {
    /// The id of the passkey.
    pub passkey_id: PasskeyId,
    /// The name of the passkey.
    #[cfg_attr(feature = "openapi", schema(example = "Chrome on Android"))]
    pub name: String,
    /// When it was added.
    pub created_at: Timestamp,
}

/// A passkey of the person.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PasskeyItem {
    /// The id of the passkey.
    pub passkey_id: PasskeyId,
    /// The name of the passkey.
    #[cfg_attr(feature = "openapi", schema(example = "Chrome on Android"))]
    pub name: String,
    /// When it was added.
    pub created_at: Timestamp,
    /// When the person last signed in by it, or `null`.
    #[cfg_attr(feature = "openapi", schema(required))]
    pub last_used_at: Option<Timestamp>,
}

/// The passkeys of a person, the first added first.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PasskeyList {
    /// All passkeys of the person.
    pub data: Vec<PasskeyItem>,
}

/// The response to removing a passkey.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RemovedPasskey {
    /// Always true: nobody signs in by this passkey any longer. Sessions continue.
    pub removed: bool,
}

/// The request body of POST /auth/passkey: the assertion as `PublicKeyCredential.toJSON()` returns
/// it. Other fields of that form are ignored.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SignInByPasskey {
    /// The id of the credential, in base64url without padding.
    pub id: String,
    /// The type of the credential, always `public-key`.
    #[serde(rename = "type")]
    #[cfg_attr(feature = "openapi", schema(example = "public-key"))]
    pub kind: String,
    /// What the authenticator signed.
    pub response: AssertionResponse,
}

/// What an authenticator signed (`AuthenticatorAssertionResponseJSON`). All values are base64url
/// without padding.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct AssertionResponse {
    /// The client data, which contains the challenge of the options.
    #[serde(rename = "clientDataJSON")]
    pub client_data_json: String,
    /// The authenticator data that was signed.
    pub authenticator_data: String,
    /// The signature of the authenticator.
    pub signature: String,
    /// The person, as the authenticator stored them with the passkey.
    pub user_handle: String,
}
