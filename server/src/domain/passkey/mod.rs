//! Passkeys (WebAuthn level 3): their limits, and the relying party that begins and finishes the
//! ceremonies of registration and sign-in.
//!
//! Passkeys are discoverable and require user verification. The library verifies responses; it
//! draws the challenges itself, from the random source of the system. Its state of a ceremony and
//! its record of a passkey are stored as JSON.

mod name;
mod parsing;

use std::time::Duration;

use api_types::SubjectId;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use url::Url;
use webauthn_rs::prelude::{
    DiscoverableAuthentication, Passkey, PasskeyRegistration, Uuid, Webauthn, WebauthnBuilder,
    WebauthnError,
};

use super::secret;
pub use name::default_name;
pub use parsing::{StatedAssertion, StatedRegistration, parse_assertion, parse_registration};

/// Maximum number of passkeys of a person.
pub const PASSKEYS_MAX: usize = 20;

/// How long a ceremony may take.
pub const CEREMONY_LASTS: Duration = Duration::from_secs(5 * 60);

/// Maximum number of registrations that a person has begun and not finished.
pub const OPEN_REGISTRATIONS_MAX: u64 = 20;

/// Maximum number of sign-ins that were begun from one address and not finished. Many people may
/// share an address, and each page that offers passkeys begins a sign-in.
pub const OPEN_SIGN_INS_MAX: u64 = 300;

/// The name that browsers show for this service.
const RELYING_PARTY_NAME: &str = "HumanOps";

/// The reason why a ceremony fails.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CeremonyError {
    /// The response of the authenticator is not acceptable.
    #[error("{0}")]
    Refused(String),
    /// The signature counter went back, so the passkey may have been copied.
    #[error("the signature counter went back")]
    CounterWentBack,
    /// What this server stored or created cannot be processed.
    #[error("{0}")]
    Broken(String),
}

impl From<WebauthnError> for CeremonyError {
    fn from(error: WebauthnError) -> Self {
        match error {
            WebauthnError::CredentialPossibleCompromise => Self::CounterWentBack,
            other => Self::Refused(other.to_string()),
        }
    }
}

/// A ceremony that has begun.
#[derive(Clone, Debug)]
pub struct BegunCeremony {
    /// The options for the browser.
    pub options: Value,
    /// The hash of the challenge, by which the ceremony is found again.
    pub challenge_hash: String,
    /// What is needed to finish it, in JSON.
    pub state: String,
}

/// A passkey whose registration was verified.
#[derive(Clone, Debug)]
pub struct VerifiedPasskey {
    /// The id that the authenticator gave it, in base64url.
    pub credential_id: String,
    /// The public key and the state of the passkey, in JSON.
    pub credential: String,
}

/// This server as the party that passkeys are for: the host and the origin of its public URL.
#[derive(Clone, Debug)]
pub struct RelyingParty(Webauthn);

impl RelyingParty {
    /// Returns the relying party with this origin, or `None` if its host is an IP address, for
    /// which browsers have no passkeys.
    pub fn of(origin: &str) -> Option<Self> {
        let url = Url::parse(origin).ok()?;
        let builder = WebauthnBuilder::new(url.domain()?, &url).ok()?;
        let builder = builder.rp_name(RELYING_PARTY_NAME).timeout(CEREMONY_LASTS);
        builder.build().ok().map(Self)
    }

    /// Begins the registration of a passkey by a person who has passkeys with these credential ids.
    ///
    /// # Errors
    /// [`CeremonyError::Broken`] if the options cannot be created.
    pub fn begin_registration(
        &self,
        subject_id: SubjectId,
        email: &str,
        existing: &[String],
    ) -> Result<BegunCeremony, CeremonyError> {
        let decoded = existing.iter().map(|id| BASE64_URL_SAFE_NO_PAD.decode(id));
        let existing: Vec<_> = decoded.collect::<Result<_, _>>().map_err(broken)?;
        let (created, state) = self
            .0
            .start_passkey_registration(user_handle(subject_id), email, email, Some(existing))
            .map_err(broken)?;
        let challenge_hash = hash(&created.public_key.challenge);
        let mut options = serde_json::to_value(created.public_key).map_err(broken)?;
        // The library leaves it to the authenticator whether a passkey is discoverable.
        if let Some(options) = options.as_object_mut() {
            let selection = json!({
                "residentKey": "required",
                "requireResidentKey": true,
                "userVerification": "required",
            });
            options.insert("authenticatorSelection".to_owned(), selection);
        }
        Ok(BegunCeremony {
            options,
            challenge_hash,
            state: stored(&state)?,
        })
    }

    /// Verifies a new passkey in the registration with this state.
    ///
    /// # Errors
    /// [`CeremonyError::Refused`] if anything about it is wrong.
    pub fn finish_registration(
        &self,
        state: &str,
        stated: &StatedRegistration,
    ) -> Result<VerifiedPasskey, CeremonyError> {
        let state: PasskeyRegistration = read(state)?;
        let passkey = self
            .0
            .finish_passkey_registration(&stated.credential, &state)?;
        if passkey.cred_id() != &stated.credential.raw_id {
            let problem = "the authenticator created another credential".to_owned();
            return Err(CeremonyError::Refused(problem));
        }
        Ok(VerifiedPasskey {
            credential_id: BASE64_URL_SAFE_NO_PAD.encode(passkey.cred_id()),
            credential: stored(&passkey)?,
        })
    }

