//! The confirmation of an address that the sign-in service does not vouch for.

use leptos::{ev::SubmitEvent, html::Input, prelude::*};

use crate::{
    client::SessionClient,
    components::{Action, Field, FormFaults, SubmitButton, dynamic_option, error_notice, handler},
    pages::code_faults::{incomplete_code, refused_code},
    response::ClientError,
};

/// Asks for the code that was mailed to the operator's address.
#[component]
pub(super) fn ConfirmEmail(on_confirmed: Callback<()>) -> impl IntoView {
    let client: SessionClient = expect_context();
    let code = NodeRef::<Input>::new();
    let faults = FormFaults::new();
    let failure = RwSignal::new(None::<ClientError>);
    let is_sent_again = RwSignal::new(false);
    let typed = move || {
        code.get_untracked()
            .map_or_else(String::new, |input| input.value())
    };
    let confirming = client.clone();
    let confirm = Action::new(move || {
        let client = confirming.clone();
        Box::pin(async move {
            match client.confirm_email(typed().trim().to_owned()).await {
                Ok(_) => on_confirmed.run(()),
                Err(error) if error.is_unauthorized() => faults.set(vec![refused_code()]),
                Err(error) => failure.set(Some(error)),
            }
        })
    });
    let send_again = Action::new(move || {
        let client = client.clone();
        Box::pin(async move {
            let sent = client.request_confirmation().await;
            is_sent_again.set(sent.is_ok());
            failure.set(sent.err());
        })
    });
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        failure.set(None);
        let fault = incomplete_code(&typed());
        let is_complete = fault.is_none();
        faults.set(fault.into_iter().collect());
        if is_complete {
            confirm.start();
        }
    };
    view! {
        <form class="card stack" novalidate on:submit=handler(submit)>
            <h2>"Confirm your email"</h2>
            <p>"Enter the code that we sent you. Until then you cannot accept tasks."</p>
            <Field label="Code" name="code" node=code faults input_mode="numeric"
                autocomplete="one-time-code" required=true/>
            {dynamic_option(move || failure.get().map(|error| error_notice(&error, None)))}
            <SubmitButton label="Confirm".to_owned() doing="Checking…" busy=confirm.busy()/>
            <button type="button" class="button wide" on:click=handler(move |_| send_again.start())>
                "Send another code"
            </button>
            {dynamic_option(move || is_sent_again.get().then(|| view! {
                <p class="quiet" role="status">"Another code is on its way."</p>
            }.into_any()))}
        </form>
    }
}
