//! The form that claims a task with an estimate, which the agent approves or rejects.

use api_types::{
    TaskId,
    estimate::{ESTIMATE_MINUTES_MAX, GiveEstimate},
};
use leptos::{
    ev::SubmitEvent,
    html::{Input, Textarea},
    prelude::*,
};

use crate::{
    client::SessionClient,
    components::{
        Action, Field, FormFaults, SubmitButton, TextAreaField, field_fault, handler, non_empty,
    },
    labels,
    pages::task::move_handler::MoveHandler,
};

/// The values of the preset buttons, in minutes.
const PRESETS: [u32; 5] = [15, 30, 60, 120, 240];

/// The form with the estimate in minutes and a note.
#[component]
pub(super) fn EstimateForm(id: TaskId, changed: Callback<()>) -> impl IntoView {
    let client: SessionClient = expect_context();
    let (minutes, note) = (NodeRef::<Input>::new(), NodeRef::<Textarea>::new());
    let faults = FormFaults::new();
    let moved = MoveHandler::new(changed);

    let send = Action::new(move || {
        let client = client.clone();
        moved.failure.set(None);
        Box::pin(async move {
            if let Some(estimate) = read(minutes, note) {
                let answer = client.give_estimate(id, &estimate).await;
                moved.finish_claim(&client, id, answer).await;
            }
        })
    });
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        if read(minutes, note).is_some() {
            faults.set(Vec::new());
            send.start();
        } else {
            let wrong = "Enter whole minutes, up to 90 days.";
            faults.set(vec![field_fault("estimate_minutes", wrong)]);
        }
    };
    let preset = move |number: u32| {
        let fill = move |_| {
            if let Some(input) = minutes.get_untracked() {
                input.set_value(&number.to_string());
            }
        };
        view! {
            <button type="button" class="button slim" on:click=handler(fill)>{labels::duration(number)}</button>
        }
        .into_any()
    };

    view! {
        <form class="card stack" novalidate on:submit=handler(submit)>
            <h2>"How long will it take?"</h2>
            <p class="quiet">
                "The agent approves or rejects your estimate. The task is reserved for you until then. "
                "If the agent rejects it, you lose nothing."
            </p>
            <Field label="Minutes from start to finish" name="estimate_minutes" node=minutes faults
                kind="number" required=true/>
            <div class="chips" role="group" aria-label="Common times">
                {PRESETS.map(preset).into_iter().collect_view()}
            </div>
            <TextAreaField label="Note about your estimate" name="estimate_note" node=note faults rows=2
                hint="Shown to the agent."/>
            {moved.problem()}
            <SubmitButton label="Send estimate".to_owned() doing="Sending…" busy=send.busy()/>
        </form>
    }
}

fn read(minutes: NodeRef<Input>, note: NodeRef<Textarea>) -> Option<GiveEstimate> {
    let typed: u32 = minutes.get_untracked()?.value().trim().parse().ok()?;
    (1..=ESTIMATE_MINUTES_MAX)
        .contains(&typed)
        .then(|| GiveEstimate {
            estimate_minutes: Some(typed),
            estimate_note: non_empty(note.get_untracked().map(|area| area.value())),
            ..GiveEstimate::default()
        })
}
