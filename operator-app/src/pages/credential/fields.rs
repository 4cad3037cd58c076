//! The fields of a credential: labelled inputs that are serialized to one JSON object and then
//! wiped.

use api_types::{error::Fault, task_type::TaskType};
use leptos::{
    html::{Input, Textarea},
    prelude::*,
};
use web_sys::ClipboardEvent;
use zeroize::Zeroizing;

use crate::components::{
    FormFaults, Icon, Shape, TextAreaField, derive_flag, derive_text, dynamic, dynamic_option,
    field_fault, handler,
};

/// Maximum number of fields that the person can add to the suggested ones.
const ADDED_FIELDS_MAX: usize = 8;

/// Maximum number of characters in the name of an added field.
const NAME_CHARS_MAX: usize = 64;

/// A suggested field: its name in the JSON, its label, and whether its text is hidden at first.
type Suggestion = (&'static str, &'static str, bool);

/// A field of the credential. Its text is only in the inputs; signals hold only whether the field
/// is used and whether its text is shown.
#[derive(Clone, Copy)]
struct CredentialField {
    id: usize,
    /// `None` for a field that the person adds and names.
    suggestion: Option<Suggestion>,
    name: NodeRef<Input>,
    /// The single-line input; either this or `lines` is in the document.
    line: NodeRef<Input>,
    lines: NodeRef<Textarea>,
    used: RwSignal<bool>,
    shown: RwSignal<bool>,
    /// Whether the field has several lines, as for a private key in PEM; a single-line input would
    /// silently drop the line breaks.
    long: RwSignal<bool>,
}

impl CredentialField {
    fn new(id: usize, suggestion: Option<Suggestion>) -> Self {
        let hides = suggestion.is_none_or(|(_, _, hides)| hides);
        Self {
            id,
            suggestion,
            name: NodeRef::new(),
            line: NodeRef::new(),
            lines: NodeRef::new(),
            used: RwSignal::new(suggestion.is_some()),
            shown: RwSignal::new(!hides),
            long: RwSignal::new(false),
        }
    }

    fn value(self) -> String {
        let lines = self.lines.try_get_untracked().flatten();
        lines.map_or_else(|| text_of(self.line), |area| area.value())
    }

    fn set_value(self, text: &str) {
        if let Some(input) = self.line.try_get_untracked().flatten() {
            input.set_value(text);
        }
        if let Some(area) = self.lines.try_get_untracked().flatten() {
            area.set_value(text);
        }
    }

    /// Switches to a multi-line input when a text with several lines is pasted.
    fn paste(self, event: &ClipboardEvent) {
        let pasted = event
            .clipboard_data()
            .and_then(|data| data.get_data("text").ok())
            .map(Zeroizing::new);
        let Some(pasted) = pasted.filter(|text| text.trim().contains('\n')) else {
            return;
        };
        event.prevent_default();
        let whole = Zeroizing::new(format!("{}{}", self.value(), pasted.as_str()));
        self.long.set(true);
        // The multi-line input exists after the next rendering.
        request_animation_frame(move || {
            self.set_value(&whole);
            if let Some(area) = self.lines.try_get_untracked().flatten() {
                let _ = area.focus();
            }
        });
    }

    /// Returns the name by which the form's faults find this field.
    fn key(self) -> String {
        format!("field-{}", self.id)
    }

    fn name(self) -> String {
        match self.suggestion {
            Some((name, ..)) => name.to_owned(),
            None => text_of(self.name).trim().to_owned(),
        }
    }
}

/// All fields of one credential. This is a handle: copies refer to the same inputs.
#[derive(Clone, Copy)]
pub(super) struct CredentialInputs {
    // Includes the fields that the person may add, created in advance and unused.
    fields: StoredValue<Vec<CredentialField>>,
    notes: NodeRef<Textarea>,
}

impl CredentialInputs {
    /// Creates the fields that a task type usually needs; the agent may have asked for others.
    pub(super) fn of(kind: TaskType) -> Self {
        let suggested = suggestions(kind).iter().copied().map(Some);
        let added = std::iter::repeat_n(None, ADDED_FIELDS_MAX);
        let fields = suggested
            .chain(added)
            .enumerate()
            .map(|(id, one)| CredentialField::new(id, one));
        Self {
            fields: StoredValue::new(fields.collect()),
            notes: NodeRef::new(),
        }
    }

