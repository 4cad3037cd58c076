//! Sign-out: ends the session, and deletes what the phone stores of the operator.

use leptos::prelude::*;

use crate::{
    browser,
    client::{Client, SessionClient},
    components::{Action, ConfirmButton, dynamic, dynamic_option, error_notice, handler},
    context::CurrentSession,
    known_keys, labels, oidc,
    outbox::Outbox,
    pages::passkeys::forget_refusal,
    response::ClientError,
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
            let next = match sign_out_where_signed_in(&client).await {
                Ok(next) => next,
                Err(error) => return failure.set(Some(error)),
            };
            // A browser that cannot delete the proofs did not store them either.
            let _ = outbox.wipe(client.operator_id()).await;
            known_keys::forget();
            forget_refusal();
            Session::clear();
            match next {
                Some(url) => browser::leave_for(&url),
                None => current.set(None),
            }
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

/// Ends the session where the operator signs in. Returns the URL at which they sign out, if that is
/// elsewhere.
async fn sign_out_where_signed_in(client: &SessionClient) -> Result<Option<String>, ClientError> {
    if client.is_at_issuer() {
        let methods = Client.sign_in_methods().await?;
        Ok(methods.oidc.and_then(|method| oidc::sign_out_url(&method)))
    } else {
        Client.sign_out().await.map(|()| None)
    }
}
