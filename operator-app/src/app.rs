//! The component `App`: provides the context of all pages, and shows the page of the current
//! screen.

use leptos::prelude::*;

use crate::{
    browser::{self, spawn},
    client::SessionClient,
    components::{Clock, HeadingFocus, OfflineBanner, SignInAgain, dynamic, load},
    context::{CurrentSession, MyTasks, OnlineStatus},
    frame::{ActiveTask, Frame, UpdateBanner},
    lazy::LazyPages,
    outbox::Outbox,
    pages::{SignInPage, TasksPage},
    route::Route,
    screen::{LazyPage, Screen},
    session::Session,
};

/// The root component of the app.
#[component]
pub(crate) fn App() -> impl IntoView {
    let session = RwSignal::new(Session::load());
    let online = RwSignal::new(browser::is_online());
    provide_context(CurrentSession(session));
    provide_context(SignInAgain(Callback::new(move |()| {
        session.set(another_session(session.get_untracked().as_ref()));
    })));
    provide_context(Clock::start());
    provide_context(OnlineStatus(online));
    provide_context(Outbox::new());
    let heading_focus = HeadingFocus::new();
    provide_context(heading_focus);
    let route = Route::follow(heading_focus);
    provide_context(route);
    // On the way to an issuer and back there is no token, so nothing of the operator can be loaded.
    let is_between = Memo::new(move |_| route.screen() == Some(Screen::SIGN_IN));
    provide_context(LazyPages::fetch());
    for event in ["online", "offline"] {
        let listener =
            window_event_listener_untyped(event, move |_| online.set(browser::is_online()));
        on_cleanup(|| listener.remove());
    }
    view! {
        {dynamic(move || match session.get().filter(|_| !is_between.get()) {
                None => view! { <SignedOut/> }.into_any(),
                Some(session) => view! { <SignedIn session/> }.into_any(),
            })}
    }
}

/// Returns the session of another person, who has signed in meanwhile in another tab. If there is
/// none, the ended one is removed.
fn another_session(ended: Option<&Session>) -> Option<Session> {
    let stored = Session::load();
    let is_same = |stored: &Session| ended.is_none_or(|it| it.operator_id == stored.operator_id);
    if stored.as_ref().is_none_or(is_same) {
        Session::clear();
        return None;
    }
    stored
}

/// The app without a session. Every path except that of sign-up shows the sign-in page, and the
/// address bar keeps the path, so that its screen is shown after sign-in.
#[component]
fn SignedOut() -> impl IntoView {
    let OnlineStatus(online) = expect_context();
    let route: Route = expect_context();
    let pages: LazyPages = expect_context();
    let other_ways = Callback::new(move |methods| pages.show_other_ways(methods));
    view! {
        <div class="frame signed-out">
            <OfflineBanner online/>
            <UpdateBanner/>
            <main id="main" tabindex="-1">
                {dynamic(move || match route.screen() {
                    Some(Screen::SIGN_UP) => pages.show(LazyPage::SignUp),
                    Some(Screen::SIGN_IN) => pages.show(LazyPage::SignIn),
                    _ => view! { <SignInPage other_ways/> }.into_any(),
                })}
            </main>
        </div>
    }
}

/// The app with a session. Only this component provides a [`SessionClient`].
#[component]
fn SignedIn(session: Session) -> impl IntoView {
    let client = SessionClient::new(session);
    let outbox: Outbox = expect_context();
    provide_context(client.clone());
    let loading = client.clone();
    provide_context(MyTasks(load(move || {
        outbox.received();
        let client = loading.clone();
        Box::pin(async move { client.my_tasks(None).await })
    })));
    send_when_possible(outbox, &client);
    let route: Route = expect_context();
    let pages: LazyPages = expect_context();
    view! {
        <Frame>
            <ActiveTask/>
            <main id="main" tabindex="-1">
                {pages.show_passkey_offer()}
                {dynamic(move || page(route.screen(), pages))}
            </main>
        </Frame>
    }
}

/// Returns the view of a screen for a signed-in operator, who cannot sign up again.
fn page(screen: Option<Screen>, pages: LazyPages) -> AnyView {
    match screen {
        Some(Screen::Tasks) => view! { <TasksPage/> }.into_any(),
        Some(Screen::SIGN_UP | Screen::SIGN_IN) | None => pages.show_not_found(),
        Some(Screen::Lazy(page)) => pages.show(page),
    }
}

/// Sends unsent proofs at the start, when the network comes back, and whenever the page becomes
/// visible again, because not every phone lets an app run in the background.
fn send_when_possible(outbox: Outbox, client: &SessionClient) {
    spawn(outbox.open(client.clone()));
    on_cleanup(move || outbox.close());
    for event in ["online", "visibilitychange"] {
        let listener = window_event_listener_untyped(event, move |_| {
            let visible = document().visibility_state() == web_sys::VisibilityState::Visible;
            if visible && browser::is_online() {
                spawn(outbox.refresh());
            }
        });
        on_cleanup(|| listener.remove());
    }
}
