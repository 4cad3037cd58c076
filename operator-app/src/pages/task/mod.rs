//! The page of a task: what it is, which moves are open, and its state.

mod estimate;
mod move_handler;
mod offer;
mod progress;

use std::time::Duration;

use api_types::{
    MicroUsd, TaskId,
    status::{Action as Move, Status},
    task::OperatorTaskView,
};
use leptos::prelude::*;

use crate::{
    browser::spawn,
    client::SessionClient,
    components::{
        Action, ConfirmButton, HeadingFocus, Icon, Loadable, Money, Notice, PageLayout, Shape,
        StatusBadge, derive_flag, dynamic, dynamic_option, empty_view, handler, load, loaded_view,
    },
    labels,
    outbox::{Outbox, Stage},
    pages::{
        outbox_card::OutboxCard,
        task::{
            estimate::EstimateForm, move_handler::MoveHandler, offer::offer, progress::progress,
        },
    },
    screen::Screen,
};

/// The first interval for polling a proof under review, in seconds; it grows up to the maximum.
const POLL_SECONDS_MIN: u64 = 2;
const POLL_SECONDS_MAX: u64 = 30;

/// Loads a task and shows it.
#[component]
pub(crate) fn TaskPage(id: TaskId) -> impl IntoView {
    let client: SessionClient = expect_context();
    let outbox: Outbox = expect_context();
    let loading = client.clone();
    let task = load(move || {
        outbox.received();
        let client = loading.clone();
        Box::pin(async move { client.operator_task(id).await })
    });
    poll_while_submitted(task, client);
    let changed = task.refetch_callback();
    let follow_status = focus_heading_on_status_change();
    // The outbox is shown even if the server cannot be reached.
    let unreachable = move || matches!(task.get(), Some(Err(_)));
    view! {
        {dynamic_option(move || unreachable().then(|| view! {
            <PageLayout title="Your task" back=(Screen::MY_TASKS, "My tasks")>
                <OutboxCard task_id=id/>
            </PageLayout>
        }.into_any()))}
        {loaded_view(task, move |task| {
            follow_status(task.status);
            view! { <TaskView task changed/> }.into_any()
        })}
    }
}

#[component]
fn TaskView(task: OperatorTaskView, changed: Callback<()>) -> impl IntoView {
    let outbox: Outbox = expect_context();
    let id = task.task_id;
    let back = match task.status {
        Status::Pending => (Screen::Tasks, "Tasks"),
        _ => (Screen::MY_TASKS, "My tasks"),
    };
    let title = task.title.clone();
    let kind = labels::task_type(task.task_type);
    let next = task.clone();
    view! {
        <PageLayout title back>
            <p class="row start">
                <StatusBadge status=task.status/>
                <span class="quiet">{kind}</span>
            </p>
            {progress(&task)}
            <OutboxCard task_id=id/>
            {offer(&task)}
            {dynamic_option(move || match outbox.find(id).map(|proof| proof.stage) {
                None => Some(next_move(&next, changed)),
                Some(Stage::Draft) => Some(withdraw_button(&next, changed)),
                Some(Stage::Ready | Stage::Refused(_)) => None,
            })}
        </PageLayout>
    }
}

/// Shows the operator's next move as a button that stays visible, and the button to withdraw.
fn next_move(task: &OperatorTaskView, changed: Callback<()>) -> AnyView {
    let may = |action| task.actions.contains(&action);
    let (id, pay) = (task.task_id, task.reward_usd);
    let primary = if may(Move::Accept) {
        view! { <AcceptButton id pay changed/> }.into_any()
    } else if may(Move::Estimate) {
        view! { <EstimateForm id changed/> }.into_any()
    } else if may(Move::Submit) {
        view! {
            <div class="next">
                <a class="button primary wide" href=Screen::proof(id).path()>
                    {labels::proof_action(task)}
                    <Icon shape=Shape::Forward/>
                </a>
            </div>
        }
        .into_any()
    } else if task.status == Status::Pending {
        view! {
            <Notice shape=Shape::Question tone="warn">
                <strong>"You cannot accept this task"</strong>
                <p>"Your identity is not confirmed yet, or this type of task is not in your profile."</p>
                <a class="button" href=Screen::PROFILE.path()>"Open profile"</a>
            </Notice>
        }
        .into_any()
    } else {
        empty_view()
    };
    view! {
        {withdraw_button(task, changed)}
        {primary}
    }
    .into_any()
}

