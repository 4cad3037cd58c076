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

/// Why no passkey was added.
#[derive(Clone)]
enum Failure {
    Browser(PasskeyError),
    Server(ClientError),
}

/// A button that adds a passkey.
#[component]
fn AddPasskey(class: &'static str, on_added: Callback<()>) -> impl IntoView {
    let client: SessionClient = expect_context();
    let failure = RwSignal::new(None::<Failure>);
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

async fn add(client: &SessionClient) -> Result<(), Failure> {
    let options = client
        .new_passkey_options()
        .await
        .map_err(Failure::Server)?;
    let credential = passkey::create(&options).await.map_err(Failure::Browser)?;
    client
        .add_passkey(credential)
        .await
        .map_err(Failure::Server)
}

fn notice(failure: &Failure) -> AnyView {
    let sentence = match failure {
        Failure::Server(error) => return error_notice(error, None),
        Failure::Browser(PasskeyError::Exists) => "This device has a passkey for you already.",
        Failure::Browser(PasskeyError::Cancelled) => {
            "No passkey was added. Try again when you like."
        }
        Failure::Browser(PasskeyError::Failed) => "This browser could not add a passkey.",
    };
    view! { <p class="hint fault" role="alert">{sentence}</p> }.into_any()
}
