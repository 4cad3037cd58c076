//! Task types that are disabled: new tasks of them are refused, and existing ones go on.

use std::collections::BTreeMap;

use api_types::{
    host::{Switch, TaskTypeSwitches},
    task_type::TaskType,
};
use serde_json::Value;

use super::{ActorContext, AdminError};
use crate::{
    domain::{
        faults::Faults,
        fields::{Parsed, fault, made_up, wrong},
    },
    store::{StoreError, Tx, switches},
};

/// Returns every task type, and whether new tasks of it are accepted.
pub fn task_type_switches(tx: &mut Tx<'_>) -> Result<TaskTypeSwitches, StoreError> {
    let off = switches::off(tx)?;
    let switch = |task_type| match off.contains(&task_type) {
        true => Switch::Off,
        false => Switch::On,
    };
    let all = TaskType::ALL.into_iter();
    Ok(TaskTypeSwitches(
        all.map(|task_type| (task_type.as_str().to_owned(), switch(task_type)))
            .collect(),
    ))
}

/// Parses the body of PUT /admin/task-types.
///
/// # Errors
/// Every type that does not exist, and every value that is neither `on` nor `off`.
pub fn parse_switches(body: &Value) -> Parsed<Vec<(TaskType, Switch)>> {
    let Some(object) = body.as_object() else {
        return wrong("must be a JSON object");
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

/// Enables or disables the named types, and returns the state of all types.
pub fn switch_task_types(
    tx: &mut Tx<'_>,
    changes: &[(TaskType, Switch)],
    actor: &ActorContext,
) -> Result<TaskTypeSwitches, AdminError> {
    let mut changes = changes.to_vec();
    changes.sort_by_key(|(task_type, _)| task_type.as_str());
    for (nth, (task_type, switch)) in (0_u32..).zip(&changes) {
        let (changed, action) = match switch {
            Switch::On => (switches::switch_on(tx, *task_type)?, "task_type.on"),
            Switch::Off => (
                switches::switch_off(tx, *task_type, actor.now())?,
                "task_type.off",
            ),
        };
        if changed {
            actor.write_down(tx, nth, action, task_type.as_str(), "")?;
        }
    }
    Ok(task_type_switches(tx)?)
}
