//! Passkeys of the browser, in the JSON forms of WebAuthn level 3.

use js_sys::{JSON, Promise, Reflect};
use leptos::prelude::window;
use serde_json::Value;
use wasm_bindgen::{JsCast as _, JsValue, prelude::wasm_bindgen};
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortSignal, CredentialCreationOptions, CredentialRequestOptions, DomException};

// Functions of WebAuthn level 3 that `web-sys` still calls unstable, and their neighbours.
#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(
        catch,
        js_namespace = PublicKeyCredential,
        js_name = parseCreationOptionsFromJSON
    )]
    fn parse_creation_options(options: &JsValue) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(
        catch,
        js_namespace = PublicKeyCredential,
        js_name = parseRequestOptionsFromJSON
    )]
    fn parse_request_options(options: &JsValue) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(
        catch,
        js_namespace = PublicKeyCredential,
        js_name = isConditionalMediationAvailable
    )]
    fn conditional_mediation() -> Result<Promise, JsValue>;

    #[wasm_bindgen(
        catch,
        js_namespace = PublicKeyCredential,
        js_name = isUserVerifyingPlatformAuthenticatorAvailable
    )]
    fn platform_authenticator() -> Result<Promise, JsValue>;
}

/// Why the browser gave no credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PasskeyError {
    /// The person cancelled, or let the time pass; browsers do not say which.
    Cancelled,
    /// This device has a passkey of the person already.
    Exists,
    /// The browser or the authenticator failed.
    Failed,
}

impl PasskeyError {
    fn of(error: &JsValue) -> Self {
        let name = error.dyn_ref::<DomException>().map(DomException::name);
        match name.as_deref() {
            Some("NotAllowedError" | "AbortError") => Self::Cancelled,
            Some("InvalidStateError") => Self::Exists,
            _ => Self::Failed,
        }
    }
}

/// Returns whether this browser has passkeys with JSON forms, at a host that may have passkeys: one
/// with a name, not an IP address.
pub(crate) fn are_supported() -> bool {
    let host = window().location().hostname().unwrap_or_default();
    let is_address = host.starts_with('[') || host.ends_with(|last: char| last.is_ascii_digit());
    let class = Reflect::get(&js_sys::global(), &"PublicKeyCredential".into());
    let has_json = |class: JsValue| {
        let method = "parseRequestOptionsFromJSON".into();
        class.is_function() && Reflect::has(&class, &method).unwrap_or(false)
    };
    !is_address && class.is_ok_and(has_json)
}

/// Returns whether the browser lists passkeys at an input with `autocomplete="webauthn"`.
pub(crate) async fn can_autofill() -> bool {
    is_true(conditional_mediation()).await
}

/// Returns whether the device itself can keep a passkey and verify the person.
pub(crate) async fn can_keep_one() -> bool {
    is_true(platform_authenticator()).await
}

async fn is_true(promise: Result<Promise, JsValue>) -> bool {
    let Ok(promise) = promise else { return false };
    let value = JsFuture::from(promise).await;
    value.is_ok_and(|value| value.is_truthy())
}

/// Creates a passkey. Returns the credential as JSON.
pub(crate) async fn create(options: &Value) -> Result<String, PasskeyError> {
    let creation = CredentialCreationOptions::new();
    let parsed = parse_creation_options(&as_object(options)?);
    let parsed = parsed.map_err(|error| PasskeyError::of(&error))?;
    creation.set_public_key(parsed.unchecked_ref());
    let credentials = window().navigator().credentials();
    credential(credentials.create_with_options(&creation)).await
}

/// Signs the challenge of a sign-in by a passkey that the person chooses: in a dialog, or, with
/// `autofill`, in the list at the input for the address. Returns the assertion as JSON.
pub(crate) async fn sign(
    options: &Value,
    autofill: Option<&AbortSignal>,
) -> Result<String, PasskeyError> {
    let request = CredentialRequestOptions::new();
    let parsed = parse_request_options(&as_object(options)?);
    let parsed = parsed.map_err(|error| PasskeyError::of(&error))?;
    request.set_public_key(parsed.unchecked_ref());
    if let Some(signal) = autofill {
        request.set_signal(signal);
        // Setting a member of an object cannot fail.
        let _ = Reflect::set(&request, &"mediation".into(), &"conditional".into());
    }
    let credentials = window().navigator().credentials();
    credential(credentials.get_with_options(&request)).await
}

fn as_object(json: &Value) -> Result<JsValue, PasskeyError> {
    JSON::parse(&json.to_string()).map_err(|_| PasskeyError::Failed)
}

/// Waits for a credential. Its JSON form is that of its method `toJSON`.
async fn credential(promise: Result<Promise, JsValue>) -> Result<String, PasskeyError> {
    let promise = promise.map_err(|error| PasskeyError::of(&error))?;
    let credential = JsFuture::from(promise).await;
    let credential = credential.map_err(|error| PasskeyError::of(&error))?;
    let json = JSON::stringify(&credential).map_err(|_| PasskeyError::Failed)?;
    Ok(json.into())
}
