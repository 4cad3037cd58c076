//! The form for photos, screenshots or files: one slot for each requirement. Picked files are
//! stored on the phone at once.

use api_types::{
    proof::{FILES_MAX, ProofType, SubmitProof, UPLOAD_BYTES_MAX},
    task::OperatorTaskView,
};
use leptos::{
    ev::{Event, SubmitEvent},
    html::{Form, Textarea},
    prelude::*,
};
use web_sys::{File, HtmlInputElement, Url};

use crate::{
    browser::{self, spawn},
    client::SessionClient,
    components::{
        FormFaults, Icon, Notice, Shape, SubmitButton, TextAreaField, derive_text, dynamic,
        dynamic_option, handler, non_empty, thumbnail,
    },
    labels,
    outbox::{Outbox, OutboxFile, OutboxProof},
    pages::{
        proof::{
            autosave::Autosave,
            result_form::{ResultFields, ResultForm},
        },
        submit::use_submit,
    },
};

/// The form with one slot for each requirement, and one for other files.
#[component]
pub(crate) fn FilesForm(task: OperatorTaskView) -> impl IntoView {
    let outbox: Outbox = expect_context();
    let send_proof = use_submit();
    let form = NodeRef::<Form>::new();
    let notes = NodeRef::<Textarea>::new();
    let note = move || non_empty(notes.get_untracked().map(|area| area.value()));
    let result_form = ResultForm::of(&task);
    let autosave = Autosave::of(&task);
    let stored = autosave.stored();
    let faults = FormFaults::new();
    let busy = RwSignal::new(false);
    let problem = RwSignal::new(None::<String>);
    let id = task.task_id;
    let files = Memo::new(move |_| outbox.find(id).map(|proof| proof.files).unwrap_or_default());
    let requirement_count = task.proof_requirements.len();
    let label = derive_text(move || files.with(|files| send_label(files, requirement_count)));
    let missing = derive_text(move || files.with(|files| missing_text(files, requirement_count)));

    let save = move |_| {
        autosave.schedule(SubmitProof {
            notes: note(),
            result: result_form.draft(form),
            ..SubmitProof::default()
        });
    };
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let draft = outbox
            .find_untracked(id)
            .filter(|draft| !draft.files.is_empty());
        match draft {
            _ if busy.get_untracked() => {}
            None => {
                problem.set(Some(
                    "Add at least one picture or file before you send.".to_owned(),
                ));
                browser::focus_soon(".slot input");
            }
            Some(mut draft) => {
                draft.proof.notes = note();
                match result_form.read(form) {
                    Ok(result) => draft.proof.result = result,
                    Err(found) => return faults.set(found),
                }
                busy.set(true);
                autosave.cancel();
                send_proof(draft);
            }
        }
    };

    view! {
        <form class="stack" novalidate node_ref=form on:submit=handler(submit) on:input=handler(save)>
            <p>{explanation(task.proof_type)}</p>
            <Slots task files problem/>
            <ResultFields result_form faults earlier=stored.result/>
            <TextAreaField label="Note to the agent" name="notes" node=notes faults rows=2
                value=stored.notes.unwrap_or_default()/>
            <div role="alert">
                {dynamic_option(move || problem.get().map(|text| view! {
                    <Notice shape=Shape::Warning tone="bad"><p>{text}</p></Notice>
                }.into_any()))}
            </div>
            <p class="quiet" role="status">{missing}</p>
            <SubmitButton label doing="Sending…" busy/>
        </form>
    }
}

const fn explanation(proof_type: ProofType) -> &'static str {
    match proof_type {
        ProofType::Photo => {
            "Take a photo for each requirement. Photos are saved on this phone until they are sent, so nothing is lost on a bad connection."
        }
        ProofType::Screenshot => {
            "Add a screenshot for each requirement. Screenshots are saved on this phone until they are sent."
        }
        ProofType::Artifact | ProofType::Confirmation => {
            "Add pictures or PDFs. Files are saved on this phone until they are sent."
        }
    }
}

/// Returns how many requirements have no file.
fn missing(files: &[OutboxFile], requirement_count: usize) -> usize {
    let has_none = |requirement: &usize| !files.iter().any(|file| file.slot == *requirement);
    (0..requirement_count).filter(has_none).count()
}

/// Returns a warning about requirements without a file, once there is a file at all.
fn missing_text(files: &[OutboxFile], requirement_count: usize) -> String {
    match missing(files, requirement_count) as u64 {
        number if number > 0 && !files.is_empty() => format!(
            "{} no file. The check may be inconclusive.",
            labels::count(number, "requirement has", "requirements have"),
        ),
        _ => String::new(),
    }
}

fn send_label(files: &[OutboxFile], requirement_count: usize) -> String {
    let count = labels::count(files.len() as u64, "file", "files");
    match files.len() {
        0 => "Send".to_owned(),
        _ if missing(files, requirement_count) > 0 => format!("Send {count} anyway"),
        _ => format!("Send {count}"),
    }
}

#[component]
fn Slots(
    task: OperatorTaskView,
    files: Memo<Vec<OutboxFile>>,
    problem: RwSignal<Option<String>>,
) -> impl IntoView {
    let requirement_count = task.proof_requirements.len();
    let task = StoredValue::new(task);
    let requirements = task.with_value(|task| task.proof_requirements.clone());
    view! {
        <ol class="slots">
            {requirements.into_iter().enumerate().map(|(place, requirement)| view! {
                <Slot task place name=requirement files problem/>
            }.into_any()).collect_view()}
            <Slot task place=requirement_count name="Other files for the agent".to_owned() files problem/>
        </ol>
    }
}

