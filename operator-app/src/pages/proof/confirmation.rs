//! A confirmation in words.

use api_types::{proof::CONFIRMATION_CHARS_MAX, task::OperatorTaskView};
use leptos::{
    ev::SubmitEvent,
    html::{Input, Textarea},
    prelude::*,
};

use crate::{
    client::SessionClient,
    components::{Field, FormFaults, LongField, Submit, fault, on},
    pages::proof::{begin, use_hand_over},
};

/// What was done or found, and where that can be seen.
#[component]
pub(crate) fn ConfirmationForm(task: OperatorTaskView) -> impl IntoView {
    let client: SessionClient = expect_context();
    let hand_over = use_hand_over();
    let (text, notes) = (NodeRef::<Textarea>::new(), NodeRef::<Textarea>::new());
    let reference = NodeRef::<Input>::new();
    let faults = FormFaults::new();
    let busy = RwSignal::new(false);
    let requirements = task.proof_requirements.clone();

    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        if busy.get_untracked() {
            return;
        }
        let confirmation = long(text);
        let url = reference
            .get_untracked()
            .map(|input| input.value().trim().to_owned());
        let url = url.filter(|url| !url.is_empty());
        let found = check(&confirmation, url.as_deref());
        if !found.is_empty() {
            faults.set(found);
            return;
        }
        let Some(mut proof) = begin(&task, &client) else {
            return;
        };
        busy.set(true);
        proof.proof.confirmation_text = Some(confirmation);
        proof.proof.reference_url = url;
        proof.proof.notes = Some(long(notes)).filter(|notes| !notes.is_empty());
        hand_over(proof);
    };

    view! {
        <form class="stack" novalidate on:submit=on(submit)>
            <section class="card stack" aria-labelledby="wanted">
                <h2 id="wanted">"Your text must show"</h2>
                <ol class="requirements">
                    {requirements.into_iter().map(|requirement| view! {
                        <li class="agent-text">{requirement}</li>
                    }.into_any()).collect_view()}
                </ol>
            </section>
            <div class="card stack">
                <LongField label="What you did or found" name="confirmation_text" node=text faults rows=7 required=true/>
                <Field label="Where it can be seen" name="reference_url" node=reference faults
                    kind="url" hint="An address that begins with https://, if there is one."/>
                <LongField label="Note to the agent" name="notes" node=notes faults rows=2
                    hint="Not for passwords or keys: notes are not sealed."/>
            </div>
            <Submit label="Send the confirmation".to_owned() doing="Sending…" busy/>
        </form>
    }
}

fn long(node: NodeRef<Textarea>) -> String {
    node.get_untracked()
        .map(|area| area.value().trim().to_owned())
        .unwrap_or_default()
}

fn check(text: &str, url: Option<&str>) -> Vec<api_types::error::Fault> {
    let mut found = Vec::new();
    if text.is_empty() {
        found.push(fault("confirmation_text", "Write what you did or found."));
    }
    if text.chars().count() > CONFIRMATION_CHARS_MAX {
        let message = format!("Shorten it to {CONFIRMATION_CHARS_MAX} characters.");
        found.push(fault("confirmation_text", &message));
    }
    if url.is_some_and(|url| !url.starts_with("https://") && !url.starts_with("http://")) {
        found.push(fault(
            "reference_url",
            "An address begins with https:// or http://.",
        ));
    }
    found
}
