//! The state of a claimed task: its status as a sentence, the Guardian's findings, and when the
//! money is available.

use api_types::{
    MicroUsd, Timestamp,
    dispute::Resolution,
    proof::ProofView,
    review::{Rejection, Revision},
    status::{CancelReason, Status},
    task::OperatorTaskView,
};
use leptos::prelude::*;
use serde_json::Value;

use crate::{
    browser,
    components::{Clock, GuardianResults, Money, Notice, Shape, derive_text, dynamic, thumbnail},
    labels,
};

/// Shows the state; returns `None` while the task waits for its first proof.
pub(super) fn progress(task: &OperatorTaskView) -> Option<AnyView> {
    let (shape, tone, title, sentence) = outcome(task)?;
    let clock = clock(task);
    let typed_result = task.result.as_deref().map(|result| result.get().to_owned());
    let guardian_result = task.guardian_result.clone();
    Some(
        view! {
            <Notice shape tone>
                <strong>{title}</strong>
                <p>{sentence}</p>
                {clock.map(|sentence| view! { <p>{sentence}</p> }.into_any())}
            </Notice>
            {again(task).map(revision)}
            {task.rejection.clone().map(rejected)}
            {task.resolution.clone().map(resolved)}
            {guardian_result.map(|result| view! { <GuardianResults result/> }.into_any())}
            {task.proof.clone().map(|proof| sent(proof, typed_result))}
        }
        .into_any(),
    )
}

/// Returns the agent's requested revision, while the operator can still submit it.
fn again(task: &OperatorTaskView) -> Option<Revision> {
    let to_do = matches!(task.status, Status::Accepted | Status::InProgress);
    task.revision.clone().filter(|_| to_do)
}

/// Returns a sentence about the clock's next move and its time, or that it is about to happen.
fn clock(task: &OperatorTaskView) -> Option<Signal<String>> {
    let due = task.due_at?;
    let day = browser::date_time(due);
    let (before, after) = match task.status {
        Status::EstimatePending => (
            format!("The agent has until {day}."),
            "The agent did not decide in time. The task returns to the list.",
        ),
        Status::ManualReview => (
            format!("If the agent does not decide by {day}, you are paid automatically."),
            "The agent did not decide in time. You are paid automatically.",
        ),
        _ => return None,
    };
    Some(text_changing_at(due, before, after.to_owned()))
}

/// Returns a sentence that changes at a given time.
fn text_changing_at(moment: Timestamp, before: String, after: String) -> Signal<String> {
    let clock: Clock = expect_context();
    let has_passed = clock.has_passed(moment);
    derive_text(move || {
        if has_passed.get() {
            after.clone()
        } else {
            before.clone()
        }
    })
}

/// Returns a sentence that never changes.
fn text(sentence: impl Into<String>) -> AnyView {
    sentence.into().into_any()
}

fn outcome(task: &OperatorTaskView) -> Option<(Shape, &'static str, &'static str, AnyView)> {
    let amount = task.reward_usd;
    Some(match task.status {
        Status::Accepted | Status::InProgress => {
            let by = again(task)?.resubmit_by;
            (
                Shape::Warning,
                "warn",
                "The agent asked for changes",
                new_proof(by, amount),
            )
        }
        Status::Pending => return None,
        Status::EstimatePending => (
            Shape::Clock,
            "plain",
            "Waiting for the agent",
            text(format!(
                "The agent decides on your estimate of {}. You do not need to do anything.",
                labels::duration(
                    task.estimate
                        .as_ref()
                        .map_or(0, |estimate| estimate.estimate_minutes)
                ),
            )),
        ),
        Status::Submitted => (
            Shape::Clock,
            "plain",
            "Proof received and under review",
            text("This page updates automatically. It is safe to close."),
        ),
        Status::ManualReview => (
            Shape::Question,
            "warn",
            "The agent is reviewing your proof",
            view! {
                "The automatic check was not certain. Your payment of " <Money amount/>
                " stays in escrow."
            }
            .into_any(),
        ),
        Status::Verified | Status::Completed => {
            (Shape::Check, "good", "Approved", completed(task))
        }
        Status::Disputed => (
            Shape::Warning,
            "bad",
            "Proof rejected",
            view! {
                "The payment of " <Money amount/>
                " stays in escrow until the dispute is resolved. The agent cannot take it back alone."
            }
            .into_any(),
        ),
        Status::Cancelled => (
            Shape::Cross,
            "bad",
            "Task cancelled",
            text(cancellation_text(task.cancel_reason)),
        ),
    })
}

