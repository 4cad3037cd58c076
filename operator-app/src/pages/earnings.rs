//! What I earned: numbers that each mean one thing, and the tasks behind them.

use api_types::{
    MicroUsd, Timestamp,
    operator::{EarnedTask, Earnings},
};
use leptos::prelude::*;

use crate::{
    browser,
    client::SessionClient,
    components::{Empty, Money, Page, Shape, load, loaded},
    outbox::Outbox,
};

/// Available, on hold, in review, paid out.
#[component]
pub(crate) fn EarningsPage() -> impl IntoView {
    let client: SessionClient = expect_context();
    let outbox: Outbox = expect_context();
    let earnings = load(move || {
        outbox.received();
        let client = client.clone();
        Box::pin(async move { client.earnings().await })
    });
    view! { <Page title="Earnings">{loaded(earnings, numbers)}</Page> }
}

fn numbers(earnings: Earnings) -> AnyView {
    let next = next_available(&earnings.recent_tasks);
    let on_hold = match next {
        Some(day) if earnings.pending_balance > MicroUsd::ZERO => {
            format!(
                "Yours. The next part becomes available on {}.",
                browser::date(day)
            )
        }
        _ => "Yours, once the time has passed in which an agent may object.".to_owned(),
    };
    view! {
        <section class="card balance" aria-label="Available">
            <p>"Available"</p>
            <p class="big"><Money amount=earnings.available_balance/></p>
            <p class="quiet">"Nobody can object to it any more."</p>
        </section>
        <dl class="numbers">
            {number("On hold", earnings.pending_balance, &on_hold)}
            {number("In review", earnings.in_review, "Sent, not decided yet. Not counted as earned.")}
            {number("Paid out", earnings.paid_out, "Has left for your account.")}
        </dl>
        {adds_up(&earnings).then(|| view! {
            <p class="quiet centre">
                "Earned so far: " <Money amount=earnings.total_earned/>
                ", which is available, on hold and paid out together."
            </p>
        }.into_any())}
        {recent(earnings.recent_tasks)}
    }
    .into_any()
}

fn number(name: &'static str, amount: MicroUsd, meaning: &str) -> AnyView {
    let meaning = meaning.to_owned();
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
            <Empty shape=Shape::Earnings title="Nothing earned yet">
                <p>"Each finished task stands here with its amount and the day on which it becomes available."</p>
                <a class="button primary" href="/tasks">"See open tasks"</a>
            </Empty>
        }
        .into_any();
    }
    view! {
        <section class="stack" aria-labelledby="recent">
            <h2 id="recent" class="group">"Finished tasks"</h2>
            <ul class="card ledger">
                {tasks.into_iter().map(line).collect_view()}
            </ul>
        </section>
    }
    .into_any()
}

fn line(task: EarnedTask) -> AnyView {
    let available = task.available_at <= browser::now();
    let when = if available {
        "Available since"
    } else {
        "Available on"
    };
    view! {
        <li>
            <a href=format!("/tasks/{}", task.task_id)>
                <span class="stack tight">
                    <strong class="agent-text">{task.title}</strong>
                    <span class="quiet">
                        {format!("{when} {}", browser::date(task.available_at))}
                    </span>
                </span>
                <Money amount=task.reward_usd/>
            </a>
        </li>
    }
    .into_any()
}

fn next_available(tasks: &[EarnedTask]) -> Option<Timestamp> {
    let now = browser::now();
    tasks
        .iter()
        .map(|task| task.available_at)
        .filter(|day| *day > now)
        .min()
}

/// The sum is only shown where it is one.
fn adds_up(earnings: &Earnings) -> bool {
    let sum = earnings
        .available_balance
        .checked_add(earnings.pending_balance);
    sum.and_then(|sum| sum.checked_add(earnings.paid_out)) == Some(earnings.total_earned)
}
