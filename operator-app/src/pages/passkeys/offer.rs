//! The offer to add a passkey, made after a sign-in by a code to an operator who has none.

use std::cell::Cell;

use leptos::prelude::*;

use super::AddPasskey;
use crate::{
    browser::{self, spawn},
    client::SessionClient,
    components::{dynamic, empty_view, handler},
    passkey,
};

/// The name under which the phone stores that the person does not want a passkey.
const REFUSED: &str = "humanops.no-passkey";

thread_local! {
    /// Whether the person has signed in by a code since the page was loaded.
    static BY_CODE: Cell<bool> = const { Cell::new(false) };
}

/// Has a passkey offered, because the person has signed in by a code.
pub(crate) fn offer_passkey() {
    BY_CODE.set(true);
}

/// Forgets that the person does not want a passkey.
pub(crate) fn forget_refusal() {
    browser::remove_stored(REFUSED);
}

/// What is shown of the offer.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shown {
    Nothing,
    Offer,
    Thanks,
}

/// Offers a passkey where this makes sense; otherwise shows nothing.
#[component]
pub(crate) fn PasskeyOffer() -> impl IntoView {
    let client: SessionClient = expect_context();
    let shown = RwSignal::new(Shown::Nothing);
    spawn(async move {
        if BY_CODE.take() && is_wanted(&client).await {
            shown.try_set(Shown::Offer);
        }
    });
    let refuse = move |_| {
        browser::store(REFUSED, &true);
        shown.set(Shown::Nothing);
    };
    let added = Callback::new(move |()| shown.set(Shown::Thanks));
    dynamic(move || {
        match shown.get() {
        Shown::Nothing => empty_view(),
        Shown::Thanks => view! {
            <p class="card" role="status">"Next time, sign in with your passkey."</p>
        }
        .into_any(),
        Shown::Offer => view! {
            <aside class="card stack" aria-labelledby="passkey-offer">
                <h2 id="passkey-offer">"Sign in faster next time"</h2>
                <p>"With a passkey you sign in with your fingerprint, your face or your screen lock."</p>
                <AddPasskey class="button primary wide" on_added=added/>
                <button type="button" class="button wide" on:click=handler(refuse)>"Not now"</button>
            </aside>
        }
        .into_any(),
    }
    })
}

/// Returns whether this device can keep a passkey, and the operator has none and did not refuse.
async fn is_wanted(client: &SessionClient) -> bool {
    let refused = browser::load_stored(REFUSED).unwrap_or(false);
    !refused
        && passkey::are_supported()
        && passkey::can_keep_one().await
        && (client.passkeys().await).is_ok_and(|passkeys| passkeys.data.is_empty())
}
