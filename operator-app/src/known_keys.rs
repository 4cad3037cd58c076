//! Which key each agent used last on this phone, so that a change is seen (`SECURITY.md`).
//!
//! Fingerprints of public keys only; nothing here is secret.

use api_types::{AgentId, Timestamp};
use crypto_wasm::Fingerprint;
use serde::{Deserialize, Serialize};

use crate::browser;

const KEY: &str = "humanops.agent-keys";

/// A key that was sealed to before.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct KnownKey {
    agent: AgentId,
    fingerprint: String,
    /// In groups, as it was shown then.
    pub(crate) groups: String,
    pub(crate) used_at: Timestamp,
}

/// How a key relates to the one before.
#[derive(Clone, Debug)]
pub(crate) enum Acquaintance {
    /// The first key of this agent on this phone.
    New,
    /// The same as last time.
    Same(KnownKey),
    /// Another than last time.
    Changed(KnownKey),
}

/// Compares an agent's key with the one that was used last.
pub(crate) fn acquaintance(agent: AgentId, fingerprint: &Fingerprint) -> Acquaintance {
    match all().into_iter().find(|known| known.agent == agent) {
        None => Acquaintance::New,
        Some(known) if known.fingerprint == fingerprint.to_hex() => Acquaintance::Same(known),
        Some(known) => Acquaintance::Changed(known),
    }
}

/// Remembers that something was sealed to this key now.
pub(crate) fn remember(agent: AgentId, fingerprint: &Fingerprint) {
    let mut keys = all();
    keys.retain(|known| known.agent != agent);
    keys.push(KnownKey {
        agent,
        fingerprint: fingerprint.to_hex(),
        groups: fingerprint.groups(),
        used_at: browser::now(),
    });
    browser::remember(KEY, &keys);
}

fn all() -> Vec<KnownKey> {
    browser::recall(KEY).unwrap_or_default()
}
