//! The form for the typed result that some tasks ask for in addition to the proof, generated from
//! its JSON Schema.
//!
//! The properties of an object become inputs of their type. Values without an input of their own
//! (lists, nested objects) are typed as JSON. The server validates the result against the whole
//! schema.

use std::collections::BTreeMap;

use api_types::{error::Fault, task::OperatorTaskView};
use leptos::{html::Form, prelude::*};
use serde_json::{
    Number, Value,
    value::{RawValue, to_raw_value},
};
use web_sys::FormData;

use crate::components::{FormFaults, derive_flag, derive_text, field_fault};

/// An input of the form.
#[derive(Clone)]
struct Property {
    /// The name of the property; empty if the result is not an object.
    name: String,
    label: String,
    hint: String,
    required: bool,
    kind: InputKind,
}

#[derive(Clone)]
enum InputKind {
    /// A text, with the `type` attribute of its input.
    Text(&'static str),
    Number,
    /// A choice of values as JSON, each with its label.
    Choice(Vec<(String, String)>),
    Json,
}

impl Property {
    fn new(name: &str, schema: &Value, required: bool) -> Self {
        let word = |key: &str| schema.get(key).and_then(Value::as_str).unwrap_or_default();
        let label = match (word("title"), name) {
            ("", "") => "Result".to_owned(),
            ("", name) => name.replace('_', " "),
            (title, _) => title.to_owned(),
        };
        Self {
            name: name.to_owned(),
            label,
            hint: word("description").to_owned(),
            required,
            kind: InputKind::of(schema),
        }
    }

    /// Returns the name of the input in the form, by which its faults are found.
    fn field(&self) -> String {
        format!("result.{}", self.name)
    }

    /// Returns the typed value as JSON, or `None` if the input is empty.
    fn read(&self, form: &FormData) -> Result<Option<Box<RawValue>>, Fault> {
        let typed = form.get(&self.field()).as_string().unwrap_or_default();
        let typed = typed.trim();
        let wrong = |message: &str| Err(field_fault(&self.field(), message));
        let json = |text: &str| RawValue::from_string(text.to_owned());
        match &self.kind {
            _ if typed.is_empty() && self.required => wrong("This field is required."),
            _ if typed.is_empty() => Ok(None),
            InputKind::Text(_) => Ok(to_raw_value(typed).ok()),
            InputKind::Number if serde_json::from_str::<Number>(typed).is_err() => {
                wrong("Enter a number.")
            }
            InputKind::Choice(_) | InputKind::Number => Ok(json(typed).ok()),
            InputKind::Json => match json(typed) {
                Ok(value) => Ok(Some(value)),
                Err(_) => wrong("Enter JSON, for example [\"one\", \"two\"]."),
            },
        }
    }
}

impl InputKind {
    fn of(schema: &Value) -> Self {
        if let Some(values) = schema.get("enum").and_then(Value::as_array) {
            let label = |value: &Value| {
                value
                    .as_str()
                    .map_or_else(|| value.to_string(), str::to_owned)
            };
            let choices = values.iter().map(|value| (value.to_string(), label(value)));
            return Self::Choice(choices.collect());
        }
        let type_name = |value: &Value| {
            value
                .as_str()
                .filter(|name| *name != "null")
                .map(str::to_owned)
        };
        let kind = match schema.get("type") {
            Some(Value::Array(kinds)) => kinds.iter().find_map(type_name),
            Some(kind) => type_name(kind),
            None => None,
        };
        match kind.as_deref() {
            Some("string") => Self::Text(input_type(schema)),
            Some("number" | "integer") => Self::Number,
            Some("boolean") => {
                let choice = |value: &str, label: &str| (value.to_owned(), label.to_owned());
                Self::Choice(vec![choice("true", "Yes"), choice("false", "No")])
            }
            _ => Self::Json,
        }
    }
}

fn input_type(schema: &Value) -> &'static str {
    match schema.get("format").and_then(Value::as_str) {
        Some("date") => "date",
        Some("time") => "time",
        Some("email") => "email",
        Some("uri") => "url",
        _ => "text",
    }
}

/// The inputs for the typed result of a task; none if it asks for no result. This is a handle:
/// copies refer to the same inputs.
#[derive(Clone, Copy)]
pub(crate) struct ResultForm(StoredValue<Vec<Property>>);

impl ResultForm {
    pub(crate) fn of(task: &OperatorTaskView) -> Self {
        let schema = task.result_schema.as_deref();
        let schema: Option<Value> = schema.and_then(|text| serde_json::from_str(text.get()).ok());
        Self(StoredValue::new(
            schema.map(|schema| properties(&schema)).unwrap_or_default(),
        ))
    }

    /// Returns the result, or all faults that can be found on the phone.
    pub(crate) fn read(self, form: NodeRef<Form>) -> Result<Option<Box<RawValue>>, Vec<Fault>> {
        let Some(form) = data(form) else {
            return Ok(None);
        };
        let (mut found, mut parts) = (Vec::new(), BTreeMap::new());
        self.0.with_value(|properties| {
            for property in properties {
                match property.read(&form) {
                    Ok(Some(value)) => drop(parts.insert(property.name.clone(), value)),
                    Ok(None) => {}
                    Err(fault) => found.push(fault),
                }
            }
        });
        if found.is_empty() {
            Ok(self.whole(parts))
        } else {
            Err(found)
        }
    }

