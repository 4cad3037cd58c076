//! The page with the operator's earnings: balances and the tasks behind them.

use api_types::{
    MicroUsd, Timestamp,
    operator::{EarnedTask, Earnings},
};
use leptos::prelude::*;

use crate::{
    browser,
    client::SessionClient,
    components::{Clock, EmptyState, Money, PageLayout, Shape, derive_text, load, loaded_view},
    outbox::Outbox,
    screen::Screen,
};

/// Shows the balances available, on hold, in review and paid out.
#[component]
pub(crate) fn EarningsPage() -> impl IntoView {
    let client: SessionClient = expect_context();
    let outbox: Outbox = expect_context();
    let earnings = load(move || {
        outbox.received();
        let client = client.clone();
        Box::pin(async move { client.earnings().await })
    });
    view! { <PageLayout title="Earnings">{loaded_view(earnings, numbers)}</PageLayout> }
}

fn numbers(earnings: Earnings) -> AnyView {
    let on_hold = on_hold(&earnings);
    view! {
        <section class="card balance" aria-label="Available">
            <p>"Available"</p>
            <p class="big"><Money amount=earnings.available_balance/></p>
            <p class="quiet">"The agent can no longer dispute it."</p>
        </section>
        <dl class="numbers">
            {number("On hold", earnings.pending_balance, on_hold)}
            {number("In review", earnings.in_review, fixed_text("Proof sent, waiting for approval. Not earned yet."))}
            {number("Paid out", earnings.paid_out, fixed_text("Sent to your account."))}
        </dl>
        {adds_up(&earnings).then(|| view! {
            <p class="quiet centre">
                "Total earned: " <Money amount=earnings.total_earned/>
                " (available, on hold and paid out)"
            </p>
        }.into_any())}
        {recent(earnings.recent_tasks)}
    }
    .into_any()
}

fn fixed_text(text: &'static str) -> Signal<String> {
    derive_text(move || text.to_owned())
}

/// Explains the balance on hold. Names the day on which the next amount becomes available, if that
/// day is in the future.
fn on_hold(earnings: &Earnings) -> Signal<String> {
    let clock: Clock = expect_context();
    let is_any = earnings.pending_balance > MicroUsd::ZERO;
    let days: Vec<_> = (earnings.recent_tasks.iter())
        .map(|task| task.available_at)
        .filter(|_| is_any)
        .collect();
    let days = StoredValue::new(days);
    let next = move |now: Timestamp| {
        let days = days.try_get_value().unwrap_or_default().into_iter();
        days.filter(|day| *day > now).min()
    };
    clock.update_at(next);
    derive_text(move || match next(clock.now()) {
        Some(day) => format!(
            "Earned. The next amount becomes available on {}.",
            browser::date(day)
        ),
        None => "Earned. Becomes available when the agent can no longer dispute it.".to_owned(),
    })
}

fn number(name: &'static str, amount: MicroUsd, meaning: Signal<String>) -> AnyView {
    view! {
        <div class="card">
            <dt>{name}</dt>
            <dd><Money amount/></dd>
            <dd class="quiet">{meaning}</dd>
        </div>
    }
    .into_any()
}

fn recent(tasks: Vec<EarnedTask>) -> AnyView {
    if tasks.is_empty() {
        return view! {
            <EmptyState shape=Shape::Earnings title="No earnings yet">
                <p>"Completed tasks appear here with the amount and the day on which it becomes available."</p>
                <a class="button primary" href=Screen::Tasks.path()>"See open tasks"</a>
            </EmptyState>
        }
        .into_any();
    }
    view! {
        <section class="stack" aria-labelledby="recent">
            <h2 id="recent" class="group">"Completed tasks"</h2>
            <ul class="card ledger">
                {tasks.into_iter().map(line).collect_view()}
            </ul>
        </section>
    }
    .into_any()
}

fn line(task: EarnedTask) -> AnyView {
    let clock: Clock = expect_context();
    let (available, day) = (
        clock.has_passed(task.available_at),
        browser::date(task.available_at),
    );
    let when = derive_text(move || match available.get() {
        true => format!("Available since {day}"),
        false => format!("Available on {day}"),
    });
    view! {
        <li>
            <a href=Screen::task(task.task_id).path()>
                <span class="stack tight">
                    <strong class="agent-text">{task.title}</strong>
                    <span class="quiet">{when}</span>
                </span>
                <Money amount=task.reward_usd/>
            </a>
        </li>
    }
    .into_any()
}

/// Returns whether the total equals the sum of the shown balances; it is shown only then.
fn adds_up(earnings: &Earnings) -> bool {
    let sum = earnings
        .available_balance
        .checked_add(earnings.pending_balance);
    sum.and_then(|sum| sum.checked_add(earnings.paid_out)) == Some(earnings.total_earned)
}
