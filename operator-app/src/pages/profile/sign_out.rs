//! Sign-out: ends the session, and deletes what the phone stores of the operator.

use leptos::prelude::*;

use crate::{
    client::{Client, SessionClient},
    components::{Action, ConfirmButton, dynamic, dynamic_option, error_notice, handler},
    context::CurrentSession,
    known_keys, labels,
    outbox::Outbox,
    pages::passkeys::forget_refusal,
    session::Session,
};

/// Signs out, after a question if something is not sent yet.
#[component]
pub(super) fn SignOut() -> impl IntoView {
    let CurrentSession(current) = expect_context();
    let outbox: Outbox = expect_context();
    let client: SessionClient = expect_context();
    let waiting = move || outbox.all().len() as u64;
    let failure = RwSignal::new(None);
    let sign_out = Action::new(move || {
        let client = client.clone();
        Box::pin(async move {
            failure.set(None);
            if let Err(error) = Client.sign_out().await {
                failure.set(Some(error));
                return;
            }
            // A browser that cannot delete the proofs did not store them either.
            let _ = outbox.wipe(client.operator_id()).await;
            known_keys::forget();
            forget_refusal();
            Session::clear();
            current.set(None);
        })
    });
    view! {
        <section class="stack" aria-label="Sign out">
            {dynamic_option(move || failure.get().map(|error| error_notice(&error, None)))}
            {dynamic(move || match waiting() {
                0 => view! {
                    <button type="button" class="button wide" on:click=handler(move |_| sign_out.start())>
                        "Sign out"
                    </button>
                }.into_any(),
                count => view! {
                    <p class="quiet">
                        {labels::count(count, "proof is", "proofs are")} " not sent yet."
                    </p>
                    <ConfirmButton
                        label="Sign out"
                        warning="Signing out deletes from this phone what you have not sent."
                        confirm_label="Delete and sign out"
                        on_confirm=Callback::new(move |()| sign_out.start())
                    />
                }.into_any(),
            })}
        </section>
    }
}
