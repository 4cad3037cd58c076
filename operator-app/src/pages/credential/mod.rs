//! The credential form. The typed text is sealed on the phone before anything is sent, and exists
//! only in the inputs: it is never in a signal, a store, a URL or a log.

mod agent_key;
mod fields;

use api_types::{credential::EncryptedCredential, task::OperatorTaskView};
use crypto_wasm::{AgentPublicKey, Envelope, SealError, seal};
use leptos::{ev::SubmitEvent, prelude::*};
use zeroize::Zeroizing;

use crate::{
    browser,
    client::SessionClient,
    components::{FormFaults, Notice, Shape, SubmitButton, dynamic_option, handler},
    known_keys,
    outbox::OutboxProof,
    pages::{
        credential::{
            agent_key::{CheckedKey, KeyProblem, KeySection, check_key},
            fields::{CredentialFields, CredentialInputs},
        },
        submit::use_submit,
    },
};

/// Shows the form, or the reason why the key cannot be trusted.
#[component]
pub(crate) fn CredentialForm(task: OperatorTaskView) -> impl IntoView {
    match check_key(&task) {
        Ok(key) => view! { <SealingForm task key/> }.into_any(),
        Err(problem) => view! { <KeyProblemNotice problem/> }.into_any(),
    }
}

#[component]
fn KeyProblemNotice(problem: KeyProblem) -> impl IntoView {
    view! {
        <Notice shape=Shape::Warning tone="bad">
            <strong>"Do not send the credential"</strong>
            <p>{problem.sentence()}</p>
            <p>"Do not send it in a note or by email either."</p>
        </Notice>
    }
}

#[component]
fn SealingForm(task: OperatorTaskView, key: CheckedKey) -> impl IntoView {
    let client: SessionClient = expect_context();
    let send_proof = use_submit();
    let inputs = CredentialInputs::of(task.task_type);
    let faults = FormFaults::new();
    let agreed = RwSignal::new(!key.has_changed());
    let busy = RwSignal::new(false);
    let problem = RwSignal::new(None::<String>);
    let (agent, agent_id) = (task.agent.name.clone(), task.agent.id);
    let (public_key, fingerprint) = (key.public_key, key.fingerprint);
    // The inputs are emptied whenever the person leaves the form.
    on_cleanup(move || inputs.clear());

    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        if busy.get_untracked() {
            return;
        }
        problem.set(None);
        if !agreed.get_untracked() {
            problem.set(Some(
                "Compare the fingerprint and confirm it above.".to_owned(),
            ));
            browser::focus_soon("#agree");
            return;
        }
        let sealed = match inputs.read() {
            Ok(secret) => seal_for(&public_key, &task, &secret),
            Err(found) => return faults.set(found),
        };
        let Some(mut proof) = OutboxProof::new_draft(&task, client.operator_id()) else {
            return problem.set(Some(sentence(SealError::Random)));
        };
        match sealed {
            Ok(envelope) => {
                busy.set(true);
                inputs.clear();
                known_keys::remember(agent_id, &fingerprint);
                proof.proof.encrypted_credential = Some(envelope);
                send_proof(proof);
            }
            Err(error) => problem.set(Some(sentence(error))),
        }
    };

    view! {
        <form class="stack" novalidate autocomplete="off" on:submit=handler(submit)>
            <KeySection agent key agreed/>
            <CredentialFields inputs faults/>
            <div role="alert">
                {dynamic_option(move || problem.get().map(|text| view! {
                    <Notice shape=Shape::Warning tone="bad"><p>{text}</p></Notice>
                }.into_any()))}
            </div>
            <SubmitButton label="Encrypt and send".to_owned() doing="Encrypting…" busy/>
        </form>
    }
}

/// Seals the credential for the task (contract §5). The plaintext is wiped by its owner, here and
/// in `seal`.
fn seal_for(
    key: &AgentPublicKey,
    task: &OperatorTaskView,
    secret: &Zeroizing<Vec<u8>>,
) -> Result<EncryptedCredential, SealError> {
    let envelope = seal(key, &task.task_id.to_string(), secret)?;
    Ok(EncryptedCredential {
        v: Envelope::VERSION,
        algorithm: Envelope::ALGORITHM.to_owned(),
        ciphertext: envelope.ciphertext_base64(),
        iv: envelope.iv_base64(),
        ephemeral_public_key: envelope.ephemeral_public_key_base64(),
        created_at: browser::now(),
    })
}

fn sentence(error: SealError) -> String {
    format!("Nothing was sent. What you entered is still here. {error}")
}