const fn cancellation_text(reason: Option<CancelReason>) -> &'static str {
    match reason {
        Some(CancelReason::Agent) => "The agent cancelled it. You do not need to do anything.",
        Some(CancelReason::Expired) => "Its deadline passed. You do not need to do anything.",
        Some(CancelReason::Refunded) => {
            "The dispute was resolved for the agent, and the payment was refunded."
        }
        None => "You do not need to do anything.",
    }
}

/// Asks for a new proof until its deadline, and then says that the deadline has passed.
fn new_proof(by: Timestamp, amount: MicroUsd) -> AnyView {
    let clock: Clock = expect_context();
    let has_passed = clock.has_passed(by);
    let day = browser::date_time(by);
    dynamic(move || {
        if has_passed.get() {
            view! { <span>{format!("The deadline for a new proof passed on {day}.")}</span> }
                .into_any()
        } else {
            view! {
                <span>
                    {format!("Send a new proof by {day}. Your payment of ")}
                    <Money amount/>
                    " stays in escrow."
                </span>
            }
            .into_any()
        }
    })
}

fn completed(task: &OperatorTaskView) -> AnyView {
    let amount = task.reward_usd;
    let available = task.available_at.map(|moment| {
        let day = browser::date(moment);
        text_changing_at(
            moment,
            format!(", available on {day}"),
            format!(", available since {day}"),
        )
    });
    view! { "You earned " <Money amount/> {available} "." }.into_any()
}

/// Shows how the host resolved a dispute.
fn resolved(resolution: Resolution) -> AnyView {
    view! {
        <section class="card stack" aria-labelledby="resolved">
            <h2 id="resolved">"Dispute resolution"</h2>
            <p>
                "You receive " <Money amount=resolution.operator_usd/>
                {format!(". Resolved on {}.", browser::date(resolution.resolved_at))}
            </p>
            <p class="agent-text">{resolution.note}</p>
        </section>
    }
    .into_any()
}

fn revision(revision: Revision) -> AnyView {
    let unmet = revision.unmet_requirements;
    reasons("revision", "Requested changes", revision.reason, unmet)
}

fn rejected(rejection: Rejection) -> AnyView {
    let reason = rejection.reason;
    let reason = reason.unwrap_or_else(|| "The agent gave no reason.".to_owned());
    let unmet = rejection.unmet_requirements;
    reasons("rejected", "Reason for the rejection", reason, unmet)
}

/// Shows the agent's reasons in its own words, always as plain text.
fn reasons(id: &'static str, title: &'static str, reason: String, unmet: Vec<String>) -> AnyView {
    let unmet = unmet.into_iter();
    view! {
        <section class="card stack" aria-labelledby=id>
            <h2 id=id>{title}</h2>
            <p class="agent-text">{reason}</p>
            <ul>{unmet.map(|unmet| view! { <li>"Not met: " {unmet}</li> }.into_any()).collect_view()}</ul>
        </section>
    }
    .into_any()
}

/// Shows the typed result: one line for each property, or the JSON as it is.
fn answers(text: &str) -> AnyView {
    let Ok(Value::Object(answers)) = serde_json::from_str(text) else {
        return view! { <p class="agent-text">{text.to_owned()}</p> }.into_any();
    };
    let shown = |value: Value| match value {
        Value::String(text) => text,
        Value::Bool(true) => "Yes".to_owned(),
        Value::Bool(false) => "No".to_owned(),
        value => value.to_string(),
    };
    view! {
        <dl class="facts-list">
            {answers.into_iter().map(|(name, value)| view! {
                <div>
                    <dt class="agent-text">{name.replace('_', " ")}</dt>
                    <dd class="agent-text">{shown(value)}</dd>
                </div>
            }.into_any()).collect_view()}
        </dl>
    }
    .into_any()
}

fn sent(proof: ProofView, result: Option<String>) -> AnyView {
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
                <p>"A credential, encrypted on your phone. Only the agent can decrypt it."</p>
            }.into_any())}
            <div class="thumbs">
                {pictures.enumerate().map(|(place, url)| {
                    let name = format!("File {} of your proof", place + 1);
                    view! {
                        <a href=url.clone() target="_blank" rel="noopener">{thumbnail(url.clone(), name)}</a>
                    }.into_any()
                }).collect_view()}
            </div>
            {result.map(|text| answers(&text))}
            {proof.confirmation_text.map(|text| view! { <p class="agent-text">{text}</p> }.into_any())}
            {proof.reference_url.map(|url| view! { <p class="quiet agent-text">{url}</p> }.into_any())}
            {proof.notes.map(|text| view! { <p class="quiet agent-text">"Note: " {text}</p> }.into_any())}
        </section>
    }
    .into_any()
}