    /// Returns the credential as UTF-8 JSON, or its faults. This buffer is wiped on drop; the
    /// strings that the browser handed out are left to its garbage collector.
    pub(super) fn read(self) -> Result<Zeroizing<Vec<u8>>, Vec<Fault>> {
        let fields = self
            .fields
            .get_value()
            .into_iter()
            .filter(|field| field.used.get_untracked());
        let mut faults = Vec::new();
        let mut filled: Vec<(String, Zeroizing<String>)> = Vec::new();
        for field in fields {
            let value = Zeroizing::new(field.value());
            let name = field.name();
            if value.trim().is_empty() {
                continue;
            }
            if !is_name(&name) || name == "notes" {
                faults.push(field_fault(
                    &field.key(),
                    "Use only letters, digits and _ in the field name.",
                ));
            } else if filled.iter().any(|(other, _)| *other == name) {
                faults.push(field_fault(
                    &field.key(),
                    "Another field already has this name.",
                ));
            }
            filled.push((name, value));
        }
        if filled.is_empty() {
            faults.push(field_fault("field-0", "Enter what the agent asked for."));
        }
        if !faults.is_empty() {
            return Err(faults);
        }
        let notes = self
            .notes
            .get_untracked()
            .map(|area| Zeroizing::new(area.value()));
        if let Some(notes) = notes.filter(|notes| !notes.trim().is_empty()) {
            filled.push(("notes".to_owned(), notes));
        }
        Ok(json(&filled))
    }

    /// Empties every input.
    pub(super) fn clear(self) {
        for field in self.fields.try_get_value().unwrap_or_default() {
            field.set_value("");
        }
        if let Some(area) = self.notes.try_get_untracked().flatten() {
            area.set_value("");
        }
    }

    /// Returns a field that can still be added.
    fn unused(self) -> Option<CredentialField> {
        self.fields
            .get_value()
            .into_iter()
            .find(|field| !field.used.get())
    }
}

const fn suggestions(kind: TaskType) -> &'static [Suggestion] {
    match kind {
        TaskType::ApiKeyProcurement => &[
            ("api_key", "API key", true),
            ("dashboard_url", "Dashboard URL", false),
        ],
        TaskType::AccountCreation => &[
            ("username", "Username or email", false),
            ("password", "Password", true),
            ("url", "Sign-in URL", false),
        ],
        TaskType::PhoneVerification => &[("code", "Code", true)],
        TaskType::SubscriptionSetup => &[
            ("account", "Username or email", false),
            ("password", "Password", true),
            ("plan", "Plan", false),
        ],
        _ => &[("secret", "Secret", true)],
    }
}

fn is_name(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    !name.is_empty() && name.len() <= NAME_CHARS_MAX && name.chars().all(plain)
}

fn text_of(node: NodeRef<Input>) -> String {
    node.try_get_untracked()
        .flatten()
        .map(|input| input.value())
        .unwrap_or_default()
}

/// Serializes `{"name":"value",…}` into a buffer with sufficient capacity from the start, because
/// growing would leave copies in memory.
fn json(filled: &[(String, Zeroizing<String>)]) -> Zeroizing<Vec<u8>> {
    // An escaped character takes at most six bytes.
    let bytes_max = filled
        .iter()
        .map(|(name, value)| 6 * (name.len() + value.len()) + 6)
        .sum::<usize>();
    let mut buffer = Zeroizing::new(Vec::with_capacity(bytes_max + 2));
    for (name, value) in filled {
        let begin = if buffer.is_empty() { b'{' } else { b',' };
        buffer.push(begin);
        for (text, end) in [(name.as_str(), b':'), (value.as_str(), b' ')] {
            // Writing to memory cannot fail.
            let _ = serde_json::to_writer(&mut *buffer, text);
            buffer.push(end);
        }
        buffer.pop();
    }
    buffer.push(b'}');
    buffer
}