    /// Begins a sign-in. Apart from the challenge the options are the same for everyone.
    ///
    /// # Errors
    /// [`CeremonyError::Broken`] if the options cannot be created.
    pub fn begin_sign_in(&self) -> Result<BegunCeremony, CeremonyError> {
        let (request, state) = self.0.start_discoverable_authentication().map_err(broken)?;
        Ok(BegunCeremony {
            challenge_hash: hash(&request.public_key.challenge),
            options: serde_json::to_value(request.public_key).map_err(broken)?,
            state: stored(&state)?,
        })
    }

    /// Verifies an assertion of a person's passkey in the sign-in with this state. Returns the
    /// passkey with its new counter and backup state, in JSON.
    ///
    /// # Errors
    /// [`CeremonyError::CounterWentBack`]; [`CeremonyError::Refused`] if anything else is wrong.
    pub fn finish_sign_in(
        &self,
        state: &str,
        stated: &StatedAssertion,
        subject_id: SubjectId,
        credential: &str,
    ) -> Result<String, CeremonyError> {
        let refused = |problem: &str| Err(CeremonyError::Refused(problem.to_owned()));
        let state: DiscoverableAuthentication = read(state)?;
        let mut passkey: Passkey = read(credential)?;
        // The library verifies neither for an assertion.
        if stated.is_cross_origin {
            return refused("the assertion is from a frame of another origin");
        }
        if stated.credential.get_user_unique_id() != Some(user_handle(subject_id).as_bytes()) {
            return refused("the passkey belongs to somebody else");
        }
        let result =
            self.0
                .finish_discoverable_authentication_v2(&stated.credential, state, &passkey)?;
        if !result.user_verified() || passkey.update_credential(&result).is_none() {
            return refused("the user was not verified");
        }
        stored(&passkey)
    }
}

/// Returns the user handle of a person: the bits of their id, which tell nothing about them.
fn user_handle(subject_id: SubjectId) -> Uuid {
    Uuid::from_u128(subject_id.to_bits())
}

/// Returns the hash by which the ceremony with this challenge is found.
fn hash(challenge: &[u8]) -> String {
    secret::hash(&BASE64_URL_SAFE_NO_PAD.encode(challenge))
}

fn stored(value: &impl Serialize) -> Result<String, CeremonyError> {
    serde_json::to_string(value).map_err(broken)
}

fn read<T: DeserializeOwned>(stored: &str) -> Result<T, CeremonyError> {
    serde_json::from_str(stored).map_err(broken)
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "the shape that map_err takes"
)]
fn broken<E: ToString>(error: E) -> CeremonyError {
    CeremonyError::Broken(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passkeys_need_a_name_as_host() {
        for origin in [
            "https://tasks.example.com",
            "https://tasks.example.com:8443",
            "http://localhost:8787",
            "https://xn--bcher-kva.example",
        ] {
            assert!(RelyingParty::of(origin).is_some(), "{origin}");
        }
        for origin in ["http://127.0.0.1:8787", "http://[::1]:8787", ""] {
            assert!(RelyingParty::of(origin).is_none(), "{origin}");
        }
    }

    #[test]
    fn a_new_passkey_is_discoverable_and_verifies_its_user() {
        let party = RelyingParty::of("http://localhost:8787").unwrap();
        let subject_id = "sub_01KB0000000000000000000000".parse().unwrap();
        let begun = party
            .begin_registration(subject_id, "jane@example.com", &["AQID".to_owned()])
            .unwrap();
        let options = &begun.options;
        let selection = &options["authenticatorSelection"];
        assert_eq!(selection["residentKey"], json!("required"));
        assert_eq!(selection["userVerification"], json!("required"));
        assert_eq!(
            options["rp"],
            json!({"id": "localhost", "name": "HumanOps"})
        );
        assert_eq!(options["excludeCredentials"][0]["id"], json!("AQID"));
        assert_eq!(options["timeout"], json!(300_000));
        let handle = BASE64_URL_SAFE_NO_PAD.decode(options["user"]["id"].as_str().unwrap());
        assert_eq!(handle.unwrap(), user_handle(subject_id).as_bytes());
        let state: PasskeyRegistration = read(&begun.state).unwrap();
        assert_eq!(stored(&state).unwrap(), begun.state);
    }

    #[test]
    fn the_options_of_two_sign_ins_differ_by_their_challenge_only() {
        let party = RelyingParty::of("https://tasks.example.com").unwrap();
        let mut one = party.begin_sign_in().unwrap();
        let mut other = party.begin_sign_in().unwrap();
        assert_ne!(one.challenge_hash, other.challenge_hash);
        for begun in [&mut one, &mut other] {
            begun.options["challenge"] = Value::Null;
        }
        assert_eq!(one.options, other.options);
        assert_eq!(one.options["rpId"], json!("tasks.example.com"));
        assert_eq!(one.options["userVerification"], json!("required"));
        assert_eq!(one.options["allowCredentials"], json!([]));
    }
}
