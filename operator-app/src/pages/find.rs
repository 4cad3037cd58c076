//! The page with open tasks to choose from.

use api_types::{Timestamp, page::Page as TaskPage, task::OperatorTaskView};
use leptos::prelude::*;

use crate::{
    browser,
    client::SessionClient,
    components::{Answer, Empty, Icon, Page, Shape, TaskCard, flag, load, loaded, on, text},
    outbox::Outbox,
    pages::more::More,
    words,
};

/// The list of tasks that may be accepted now.
#[component]
pub(crate) fn FindPage() -> impl IntoView {
    let client: SessionClient = expect_context();
    let outbox: Outbox = expect_context();
    let looking = RwSignal::new(true);
    let checked_at = RwSignal::new(browser::now());
    let tasks = load(move || {
        outbox.received();
        let client = client.clone();
        Box::pin(async move {
            let found = client.find_tasks(None).await;
            looking.set(false);
            checked_at.set(browser::now());
            found
        })
    });
    let refresh = move |_| {
        looking.set(true);
        tasks.refetch();
    };
    let state = text(move || match tasks.get() {
        Some(Ok(page)) => checked(&page, checked_at.get()),
        Some(Err(_)) => format!("Tried at {}", browser::time(checked_at.get())),
        None => "Looking…".to_owned(),
    });
    let refresh_words = text(move || {
        if looking.get() {
            "Looking…"
        } else {
            "Refresh"
        }
        .to_owned()
    });

    view! {
        <Page title="Tasks">
            <div class="above">
                <p class="quiet" aria-live="polite">{state}</p>
                <button
                    type="button"
                    class="button slim"
                    aria-disabled=flag(move || looking.get())
                    on:click=on(refresh)
                >
                    <Icon shape=Shape::Refresh/>
                    {refresh_words}
                </button>
            </div>
            {loaded(tasks, list)}
        </Page>
    }
}

fn list(page: TaskPage<OperatorTaskView>) -> AnyView {
    if page.data.is_empty() {
        return view! {
            <Empty shape=Shape::Tasks title="No open tasks right now">
                <p>
                    "New ones appear here when an agent posts them. Tasks that somebody else took "
                    "are gone from the list."
                </p>
            </Empty>
        }
        .into_any();
    }
    let after = page.pagination;
    let fetch = |client: SessionClient, cursor: String| -> Answer<TaskPage<OperatorTaskView>> {
        Box::pin(async move { client.find_tasks(Some(&cursor)).await })
    };
    view! {
        <div class="cards">
            {page.data.into_iter().map(|task| view! { <TaskCard task/> }.into_any()).collect_view()}
        </div>
        <More after fetch/>
    }
    .into_any()
}

fn checked(page: &TaskPage<OperatorTaskView>, checked_at: Timestamp) -> String {
    let found = words::count(page.pagination.total, "open task", "open tasks");
    format!("{found} · checked at {}", browser::time(checked_at))
}
