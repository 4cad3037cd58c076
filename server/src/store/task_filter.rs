//! The conditions of a list of tasks. The list itself is in `tasks`, and its total in `tally`.

use api_types::{status::Status, task_type::TaskType};

use super::search::Search;

/// The conditions of a list of an agent's tasks.
#[derive(Clone, Debug, Default)]
pub struct TaskFilter {
    /// Only tasks in this status.
    pub status: Option<Status>,
    /// Only tasks of this type.
    pub task_type: Option<TaskType>,
    /// Only tasks of one of these types; empty means all.
    pub task_types: Vec<TaskType>,
    /// Only tasks to which the agent gave this id of its own.
    pub external_id: Option<String>,
}

/// Narrows a search to some types; an empty list means all.
pub(super) fn filter_by_types(search: &mut Search, column: &str, types: &[TaskType]) {
    if !types.is_empty() {
        // The names are constants of this crate.
        let names: Vec<_> = types
            .iter()
            .map(|one| format!("'{}'", one.as_str()))
            .collect();
        search.require(&format!("{column} IN ({})", names.join(", ")));
    }
}
