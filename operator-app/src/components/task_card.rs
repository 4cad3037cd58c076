//! A task in a list, with the facts that a person needs to choose it.

use api_types::{status::Status, task::OperatorTaskView, task_type::TaskDomain};
use leptos::prelude::*;

use crate::{
    components::{Countdown, Icon, Money, Shape, StatusBadge},
    labels,
    screen::Screen,
};

/// A card with one task; the whole card is a link to it.
#[component]
pub(crate) fn TaskCard(task: OperatorTaskView) -> impl IntoView {
    let open = task.status == Status::Pending;
    let timed = matches!(
        task.status,
        Status::Pending | Status::Accepted | Status::InProgress
    );
    let place = labels::location(task.task_domain, task.location.as_ref());
    let (record, agent) = (labels::agent_record(&task.agent), task.agent.name.clone());
    let rating = labels::rating(task.agent.rating);
    view! {
        <article class="card task">
            <div class="row">
                <p class="kind"><Icon shape=shape(&task)/>{labels::task_type(task.task_type)}</p>
                {(!open).then(|| view! { <StatusBadge status=task.status/> }.into_any())}
            </div>
            <div class="row top">
                <h2 class="agent-text">
                    <a href=Screen::task(task.task_id).path()>{task.title}</a>
                </h2>
                <Money amount=task.reward_usd/>
            </div>
            <p class="facts">
                {timed.then(|| view! { <Countdown deadline=task.deadline/> }.into_any())}
                <span class="fact agent-text"><Icon shape=Shape::Place/>{place}</span>
            </p>
            {open.then(|| view! {
                <p class="facts foot">
                    <span class="fact agent-text"><Icon shape=Shape::Agent/>{agent}</span>
                    <span class="fact">{record}</span>
                    {rating.map(|stars| view! { <span class="fact">{stars}</span> }.into_any())}
                    <span class="fact good"><Icon shape=Shape::Lock/>"Payment secured"</span>
                </p>
            }.into_any())}
        </article>
    }
}

/// Returns the icon of the task's domain.
fn shape(task: &OperatorTaskView) -> Shape {
    match task.task_domain {
        TaskDomain::Physical => Shape::Camera,
        TaskDomain::Digital => Shape::Text,
        TaskDomain::Credential => Shape::Key,
    }
}
