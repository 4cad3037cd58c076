//! The component `App`: the context that every page can use, and the table of pages.

use api_types::{app_page::AppPage, page::Page, task::OperatorTaskView};
use leptos::prelude::*;

use crate::{
    browser,
    client::SessionClient,
    components::{Clock, HeadingFocus, Loadable, OfflineBanner, dynamic, load, spawn},
    frame::{ActiveTask, Frame, UpdateBanner},
    lazy::{LazyPage, LazyPages},
    outbox::Outbox,
    pages::{SignInPage, TasksPage},
    route::Route,
    session::Session,
};

/// The session of the signed-in operator, or `None`.
#[derive(Clone, Copy)]
pub(crate) struct CurrentSession(pub(crate) RwSignal<Option<Session>>);

/// Whether the phone has a network connection.
#[derive(Clone, Copy)]
pub(crate) struct OnlineStatus(pub(crate) RwSignal<bool>);

/// The tasks that the operator claimed. The frame shows the active one, and a page shows all.
#[derive(Clone, Copy)]
pub(crate) struct MyTasks(pub(crate) Loadable<Page<OperatorTaskView>>);

/// The root component of the app.
#[component]
pub(crate) fn App() -> impl IntoView {
    let session = RwSignal::new(Session::load());
    let online = RwSignal::new(browser::is_online());
    provide_context(CurrentSession(session));
    provide_context(Clock::start());
    provide_context(OnlineStatus(online));
    provide_context(Outbox::new());
    let heading_focus = HeadingFocus::new();
    provide_context(heading_focus);
    provide_context(Route::follow(heading_focus));
    provide_context(LazyPages::fetch());
    for event in ["online", "offline"] {
        let listener =
            window_event_listener_untyped(event, move |_| online.set(browser::is_online()));
        on_cleanup(|| listener.remove());
    }
    view! {
        {dynamic(move || match session.get() {
                None => view! { <SignedOut/> }.into_any(),
                Some(session) => view! { <SignedIn session/> }.into_any(),
            })}
    }
}

/// The app without a session. Every path but the one for sign-up shows the sign-in page, and the
/// address stays in the address bar for after sign-in.
#[component]
fn SignedOut() -> impl IntoView {
    let OnlineStatus(online) = expect_context();
    let route: Route = expect_context();
    let pages: LazyPages = expect_context();
    view! {
        <div class="frame signed-out">
            <OfflineBanner online/>
            <UpdateBanner/>
            <main id="main" tabindex="-1">
                {dynamic(move || match AppPage::parse(&route.path()) {
                    Some(AppPage::SignUp) => pages.show(LazyPage::SignUp),
                    _ => view! { <SignInPage/> }.into_any(),
                })}
            </main>
        </div>
    }
}

/// The app with a session. Only this component provides a [`SessionClient`].
#[component]
fn SignedIn(session: Session) -> impl IntoView {
    let client = session.client();
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
                {dynamic(move || page(&route.path(), pages))}
            </main>
        </Frame>
    }
}

/// Returns the view of the page at `path`. [`AppPage`] maps paths to pages.
fn page(path: &str, pages: LazyPages) -> AnyView {
    let later = match AppPage::parse(path) {
        Some(AppPage::Find) => return view! { <TasksPage/> }.into_any(),
        Some(AppPage::Task(id)) => LazyPage::Task(id),
        Some(AppPage::Proof(id)) => LazyPage::Proof(id),
        Some(AppPage::Mine) => LazyPage::Mine,
        Some(AppPage::Earnings) => LazyPage::Earnings,
        Some(AppPage::Profile) => LazyPage::Profile,
        Some(AppPage::SignUp) | None => LazyPage::NotFound,
    };
    pages.show(later)
}

/// Sends waiting proofs at the start, when the network comes back, and whenever the page becomes
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
