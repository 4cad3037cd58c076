//! An unsent proof with its progress: which files wait, are being sent or have been received.

use api_types::TaskId;
use leptos::prelude::*;

use crate::{
    browser::{self, spawn},
    components::{
        ConfirmButton, Icon, Shape, derive_text, dynamic_option, empty_view, error_notice, handler,
    },
    labels,
    outbox::{Outbox, OutboxFile, OutboxProof, Stage},
    response::ClientError,
    route::Route,
    screen::Screen,
};

/// Shows the unsent proof of a task, if there is one.
#[component]
pub(crate) fn OutboxCard(
    task_id: TaskId,
    /// Whether to show the task's title, as a link to it.
    #[prop(default = false)]
    with_title: bool,
) -> impl IntoView {
    let outbox: Outbox = expect_context();
    dynamic_option(move || {
        outbox.find(task_id).map(|proof| {
            view! {
                <section class="card stack" aria-label="Your proof">
                    {with_title.then(|| view! {
                        <h3 class="agent-text">
                            <a class="target" href=Screen::task(task_id).path()>{proof.title.clone()}</a>
                        </h3>
                    }.into_any())}
                    {state(&proof)}
                    <ul class="uploads">
                        {proof.files.iter().cloned().map(file_progress).collect_view()}
                    </ul>
                    {actions(&proof)}
                </section>
            }
            .into_any()
        })
    })
}

/// Shows the state as a sentence. Screen readers announce it, but not the byte counts below it.
fn state(proof: &OutboxProof) -> AnyView {
    let outbox: Outbox = expect_context();
    let id = proof.task_id;
    let saved = match proof.files.len() as u64 {
        0 => "Your text is saved on this phone.".to_owned(),
        number => format!(
            "{} saved on this phone.",
            labels::count(number, "file", "files")
        ),
    };
    let explanation = derive_text(move || {
        match outbox.send_error(id) {
            Some(ClientError::Unreachable) => {
                "You are offline. Nothing is lost: your proof is saved on this phone and sent \
                 automatically."
            }
            Some(_) => "Saved on this phone. It is sent automatically.",
            None => "Safe to close. Your proof is saved on this phone and sent when you return.",
        }
        .to_owned()
    });
    let status = derive_text(move || {
        if outbox.send_error(id).is_some() {
            "Waiting"
        } else {
            "Sending"
        }
        .to_owned()
    });
    let class = derive_text(move || {
        if outbox.send_error(id).is_some() {
            "mark waiting"
        } else {
            "mark active"
        }
        .to_owned()
    });
    match proof.stage {
        Stage::Draft => view! {
            <p class="row start">
                <span class="mark neutral">"Not sent"</span>
                <span>{saved}</span>
            </p>
        }
        .into_any(),
        Stage::Ready => view! {
            <p class="row start" role="status">
                <span class=class>{status}</span>
                <span>{explanation}</span>
            </p>
        }
        .into_any(),
        Stage::Refused(_) => empty_view(),
    }
}

fn file_progress(file: OutboxFile) -> AnyView {
    let outbox: Outbox = expect_context();
    let received = file.url.is_some();
    let (key, total) = (file.key, file.bytes);
    let sent = Signal::derive(move || {
        let sending = outbox
            .upload_progress()
            .filter(|sending| sending.key == key)?;
        // The progress counts the form fields too; the person sees the size of the file only.
        Some(
            (total * sending.sent)
                .checked_div(sending.total)
                .unwrap_or(0),
        )
    });
    let state = derive_text(move || match sent.get() {
        _ if received => format!("Received · {}", browser::bytes(total)),
        Some(sent) => format!(
            "Sending · {} of {} · {} %",
            browser::bytes(sent),
            browser::bytes(total),
            (sent * 100).checked_div(total).unwrap_or(0),
        ),
        None => format!("Waiting · {}", browser::bytes(total)),
    });
    let done = derive_text(move || {
        if received {
            total
        } else {
            sent.get().unwrap_or(0)
        }
        .to_string()
    });
    view! {
        <li>
            <span class="agent-text">{file.name.clone()}</span>
            <span class="quiet">{state}</span>
            <progress
                max=total.to_string()
                value=done
                aria-label=format!("{} sent", file.name)
            ></progress>
        </li>
    }
    .into_any()
}

fn actions(proof: &OutboxProof) -> AnyView {
    let outbox: Outbox = expect_context();
    let id = proof.task_id;
    let is_sealed = proof.proof.encrypted_credential.is_some();
    let try_again = Callback::new(move |()| {
        spawn(async move {
            // A change that could not be stored is still in memory and is sent from there.
            let _ = outbox.retry(id).await;
        });
    });
    match &proof.stage {
        Stage::Draft => view! {
            <a class="button" href=Screen::proof(id).path()>"Continue proof"</a>
            <DiscardButton id/>
        }
        .into_any(),
        Stage::Ready => view! {
            {dynamic_option(move || outbox.send_error(id).map(|error| view! {
                {(!matches!(error, ClientError::Unreachable)).then(|| error_notice(&error, None))}
                <button type="button" class="button" on:click=handler(move |_| outbox.send_now())>
                    <Icon shape=Shape::Refresh/>
                    "Send now"
                </button>
                // A proxy may block a proof forever, so the person can change or discard it.
                {matches!(error, ClientError::Intercepted(_)).then(|| view! {
                    {change_button(id, is_sealed)}
                    <DiscardButton id/>
                }.into_any())}
            }.into_any()))}
        }
        .into_any(),
        Stage::Refused(error) => view! {
            {error_notice(error, Some(try_again))}
            {change_button(id, is_sealed)}
            <DiscardButton id/>
        }
        .into_any(),
    }
}

/// Returns a button that leads back to the form with its content. A sealed credential can be read
/// only by the agent, so it must be typed again.
fn change_button(id: TaskId, is_sealed: bool) -> AnyView {
    let outbox: Outbox = expect_context();
    let route: Route = expect_context();
    let change = move |_| {
        spawn(async move {
            // A change that could not be stored is still made in memory.
            let _ = if is_sealed {
                outbox.discard(id).await
            } else {
                outbox.reopen(id).await
            };
            route.go(Screen::proof(id));
        });
    };
    view! {
        <button type="button" class="button" on:click=handler(change)>
            {if is_sealed { "Enter it again" } else { "Edit proof" }}
        </button>
    }
    .into_any()
}

#[component]
fn DiscardButton(id: TaskId) -> impl IntoView {
    let outbox: Outbox = expect_context();
    let discard = Callback::new(move |()| {
        spawn(async move {
            // If deleting it fails, the proof is still shown and can be discarded again.
            let _ = outbox.discard(id).await;
        });
    });
    view! {
        <ConfirmButton
            label="Discard proof"
            warning="Its files and text are deleted from this phone. You cannot undo this."
            confirm_label="Delete permanently"
            on_confirm=discard
        />
    }
}
