//! The notice that shows an error, and the banner for a phone without a network.

use api_types::error::ErrorCode;
use leptos::prelude::*;

use crate::{
    components::{Icon, Shape, dynamic_option, handler},
    labels,
    response::ClientError,
};

/// Leaves a session that has ended, so that the sign-in page is shown. The app provides it.
#[derive(Clone, Copy)]
pub(crate) struct SignInAgain(pub(crate) Callback<()>);

/// Shows what went wrong, what the server says to do, and the request id to find it in the server's
/// log.
pub(crate) fn error_notice(
    error: &ClientError,
    // Retries the request, where that can help.
    retry: Option<Callback<()>>,
) -> AnyView {
    let title = title(error);
    let sentence = sentence(error);
    let request_id = match error {
        ClientError::Refused(body, _) => Some(body.request_id.to_string()),
        ClientError::Unreachable
        | ClientError::Intercepted(_)
        | ClientError::SignedOut
        | ClientError::Lost => None,
    };
    view! {
        <div class="notice bad" role="alert">
            <Icon shape=Shape::Warning/>
            <div class="stack small">
                <strong>{title}</strong>
                <p>{sentence}</p>
                {request_id.map(|id| view! {
                    <p class="quiet">"Request ID " <code translate="no">{id}</code></p>
                }.into_any())}
                {error.is_unauthorized().then(sign_in_again)}
                {retry.map(|retry| view! {
                    <button type="button" class="button" on:click=handler(move |_| retry.run(()))>
                        <Icon shape=Shape::Refresh/>
                        "Try again"
                    </button>
                }.into_any())}
            </div>
        </div>
    }
    .into_any()
}

/// A button that leads to the sign-in page. The address bar keeps the path, so that the person goes
/// on where they were.
fn sign_in_again() -> AnyView {
    let SignInAgain(sign_in) = expect_context();
    view! {
        <button type="button" class="button" on:click=handler(move |_| sign_in.run(()))>
            "Sign in again"
        </button>
    }
    .into_any()
}

fn title(error: &ClientError) -> &'static str {
    match error {
        ClientError::Unreachable => "No connection",
        ClientError::Refused(body, _) => labels::error_title(body.code),
        ClientError::Intercepted(_) => "Could not reach the server",
        ClientError::SignedOut => labels::error_title(ErrorCode::Unauthorized),
        ClientError::Lost => "Data to send is missing",
    }
}

fn sentence(error: &ClientError) -> String {
    match error {
        ClientError::Unreachable => {
            "Check your internet connection, then try again. Nothing is lost.".to_owned()
        }
        ClientError::Refused(body, _) if body.code != ErrorCode::Unauthorized => {
            let faults = body.details.iter().map(|fault| match fault.field.as_str() {
                "" => fault.message.clone(),
                field => format!("{field}: {}", fault.message),
            });
            // If there is only one fault, the sentence already contains it.
            let faults = faults.filter(|fault| !body.error.contains(fault.as_str()));
            std::iter::once(body.error.clone())
                .chain(faults)
                .collect::<Vec<_>>()
                .join(" ")
        }
        ClientError::Refused(..) | ClientError::SignedOut => {
            "Your session has ended. What you have not sent stays on this phone.".to_owned()
        }
        ClientError::Lost => {
            "This browser no longer has the data to send. Discard the proof and start again."
                .to_owned()
        }
        // The proxy of a server that is down or restarts.
        ClientError::Intercepted(502..=504) => {
            "The server is down at the moment. Try again in a few minutes. Nothing is lost."
                .to_owned()
        }
        ClientError::Intercepted(status) => format!(
            "Something else on the network answered with status {status}. If your Wi-Fi has a \
             sign-in page, sign in there first. Nothing is lost."
        ),
    }
}

/// A banner that is shown while there is no network.
#[component]
pub(crate) fn OfflineBanner(
    /// Whether the phone has a network connection.
    online: RwSignal<bool>,
) -> impl IntoView {
    view! {
        <div role="status">
            {dynamic_option(move || (!online.get()).then(|| view! {
                <p class="banner">
                    <Icon shape=Shape::Offline/>
                    "You are offline. What you send is saved on this phone and sent later."
                </p>
            }.into_any()))}
        </div>
    }
}
