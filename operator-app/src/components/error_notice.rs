//! An error as text, by its code; and the banner for a phone without a network.

use api_types::error::ErrorCode;
use leptos::prelude::*;

use crate::{
    components::{Icon, Shape, dynamic_option, handler},
    labels,
    response::ClientError,
    screen::Screen,
};

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
        ClientError::Unreachable | ClientError::Intercepted(_) | ClientError::Lost => None,
    };
    view! {
        <div class="notice bad" role="alert">
            <Icon shape=Shape::Warning/>
            <div class="stack small">
                <strong>{title}</strong>
                <p>{sentence}</p>
                {request_id.map(|id| view! {
                    <p class="quiet">"Request " <code translate="no">{id}</code></p>
                }.into_any())}
                {is_unauthorized(error).then(|| view! {
                    <a class="button" href=Screen::PROFILE.path()>"Go to Profile"</a>
                }.into_any())}
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

fn is_unauthorized(error: &ClientError) -> bool {
    matches!(error, ClientError::Refused(body, _) if body.code == ErrorCode::Unauthorized)
}

fn title(error: &ClientError) -> &'static str {
    match error {
        ClientError::Unreachable => "No connection",
        ClientError::Refused(body, _) => labels::error_title(body.code),
        ClientError::Intercepted(_) => "The server was not reached",
        ClientError::Lost => "What you wanted to send is gone",
    }
}

fn sentence(error: &ClientError) -> String {
    match error {
        ClientError::Unreachable => {
            "The server cannot be reached. Nothing is lost; try again when there is a network."
                .to_owned()
        }
        ClientError::Refused(body, _) if is_unauthorized(error) => format!(
            "{} Sign out under Profile, and sign in once more.",
            body.error
        ),
        ClientError::Refused(body, _) => {
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
        ClientError::Lost => {
            "This browser no longer has what was to be sent. Discard it and begin again.".to_owned()
        }
        ClientError::Intercepted(status) => format!(
            "Something else answered, with status {status}. If you are on a Wi-Fi that asks you to \
             sign in, do that first. Nothing is lost."
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
                    "No network. What you send waits on this phone."
                </p>
            }.into_any()))}
        </div>
    }
}
