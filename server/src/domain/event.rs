//! The order of events in an agent's log. Positions are assigned by `store/outbox.rs`.

use std::collections::HashMap;

use api_types::{EventId, TaskId};

/// An event without a position in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewEvent {
    /// The event's id, which starts with the time of its server's clock.
    pub id: EventId,
    /// The task of the event.
    pub task_id: TaskId,
    /// The version of the task after the event.
    pub task_version: i64,
}

/// Returns the events in the order of their log positions: by time, except that the events of one
/// task keep the order of its moves even if the clocks of servers differ.
pub fn log_order(mut events: Vec<NewEvent>) -> Vec<EventId> {
    events.sort_by_key(|event| event.id);
    let mut of_task: HashMap<TaskId, Vec<NewEvent>> = HashMap::new();
    for event in &events {
        of_task.entry(event.task_id).or_default().push(*event);
    }
    for moves in of_task.values_mut() {
        // In descending order, because the events are popped from the end.
        moves.sort_by_key(|event| std::cmp::Reverse((event.task_version, event.id)));
    }
    // Each task keeps the set of positions that its events have by time.
    let places = events.iter().map(|event| event.task_id);
    places
        .filter_map(|task| Some(of_task.get_mut(&task)?.pop()?.id))
        .collect()
}

#[cfg(test)]
mod tests {
    use api_types::Timestamp;

    use super::*;

    fn event(task: u128, version: i64, second: i64) -> NewEvent {
        let at = Timestamp::from_millis(second * 1000).unwrap();
        NewEvent {
            id: EventId::new(at, 0),
            task_id: TaskId::new(Timestamp::from_millis(0).unwrap(), task),
            task_version: version,
        }
    }

    #[test]
    fn events_of_one_task_follow_its_moves_and_others_the_clock() {
        // The second move of task 1 was made by a server whose clock is behind.
        let (one, late, two) = (event(1, 1, 50), event(1, 2, 20), event(1, 3, 60));
        let other = event(2, 1, 30);
        let ordered = log_order(vec![two, other, late, one]);
        assert_eq!(ordered, [one.id, other.id, late.id, two.id]);
    }
}
