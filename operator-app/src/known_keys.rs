//! The key that each agent last used on this phone, stored so that a change is noticed
//! (`SECURITY.md`).
//!
//! Only fingerprints of public keys are stored; nothing here is secret.

use api_types::{AgentId, Timestamp};
use crypto_wasm::Fingerprint;
use serde::{Deserialize, Serialize};

use crate::browser;

const KEY: &str = "humanops.agent-keys";

/// A key that a credential was sealed to before.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct KnownKey {
    agent: AgentId,
    fingerprint: String,
    /// The fingerprint in groups, as it was shown then.
    pub(crate) groups: String,
    pub(crate) used_at: Timestamp,
}

/// How an agent's key compares with the one it used before.
#[derive(Clone, Debug)]
pub(crate) enum KeyComparison {
    /// The first key of this agent on this phone.
    New,
    /// The key is the same as last time.
    Same(KnownKey),
    /// The key differs from the last one, which is included.
    Changed(KnownKey),
}

/// Compares an agent's key with the last one that a credential was sealed to.
pub(crate) fn compare(agent: AgentId, fingerprint: &Fingerprint) -> KeyComparison {
    match all().into_iter().find(|known| known.agent == agent) {
        None => KeyComparison::New,
        Some(known) if known.fingerprint == fingerprint.to_hex() => KeyComparison::Same(known),
        Some(known) => KeyComparison::Changed(known),
    }
}

/// Stores the key as the last one that a credential was sealed to, with the current time.
pub(crate) fn remember(agent: AgentId, fingerprint: &Fingerprint) {
    let mut keys = all();
    keys.retain(|known| known.agent != agent);
    keys.push(KnownKey {
        agent,
        fingerprint: fingerprint.to_hex(),
        groups: fingerprint.groups(),
        used_at: browser::now(),
    });
    browser::store(KEY, &keys);
}

/// Forgets the keys of all agents.
pub(crate) fn forget() {
    browser::remove_stored(KEY);
}

fn all() -> Vec<KnownKey> {
    browser::load_stored(KEY).unwrap_or_default()
}