    /// Returns the part of the result that can be parsed so far, to store it in a draft.
    pub(crate) fn draft(self, form: NodeRef<Form>) -> Option<Box<RawValue>> {
        let form = data(form)?;
        let read = |property: &Property| {
            let value = property.read(&form).ok().flatten()?;
            Some((property.name.clone(), value))
        };
        let parts: BTreeMap<_, _> = self
            .0
            .with_value(|properties| properties.iter().filter_map(read).collect());
        (!parts.is_empty()).then(|| self.whole(parts)).flatten()
    }

    fn whole(self, mut parts: BTreeMap<String, Box<RawValue>>) -> Option<Box<RawValue>> {
        let is_object = self
            .0
            .with_value(|all| !all.is_empty() && all.iter().all(|one| !one.name.is_empty()));
        if is_object {
            to_raw_value(&parts).ok()
        } else {
            parts.remove("")
        }
    }
}

fn properties(schema: &Value) -> Vec<Property> {
    let object = schema.get("properties").and_then(Value::as_object);
    let required: Vec<&str> = (schema.get("required").and_then(Value::as_array))
        .map(|names| names.iter().filter_map(Value::as_str).collect())
        .unwrap_or_default();
    match object.filter(|object| !object.is_empty()) {
        Some(object) => object
            .iter()
            .map(|(name, schema)| Property::new(name, schema, required.contains(&name.as_str())))
            .collect(),
        None => vec![Property::new("", schema, true)],
    }
}

fn data(form: NodeRef<Form>) -> Option<FormData> {
    FormData::new_with_form(&form.get_untracked()?).ok()
}

/// Shows the inputs; shows nothing if the task asks for no typed result.
#[component]
pub(crate) fn ResultFields(
    result_form: ResultForm,
    faults: FormFaults,
    /// The value of the stored draft.
    earlier: Option<Box<RawValue>>,
) -> impl IntoView {
    let earlier: Value = earlier
        .and_then(|text| serde_json::from_str(text.get()).ok())
        .unwrap_or_default();
    let properties = result_form.0.get_value();
    (!properties.is_empty()).then(|| {
        view! {
            <section class="card stack" aria-labelledby="result">
                <h2 id="result">"Questions from the agent"</h2>
                {properties.into_iter().map(|property| {
                    let before = match property.name.as_str() {
                        "" => Some(&earlier),
                        name => earlier.get(name),
                    };
                    input(&property, before.filter(|value| !value.is_null()), faults)
                }).collect_view()}
            </section>
        }
    })
}

fn input(property: &Property, before: Option<&Value>, faults: FormFaults) -> AnyView {
    let (name, hint) = (property.field(), property.hint.clone());
    let hint_id = format!("{name}-hint");
    let (for_flag, for_class, for_message) = (name.clone(), name.clone(), name.clone());
    let invalid = derive_flag(move || faults.of(&for_flag).is_some());
    let class = derive_text(move || {
        let tone = faults.of(&for_class).map_or("", |_| " fault");
        format!("hint agent-text{tone}")
    });
    let message = derive_text(move || faults.of(&for_message).unwrap_or_else(|| hint.clone()));
    let required = property.required.to_string();
    let as_json = before.map(ToString::to_string).unwrap_or_default();
    let as_text = before.and_then(Value::as_str).map(str::to_owned);
    let as_text = as_text.unwrap_or_else(|| as_json.clone());
    let control = match &property.kind {
        InputKind::Choice(choices) => view! {
            <select id=name.clone() name=name.clone() aria-required=required aria-invalid=invalid
                aria-describedby=hint_id.clone()>
                <option value="">"Choose…"</option>
                {choices.iter().cloned().map(|(value, label)| {
                    let chosen = value == as_json;
                    view! { <option value=value selected=chosen>{label}</option> }.into_any()
                }).collect_view()}
            </select>
        }
        .into_any(),
        InputKind::Json => view! {
            <textarea id=name.clone() name=name.clone() rows="4" autocomplete="off" spellcheck="false"
                prop:value=as_json aria-required=required aria-invalid=invalid
                aria-describedby=hint_id.clone()></textarea>
        }
        .into_any(),
        InputKind::Text(kind) => line(&name, kind, "text", as_text, required, invalid, &hint_id),
        InputKind::Number => line(&name, "text", "decimal", as_json, required, invalid, &hint_id),
    };
    view! {
        <div class="field">
            <label for=name class="agent-text">
                {property.label.clone()}
                {(!property.required).then(|| view! { <span class="optional">"optional"</span> }.into_any())}
            </label>
            {control}
            <p id=hint_id class=class>{message}</p>
        </div>
    }
    .into_any()
}

fn line(
    name: &str,
    kind: &'static str,
    mode: &'static str,
    value: String,
    required: String,
    invalid: Signal<String>,
    hint_id: &str,
) -> AnyView {
    let (name, hint_id) = (name.to_owned(), hint_id.to_owned());
    view! {
        <input id=name.clone() name=name type=kind inputmode=mode value=value autocomplete="off"
            aria-required=required aria-invalid=invalid aria-describedby=hint_id/>
    }
    .into_any()
}
