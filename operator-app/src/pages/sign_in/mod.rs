//! The sign-in page, with an introduction. An address that is known signs in, and any other leads
//! to the registration.

mod by_code;
mod by_passkey;

use api_types::OperatorId;
use leptos::prelude::*;

use crate::{
    browser,
    client::SessionClient,
    components::{HeadingFocus, Icon, Shape},
    context::CurrentSession,
    destination,
    response::ClientError,
    route::Route,
    screen::Screen,
};
use by_code::SignInByCode;
pub(crate) use by_passkey::SignInByPasskey;

/// Signs in by a code that is sent by e-mail, or in another way.
#[component]
pub(crate) fn SignInPage(
    /// The other ways to sign in, shown beside that by a code.
    beside: Callback<(), AnyView>,
) -> impl IntoView {
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
            <SignInByCode beside/>
        </div>
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
            destination::keep(self.route.screen());
            self.route.replace(Screen::SIGN_UP);
            return Ok(());
        };
        let session = SessionClient::sign_in(id).await?;
        session.save();
        self.session.0.set(Some(session));
        Ok(())
    }
}
