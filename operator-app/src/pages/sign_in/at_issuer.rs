//! Sign-in at an OpenID Connect issuer: the button that leads there, and the page that the issuer
//! sends the person back to.

use api_types::session::OidcMethod;
use leptos::prelude::*;

use super::Arrival;
use crate::{
    browser::{self, spawn},
    client::Client,
    components::{PageLayout, dynamic, error_notice, handler},
    context::CurrentSession,
    destination, oidc,
    oidc::PendingSignIn,
    response::ClientError,
    route::Route,
    session::{self, Session},
};

/// A button that leads to the issuer.
#[component]
pub(super) fn SignInAtIssuer(method: OidcMethod, is_only_way: bool) -> impl IntoView {
    let route: Route = expect_context();
    let host = method
        .issuer
        .trim_start_matches("https://")
        .trim_end_matches('/');
    let label = format!("Continue with {host}");
    let class = if is_only_way {
        "button primary wide"
    } else {
        "button wide"
    };
    let leave = move |_| {
        destination::keep(route.screen_untracked());
        leave(&method, false);
    };
    view! { <button type="button" class=class on:click=handler(leave)>{label}</button> }
}

fn leave(method: &OidcMethod, silent: bool) {
    // Without random bytes the browser stays here.
    if let Ok(url) = oidc::begin(method, silent) {
        browser::leave_for(&url);
    }
}

/// Why the person is not signed in.
#[derive(Clone)]
enum Failure {
    /// The issuer refused, with a code of RFC 6749 §4.1.2.1.
    Issuer(String),
    /// The answer belongs to no sign-in of this tab.
    Unexpected,
    Client(ClientError),
}

/// Ends a sign-in at the issuer, or begins a silent one.
#[component]
pub(crate) fn IssuerReturnPage() -> impl IntoView {
    let arrival = Arrival::new();
    let (CurrentSession(current), route) = (expect_context(), expect_context::<Route>());
    let failure = RwSignal::new(None::<Failure>);
    spawn(async move {
        let result = match browser::query_parameter("error") {
            None => arrive(arrival).await,
            Some(code) if code == "login_required" || code == "interaction_required" => {
                oidc::record_silent_failure();
                return route.replace(destination::take());
            }
            Some(code) => Err(Failure::Issuer(code)),
        };
        failure.try_set(result.err());
    });
    // An answer that belongs to no sign-in, such as one from the history or of a foreign link, ends
    // no session that began here.
    let is_signed_in_here = move || {
        let session = current.get_untracked();
        session.is_some_and(|session| !session.at_issuer)
    };
    let again = move |_| {
        if !is_signed_in_here() {
            Session::clear();
            current.set(None);
        }
        route.replace(destination::take());
    };
    let again_label = move || match is_signed_in_here() {
        true => "Continue",
        false => "Back to sign-in",
    };
    view! {
        <PageLayout title="Sign in">
            {dynamic(move || match failure.get() {
                None => view! { <p role="status">"Signing in…"</p> }.into_any(),
                Some(failure) => view! {
                    {notice(failure)}
                    <button type="button" class="button primary wide" on:click=handler(again)>
                        {again_label()}
                    </button>
                }.into_any(),
            })}
        </PageLayout>
    }
}

async fn arrive(arrival: Arrival) -> Result<(), Failure> {
    let (code, state) = (
        browser::query_parameter("code"),
        browser::query_parameter("state"),
    );
    let (Some(code), Some(state)) = (code, state) else {
        return begin_silently(arrival).await;
    };
    let pending = PendingSignIn::take(&state).ok_or(Failure::Unexpected)?;
    let id_token = Client
        .exchange_code(&pending, &code)
        .await
        .map_err(Failure::Client)?;
    let (lasts, issuer) = pending.read(&id_token).ok_or(Failure::Unexpected)?;
    session::keep_token(id_token, lasts, issuer, None);
    oidc::forget_silent_failure();
    let account = Client.account().await.map_err(Failure::Client)?;
    arrival.of(account).await.map_err(Failure::Client)
}

async fn begin_silently(arrival: Arrival) -> Result<(), Failure> {
    if browser::query_parameter("renew").is_none() {
        arrival.route.replace(destination::take());
        return Ok(());
    }
    let methods = Client.sign_in_methods().await.map_err(Failure::Client)?;
    let method = methods.oidc.ok_or(Failure::Unexpected)?;
    leave(&method, true);
    Ok(())
}

/// Returns whether a text is like the error codes of OpenID Connect. Anything else may be a text of
/// a stranger who made the link, and is not shown.
fn is_error_code(text: &str) -> bool {
    const CHARS_MAX: usize = 40;
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte == b'_';
    (1..=CHARS_MAX).contains(&text.len()) && text.bytes().all(is_plain)
}

fn notice(failure: Failure) -> AnyView {
    let sentence = match failure {
        Failure::Client(error) => return error_notice(&error, None),
        Failure::Issuer(code) if code == "access_denied" => {
            "You did not allow the sign-in. Nothing has changed.".to_owned()
        }
        Failure::Issuer(code) if is_error_code(&code) => {
            format!("The sign-in service refused: {code}.")
        }
        Failure::Issuer(_) => "The sign-in service refused.".to_owned(),
        Failure::Unexpected => {
            "This sign-in did not begin in this tab, or took too long. Start it again.".to_owned()
        }
    };
    view! { <p class="notice bad" role="alert">{sentence}</p> }.into_any()
}
