//! Sign-in by a passkey: by a button, and by the list that the browser shows at the input for the
//! address.

use std::time::Duration;

use leptos::prelude::*;
use web_sys::{AbortController, AbortSignal};

use crate::{
    browser::spawn,
    client::Client,
    components::{Action, Icon, Shape, dynamic_option, error_notice, handler},
    pages::{passkeys::PasskeyFailure, sign_in::Arrival},
    passkey::{self, PasskeyError},
};

/// The server forgets a challenge after five minutes, so the list is renewed before.
const AUTOFILL_LASTS: Duration = Duration::from_secs(240);

/// A button that signs in by a passkey of this or of another device.
#[component]
pub(super) fn SignInByPasskey() -> impl IntoView {
    let arrival = Arrival::new();
    let failure = RwSignal::new(None::<PasskeyFailure>);
    let autofill = Autofill(StoredValue::new_local(None));
    spawn(autofill.offer(arrival, failure));
    on_cleanup(move || autofill.end());
    let sign_in = Action::new(move || {
        Box::pin(async move {
            failure.set(None);
            // A browser runs one request at a time.
            autofill.end();
            if let Err(error) = sign_in(arrival, None).await {
                failure.try_set(Some(error));
                spawn(autofill.offer(arrival, failure));
            }
        })
    });
    view! {
        <button type="button" class="button wide" on:click=handler(move |_| sign_in.start())>
            <Icon shape=Shape::Key/>
            "Sign in with a passkey"
        </button>
        <p class="hint">"A passkey on another device works too: your browser shows a QR code."</p>
        {dynamic_option(move || failure.get().map(|failure| notice(&failure)))}
    }
}

async fn sign_in(arrival: Arrival, autofill: Option<&AbortSignal>) -> Result<(), PasskeyFailure> {
    let options = Client
        .passkey_options()
        .await
        .map_err(PasskeyFailure::Server)?;
    let assertion = passkey::sign(&options, autofill)
        .await
        .map_err(PasskeyFailure::Browser)?;
    let account = Client
        .sign_in_by_passkey(assertion)
        .await
        .map_err(PasskeyFailure::Server)?;
    arrival.of(account).await.map_err(PasskeyFailure::Server)
}

fn notice(failure: &PasskeyFailure) -> AnyView {
    let sentence = match failure {
        PasskeyFailure::Server(error) if error.is_unauthorized() => {
            "This passkey is not known here. It may have been removed. Use a code instead."
        }
        PasskeyFailure::Server(error) => return error_notice(error, None),
        PasskeyFailure::Browser(PasskeyError::Cancelled) => {
            "No passkey was used. Try again, or use a code instead."
        }
        PasskeyFailure::Browser(PasskeyError::Exists | PasskeyError::Failed) => {
            "This browser could not use a passkey. Use a code instead."
        }
    };
    view! { <p class="hint fault" role="alert">{sentence}</p> }.into_any()
}

/// The list of passkeys at the input for the address: the request that waits for a choice, while
/// the list is offered. This is a handle: copies refer to the same list.
#[derive(Clone, Copy)]
struct Autofill(StoredValue<Option<AbortController>, LocalStorage>);

impl Autofill {
    /// Offers the list until the person signs in by it, or [`Self::end`].
    async fn offer(self, arrival: Arrival, failure: RwSignal<Option<PasskeyFailure>>) {
        // Before anything is awaited, so that `end` ends what has not begun yet too.
        self.0.try_set_value(AbortController::new().ok());
        if !passkey::can_autofill().await {
            return;
        }
        while let Some(signal) = self.next_signal() {
            match sign_in(arrival, Some(&signal)).await {
                // Renewed after its time.
                Err(PasskeyFailure::Browser(PasskeyError::Cancelled)) if signal.aborted() => {}
                Err(PasskeyFailure::Server(refusal)) if refusal.is_unauthorized() => {
                    failure.try_set(Some(PasskeyFailure::Server(refusal)));
                }
                // The person has signed in; or the page works without the list.
                _ => return,
            }
        }
    }

    /// Begins the next request, which ends after [`AUTOFILL_LASTS`]. Returns `None` once the list
    /// is no longer offered.
    fn next_signal(self) -> Option<AbortSignal> {
        self.0.try_get_value().flatten()?;
        let controller = AbortController::new().ok()?;
        let signal = controller.signal();
        let ending = controller.clone();
        set_timeout(move || ending.abort(), AUTOFILL_LASTS);
        self.0.try_set_value(Some(controller));
        Some(signal)
    }

    fn end(self) {
        let request = self.0.try_update_value(Option::take).flatten();
        if let Some(request) = request {
            request.abort();
        }
    }
}
