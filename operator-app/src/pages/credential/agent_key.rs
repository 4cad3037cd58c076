//! Checks the agent's key, which a credential is sealed to, on the phone: parsing, fingerprint and
//! comparison with earlier keys.

use api_types::task::OperatorTaskView;
use crypto_wasm::{AgentPublicKey, Fingerprint, KeyError};
use leptos::{ev::Event, prelude::*};

use crate::{
    browser,
    components::{Icon, KeyFingerprint, Notice, Shape, handler},
    known_keys::{self, KeyComparison},
};

/// A key that a credential may be sealed to.
#[derive(Clone, Debug)]
pub(super) struct CheckedKey {
    pub(super) public_key: AgentPublicKey,
    pub(super) fingerprint: Fingerprint,
    comparison: KeyComparison,
}

impl CheckedKey {
    /// Returns whether the agent used another key before, so that the person must agree to this
    /// one.
    pub(super) fn has_changed(&self) -> bool {
        matches!(self.comparison, KeyComparison::Changed(_))
    }
}

/// The reason why the credential form is not shown.
#[derive(Clone, Copy, Debug)]
pub(super) enum KeyProblem {
    /// The page was loaded over plain HTTP from another machine and may have been altered.
    InsecurePage,
    /// The task has no public key.
    Missing,
    /// The key cannot be parsed.
    Unreadable(KeyError),
    /// The fingerprint that the server states is not the key's.
    Mismatch,
}

impl KeyProblem {
    pub(super) fn sentence(self) -> String {
        match self {
            Self::InsecurePage => {
                "This page was loaded over plain HTTP. Someone on the network may have changed it, \
                so that it sends what you enter elsewhere. Open the app at its HTTPS address to \
                use the form."
                    .to_owned()
            }
            Self::Missing => "The agent gave no key to encrypt the credential with.".to_owned(),
            Self::Unreadable(error) => format!("The agent's key cannot be used. {error}"),
            Self::Mismatch => "The fingerprint from the server does not match the key from the \
                server. One of the two was replaced on the way."
                .to_owned(),
        }
    }
}

/// Returns the task's key if a credential may be sealed to it.
pub(super) fn check_key(task: &OperatorTaskView) -> Result<CheckedKey, KeyProblem> {
    if !browser::is_secure() {
        return Err(KeyProblem::InsecurePage);
    }
    let text = task
        .agent_public_key
        .as_deref()
        .ok_or(KeyProblem::Missing)?;
    let public_key = AgentPublicKey::parse(text).map_err(KeyProblem::Unreadable)?;
    let fingerprint = public_key.fingerprint();
    if task
        .agent_key_fingerprint
        .as_deref()
        .is_some_and(|stated| !states(stated, &fingerprint))
    {
        return Err(KeyProblem::Mismatch);
    }
    let comparison = known_keys::compare(task.agent.id, &fingerprint);
    Ok(CheckedKey {
        public_key,
        fingerprint,
        comparison,
    })
}

/// Returns whether the stated fingerprint matches; it may be in hexadecimal or in groups.
fn states(stated: &str, fingerprint: &Fingerprint) -> bool {
    stated == fingerprint.to_hex() || stated == fingerprint.groups()
}

/// Shows who can read the credential, and how to verify it.
#[component]
pub(super) fn KeySection(agent: String, key: CheckedKey, agreed: RwSignal<bool>) -> impl IntoView {
    let reader = agent.clone();
    view! {
        <section class="card stack trust" aria-labelledby="trust">
            <h2 id="trust"><Icon shape=Shape::Lock/>"Who can read this"</h2>
            <p>
                "Only the agent " <strong class="agent-text">{reader}</strong>
                ". What you enter is encrypted on this phone before it is sent. "
                "HumanOps cannot decrypt it."
            </p>
            <p class="quiet">"Fingerprint of the agent’s key, computed on this phone:"</p>
            <KeyFingerprint fingerprint=key.fingerprint/>
            <p class="quiet">
                "If you can contact the person who runs the agent, compare these groups. "
                "If they differ, do not enter anything."
            </p>
            <EarlierKey agent comparison=key.comparison agreed/>
        </section>
    }
}

/// Shows what this phone knows of the agent's earlier keys.
#[component]
fn EarlierKey(agent: String, comparison: KeyComparison, agreed: RwSignal<bool>) -> impl IntoView {
    match comparison {
        KeyComparison::New => {
            view! { <p class="quiet">"You have not sent a credential to this agent from this phone."</p> }
                .into_any()
        }
        KeyComparison::Same(known) => view! {
            <p class="fact good">
                <Icon shape=Shape::Check/>
                {format!("Same key as on {}.", browser::date(known.used_at))}
            </p>
        }
        .into_any(),
        KeyComparison::Changed(known) => {
            let agree = move |event: Event| agreed.set(event_target_checked(&event));
            view! {
                <Notice shape=Shape::Warning tone="warn">
                    <strong>"This agent’s key has changed"</strong>
                    <p>
                        {format!("On {} ", browser::date(known.used_at))}
                        <span class="agent-text">{agent}</span> " used the key "
                        <code translate="no">{known.groups}</code>
                        ". Many agents create a new key for each task. But a dishonest server would \
                         look the same, and could read what you enter."
                    </p>
                    <label class="check">
                        <input
                            id="agree"
                            type="checkbox"
                            on:change=handler(agree)
                        />
                        <span>"I understand that the key has changed, and I want to use it."</span>
                    </label>
                </Notice>
            }
            .into_any()
        }
    }
}
