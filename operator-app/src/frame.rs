//! The frame around every page: navigation, banners, and the link to the active task.

use api_types::status::Status;
use leptos::prelude::*;

use crate::{
    boot::BootOffer,
    browser,
    components::{
        Countdown, Icon, OfflineBanner, Shape, derive_text, dynamic_option, empty_view, handler,
    },
    context::{MyTasks, OnlineStatus},
    outbox::Outbox,
    route::Route,
    screen::{LazyPage, Screen},
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
        <a class="skip" href="#main" on:click=handler(skip)>"Skip to content"</a>
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
            <a class="brand" translate="no" href=Screen::Tasks.path() aria-hidden="true" tabindex="-1">"HumanOps"</a>
            {nav_link(Screen::Tasks, "Tasks", Shape::Tasks, empty_view())}
            {nav_link(Screen::MY_TASKS, "My tasks", Shape::Mine, badge)}
            {nav_link(Screen::EARNINGS, "Earnings", Shape::Earnings, empty_view())}
            {nav_link(Screen::PROFILE, "Profile", Shape::Profile, empty_view())}
        </nav>
    }
}

fn nav_link(screen: Screen, name: &'static str, shape: Shape, badge: AnyView) -> AnyView {
    let route: Route = expect_context();
    let current = derive_text(move || {
        let is_current = route.screen() == Some(screen);
        if is_current { "page" } else { "false" }.to_owned()
    });
    view! {
        <a class="place" href=screen.path() aria-current=current>
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
        let screen = route.screen();
        let tasks = mine.get().and_then(Result::ok)?;
        let task = tasks
            .data
            .into_iter()
            .find(|task| matches!(task.status, Status::Accepted | Status::InProgress))?;
        let is_shown = match screen {
            Some(Screen::Lazy(LazyPage::Task(id) | LazyPage::Proof(id))) => id == task.task_id,
            screen => screen == Some(Screen::MY_TASKS),
        };
        (!is_shown).then_some(task)
    };
    dynamic_option(move || {
        active().map(|task| {
            view! {
                <aside class="active-task" aria-label="Your active task">
                    <a href=Screen::task(task.task_id).path()>
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
    let ready = BootOffer::Update.available();
    view! {
        <div role="status">
            {dynamic_option(move || ready.get().then(|| view! {
                <div class="banner plain">
                    "A new version is ready."
                    <button type="button" class="button slim" on:click=handler(|_| BootOffer::Update.accept())>
                        "Update"
                    </button>
                </div>
            }.into_any()))}
        </div>
    }
}
