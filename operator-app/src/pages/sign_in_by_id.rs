//! Sign-in by the operator id alone, for development.

use api_types::{OperatorId, error::ErrorCode};
use leptos::{ev::SubmitEvent, html::Input, prelude::*};

use crate::{
    client::SessionClient,
    components::{
        Action, Field, FormFaults, derive_flag, derive_text, dynamic_option, error_notice,
        field_fault, handler,
    },
    context::CurrentSession,
    response::ClientError,
    screen::Screen,
    session::Authentication,
};

/// Signs in with an operator id, which only a server on the same machine accepts.
#[component]
pub(crate) fn SignInById() -> impl IntoView {
    view! {
        <section class="stack" aria-labelledby="development">
            <h2 id="development" class="quiet">"For development on this machine"</h2>
            <a class="button wide" href=Screen::SIGN_UP.path()>"Create an account"</a>
            <SignInForm/>
        </section>
    }
}

#[component]
fn SignInForm() -> impl IntoView {
    let CurrentSession(current) = expect_context();
    let id = NodeRef::<Input>::new();
    let faults = FormFaults::new();
    let failure = RwSignal::new(None);

    let typed = move || {
        let text = id
            .get_untracked()
            .map(|input| input.value())
            .unwrap_or_default();
        text.trim().parse::<OperatorId>()
    };
    let sign_in = Action::new(move || {
        Box::pin(async move {
            let Ok(id) = typed() else { return };
            match SessionClient::sign_in(id, Authentication::DevelopmentHeader).await {
                Ok(session) => {
                    session.save();
                    current.set(Some(session));
                }
                Err(error) if is_unknown(&error) => faults.set(vec![field_fault(
                    "operator_id",
                    "This ID does not exist, or this server does not allow sign-in by ID. Check the ID, \
                     or create an account.",
                )]),
                Err(error) => failure.set(Some(error)),
            }
        })
    });
    let busy = sign_in.busy();
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        failure.set(None);
        match typed() {
            Ok(_) => {
                faults.set(Vec::new());
                sign_in.start();
            }
            Err(_) => faults.set(vec![field_fault(
                "operator_id",
                "An operator ID starts with op_, followed by 26 letters and digits.",
            )]),
        }
    };

    view! {
        <form class="card stack" novalidate on:submit=handler(submit)>
            <h3>"Sign in by ID"</h3>
            <Field
                label="Operator ID"
                name="operator_id"
                node=id
                faults
                autocomplete="username"
                required=true
                hint="You received it when you created your account."
            />
            {dynamic_option(move || failure.get().map(|error| error_notice(&error, None)))}
            <button type="submit" class="button wide" aria-disabled=derive_flag(move || busy.get())>
                {derive_text(move || if busy.get() { "Signing in…" } else { "Sign in" }.to_owned())}
            </button>
        </form>
    }
}

fn is_unknown(error: &ClientError) -> bool {
    matches!(error, ClientError::Refused(body, _)
        if matches!(body.code, ErrorCode::Unauthorized | ErrorCode::NotFound))
}
