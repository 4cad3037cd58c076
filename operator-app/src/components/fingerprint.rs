//! A key's fingerprint, in groups that a person can compare.

use crypto_wasm::Fingerprint;
use leptos::prelude::*;

/// Eight groups of four; a screen reader hears them one by one.
#[component]
pub(crate) fn KeyFingerprint(fingerprint: Fingerprint) -> impl IntoView {
    let groups: Vec<String> = fingerprint.groups().split(' ').map(str::to_owned).collect();
    view! {
        <ul class="fingerprint" translate="no" aria-label="Key fingerprint">
            {groups.into_iter().map(|group| view! { <li>{group}</li> }.into_any()).collect_view()}
        </ul>
    }
}
