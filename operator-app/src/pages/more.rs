//! The remaining rows of a list that is longer than one page.

use api_types::{
    page::{Page, Pagination},
    task::OperatorTaskView,
};
use leptos::prelude::*;

use crate::{
    client::SessionClient,
    components::{Answer, TaskCard, act, flag, live, maybe, on, problem, text},
};

/// Shows the rows after a page, and loads one more page for each press. `fetch` takes the cursor of
/// the page before.
#[component]
pub(crate) fn More(
    after: Pagination,
    fetch: fn(SessionClient, String) -> Answer<Page<OperatorTaskView>>,
) -> impl IntoView {
    let client: SessionClient = expect_context();
    let tasks = RwSignal::new(Vec::<OperatorTaskView>::new());
    let next = RwSignal::new(after.next_cursor.filter(|_| after.has_more));
    let failure = RwSignal::new(None);
    let load = act(move || {
        let client = client.clone();
        failure.set(None);
        Box::pin(async move {
            let Some(cursor) = next.get_untracked() else {
                return;
            };
            match fetch(client, cursor).await {
                Ok(page) => {
                    // The page may be gone by now, and its signals with it.
                    tasks.try_update(|tasks| tasks.extend(page.data));
                    let more = page.pagination;
                    next.try_set(more.next_cursor.filter(|_| more.has_more));
                }
                Err(error) => drop(failure.try_set(Some(error))),
            }
        })
    });
    let busy = move || load.busy().get();
    let words = text(move || if busy() { "Loading…" } else { "Show more" }.to_owned());
    view! {
        {live(move || view! {
            <div class="cards">
                {tasks.get().into_iter().map(|task| {
                    view! { <TaskCard task/> }.into_any()
                }).collect_view()}
            </div>
        }.into_any())}
        {maybe(move || failure.get().map(|error| problem(&error, None)))}
        {maybe(move || next.get().map(|_| view! {
            <button type="button" class="button wide" aria-disabled=flag(busy)
                on:click=on(move |_| load.begin())>
                {words}
            </button>
        }.into_any()))}
    }
}
