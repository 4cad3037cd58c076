//! The frame around every page: navigation, banners, and the link to the active task.

use api_types::status::Status;
use leptos::prelude::*;
use web_sys::Event;

use crate::{
    app::{MyTasks, OnlineStatus},
    browser,
    components::{
        Countdown, Icon, OfflineBanner, Shape, derive_text, dynamic_option, empty_view, handler,
    },
    outbox::Outbox,
    route::Route,
};

/// The frame of the pages that need a session.
#[component]
pub(crate) fn Frame(children: Children) -> impl IntoView {
    let OnlineStatus(online) = expect_context();
    let skip = |event: leptos::ev::MouseEvent| {
        event.prevent_default();
        browser::focus_soon("#main");
    };
    view! {
        <a class="skip" href="#main" on:click=handler(skip)>"Skip to the content"</a>
        <div class="frame">
            <OfflineBanner online/>
            <UpdateBanner/>
            {children()}
            <Navigation/>
        </div>
    }
}

#[component]
fn Navigation() -> impl IntoView {
    let outbox: Outbox = expect_context();
    let waiting = move || outbox.all().len();
    let badge = dynamic_option(move || {
        let number = waiting();
        (number > 0).then(|| {
            view! {
                <span class="badge">{number}<span class="visually-hidden">" not sent"</span></span>
            }
            .into_any()
        })
    });
    view! {
        <nav class="navigation" aria-label="Main">
            <a class="brand" translate="no" href="/tasks" aria-hidden="true" tabindex="-1">"HumanOps"</a>
            {nav_link("/tasks", "Tasks", Shape::Tasks, empty_view())}
            {nav_link("/mine", "Mine", Shape::Mine, badge)}
            {nav_link("/earnings", "Earnings", Shape::Earnings, empty_view())}
            {nav_link("/profile", "Profile", Shape::Profile, empty_view())}
        </nav>
    }
}

fn nav_link(href: &'static str, name: &'static str, shape: Shape, badge: AnyView) -> AnyView {
    let route: Route = expect_context();
    let here = derive_text(move || {
        let path = route.path();
        let here = path == href || (path == "/" && href == "/tasks");
        if here { "page" } else { "false" }.to_owned()
    });
    view! {
        <a class="place" href=href aria-current=here>
            <span class="place-icon"><Icon shape/>{badge}</span>
            {name}
        </a>
    }
    .into_any()
}

/// The claimed task that is not done yet, shown on every page except its own and the list of
/// claimed tasks.
#[component]
pub(crate) fn ActiveTask() -> impl IntoView {
    let MyTasks(mine) = expect_context();
    let route: Route = expect_context();
    let active = move || {
        let path = route.path();
        let tasks = mine.get().and_then(Result::ok)?;
        let task = tasks
            .data
            .into_iter()
            .find(|task| matches!(task.status, Status::Accepted | Status::InProgress))?;
        (!path.starts_with(&format!("/tasks/{}", task.task_id)) && path != "/mine").then_some(task)
    };
    dynamic_option(move || {
        active().map(|task| {
            view! {
                <aside class="active-task" aria-label="Your active task">
                    <a href=format!("/tasks/{}", task.task_id)>
                        <span class="stack tight">
                            <span class="quiet">"Your task"</span>
                            <strong>{task.title}</strong>
                        </span>
                        <Countdown deadline=task.deadline/>
                        <Icon shape=Shape::Forward/>
                    </a>
                </aside>
            }
            .into_any()
        })
    })
}

/// Offers a new version once `boot.js` has loaded it. The app updates only when the person agrees.
#[component]
pub(crate) fn UpdateBanner() -> impl IntoView {
    let ready = RwSignal::new(was_announced("update"));
    let listener = window_event_listener_untyped("humanops-update", move |_| ready.set(true));
    on_cleanup(|| listener.remove());
    view! {
        <div role="status">
            {dynamic_option(move || ready.get().then(|| view! {
                <div class="banner plain">
                    "A new version is ready."
                    <button type="button" class="button slim" on:click=handler(|_| dispatch("humanops-update-now"))>
                        "Update"
                    </button>
                </div>
            }.into_any()))}
        </div>
    }
}

/// Returns whether `boot.js` has announced `what` before the app started to listen.
pub(crate) fn was_announced(what: &str) -> bool {
    let root = document().document_element();
    root.is_some_and(|root| root.has_attribute(&format!("data-{what}")))
}

/// Dispatches an event that tells `boot.js` what the person decided.
pub(crate) fn dispatch(what: &str) {
    if let Ok(event) = Event::new(what) {
        let _ = window().dispatch_event(&event);
    }
}
