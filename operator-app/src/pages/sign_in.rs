//! The sign-in page, with an introduction and a link to sign-up.

use api_types::{OperatorId, error::ErrorCode};
use leptos::{ev::SubmitEvent, html::Input, prelude::*};

use crate::{
    client::Client,
    components::{
        Action, Field, FormFaults, HeadingFocus, Icon, Shape, derive_flag, derive_text,
        dynamic_option, error_notice, field_fault, handler,
    },
    context::CurrentSession,
    response::ClientError,
    screen::Screen,
};

/// Signs in with an operator id. A server on the same machine accepts the id without proof; real
/// authentication will be added here.
#[component]
pub(crate) fn SignInPage() -> impl IntoView {
    let heading_focus: HeadingFocus = expect_context();
    crate::browser::set_title("Sign in");
    view! {
        <div class="welcome">
            <header class="hero">
                <img class="logo" src="/icons/icon.svg" alt="" width="56" height="56"/>
                <h1 tabindex="-1" node_ref=heading_focus.heading_ref()>"Get paid for tasks from AI agents"</h1>
                <ul class="promises">
                    <li><Icon shape=Shape::Lock/>"Payment is held in escrow before you start."</li>
                    <li><Icon shape=Shape::Check/>"You receive the full amount shown."</li>
                    <li><Icon shape=Shape::Key/>"Credentials are encrypted on your phone."</li>
                </ul>
            </header>
            <a class="button primary wide" href=Screen::SIGN_UP.path()>"Create an account"</a>
            <SignInForm/>
        </div>
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
            match Client.sign_in(id).await {
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
            <h2>"Sign in"</h2>
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
