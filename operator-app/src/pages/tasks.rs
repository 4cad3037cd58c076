//! The page with open tasks to choose from.

use api_types::{Timestamp, page::Page, task::OperatorTaskView};
use leptos::prelude::*;

use crate::{
    browser,
    client::SessionClient,
    components::{
        EmptyState, Icon, PageLayout, ResponseFuture, Shape, TaskCard, derive_flag, derive_text,
        handler, load, loaded_view,
    },
    labels,
    outbox::Outbox,
    pages::load_more::LoadMore,
};

/// The list of tasks that may be accepted now.
#[component]
pub(crate) fn TasksPage() -> impl IntoView {
    let client: SessionClient = expect_context();
    let outbox: Outbox = expect_context();
    let is_loading = RwSignal::new(true);
    let checked_at = RwSignal::new(browser::now());
    let tasks = load(move || {
        outbox.received();
        let client = client.clone();
        Box::pin(async move {
            let found = client.find_tasks(None).await;
            is_loading.set(false);
            checked_at.set(browser::now());
            found
        })
    });
    let refresh = move |_| {
        is_loading.set(true);
        tasks.refetch();
    };
    let state = derive_text(move || match tasks.get() {
        Some(Ok(page)) => checked(&page, checked_at.get()),
        Some(Err(_)) => format!("Last try at {}", browser::time(checked_at.get())),
        None => "Searching…".to_owned(),
    });
    let refresh_label = derive_text(move || {
        if is_loading.get() {
            "Searching…"
        } else {
            "Refresh"
        }
        .to_owned()
    });

    view! {
        <PageLayout title="Tasks">
            <div class="above">
                <p class="quiet" aria-live="polite">{state}</p>
                <button
                    type="button"
                    class="button slim"
                    aria-disabled=derive_flag(move || is_loading.get())
                    on:click=handler(refresh)
                >
                    <Icon shape=Shape::Refresh/>
                    {refresh_label}
                </button>
            </div>
            {loaded_view(tasks, list)}
        </PageLayout>
    }
}

fn list(page: Page<OperatorTaskView>) -> AnyView {
    if page.data.is_empty() {
        return view! {
            <EmptyState shape=Shape::Tasks title="No open tasks right now">
                <p>
                    "New tasks appear here when agents post them. Tasks that other operators have "
                    "accepted are not shown."
                </p>
            </EmptyState>
        }
        .into_any();
    }
    let after = page.pagination;
    let fetch = |client: SessionClient, cursor: String| -> ResponseFuture<Page<OperatorTaskView>> {
        Box::pin(async move { client.find_tasks(Some(&cursor)).await })
    };
    view! {
        <div class="cards">
            {page.data.into_iter().map(|task| view! { <TaskCard task/> }.into_any()).collect_view()}
        </div>
        <LoadMore after fetch/>
    }
    .into_any()
}

fn checked(page: &Page<OperatorTaskView>, checked_at: Timestamp) -> String {
    let found = labels::count(page.pagination.total, "open task", "open tasks");
    format!("{found} · updated at {}", browser::time(checked_at))
}
