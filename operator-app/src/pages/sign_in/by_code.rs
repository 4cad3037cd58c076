//! Sign-in by a code that is sent by e-mail.

use std::time::Duration;

use api_types::Timestamp;
use leptos::{ev::SubmitEvent, html::Input, prelude::*};
use serde::{Deserialize, Serialize};

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

/// The key under which the tab stores where the last code was sent.
const KEY: &str = "humanops.code";

/// How long a code is valid.
const CODE_LASTS: Duration = Duration::from_secs(10 * 60);

/// A code that was sent. The tab keeps it, because a phone may discard the page while its owner
/// reads the mail. This is not the code itself.
#[derive(Clone, Serialize, Deserialize)]
struct SentCode {
    email: String,
    /// Whether the mail may take longer.
    delayed: bool,
    sent_at: Timestamp,
}

impl SentCode {
    /// Returns the last code of this tab, if it may still be valid.
    fn load() -> Option<Self> {
        let sent: Self = serde_json::from_str(&browser::take_from_tab(KEY)?).ok()?;
        if browser::now() >= sent.sent_at.after(CODE_LASTS) {
            return None;
        }
        sent.save();
        Some(sent)
    }

    fn save(&self) {
        if let Ok(text) = serde_json::to_string(self) {
            browser::store_for_tab(KEY, &text);
        }
    }

    fn forget() {
        browser::take_from_tab(KEY);
    }
}

/// The code that the person is asked for.
type SentTo = RwSignal<Option<SentCode>>;

/// Asks for the address, and then for the code. The other ways are shown with the address.
#[component]
pub(super) fn SignInByCode(other_ways: Callback<(), AnyView>) -> impl IntoView {
    let sent_to: SentTo = RwSignal::new(SentCode::load());
    view! {
        <div class="card stack">
            {dynamic(move || match sent_to.get() {
                None => view! { <EmailForm sent_to/> {other_ways.run(())} }.into_any(),
                Some(sent) => view! { <CodeForm sent sent_to/> }.into_any(),
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
                    let sent = SentCode {
                        email: address,
                        delayed,
                        sent_at: browser::now(),
                    };
                    sent.save();
                    sent_to.set(Some(sent));
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
fn CodeForm(sent: SentCode, sent_to: SentTo) -> impl IntoView {
    let SentCode { email, delayed, .. } = sent;
    let arrival = Arrival::new();
    let code = NodeRef::<Input>::new();
    let faults = FormFaults::new();
    let failure = RwSignal::new(None::<ClientError>);
    let address = StoredValue::new(email.clone());
    let verify = Action::new(move || {
        Box::pin(async move {
            let verified = Client.verify_code(&address.get_value(), &typed(code)).await;
            let arrived = match verified {
                Ok(account) => {
                    SentCode::forget();
                    arrival.of(account).await
                }
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
    let another = move |_| {
        SentCode::forget();
        sent_to.set(None);
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
            <button type="button" class="button wide" on:click=handler(another)>
                "Use another email or get a new code"
            </button>
        </form>
    }
}
