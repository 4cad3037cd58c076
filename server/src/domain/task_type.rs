//! The thirteen task types with their domain, largest reward and proof types (contract §4), and the
//! host's switches for new tasks of each type.

use std::collections::BTreeMap;

use api_types::{
    MicroUsd,
    host::Switch,
    proof::ProofType,
    task_type::{TaskDomain, TaskType},
};
use serde_json::Value;

use super::{
    faults::Faults,
    fields::{NOT_AN_OBJECT, Parsed, fault, made_up, wrong},
};

use ProofType::{Artifact, Confirmation, Photo, Screenshot};

/// The rules for every task of a type.
#[derive(Clone, Copy, Debug)]
pub struct TypeRules {
    /// The domain of the work.
    pub domain: TaskDomain,
    /// The largest reward.
    pub reward_max: MicroUsd,
    /// The allowed proof types; the first is the default.
    pub proof_types: &'static [ProofType],
}

/// Returns the rules of a type, from the table of the contract.
pub const fn rules(task_type: TaskType) -> TypeRules {
    match task_type {
        TaskType::Verification | TaskType::Delivery => {
            row(TaskDomain::Physical, 10_000, &[Photo, Confirmation])
        }
        TaskType::Photo => row(TaskDomain::Physical, 10_000, &[Photo]),
        TaskType::Inspection => row(TaskDomain::Physical, 10_000, &[Photo, Artifact]),
        TaskType::CaptchaSolving => row(TaskDomain::Digital, 10, &[Screenshot, Confirmation]),
        TaskType::FormFilling => row(TaskDomain::Digital, 50, &[Screenshot, Confirmation]),
        TaskType::BrowserInteraction => row(
            TaskDomain::Digital,
            100,
            &[Screenshot, Confirmation, Artifact],
        ),
        TaskType::ContentReview => row(TaskDomain::Digital, 25, &[Confirmation, Screenshot]),
        TaskType::DataValidation => row(
            TaskDomain::Digital,
            50,
            &[Confirmation, Screenshot, Artifact],
        ),
        TaskType::AccountCreation => row(TaskDomain::Credential, 100, &[Artifact]),
        TaskType::ApiKeyProcurement => row(TaskDomain::Credential, 200, &[Artifact]),
        TaskType::PhoneVerification => row(TaskDomain::Credential, 25, &[Artifact]),
        TaskType::SubscriptionSetup => row(TaskDomain::Credential, 500, &[Artifact]),
    }
}

const fn row(domain: TaskDomain, dollars_max: u32, proof_types: &'static [ProofType]) -> TypeRules {
    TypeRules {
        domain,
        reward_max: MicroUsd::usd(dollars_max),
        proof_types,
    }
}

/// Returns the types that a list by domain shows. Agents written after the reference call
/// credential tasks digital, so DIGITAL shows both (contract §4).
pub fn listed_under(domain: TaskDomain) -> Vec<TaskType> {
    let shown = |one: &TaskType| {
        let of = rules(*one).domain;
        of == domain || (domain == TaskDomain::Digital && of == TaskDomain::Credential)
    };
    TaskType::ALL.into_iter().filter(shown).collect()
}

/// Returns whether a task of this type ends in a sealed credential.
pub fn is_credential(task_type: TaskType) -> bool {
    rules(task_type).domain == TaskDomain::Credential
}

/// Reads the body of PUT /admin/task-types.
///
/// # Errors
/// Every type that does not exist, and every value that is neither `on` nor `off`.
pub fn parse_switches(body: &Value) -> Parsed<Vec<(TaskType, Switch)>> {
    let Some(object) = body.as_object() else {
        return wrong(NOT_AN_OBJECT);
    };
    let mut faults = Faults::default();
    // An alias and its name are the same type.
    let mut read = BTreeMap::new();
    for (name, value) in object {
        if faults.is_full() {
            faults.leave_out(1);
            continue;
        }
        let Some(task_type) = TaskType::parse(name) else {
            faults.push_made_up(fault(made_up(name), "is no task type"));
            continue;
        };
        match value.as_str().and_then(Switch::parse) {
            Some(switch) => drop(read.insert(task_type.as_str(), (task_type, switch))),
            None => faults.push(fault(name, "must be on or off")),
        }
    }
    if faults.is_empty() {
        Ok(read.into_values().collect())
    } else {
        Err(faults)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, json};

    use super::*;

    #[test]
    fn switches_name_types_and_a_type_once() {
        assert_eq!(parse_switches(&json!({})), Ok(Vec::new()));
        let body = json!({"PHOTO": "off", "BROWSER_NAVIGATION": "on"});
        let mut switches = parse_switches(&body).unwrap();
        switches.sort_by_key(|(task_type, _)| task_type.as_str());
        assert_eq!(
            switches,
            [
                (TaskType::BrowserInteraction, Switch::On),
                (TaskType::Photo, Switch::Off)
            ]
        );
        let both = json!({"BROWSER_NAVIGATION": "on", "BROWSER_INTERACTION": "on"});
        assert_eq!(parse_switches(&both).unwrap().len(), 1);
    }

    #[test]
    fn every_fault_of_the_switches_is_named_or_counted() {
        let body = json!({"DELIVERY": true, "PHOTO": "ON", "photo": "on"});
        let faults = parse_switches(&body).unwrap_err().details();
        let mut fields: Vec<_> = faults.into_iter().map(|fault| fault.field).collect();
        fields.sort_unstable();
        assert_eq!(fields, ["DELIVERY", "PHOTO", "photo"]);
        let many: Map<_, _> = (0..1000).map(|n| (n.to_string(), json!("on"))).collect();
        assert_eq!(parse_switches(&many.into()).unwrap_err().count(), 1000);
        assert!(parse_switches(&json!(["PHOTO"])).is_err());
    }
}
