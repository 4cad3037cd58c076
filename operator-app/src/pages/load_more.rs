//! The remaining rows of a list that is longer than one page.

use api_types::{
    page::{Page, Pagination},
    task::OperatorTaskView,
};
use leptos::prelude::*;

use crate::{
    client::SessionClient,
    components::{
        Action, ResponseFuture, TaskCard, derive_flag, derive_text, dynamic, dynamic_option,
        error_notice, handler,
    },
};

/// Shows the rows after a page, and loads one more page for each press. `fetch` takes the cursor of
/// the previous page.
#[component]
pub(crate) fn LoadMore(
    after: Pagination,
    fetch: fn(SessionClient, String) -> ResponseFuture<Page<OperatorTaskView>>,
) -> impl IntoView {
    let client: SessionClient = expect_context();
    let tasks = RwSignal::new(Vec::<OperatorTaskView>::new());
    let next = RwSignal::new(after.next_cursor.filter(|_| after.has_more));
    let failure = RwSignal::new(None);
    let load = Action::new(move || {
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
    let label = derive_text(move || if busy() { "Loading…" } else { "Show more" }.to_owned());
    view! {
        {dynamic(move || view! {
            <div class="cards">
                {tasks.get().into_iter().map(|task| {
                    view! { <TaskCard task/> }.into_any()
                }).collect_view()}
            </div>
        }.into_any())}
        {dynamic_option(move || failure.get().map(|error| error_notice(&error, None)))}
        {dynamic_option(move || next.get().map(|_| view! {
            <button type="button" class="button wide" aria-disabled=derive_flag(busy)
                on:click=handler(move |_| load.start())>
                {label}
            </button>
        }.into_any()))}
    }
}
