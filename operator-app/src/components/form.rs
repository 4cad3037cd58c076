//! Form components: a field with label, hint and error, and a submit button with a busy state.

use api_types::error::Fault;
use leptos::{html, prelude::*};

use crate::{
    browser,
    components::{derive_flag, derive_text},
    response::ClientError,
};

/// The faults of a form, by field and for the form as a whole.
#[derive(Clone, Copy)]
pub(crate) struct FormFaults(RwSignal<Vec<Fault>>);

impl FormFaults {
    /// Creates a form state without faults.
    pub(crate) fn new() -> Self {
        Self(RwSignal::new(Vec::new()))
    }

    /// Replaces the faults, and moves the focus to the first faulty field.
    pub(crate) fn set(self, faults: Vec<Fault>) {
        let any = !faults.is_empty();
        self.0.set(faults);
        if any {
            browser::focus_soon("[aria-invalid=true]");
        }
    }

    /// Sets the faults from the details of a refusal; ignores other errors.
    pub(crate) fn set_from(self, error: &ClientError) {
        if let ClientError::Refused(body, _) = error {
            self.set(body.details.clone());
        }
    }

    /// Returns the message of the fault in `field`, and subscribes the caller to it.
    pub(crate) fn of(self, field: &str) -> Option<String> {
        self.0.with(|faults| {
            faults
                .iter()
                .find(|fault| fault.field == field)
                .map(|fault| fault.message.clone())
        })
    }
}

/// Returns a fault that was found on the phone.
pub(crate) fn field_fault(field: &str, message: &str) -> Fault {
    Fault {
        field: field.to_owned(),
        message: message.to_owned(),
    }
}

/// Trims a text; returns `None` if nothing is left.
pub(crate) fn non_empty(text: Option<String>) -> Option<String> {
    text.map(|text| text.trim().to_owned())
        .filter(|text| !text.is_empty())
}

/// A single-line text input with its label. Its text is read from `node`; no signal mirrors it.
#[component]
pub(crate) fn Field(
    label: &'static str,
    /// The name of the field in the API, by which its faults are found.
    name: &'static str,
    node: NodeRef<html::Input>,
    faults: FormFaults,
    #[prop(optional)] hint: Option<&'static str>,
    #[prop(default = "text")] kind: &'static str,
    /// The keyboard that a phone shows, if it differs from that of `kind`.
    #[prop(optional)]
    input_mode: Option<&'static str>,
    #[prop(default = "off")] autocomplete: &'static str,
    #[prop(optional)] value: String,
    #[prop(default = false)] required: bool,
) -> impl IntoView {
    let invalid = derive_flag(move || faults.of(name).is_some());
    view! {
        <div class="field">
            <label for=name>
                {label}
                {(!required).then(|| view! { <span class="optional">"optional"</span> }.into_any())}
            </label>
            <input
                id=name
                name=name
                node_ref=node
                type=kind
                inputmode=input_mode
                value=value
                autocomplete=autocomplete
                aria-required=required.to_string()
                aria-invalid=invalid
                aria-describedby=format!("{name}-hint")
            />
            <FieldHint name hint faults/>
        </div>
    }
}

/// A multi-line text input with its label.
#[component]
pub(crate) fn TextAreaField(
    label: &'static str,
    name: &'static str,
    node: NodeRef<html::Textarea>,
    faults: FormFaults,
    #[prop(optional)] hint: Option<&'static str>,
    #[prop(default = 4)] rows: u32,
    #[prop(default = false)] required: bool,
    #[prop(default = true)] spellcheck: bool,
    #[prop(optional)] value: String,
) -> impl IntoView {
    let invalid = derive_flag(move || faults.of(name).is_some());
    view! {
        <div class="field">
            <label for=name>
                {label}
                {(!required).then(|| view! { <span class="optional">"optional"</span> }.into_any())}
            </label>
            <textarea
                id=name
                name=name
                node_ref=node
                prop:value=value
                rows=rows.to_string()
                autocomplete="off"
                spellcheck=spellcheck.to_string()
                aria-required=required.to_string()
                aria-invalid=invalid
                aria-describedby=format!("{name}-hint")
            ></textarea>
            <FieldHint name hint faults/>
        </div>
    }
}

/// The text below a field: its fault if there is one, otherwise its hint.
#[component]
fn FieldHint(name: &'static str, hint: Option<&'static str>, faults: FormFaults) -> impl IntoView {
    let class = derive_text(move || {
        if faults.of(name).is_some() {
            "hint fault"
        } else {
            "hint"
        }
        .to_owned()
    });
    let message = derive_text(move || {
        faults
            .of(name)
            .unwrap_or_else(|| hint.unwrap_or("").to_owned())
    });
    view! {
        <p id=format!("{name}-hint") class=class>{message}</p>
    }
}

/// The button that submits a form. While busy it shows `doing` and keeps the focus; the form's own
/// handler ignores presses during that time.
#[component]
pub(crate) fn SubmitButton(
    #[prop(into)] label: Signal<String>,
    doing: &'static str,
    #[prop(into)] busy: Signal<bool>,
) -> impl IntoView {
    view! {
        <button
            type="submit"
            class="button primary wide"
            aria-disabled=derive_flag(move || busy.get())
        >
            {derive_text(move || if busy.get() { doing.to_owned() } else { label.get() })}
        </button>
    }
}
