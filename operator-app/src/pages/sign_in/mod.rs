//! The sign-in page, with an introduction. An address that is known signs in, and any other leads
//! to the registration.

mod at_issuer;
mod by_code;
mod by_passkey;

use api_types::{OperatorId, session::SignInMethods};
use leptos::prelude::*;

use crate::{
    browser,
    client::{Client, SessionClient},
    components::{HeadingFocus, Icon, Shape, load, loaded_view},
    context::CurrentSession,
    destination, passkey,
    response::ClientError,
    route::Route,
    screen::Screen,
};
pub(crate) use at_issuer::IssuerReturnPage;
use at_issuer::SignInAtIssuer;
use by_code::SignInByCode;
use by_passkey::SignInByPasskey;

/// Signs in by a code that is sent by e-mail, or in another way.
#[component]
pub(crate) fn SignInPage(
    /// The ways to sign in other than by a code.
    other_ways: Callback<SignInMethods, AnyView>,
) -> impl IntoView {
    let methods = load(|| Box::pin(Client.sign_in_methods()));
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
            {loaded_view(methods, move |methods| {
                let by_code = methods.builtin;
                let others = Callback::new(move |()| other_ways.run(methods.clone()));
                match by_code {
                    true => view! { <SignInByCode other_ways=others/> }.into_any(),
                    false => view! {
                        <div class="card stack">
                            <h2>"Sign in or create an account"</h2>
                            {others.run(())}
                        </div>
                    }
                    .into_any(),
                }
            })}
        </div>
    }
}

/// The ways to sign in other than by a code.
#[component]
pub(crate) fn OtherWays(methods: SignInMethods) -> impl IntoView {
    let by_passkey = methods.passkeys && passkey::are_supported();
    let is_only_way = !methods.builtin;
    view! {
        {by_passkey.then(|| view! { <SignInByPasskey/> }.into_any())}
        {methods.oidc.map(|method| view! { <SignInAtIssuer method is_only_way/> }.into_any())}
    }
}

/// Leads a person who has proved who they are to the app, or to the registration.
#[derive(Clone, Copy)]
struct Arrival {
    session: CurrentSession,
    route: Route,
}

impl Arrival {
    fn new() -> Self {
        Self {
            session: expect_context(),
            route: expect_context(),
        }
    }

    /// Signs in to the account, or leads to the registration if there is none yet.
    async fn of(self, account: Option<OperatorId>) -> Result<(), ClientError> {
        let Some(id) = account else {
            destination::keep(self.route.screen_untracked());
            self.route.replace(Screen::SIGN_UP);
            return Ok(());
        };
        let session = SessionClient::sign_in(id).await?;
        session.save();
        if self.route.screen_untracked() == Some(Screen::SIGN_IN) {
            self.route.replace(destination::take());
        }
        self.session.0.set(Some(session));
        Ok(())
    }
}
