//! Sign-in by a code that is sent by e-mail.

use leptos::{ev::SubmitEvent, html::Input, prelude::*};

use crate::{
    browser,
    client::Client,
    components::{
        Action, Field, FormFaults, SubmitButton, dynamic, dynamic_option, error_notice,
        field_fault, handler,
    },
    pages::{
        code_faults::{incomplete_code, refused_code},
        passkeys::offer_passkey,
        sign_in::Arrival,
    },
    response::ClientError,
};

/// The address that a code was sent to, once it was, and whether the mail may take longer.
type SentTo = RwSignal<Option<(String, bool)>>;

/// Asks for the address, and then for the code. The other ways are shown with the address.
#[component]
pub(super) fn SignInByCode(other_ways: Callback<(), AnyView>) -> impl IntoView {
    let sent_to: SentTo = RwSignal::new(None);
    view! {
        <div class="card stack">
            {dynamic(move || match sent_to.get() {
                None => view! { <EmailForm sent_to/> {other_ways.run(())} }.into_any(),
                Some((email, delayed)) => view! { <CodeForm email delayed sent_to/> }.into_any(),
            })}
        </div>
    }
}

fn typed(node: NodeRef<Input>) -> String {
    let input = node.get_untracked();
    input.map_or_else(String::new, |input| input.value().trim().to_owned())
}

#[component]
fn EmailForm(sent_to: SentTo) -> impl IntoView {
    let email = NodeRef::<Input>::new();
    let faults = FormFaults::new();
    let failure = RwSignal::new(None::<ClientError>);
    let request = Action::new(move || {
        Box::pin(async move {
            let address = typed(email);
            match Client.request_code(&address).await {
                Ok(delayed) => {
                    sent_to.set(Some((address, delayed)));
                    browser::focus_soon("#code");
                }
                Err(error) => {
                    faults.set_from(&error);
                    failure.set(Some(error));
                }
            }
        })
    });
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        failure.set(None);
        if typed(email).contains('@') {
            faults.set(Vec::new());
            request.start();
        } else {
            let message = "Enter an email address, such as jane@example.com.";
            faults.set(vec![field_fault("email", message)]);
        }
    };
    view! {
        <form class="stack" novalidate on:submit=handler(submit)>
            <h2>"Sign in or create an account"</h2>
            <Field label="Email" name="email" node=email faults kind="email"
                autocomplete="username webauthn"
                required=true hint="We send you a code. No password is needed."/>
            {dynamic_option(move || failure.get().map(|error| error_notice(&error, None)))}
            <SubmitButton label="Send code".to_owned() doing="Sending…" busy=request.busy()/>
        </form>
    }
}

#[component]
fn CodeForm(email: String, delayed: bool, sent_to: SentTo) -> impl IntoView {
    let arrival = Arrival::new();
    let code = NodeRef::<Input>::new();
    let faults = FormFaults::new();
    let failure = RwSignal::new(None::<ClientError>);
    let address = StoredValue::new(email.clone());
    let verify = Action::new(move || {
        Box::pin(async move {
            let verified = Client.verify_code(&address.get_value(), &typed(code)).await;
            let arrived = match verified {
                Ok(account) => arrival.of(account).await,
                Err(error) => Err(error),
            };
            match arrived {
                Ok(()) => offer_passkey(),
                Err(error) if error.is_unauthorized() => faults.set(vec![refused_code()]),
                Err(error) => failure.set(Some(error)),
            }
        })
    });
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        failure.set(None);
        let fault = incomplete_code(&typed(code));
        let is_complete = fault.is_none();
        faults.set(fault.into_iter().collect());
        if is_complete {
            verify.start();
        }
    };
    let hint = match delayed {
        true => "Emails are delayed right now. It can take up to 10 minutes.",
        false => "No email? Look in the spam folder, or wait a minute.",
    };
    view! {
        <form class="stack" novalidate on:submit=handler(submit)>
            <h2>"Enter the code"</h2>
            <p>"We sent it to " <strong translate="no">{email}</strong> ". It is valid for 10 minutes."</p>
            <Field label="Code" name="code" node=code faults input_mode="numeric"
                autocomplete="one-time-code" required=true hint/>
            {dynamic_option(move || failure.get().map(|error| error_notice(&error, None)))}
            <SubmitButton label="Continue".to_owned() doing="Checking…" busy=verify.busy()/>
            <button type="button" class="button wide" on:click=handler(move |_| sent_to.set(None))>
                "Use another email or get a new code"
            </button>
        </form>
    }
}
