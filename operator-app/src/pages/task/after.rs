//! What became of a task: its state in a sentence, the check's findings, the money's date.

use api_types::{
    proof::ProofView,
    task::{OperatorTaskView, Rejection, Status},
};
use leptos::prelude::*;

use crate::{
    browser,
    components::{Notice, Results, Shape},
};

/// Nothing before a proof was sent or the task called off.
pub(super) fn after(task: &OperatorTaskView) -> Option<AnyView> {
    let (shape, tone, title, sentence) = outcome(task)?;
    Some(
        view! {
            <Notice shape tone>
                <strong>{title}</strong>
                <p>{sentence}</p>
            </Notice>
            {task.rejection.clone().map(rejected)}
            {task.guardian_result.clone().map(|result| view! { <Results result/> }.into_any())}
            {task.proof.clone().map(sent)}
        }
        .into_any(),
    )
}

fn outcome(task: &OperatorTaskView) -> Option<(Shape, &'static str, &'static str, String)> {
    let pay = browser::money(task.reward_usd);
    Some(match task.status {
        Status::Pending | Status::Accepted | Status::InProgress => return None,
        Status::EstimatePending => (
            Shape::Clock,
            "plain",
            "Waiting for the agent",
            "The agent decides on your estimate. You need not do anything.".to_owned(),
        ),
        Status::Submitted => (
            Shape::Clock,
            "plain",
            "Your proof has arrived and is being checked",
            "This page changes by itself. It is safe to close.".to_owned(),
        ),
        Status::ManualReview => (
            Shape::Question,
            "warn",
            "The agent looks for itself",
            format!("The check could not tell for certain. Your {pay} stay in escrow meanwhile."),
        ),
        Status::Verified | Status::Completed => {
            (Shape::Check, "good", "Approved", completed(task, &pay))
        }
        Status::Disputed => (
            Shape::Warning,
            "bad",
            "The proof was rejected",
            format!(
                "The {pay} stay in escrow until the dispute is settled; the agent cannot take them back alone."
            ),
        ),
        Status::Cancelled => (
            Shape::Cross,
            "bad",
            "This task was called off",
            "There is nothing left to do here.".to_owned(),
        ),
    })
}

fn completed(task: &OperatorTaskView, pay: &str) -> String {
    match task.available_at {
        Some(day) if day > browser::now() => {
            format!(
                "{pay} are yours, and become available on {}.",
                browser::date(day)
            )
        }
        Some(day) => format!(
            "{pay} are yours, and available since {}.",
            browser::date(day)
        ),
        None => format!("{pay} are yours."),
    }
}

/// The agent's reasons, in its own words: text, whatever it looks like.
fn rejected(rejection: Rejection) -> AnyView {
    let unmet = rejection.unmet_requirements.into_iter();
    view! {
        <section class="card stack" aria-labelledby="rejected">
            <h2 id="rejected">"Why the agent rejected it"</h2>
            <p class="agent-text">
                {rejection.reason.unwrap_or_else(|| "It gave no reason.".to_owned())}
            </p>
            <ul>{unmet.map(|unmet| view! { <li>"Not met: " {unmet}</li> }.into_any()).collect_view()}</ul>
        </section>
    }
    .into_any()
}

fn sent(proof: ProofView) -> AnyView {
    let pictures = proof
        .photos
        .iter()
        .chain(&proof.artifacts)
        .map(|url| browser::own_path(url));
    view! {
        <section class="card stack" aria-labelledby="sent">
            <h2 id="sent">"What you sent"</h2>
            <p class="quiet">{browser::date_time(proof.submitted_at)}</p>
            {proof.has_credential.then(|| view! {
                <p>"A secret, sealed on your phone. Only the agent can open it."</p>
            }.into_any())}
            <div class="thumbs">
                {pictures.enumerate().map(|(place, url)| view! {
                    <img class="thumb" src=url alt=format!("Picture {} of your proof", place + 1)/>
                }.into_any()).collect_view()}
            </div>
            {proof.confirmation_text.map(|text| view! { <p class="agent-text">{text}</p> }.into_any())}
            {proof.reference_url.map(|url| view! { <p class="quiet agent-text">{url}</p> }.into_any())}
            {proof.notes.map(|text| view! { <p class="quiet agent-text">"Note: " {text}</p> }.into_any())}
        </section>
    }
    .into_any()
}
