//! The page with the operator's accepted tasks and the unsent proofs on this phone.

use api_types::{page::Page, status::Status, task::OperatorTaskView};
use leptos::prelude::*;

use crate::{
    client::SessionClient,
    components::{
        EmptyState, PageLayout, ResponseFuture, Shape, TaskCard, dynamic_option, loaded_view,
    },
    context::MyTasks,
    outbox::Outbox,
    pages::{load_more::LoadMore, outbox_card::OutboxCard},
    screen::Screen,
};

/// Shows the outbox, and below it the accepted tasks grouped by what they need.
#[component]
pub(crate) fn MyTasksPage() -> impl IntoView {
    let MyTasks(mine) = expect_context();
    // The frame loaded its copy when the app started, so it may be old.
    mine.refetch();
    view! {
        <PageLayout title="My tasks">
            <UnsentProofs/>
            {loaded_view(mine, |page| {
                let (groups, after) = (grouped(page.data), page.pagination);
                view! { {groups} <LoadMore after fetch=fetch_more/> }.into_any()
            })}
        </PageLayout>
    }
}

fn fetch_more(client: SessionClient, cursor: String) -> ResponseFuture<Page<OperatorTaskView>> {
    Box::pin(async move { client.my_tasks(Some(&cursor)).await })
}

#[component]
fn UnsentProofs() -> impl IntoView {
    let outbox: Outbox = expect_context();
    dynamic_option(move || {
        let unsent = outbox.all();
        (!unsent.is_empty()).then(|| {
            view! {
                <section class="stack" aria-labelledby="waiting">
                    <h2 id="waiting">{format!("Not sent yet ({})", unsent.len())}</h2>
                    {unsent.into_iter().map(|proof| view! {
                        <OutboxCard task_id=proof.task_id with_title=true/>
                    }.into_any()).collect_view()}
                </section>
            }
            .into_any()
        })
    })
}

fn grouped(tasks: Vec<OperatorTaskView>) -> AnyView {
    if tasks.is_empty() {
        return view! {
            <EmptyState shape=Shape::Mine title="No accepted tasks yet">
                <p>"Tasks that you accept appear here. After you send a proof, you see its review result."</p>
                <a class="button primary" href=Screen::Tasks.path()>"See open tasks"</a>
            </EmptyState>
        }
        .into_any();
    }
    let (to_do, rest): (Vec<_>, Vec<_>) = tasks
        .into_iter()
        .partition(|task| matches!(task.status, Status::Accepted | Status::InProgress));
    let (done, waiting): (Vec<_>, Vec<_>) = rest
        .into_iter()
        .partition(|task| matches!(task.status, Status::Completed | Status::Cancelled));
    view! {
        {group("to-do", "To do", to_do)}
        {group("waiting-for", "Waiting for others", waiting)}
        {group("done", "Finished", done)}
    }
    .into_any()
}

fn group(id: &'static str, title: &'static str, tasks: Vec<OperatorTaskView>) -> Option<AnyView> {
    (!tasks.is_empty()).then(|| {
        view! {
        <section class="stack" aria-labelledby=id>
            <h2 id=id class="group">{title}</h2>
            <div class="cards">
                {tasks.into_iter().map(|task| view! { <TaskCard task/> }.into_any()).collect_view()}
            </div>
        </section>
    }.into_any()
    })
}
