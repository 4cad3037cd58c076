//! The sign-in page, with an introduction. An address that is known signs in, and any other leads
//! to the registration.

use api_types::session::CODE_DIGITS;
use leptos::{ev::SubmitEvent, html::Input, prelude::*};

use crate::{
    browser,
    client::{Client, SessionClient},
    components::{
        Action, Field, FormFaults, HeadingFocus, Icon, Shape, SubmitButton, dynamic,
        dynamic_option, error_notice, field_fault, handler,
    },
    context::CurrentSession,
    pages::sign_in_by_id::SignInById,
    response::ClientError,
    route::Route,
    screen::Screen,
    session::Authentication,
};

/// Signs in by a code that is sent by e-mail.
#[component]
pub(crate) fn SignInPage() -> impl IntoView {
    let heading_focus: HeadingFocus = expect_context();
    browser::set_title("Sign in");
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
            <SignInByCode/>
            {browser::is_own_machine().then(|| view! { <SignInById/> }.into_any())}
        </div>
    }
}

/// The address that a code was sent to, once it was, and whether the mail may take longer.
type SentTo = RwSignal<Option<(String, bool)>>;

#[component]
fn SignInByCode() -> impl IntoView {
    let sent_to: SentTo = RwSignal::new(None);
    view! {
        <div class="card">
            {dynamic(move || match sent_to.get() {
                None => view! { <EmailForm sent_to/> }.into_any(),
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
            <Field label="Email" name="email" node=email faults kind="email" autocomplete="email"
                required=true hint="We send you a code. No password is needed."/>
            {dynamic_option(move || failure.get().map(|error| error_notice(&error, None)))}
            <SubmitButton label="Send code".to_owned() doing="Sending…" busy=request.busy()/>
        </form>
    }
}

#[component]
fn CodeForm(email: String, delayed: bool, sent_to: SentTo) -> impl IntoView {
    let CurrentSession(current) = expect_context();
    let route: Route = expect_context();
    let code = NodeRef::<Input>::new();
    let faults = FormFaults::new();
    let failure = RwSignal::new(None::<ClientError>);
    let address = StoredValue::new(email.clone());
    let verify = Action::new(move || {
        Box::pin(async move {
            let verified = Client.verify_code(&address.get_value(), &typed(code)).await;
            let signed_in = match verified {
                Ok(Some(id)) => SessionClient::sign_in(id, Authentication::AccessToken).await,
                Ok(None) => return route.replace(Screen::SIGN_UP),
                Err(error) => Err(error),
            };
            match signed_in {
                Ok(session) => {
                    session.save();
                    current.set(Some(session));
                }
                Err(error) if error.is_unauthorized() => faults.set(vec![field_fault(
                    "code",
                    "This code is wrong or no longer valid. Enter the code of the latest email.",
                )]),
                Err(error) => failure.set(Some(error)),
            }
        })
    });
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        failure.set(None);
        let digits = typed(code).chars().filter(char::is_ascii_digit).count();
        if digits == CODE_DIGITS {
            faults.set(Vec::new());
            verify.start();
        } else {
            faults.set(vec![field_fault(
                "code",
                "Enter the six digits of the email.",
            )]);
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
