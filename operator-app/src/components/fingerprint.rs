//! The fingerprint of a key, in groups that a person can compare.

use crypto_wasm::Fingerprint;
use leptos::prelude::*;

/// Eight groups of four characters, as list items that a screen reader reads one by one.
#[component]
pub(crate) fn KeyFingerprint(fingerprint: Fingerprint) -> impl IntoView {
    let groups: Vec<String> = fingerprint.groups().split(' ').map(str::to_owned).collect();
    view! {
        <ul class="fingerprint" translate="no" aria-label="Key fingerprint">
            {groups.into_iter().map(|group| view! { <li>{group}</li> }.into_any()).collect_view()}
        </ul>
    }
}
