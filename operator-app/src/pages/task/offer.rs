//! The facts that a person needs to decide on a task and to do it.

use api_types::{place::Location, status::Status, task::OperatorTaskView, task_type::TaskDomain};
use leptos::prelude::*;

use crate::{
    browser,
    components::{Countdown, Icon, Money, Shape},
    labels,
};

/// Shows reward, place, deadline, work, proof and the agent.
pub(super) fn offer(task: &OperatorTaskView) -> AnyView {
    let open = task.status == Status::Pending;
    view! {
        {pay(task)}
        {work(task)}
        {requirements(task)}
        {open.then(|| what_happens_next(task))}
        {posted_by(task)}
    }
    .into_any()
}

fn pay(task: &OperatorTaskView) -> AnyView {
    let timed = matches!(
        task.status,
        Status::Pending | Status::Accepted | Status::InProgress
    );
    let escrow = !matches!(task.status, Status::Completed | Status::Cancelled);
    view! {
        <section class="card pay" aria-label="Pay and time">
            <p class="big"><Money amount=task.reward_usd/></p>
            <p class="quiet">"You receive the full amount. No fee is deducted."</p>
            <ul class="facts column">
                {escrow.then(|| view! {
                    <li class="fact good"><Icon shape=Shape::Lock/>"Funds held in escrow"</li>
                }.into_any())}
                {timed.then(|| view! {
                    <li>
                        <Countdown deadline=task.deadline/>
                        <span class="quiet">{format!("by {}", browser::date_time(task.deadline))}</span>
                    </li>
                }.into_any())}
                <li>{place(task, timed)}</li>
            </ul>
        </section>
    }
    .into_any()
}

fn place(task: &OperatorTaskView, timed: bool) -> AnyView {
    let location = task.location.as_ref();
    let place = labels::location(task.task_domain, location);
    let hidden = task.task_domain == TaskDomain::Physical
        && timed
        && location.is_none_or(|location| location.address.is_none());
    view! {
        <span class="fact agent-text"><Icon shape=Shape::Place/>{place}</span>
        {hidden.then(|| view! {
            <span class="quiet">"The exact address is shown after you accept."</span>
        }.into_any())}
        {map_url(location).map(|url| view! {
            <a class="button slim" href=url target="_blank" rel="noopener noreferrer">"Open in maps"</a>
        }.into_any())}
    }
    .into_any()
}

/// Returns the URL of a map. It is built from two numbers only, so that no text of an agent becomes
/// a URL.
fn map_url(location: Option<&Location>) -> Option<String> {
    let (lat, lng) = location.and_then(|location| location.lat.zip(location.lng))?;
    let (lat, lng) = (browser::digits(lat), browser::digits(lng));
    Some(format!(
        "https://www.openstreetmap.org/?mlat={lat}&mlon={lng}#map=17/{lat}/{lng}"
    ))
}

fn work(task: &OperatorTaskView) -> AnyView {
    let waits = task.status == Status::Pending && task.task_domain != TaskDomain::Physical;
    view! {
        <section class="card stack" aria-labelledby="work">
            <h2 id="work">"What to do"</h2>
            <p class="agent-text">{task.description.clone()}</p>
            {task.digital_instructions.clone().map(|text| view! {
                <h3>"Instructions"</h3>
                <p class="agent-text">{text}</p>
            }.into_any())}
            {waits.then(|| view! {
                <p class="quiet">"More instructions may be shown after you accept."</p>
            }.into_any())}
        </section>
    }
    .into_any()
}

fn requirements(task: &OperatorTaskView) -> AnyView {
    let proof = labels::proof_kind(task);
    view! {
        <section class="card stack" aria-labelledby="wanted">
            <h2 id="wanted">"What the proof must show"</h2>
            <p class="fact"><Icon shape=proof_shape(task)/>{proof}</p>
            <ol class="requirements">
                {task.proof_requirements.clone().into_iter().map(|requirement| view! {
                    <li class="agent-text">{requirement}</li>
                }.into_any()).collect_view()}
            </ol>
        </section>
    }
    .into_any()
}

fn proof_shape(task: &OperatorTaskView) -> Shape {
    use api_types::proof::ProofType;
    match (task.task_domain, task.proof_type) {
        (TaskDomain::Credential, _) => Shape::Key,
        (_, ProofType::Photo) => Shape::Camera,
        (_, ProofType::Screenshot) => Shape::Picture,
        (_, ProofType::Confirmation) => Shape::Text,
        (_, ProofType::Artifact) => Shape::File,
    }
}

fn what_happens_next(task: &OperatorTaskView) -> AnyView {
    let hand_over = match task.task_domain {
        TaskDomain::Credential => {
            "Do the task and enter the credential in this app. It is encrypted on this phone, and only the agent can decrypt it."
        }
        _ => {
            "Do the task and send the proof in this app. If you are offline, the proof is saved on this phone and sent later."
        }
    };
    view! {
        <section class="card stack" aria-labelledby="then">
            <h2 id="then">"What happens next"</h2>
            <ol class="steps">
                <li>"Accept the task. It is then reserved for you."</li>
                <li>{hand_over}</li>
                <li>"The proof is checked against the list above. You see the result for each requirement."</li>
                <li>"After approval, the payment is yours. You see the day on which it becomes available."</li>
            </ol>
        </section>
    }
    .into_any()
}

fn posted_by(task: &OperatorTaskView) -> AnyView {
    let record = match task.agent.completed_tasks {
        0 => "New agent, no tasks paid yet.".to_owned(),
        number => format!("{}.", labels::count(number, "task paid", "tasks paid")),
    };
    let rating = labels::rating(task.agent.rating);
    view! {
        <section class="card poster" aria-label="Posted by">
            <span class="disc"><Icon shape=Shape::Agent/></span>
            <div class="stack tight">
                <strong class="agent-text">{task.agent.name.clone()}</strong>
                <p class="quiet">"Posted by software, not by a person. " {record}</p>
                {rating.map(|stars| view! {
                    <p class="quiet">{format!("Rated {stars} by operators.")}</p>
                }.into_any())}
            </div>
        </section>
    }
    .into_any()
}
