//! The operator's passkeys on the page Profile.

use api_types::{PasskeyId, passkey::PasskeyItem};
use leptos::prelude::*;

use super::AddPasskey;
use crate::{
    browser,
    client::SessionClient,
    components::{Action, ConfirmButton, dynamic_option, error_notice, load, loaded_view},
};

/// Lists the operator's passkeys, each with a button that removes it, and adds further ones.
#[component]
pub(crate) fn Passkeys() -> impl IntoView {
    let client: SessionClient = expect_context();
    let loading = client.clone();
    let passkeys = load(move || {
        let client = loading.clone();
        Box::pin(async move { client.passkeys().await })
    });
    let failure = RwSignal::new(None);
    let removing = RwSignal::new(None::<PasskeyId>);
    let remove = Action::new(move || {
        let client = client.clone();
        Box::pin(async move {
            let Some(id) = removing.get_untracked() else {
                return;
            };
            failure.set(client.remove_passkey(id).await.err());
            passkeys.refetch();
        })
    });
    let start = Callback::new(move |id| {
        removing.set(Some(id));
        remove.start();
    });
    view! {
        <section class="card stack" aria-labelledby="passkeys">
            <h2 id="passkeys">"Passkeys"</h2>
            <p>"Sign in with your fingerprint, your face or your screen lock. No code is needed."</p>
            {loaded_view(passkeys, move |list| {
                let rows: Vec<_> = list.data.iter().map(|one| row(one, start)).collect();
                view! { <ul class="stack">{rows}</ul> }.into_any()
            })}
            {dynamic_option(move || failure.get().map(|error| error_notice(&error, None)))}
            <AddPasskey class="button" on_added=passkeys.refetch_callback()/>
        </section>
    }
}

fn row(passkey: &PasskeyItem, remove: Callback<PasskeyId>) -> AnyView {
    let id = passkey.passkey_id;
    let used = passkey.last_used_at.map_or_else(
        || format!("Added {}", browser::date(passkey.created_at)),
        |used| format!("Last used {}", browser::date_time(used)),
    );
    view! {
        <li class="stack small">
            <span class="stack tight">
                <strong>{passkey.name.clone()}</strong>
                <span class="quiet">{used}</span>
            </span>
            <ConfirmButton
                label="Remove"
                warning="You can no longer sign in with this passkey. Delete it in the settings of your device too."
                confirm_label="Remove passkey"
                on_confirm=Callback::new(move |()| remove.run(id))
            />
        </li>
    }
    .into_any()
}
