//! Messages between an agent and an operator, and their ratings of each other.

use serde::{Deserialize, Serialize};

use crate::{
    bounds::bounds,
    id::{MessageId, TaskId},
    strings::string_enum,
    time::Timestamp,
};

/// Maximum number of characters in a message.
pub const MESSAGE_CHARS_MAX: usize = 2000;

/// Minimum number of stars of a rating.
pub const STARS_MIN: u32 = 1;

/// Maximum number of stars of a rating.
pub const STARS_MAX: u32 = 5;

/// Maximum number of characters in a rating's comment.
pub const COMMENT_CHARS_MAX: usize = 1000;

string_enum! {
    /// The author of a message.
    pub enum Author {
        /// The agent that posted the task.
        Agent = "agent",
        /// The operator who claimed it.
        Operator = "operator",
        /// The marketplace, about a move.
        System = "system",
    }
}

/// A message about a task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Message {
    /// The id of the message; ids sort by time.
    pub id: MessageId,
    /// The author of the message.
    pub from: Author,
    /// The text, 1 to 2 000 characters.
    pub body: String,
    /// When the message was written.
    pub created_at: Timestamp,
    /// When the recipient first read it; for a system message, when both agent and operator had.
    pub read_at: Option<Timestamp>,
}

/// The request body of POST /tasks/:id/messages and POST /operator/tasks/:id/messages.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct SendMessage {
    /// The text, 1 to 2 000 characters.
    pub body: String,
}

bounds! {
    SendMessage {
        body: Chars(1..=MESSAGE_CHARS_MAX),
    }
}

/// The request body of POST /tasks/:id/rate and POST /operator/tasks/:id/rate.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = Rate))]
#[serde(deny_unknown_fields)]
pub struct GiveRating {
    /// The number of stars, 1 to 5.
    pub stars: u8,
    /// A comment of 1 to 1 000 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
}

bounds! {
    GiveRating {
        stars: Integer(STARS_MIN..=STARS_MAX),
        comment: Chars(1..=COMMENT_CHARS_MAX),
    }
}

/// The response to a rating.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = Rated))]
pub struct GivenRating {
    /// The id of the rated task.
    pub task_id: TaskId,
    /// The number of stars given.
    pub stars: u8,
    /// The comment, if one was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    /// When the rating was given.
    pub rated_at: Timestamp,
}