#[component]
fn Slot(
    task: StoredValue<OperatorTaskView>,
    place: usize,
    name: String,
    files: Memo<Vec<OutboxFile>>,
    problem: RwSignal<Option<String>>,
) -> impl IntoView {
    // The pictures are rendered again only when this slot changes.
    let slot_files = Memo::new(move |_| {
        files.with(|files| {
            files
                .iter()
                .filter(|f| f.slot == place)
                .cloned()
                .collect::<Vec<_>>()
        })
    });
    let class = derive_text(move || {
        if slot_files.with(Vec::is_empty) {
            "card slot"
        } else {
            "card slot filled"
        }
        .to_owned()
    });
    let proof_type = task.with_value(|task| task.proof_type);
    let with_camera = proof_type != ProofType::Screenshot;
    let accept = if proof_type == ProofType::Artifact {
        "image/*,application/pdf"
    } else {
        "image/*"
    };
    let file_label = if proof_type == ProofType::Photo {
        "Choose photo"
    } else {
        "Choose file"
    };
    let short = format!("{}: {name}", place + 1);
    view! {
        <li class=class>
            <p class="agent-text">{name}</p>
            {dynamic(move || view! {
                <div class="thumbs">
                    {slot_files
                        .get()
                        .into_iter()
                        .map(|file| file_thumbnail(task, file))
                        .collect_view()}
                </div>
            }.into_any())}
            <div class="pick">
                {with_camera.then(|| view! {
                    <FileInput task place problem accept="image/*" camera=true label="Take photo"
                        name=format!("Take photo, {short}")/>
                }.into_any())}
                <FileInput task place problem accept camera=false label=file_label
                    name=format!("{file_label}, {short}")/>
            </div>
        </li>
    }
}

/// A file input that looks like a button.
#[component]
fn FileInput(
    task: StoredValue<OperatorTaskView>,
    place: usize,
    problem: RwSignal<Option<String>>,
    accept: &'static str,
    camera: bool,
    label: &'static str,
    name: String,
) -> impl IntoView {
    let outbox: Outbox = expect_context();
    let client: SessionClient = expect_context();
    let picked = move |event: Event| {
        let input = event_target::<HtmlInputElement>(&event);
        let Some(file) = input.files().and_then(|files| files.get(0)) else {
            return;
        };
        // Clearing the input allows picking the same file again after its removal.
        input.set_value("");
        let id = task.with_value(|task| task.task_id);
        let number = outbox
            .find_untracked(id)
            .map_or(0, |proof| proof.files.len());
        if let Some(reason) = refusal(&file, accept, number) {
            problem.set(Some(reason));
            return;
        }
        problem.set(None);
        let Some(new_draft) =
            task.with_value(|task| OutboxProof::new_draft(task, client.operator_id()))
        else {
            return problem.set(Some(NOT_STORED.to_owned()));
        };
        spawn(async move {
            if outbox.add_file(new_draft, place, &file).await.is_err() {
                problem.set(Some(NOT_STORED.to_owned()));
            }
        });
    };
    view! {
        <label class="button pick-button">
            <Icon shape=if camera { Shape::Camera } else { Shape::Picture }/>
            {label}
            <input
                type="file"
                accept=accept
                capture=camera.then_some("environment")
                aria-label=name
                on:change=handler(picked)
            />
        </label>
    }
}

const NOT_STORED: &str = "This browser does not let the app store files, for example because this window is private. \
Open the app in a normal window and add the file again.";

/// Returns the reason why a file is refused, or `None` if it is accepted.
fn refusal(file: &File, accept: &str, number: usize) -> Option<String> {
    let kind = file.type_();
    let fits = kind.starts_with("image/") || (kind == "application/pdf" && accept.contains("pdf"));
    // Some phones state no media type for HEIC pictures; the server checks the content.
    if !fits && !kind.is_empty() {
        return Some(format!(
            "“{}” is not a picture. Choose a JPEG, PNG, WebP or HEIC file.",
            file.name()
        ));
    }
    if file.size() < 1.0 {
        return Some(format!("“{}” is empty. Choose another file.", file.name()));
    }
    #[expect(clippy::cast_precision_loss, reason = "15 MiB are far below 2^53")]
    if file.size() > UPLOAD_BYTES_MAX as f64 {
        return Some(format!(
            "“{}” is larger than 15 MiB. Choose a smaller file.",
            file.name()
        ));
    }
    (number >= FILES_MAX).then(|| format!("A proof can have at most {FILES_MAX} files."))
}

/// Shows a picked file as a thumbnail with a button to remove it.
fn file_thumbnail(task: StoredValue<OperatorTaskView>, file: OutboxFile) -> AnyView {
    let outbox: Outbox = expect_context();
    let id = task.with_value(|task| task.task_id);
    let (key, name) = (file.key, file.name);
    let url = RwSignal::new(None::<String>);
    let file_key = key.clone();
    spawn(async move {
        if let Ok(blob) = outbox.file(&file_key).await
            && let Ok(made) = Url::create_object_url_with_blob(&blob)
        {
            url.try_set(Some(made));
        }
    });
    on_cleanup(move || {
        if let Some(made) = url.try_get_untracked().flatten() {
            let _ = Url::revoke_object_url(&made);
        }
    });
    let remove = move |_| {
        let key = key.clone();
        spawn(async move {
            // If removing it fails, the file is still shown and can be removed again.
            let _ = outbox.remove_file(id, &key).await;
        });
    };
    let alt = name.clone();
    view! {
        <figure class="picked">
            {dynamic_option(move || url.get().map(|url| thumbnail(url, alt.clone())))}
            <figcaption class="quiet agent-text">{browser::bytes(file.bytes)}</figcaption>
            <button type="button" class="remove" aria-label=format!("Remove {name}") on:click=handler(remove)>
                <Icon shape=Shape::Cross/>
            </button>
        </figure>
    }
    .into_any()
}
