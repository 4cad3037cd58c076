//! Messages between an agent and the operator who claimed its task (contract §4).

use api_types::message::{MESSAGE_CHARS_MAX, SendMessage};
use serde_json::Value;

use super::fields::{Fields, Parsed, text};

/// Maximum number of messages that people may write about one task.
pub const MESSAGES_MAX: i64 = 1000;

/// Parses a message.
pub fn parse(body: &Value) -> Parsed<SendMessage> {
    Fields::read(body, |fields| {
        let body = fields.required("body", text(1..=MESSAGE_CHARS_MAX));
        body.map(|body| SendMessage { body })
    })
}
