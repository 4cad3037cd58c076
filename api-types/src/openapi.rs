//! Completes the schemas of this crate's types in the API document with the bounds of their fields.

use utoipa::openapi::{Components, RefOr};

use crate::{
    agent::{AgentSettings, ChangeAgent, RegisterAgent},
    bounds::Bounds,
    deposit::{PayIn, PaymentStatusRequest},
    dispute::{OpenDispute, ResolveDispute},
    estimate::{GiveEstimate, RejectEstimate},
    guardian::{GuardianResult, RequirementResult},
    host::{DecideKyc, KycWebhook},
    key::{ChangeKey, CreateKey, KeyPolicy},
    message::{GiveRating, SendMessage},
    new_task::CreateTask,
    operator::{ChangeOperator, RegisterOperator},
    passkey::AddPasskey,
    payout::RequestPayout,
    place::{HomePlace, Location},
    proof::SubmitProof,
    review::{RequestRevision, VerifyTask},
    session::{ConfirmEmail, VerifyCode},
};

/// The bounds of all types that have some.
const ALL: &[Bounds] = &[
    RegisterAgent::BOUNDS,
    AgentSettings::BOUNDS,
    ChangeAgent::BOUNDS,
    PayIn::BOUNDS,
    PaymentStatusRequest::BOUNDS,
    ResolveDispute::BOUNDS,
    OpenDispute::BOUNDS,
    GiveEstimate::BOUNDS,
    RejectEstimate::BOUNDS,
    GuardianResult::BOUNDS,
    RequirementResult::BOUNDS,
    DecideKyc::BOUNDS,
    KycWebhook::BOUNDS,
    CreateKey::BOUNDS,
    ChangeKey::BOUNDS,
    KeyPolicy::BOUNDS,
    SendMessage::BOUNDS,
    GiveRating::BOUNDS,
    CreateTask::BOUNDS,
    RegisterOperator::BOUNDS,
    ChangeOperator::BOUNDS,
    RequestPayout::BOUNDS,
    HomePlace::BOUNDS,
    Location::BOUNDS,
    SubmitProof::BOUNDS,
    RequestRevision::BOUNDS,
    VerifyTask::BOUNDS,
    VerifyCode::BOUNDS,
    AddPasskey::BOUNDS,
    ConfirmEmail::BOUNDS,
];

/// Writes the bounds of the fields into the schemas of the document.
pub fn set_bounds(components: &mut Components) {
    for bounds in ALL {
        if let Some(RefOr::T(schema)) = components.schemas.get_mut(&*(bounds.name)()) {
            bounds.apply(schema);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    /// Returns the schemas of all bounded fields, by type and field name.
    fn bounded_fields() -> Vec<(String, Value)> {
        let mut found = Vec::new();
        for bounds in ALL {
            let RefOr::T(mut schema) = (bounds.schema)() else {
                panic!("{} is a reference", (bounds.name)());
            };
            let misfits = bounds.apply(&mut schema);
            assert!(misfits.is_empty(), "{} {misfits:?}", (bounds.name)());
            let schema = serde_json::to_value(schema).unwrap();
            for (field, _) in bounds.fields {
                let place = format!("{}.{field}", (bounds.name)());
                found.push((place, schema["properties"][*field].clone()));
            }
        }
        found
    }

    #[test]
    fn every_bound_fits_the_type_of_its_field() {
        for (place, field) in bounded_fields() {
            let keywords = ["maxLength", "pattern", "maximum", "maxItems"];
            assert!(keywords.iter().any(|one| !field[one].is_null()), "{place}");
        }
    }

    /// Writes a number as descriptions do, with a space between thousands.
    fn grouped(number: u64) -> String {
        match (number / 1_000, number % 1_000) {
            (0, rest) => rest.to_string(),
            (thousands, rest) => format!("{thousands} {rest:03}"),
        }
    }

    #[test]
    fn a_description_states_the_bounds_of_its_field() {
        let mut faults = Vec::new();
        for (place, field) in bounded_fields() {
            let description = field["description"].as_str().unwrap();
            let words: Vec<&str> = description.split_whitespace().collect();
            let text = words.join(" ");
            for keyword in ["minLength", "maxLength", "maximum", "maxItems"] {
                let Some(bound) = field[keyword].as_f64() else {
                    continue;
                };
                let is_not_empty = keyword == "minLength" && bound < 2.0;
                if !is_not_empty && !text.contains(&grouped(bound as u64)) {
                    faults.push(format!("{place}: {keyword} {bound}"));
                }
            }
        }
        assert!(faults.is_empty(), "{}", faults.join("\n"));
    }
}
