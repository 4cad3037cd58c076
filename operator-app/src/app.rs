//! The component `App`: the context that every page can use, and the table of pages.

use api_types::{app_page::AppPage, page::Page as TasksPage, task::OperatorTaskView};
use leptos::prelude::*;

use crate::{
    browser,
    client::SessionClient,
    components::{Clock, Loading, Offline, Reading, live, load, spawn},
    frame::{ActiveTask, Frame, Update},
    later::{Later, LaterPages},
    outbox::Outbox,
    pages::{FindPage, SignInPage},
    route::Route,
    session::Session,
};

/// The session of the signed-in operator, or `None`.
#[derive(Clone, Copy)]
pub(crate) struct CurrentSession(pub(crate) RwSignal<Option<Session>>);

/// Whether the phone has a network connection.
#[derive(Clone, Copy)]
pub(crate) struct Network(pub(crate) RwSignal<bool>);

/// The tasks that the operator claimed. The frame shows the active one, and a page shows all.
#[derive(Clone, Copy)]
pub(crate) struct MyTasks(pub(crate) Loading<TasksPage<OperatorTaskView>>);

/// The root component of the app.
#[component]
pub(crate) fn App() -> impl IntoView {
    let session = RwSignal::new(Session::recall());
    let online = RwSignal::new(browser::is_online());
    provide_context(CurrentSession(session));
    provide_context(Clock::start());
    provide_context(Network(online));
    provide_context(Outbox::new());
    let reading = Reading::new();
    provide_context(reading);
    provide_context(Route::follow(reading));
    provide_context(LaterPages::fetch());
    for event in ["online", "offline"] {
        let listener =
            window_event_listener_untyped(event, move |_| online.set(browser::is_online()));
        on_cleanup(|| listener.remove());
    }
    view! {
        {live(move || match session.get() {
                None => view! { <SignedOut/> }.into_any(),
                Some(session) => view! { <SignedIn session/> }.into_any(),
            })}
    }
}

/// The app without a session. Every path but the one for sign-up shows the sign-in page, and the
/// address stays in the address bar for after sign-in.
#[component]
fn SignedOut() -> impl IntoView {
    let Network(online) = expect_context();
    let route: Route = expect_context();
    let pages: LaterPages = expect_context();
    view! {
        <div class="frame signed-out">
            <Offline online/>
            <Update/>
            <main id="main" tabindex="-1">
                {live(move || match AppPage::parse(&route.path()) {
                    Some(AppPage::SignUp) => pages.show(Later::SignUp),
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
    let pages: LaterPages = expect_context();
    view! {
        <Frame>
            <ActiveTask/>
            <main id="main" tabindex="-1">
                {live(move || page(&route.path(), pages))}
            </main>
        </Frame>
    }
}

/// Returns the view of the page at `path`. [`AppPage`] maps paths to pages.
fn page(path: &str, pages: LaterPages) -> AnyView {
    let later = match AppPage::parse(path) {
        Some(AppPage::Find) => return view! { <FindPage/> }.into_any(),
        Some(AppPage::Task(id)) => Later::Task(id),
        Some(AppPage::Proof(id)) => Later::Proof(id),
        Some(AppPage::Mine) => Later::Mine,
        Some(AppPage::Earnings) => Later::Earnings,
        Some(AppPage::Profile) => Later::Profile,
        Some(AppPage::SignUp) | None => Later::NotFound,
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
                spawn(outbox.look_again());
            }
        });
        on_cleanup(|| listener.remove());
    }
}
