//! Everything that may be left for later, as data.

use api_types::{AgentId, DeliveryId, TaskId};
use serde::{Deserialize, Serialize};

/// Work that waits in the queue beside the change that caused it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Job {
    /// The Guardian looks at a submitted proof.
    ReviewProof {
        /// Whose proof.
        task_id: TaskId,
    },
    /// The same, where decoding the proof takes long. A kind of its own, so that such reviews hold
    /// up each other and no others.
    ReviewLargeProof {
        /// Whose proof.
        task_id: TaskId,
    },
    /// The clock makes the move that a task's status leaves to it, if it is due.
    MoveByClock {
        /// Which task's.
        task_id: TaskId,
    },
    /// The sandbox makes the next step of a simulated task.
    Simulate {
        /// Which task's.
        task_id: TaskId,
    },
    /// A callback is told what happened.
    DeliverWebhook {
        /// The delivery.
        delivery_id: DeliveryId,
        /// A digest of the host that it goes to, by which older servers know its lane.
        lane: u32,
        /// Whose news it is.
        agent_id: AgentId,
    },
    /// A link that proves its address is mailed to an agent. The link is made when it is sent, so
    /// that no token waits in the queue.
    SendVerification {
        /// To whom.
        agent_id: AgentId,
    },
}

/// Which of the runner's places a job may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Pool {
    /// Those of all ordinary work, callbacks among it at hosts that answer promptly.
    Ordinary,
    /// The few for callbacks at hosts that were not called yet, or answer late.
    Untried,
    /// The same for agents of which several other hosts do not answer.
    Doubtful,
    /// The few for callbacks at hosts that do not answer.
    Unresponsive,
}

impl Pool {
    /// Every pool.
    pub const ALL: [Self; 4] = [
        Self::Ordinary,
        Self::Untried,
        Self::Doubtful,
        Self::Unresponsive,
    ];

    /// The number under which the database knows it.
    pub const fn number(self) -> i64 {
        match self {
            Self::Ordinary => 0,
            Self::Untried => 1,
            Self::Doubtful => 2,
            Self::Unresponsive => 3,
        }
    }

    /// The pool with this number.
    pub fn of(number: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|pool| pool.number() == number)
    }
}

impl Job {
    /// The job's name in the database and the log.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::ReviewProof { .. } => "review_proof",
            Self::ReviewLargeProof { .. } => "review_large_proof",
            Self::MoveByClock { .. } => "move_by_clock",
            Self::Simulate { .. } => "simulate",
            Self::DeliverWebhook { .. } => "deliver_webhook",
            Self::SendVerification { .. } => "send_verification",
        }
    }

    /// What the job shares with those that may all be slow for the same reason; few of a lane
    /// run at a time, so that the rest is not delayed. Empty for jobs without one, and for
    /// callbacks, of which the lane is their host.
    pub fn lane(&self) -> &'static str {
        match self {
            Self::ReviewProof { .. }
            | Self::ReviewLargeProof { .. }
            | Self::MoveByClock { .. }
            | Self::Simulate { .. }
            | Self::DeliverWebhook { .. } => "",
            // A server of mails that hangs.
            Self::SendVerification { .. } => "mail",
        }
    }

    /// On whose account the job waits for others; few of one owner run at a time, so that one who
    /// names many slow hosts delays nobody else. Empty for jobs of nobody in particular.
    pub fn owner(&self) -> String {
        match self {
            Self::DeliverWebhook { agent_id, .. } => agent_id.to_string(),
            Self::ReviewProof { .. }
            | Self::ReviewLargeProof { .. }
            | Self::MoveByClock { .. }
            | Self::Simulate { .. }
            | Self::SendVerification { .. } => String::new(),
        }
    }
}
