//! Passkeys of the signed-in operator: their list, and the offer to add the first one.

mod list;
mod offer;

use leptos::prelude::*;

use crate::{
    client::SessionClient,
    components::{Action, derive_text, dynamic_option, error_notice, handler},
    passkey::{self, PasskeyError},
    response::ClientError,
};
pub(crate) use list::Passkeys;
pub(crate) use offer::{PasskeyOffer, forget_refusal, offer_passkey};

/// Why a ceremony with a passkey failed.
#[derive(Clone)]
pub(crate) enum PasskeyFailure {
    /// The browser gave no credential.
    Browser(PasskeyError),
    /// The server refused it, or could not be reached.
    Server(ClientError),
}

/// A button that adds a passkey.
#[component]
fn AddPasskey(class: &'static str, on_added: Callback<()>) -> impl IntoView {
    let client: SessionClient = expect_context();
    let failure = RwSignal::new(None::<PasskeyFailure>);
    let add = Action::new(move || {
        let client = client.clone();
        Box::pin(async move {
            failure.set(None);
            match add(&client).await {
                Ok(()) => on_added.run(()),
                Err(error) => drop(failure.try_set(Some(error))),
            }
        })
    });
    let label = move || {
        if add.busy().get() {
            "Adding…"
        } else {
            "Add a passkey"
        }
    };
    view! {
        {dynamic_option(move || failure.get().map(|failure| notice(&failure)))}
        <button type="button" class=class on:click=handler(move |_| add.start())>
            {derive_text(move || label().to_owned())}
        </button>
    }
}

async fn add(client: &SessionClient) -> Result<(), PasskeyFailure> {
    let options = client
        .new_passkey_options()
        .await
        .map_err(PasskeyFailure::Server)?;
    let credential = passkey::create(&options)
        .await
        .map_err(PasskeyFailure::Browser)?;
    client
        .add_passkey(credential)
        .await
        .map_err(PasskeyFailure::Server)
}

fn notice(failure: &PasskeyFailure) -> AnyView {
    let sentence = match failure {
        PasskeyFailure::Server(error) => return error_notice(error, None),
        PasskeyFailure::Browser(PasskeyError::Exists) => {
            "This device has a passkey for you already."
        }
        PasskeyFailure::Browser(PasskeyError::Cancelled) => {
            "No passkey was added. Try again when you like."
        }
        PasskeyFailure::Browser(PasskeyError::Failed) => "This browser could not add a passkey.",
    };
    view! { <p class="hint fault" role="alert">{sentence}</p> }.into_any()
}
