//! Limits the number of open event streams, in total and per agent.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use api_types::AgentId;

/// Maximum number of open streams of one agent.
pub const OF_AN_AGENT: usize = 16;

/// The limit because of which no stream can be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StreamLimit {
    /// The agent has as many open streams as it may have.
    OfAgent,
    /// The server has as many open streams as it may have.
    AtAll,
}

/// The counter of open streams in this process. Cheap to clone.
#[derive(Clone, Debug)]
pub struct StreamSlots {
    taken: Arc<Mutex<HashMap<AgentId, usize>>>,
    total_max: usize,
}

/// The permit of one open stream, released when it is dropped.
#[derive(Debug)]
pub struct StreamSlot {
    slots: StreamSlots,
    agent_id: AgentId,
}

impl StreamSlots {
    /// Creates a counter with this maximum in total.
    pub fn new(total_max: usize) -> Self {
        Self {
            taken: Arc::default(),
            total_max,
        }
    }

    /// Acquires a permit for a stream of this agent.
    ///
    /// # Errors
    /// [`StreamLimit`] says which limit is reached.
    pub fn take(&self, agent_id: AgentId) -> Result<StreamSlot, StreamLimit> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if taken.get(&agent_id).is_some_and(|own| *own >= OF_AN_AGENT) {
            return Err(StreamLimit::OfAgent);
        }
        if taken.values().sum::<usize>() >= self.total_max {
            return Err(StreamLimit::AtAll);
        }
        *taken.entry(agent_id).or_default() += 1;
        Ok(StreamSlot {
            slots: self.clone(),
            agent_id,
        })
    }
}

impl Drop for StreamSlot {
    fn drop(&mut self) {
        let mut taken = self
            .slots
            .taken
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(own) = taken.get_mut(&self.agent_id) {
            *own -= 1;
            if *own == 0 {
                taken.remove(&self.agent_id);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use api_types::Timestamp;

    use super::*;

    fn agent(bits: u128) -> AgentId {
        AgentId::new(Timestamp::from_millis(0).unwrap(), bits)
    }

    #[test]
    fn slots_are_bounded_for_each_and_for_all_and_come_back() {
        let slots = StreamSlots::new(OF_AN_AGENT + 1);
        let mut own: Vec<_> = (0..OF_AN_AGENT)
            .map(|_| slots.take(agent(1)).unwrap())
            .collect();
        assert_eq!(slots.take(agent(1)).unwrap_err(), StreamLimit::OfAgent);
        let other = slots.take(agent(2)).unwrap();
        assert_eq!(slots.take(agent(2)).unwrap_err(), StreamLimit::AtAll);
        own.pop();
        drop(other);
        assert!(slots.take(agent(1)).is_ok());
        drop(own);
        assert!(slots.taken.lock().unwrap().is_empty());
    }
}
