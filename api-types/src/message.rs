//! Messages between an agent and an operator, and what they say of each other in the end
//! (contract §4).

use serde::{Deserialize, Serialize};

use crate::{MessageId, TaskId, Timestamp, names::names};

/// Characters of a message at most.
pub const MESSAGE_CHARS_MAX: usize = 2000;

/// Characters of a rating's comment at most.
pub const COMMENT_CHARS_MAX: usize = 1000;

names! {
    /// Who wrote a message.
    pub enum Author {
        /// The agent that posted the task.
        Agent = "agent",
        /// The operator who claimed it.
        Operator = "operator",
        /// The marketplace itself, about a move.
        System = "system",
    }
}

/// One message about a task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Message {
    /// Its id; ids follow each other in time.
    pub id: MessageId,
    /// Who wrote it.
    pub from: Author,
    /// 1 to 2 000 characters.
    pub body: String,
    /// When.
    pub created_at: Timestamp,
    /// When the other side first read it; of a system message, when both sides had.
    pub read_at: Option<Timestamp>,
}

/// POST /tasks/:id/messages and POST /operator/tasks/:id/messages.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct SendMessage {
    /// 1 to 2 000 characters.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 2000))]
    pub body: String,
}

/// POST /tasks/:id/rate and POST /operator/tasks/:id/rate.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Rate {
    /// 1 to 5.
    #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 5))]
    pub stars: u8,
    /// At most 1 000 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
}

/// The answer to a rating.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Rated {
    /// The task.
    pub task_id: TaskId,
    /// As given.
    pub stars: u8,
    /// As given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    /// When.
    pub rated_at: Timestamp,
}