/// The inputs of all fields.
#[component]
pub(super) fn CredentialFields(inputs: CredentialInputs, faults: FormFaults) -> impl IntoView {
    view! {
        <section class="card stack" aria-labelledby="secret">
            <h2 id="secret">"Credential"</h2>
            {inputs.fields.get_value().into_iter().map(|field| {
                dynamic_option(move || field.used.get().then(|| field_view(field, faults)))
            }).collect_view()}
            {dynamic_option(move || inputs.unused().map(|field| view! {
                <button type="button" class="button slim" on:click=handler(move |_| field.used.set(true))>
                    <Icon shape=Shape::Plus/>
                    "Add field"
                </button>
            }.into_any()))}
            <TextAreaField label="Note to the agent" name="secret-notes" node=inputs.notes faults rows=2
                spellcheck=false hint="Encrypted with the credential."/>
        </section>
    }
}

fn field_view(field: CredentialField, faults: FormFaults) -> AnyView {
    let key = field.key();
    let (id, hint) = (key.clone(), format!("{key}-hint"));
    let fault = derive_text(move || faults.of(&key).unwrap_or_default());
    let label = field.suggestion.map_or("Value", |(_, label, _)| label);
    view! {
        <div class="field">
            {field.suggestion.is_none().then(|| name_input(field))}
            <label for=id.clone()>{label}</label>
            <div class="with-button">
                {value_input(field, fault, id.clone(), hint.clone())}
                {reveal_button(field.shown, label)}
            </div>
            <p id=hint class="hint fault">{fault}</p>
        </div>
    }
    .into_any()
}

/// Returns the single-line or the multi-line input. Both hide their text until it is to be shown.
fn value_input(field: CredentialField, fault: Signal<String>, id: String, hint: String) -> AnyView {
    let kind = derive_text(move || {
        if field.shown.get() {
            "text"
        } else {
            "password"
        }
        .to_owned()
    });
    let class = derive_text(move || if field.shown.get() { "" } else { "hidden-text" }.to_owned());
    let invalid = derive_flag(move || !fault.get().is_empty());
    dynamic(move || {
        let (id, hint) = (id.clone(), hint.clone());
        if field.long.get() {
            view! {
                <textarea
                    id=id
                    node_ref=field.lines
                    class=class
                    rows="6"
                    autocomplete="off"
                    autocapitalize="none"
                    spellcheck="false"
                    aria-invalid=invalid
                    aria-describedby=hint
                ></textarea>
            }
            .into_any()
        } else {
            view! {
                <input
                    id=id
                    node_ref=field.line
                    type=kind
                    autocomplete="off"
                    autocapitalize="none"
                    spellcheck="false"
                    aria-invalid=invalid
                    aria-describedby=hint
                    on:paste=handler(move |event: ClipboardEvent| field.paste(&event))
                />
            }
            .into_any()
        }
    })
}

fn reveal_button(shown: RwSignal<bool>, label: &'static str) -> AnyView {
    let action =
        derive_text(move || format!("{} {label}", if shown.get() { "Hide" } else { "Show" }));
    view! {
        <button type="button" class="icon-button" aria-label=action
            on:click=handler(move |_| shown.update(|shown| *shown = !*shown))>
            {dynamic(move || {
                let shape = if shown.get() { Shape::EyeOff } else { Shape::Eye };
                view! { <Icon shape/> }.into_any()
            })}
        </button>
    }
    .into_any()
}

/// Returns the input for the name of an added field.
fn name_input(field: CredentialField) -> AnyView {
    let id = format!("{}-name", field.key());
    view! {
        <label for=id.clone()>"Field name"</label>
        <div class="with-button">
            <input id=id.clone() node_ref=field.name type="text" autocomplete="off" autocapitalize="none"
                spellcheck="false" maxlength=NAME_CHARS_MAX.to_string() placeholder="recovery_code"/>
            <button type="button" class="icon-button" aria-label="Remove field"
                on:click=handler(move |_| field.used.set(false))>
                <Icon shape=Shape::Trash/>
            </button>
        </div>
    }
    .into_any()
}