fn withdraw_button(task: &OperatorTaskView, changed: Callback<()>) -> AnyView {
    let id = task.task_id;
    match task.actions.contains(&Move::Withdraw) {
        true => view! { <WithdrawButton id changed/> }.into_any(),
        false => empty_view(),
    }
}

#[component]
fn AcceptButton(id: TaskId, pay: MicroUsd, changed: Callback<()>) -> impl IntoView {
    let client: SessionClient = expect_context();
    let moved = MoveHandler::new(changed);
    let accept = Action::new(move || {
        let client = client.clone();
        moved.failure.set(None);
        Box::pin(async move {
            let answer = client.accept_task(id).await;
            moved.finish_claim(&client, id, answer).await;
        })
    });
    let busy = move || accept.busy().get();
    let label = dynamic(move || {
        if busy() {
            view! { <span>"Accepting…"</span> }.into_any()
        } else {
            view! { <span>"Accept for " <Money amount=pay/></span> }.into_any()
        }
    });
    view! {
        <div class="next">
            {moved.problem()}
            <button
                type="button"
                class="button primary wide"
                aria-disabled=derive_flag(busy)
                on:click=handler(move |_| accept.start())
            >
                {label}
            </button>
        </div>
    }
}

/// The button to withdraw from a claimed task, which costs nothing.
#[component]
fn WithdrawButton(id: TaskId, changed: Callback<()>) -> impl IntoView {
    let client: SessionClient = expect_context();
    let outbox: Outbox = expect_context();
    let moved = MoveHandler::new(changed);
    let withdraw = Action::new(move || {
        let client = client.clone();
        moved.failure.set(None);
        Box::pin(async move {
            let answer = client.withdraw(id).await;
            if answer.is_ok() {
                // A draft is useless once the task is open for other operators.
                let _ = outbox.discard(id).await;
            }
            moved.finish(answer);
        })
    });
    view! {
        <section class="stack" aria-label="Withdraw from the task">
            {moved.problem()}
            <ConfirmButton
                label="I can’t do it"
                warning="Another operator can then accept the task. It costs you nothing. Anything that you have not sent is deleted."
                confirm_label="Withdraw"
                on_confirm=Callback::new(move |()| withdraw.start())
            />
        </section>
    }
}

/// Returns a function that moves the focus to the heading when the task's status changes, because
/// the page then shows other content under the same URL.
fn focus_heading_on_status_change() -> impl Fn(Status) + Send + Copy {
    let heading_focus: HeadingFocus = expect_context();
    let shown = StoredValue::new(None);
    move |now| {
        if shown.get_value().is_some_and(|before| before != now) {
            heading_focus.focus_next_heading();
        }
        shown.set_value(Some(now));
    }
}

/// Polls a submitted task until its status changes, because a proof is usually decided within
/// seconds. Only a change of status reloads the page, so that nothing moves while a person reads.
fn poll_while_submitted(task: Loadable<OperatorTaskView>, client: SessionClient) {
    let seconds = StoredValue::new(POLL_SECONDS_MIN);
    let round = RwSignal::new(0_u32);
    Effect::new(move || {
        round.track();
        let Some(Ok(shown)) = task.get() else { return };
        if shown.status != Status::Submitted {
            return;
        }
        let client = client.clone();
        let poll = move || {
            spawn(async move {
                match client.operator_task(shown.task_id).await {
                    Ok(now) if now.status != Status::Submitted => task.refetch(),
                    // The page may be gone by now, and its signals with it.
                    _ => drop(round.try_update(|round| *round += 1)),
                }
            });
        };
        let wait = seconds.get_value();
        seconds.set_value((wait * 3 / 2).min(POLL_SECONDS_MAX));
        if let Ok(timer) = set_timeout_with_handle(poll, Duration::from_secs(wait)) {
            on_cleanup(move || timer.clear());
        }
    });
}
