//! Task types that are disabled: new tasks of them are refused, and existing ones go on.

use api_types::{
    host::{Switch, TaskTypeSwitches},
    task_type::TaskType,
};

use super::{ActorContext, AdminError};
use crate::store::{StoreError, Tx, switches};

/// Returns every task type, and whether new tasks of it are accepted.
pub fn task_type_switches(tx: &mut Tx<'_>) -> Result<TaskTypeSwitches, StoreError> {
    let off = switches::switched_off(tx)?;
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
