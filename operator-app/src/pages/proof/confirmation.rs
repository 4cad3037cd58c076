//! The form for a confirmation in words.

use api_types::{
    proof::{CONFIRMATION_CHARS_MAX, SubmitProof},
    task::OperatorTaskView,
};
use leptos::{
    ev::SubmitEvent,
    html::{Form, Input, Textarea},
    prelude::*,
};

use crate::{
    client::SessionClient,
    components::{Field, FormFaults, SubmitButton, TextAreaField, field_fault, handler, non_empty},
    outbox::{Outbox, OutboxProof},
    pages::{
        proof::{
            autosave::Autosave,
            result_form::{ResultFields, ResultForm},
        },
        submit::use_submit,
    },
};

/// The form for what was done or found, with an optional URL and notes.
#[component]
pub(crate) fn ConfirmationForm(task: OperatorTaskView) -> impl IntoView {
    let client: SessionClient = expect_context();
    let outbox: Outbox = expect_context();
    let send_proof = use_submit();
    let form = NodeRef::<Form>::new();
    let result_form = ResultForm::of(&task);
    let inputs = ConfirmationInputs {
        text: NodeRef::new(),
        reference: NodeRef::new(),
        notes: NodeRef::new(),
    };
    let autosave = Autosave::of(&task);
    let stored = autosave.stored();
    let faults = FormFaults::new();
    let busy = RwSignal::new(false);
    let requirements = task.proof_requirements.clone();

    let save = move |_| {
        let mut proof = SubmitProof::default();
        inputs.write_into(&mut proof);
        proof.result = result_form.draft(form);
        autosave.schedule(proof);
    };
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        if busy.get_untracked() {
            return;
        }
        let Some(mut proof) = outbox
            .find_untracked(task.task_id)
            .or_else(|| OutboxProof::new_draft(&task, client.operator_id()))
        else {
            return;
        };
        inputs.write_into(&mut proof.proof);
        let mut found = check(&proof.proof);
        match result_form.read(form) {
            Ok(result) => proof.proof.result = result,
            Err(more) => found.extend(more),
        }
        if !found.is_empty() {
            faults.set(found);
            return;
        }
        busy.set(true);
        autosave.cancel();
        send_proof(proof);
    };

    view! {
        <form class="stack" novalidate node_ref=form on:submit=handler(submit) on:input=handler(save)>
            {requirement_list(requirements)}
            <ResultFields result_form faults earlier=stored.result/>
            <div class="card stack">
                <TextAreaField label="What you did or found" name="confirmation_text" node=inputs.text
                    faults rows=7 required=true
                    value=stored.confirmation_text.unwrap_or_default()/>
                <Field label="Link for the agent" name="reference_url" node=inputs.reference
                    faults kind="url" value=stored.reference_url.unwrap_or_default()
                    hint="A web address that shows the result, starting with https://."/>
                <TextAreaField label="Note to the agent" name="notes" node=inputs.notes faults rows=2
                    value=stored.notes.unwrap_or_default()
                    hint="Do not enter passwords or keys. Notes are not encrypted."/>
            </div>
            <SubmitButton label="Send confirmation".to_owned() doing="Sending…" busy/>
        </form>
    }
}

fn requirement_list(requirements: Vec<String>) -> AnyView {
    view! {
        <section class="card stack" aria-labelledby="wanted">
            <h2 id="wanted">"What your text must show"</h2>
            <ol class="requirements">
                {requirements.into_iter().map(|requirement| view! {
                    <li class="agent-text">{requirement}</li>
                }.into_any()).collect_view()}
            </ol>
        </section>
    }
    .into_any()
}

/// The inputs of the form.
#[derive(Clone, Copy)]
struct ConfirmationInputs {
    text: NodeRef<Textarea>,
    reference: NodeRef<Input>,
    notes: NodeRef<Textarea>,
}

impl ConfirmationInputs {
    fn write_into(self, proof: &mut SubmitProof) {
        let long =
            |node: NodeRef<Textarea>| non_empty(node.get_untracked().map(|area| area.value()));
        proof.confirmation_text = long(self.text);
        proof.reference_url = non_empty(self.reference.get_untracked().map(|input| input.value()));
        proof.notes = long(self.notes);
    }
}

fn check(proof: &SubmitProof) -> Vec<api_types::error::Fault> {
    let mut found = Vec::new();
    let characters = (proof.confirmation_text.as_ref()).map_or(0, |text| text.chars().count());
    if characters == 0 {
        found.push(field_fault(
            "confirmation_text",
            "Write what you did or found.",
        ));
    }
    if characters > CONFIRMATION_CHARS_MAX {
        let message = format!("Shorten it to {CONFIRMATION_CHARS_MAX} characters.");
        found.push(field_fault("confirmation_text", &message));
    }
    let is_address = |url: &String| url.starts_with("https://") || url.starts_with("http://");
    if !proof.reference_url.as_ref().is_none_or(is_address) {
        found.push(field_fault(
            "reference_url",
            "Start the address with https:// or http://.",
        ));
    }
    found
}
